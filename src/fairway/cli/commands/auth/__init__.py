"""Ask who one is and what one may do."""

COMMANDS = {
    "can-i": "say whether one may do something: yes or no",
    "whoami": "say who one is to the server",
}
