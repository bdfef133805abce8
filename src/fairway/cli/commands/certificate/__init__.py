"""Approve or deny requests for certificates."""

COMMANDS = {
    "approve": "have requests signed",
    "deny": "refuse requests",
}
