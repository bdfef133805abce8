"""Follow and steer the rollout of a workload.

fairway rollout status deploy/kubia
fairway rollout undo deploy/kubia
"""

COMMANDS = {
    "history": "the revisions that there were",
    "pause": "have changes wait",
    "restart": "have all pods made anew",
    "resume": "let changes go on",
    "status": "how far it is, until it has ended",
    "undo": "back to a revision before",
}
