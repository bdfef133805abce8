"""Set one thing of objects that are there."""

COMMANDS = {
    "env": "variables of the containers",
    "image": "images of the containers",
    "resources": "what the containers ask for and may have",
    "selector": "which pods a Service has",
    "serviceaccount": "the service account of the pods",
    "subject": "who has the rights that a role binding gives",
}
ALIASES = {"sa": "serviceaccount"}
