"""Show what nodes and pods use of processors and memory now."""

COMMANDS = {
    "node": "what nodes use, and how much that is of what they have",
    "pod": "what pods use, or each of their containers",
}
ALIASES = {"nodes": "node", "no": "node", "pods": "pod", "po": "pod"}
