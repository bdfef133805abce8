"""Ask who one is and what one may do, and say who may do what."""

COMMANDS = {
    "can-i": "say whether one may do something: yes or no",
    "reconcile": "make roles and bindings what manifests say",
    "whoami": "say who one is to the server",
}
