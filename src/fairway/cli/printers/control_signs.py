"""Control signs: what objects say must not steer the terminal that it is shown on.

Rule: all text for people that comes from the API passes through here; JSON, YAML, templates and logs are as they are.
Source: how kubectl shows them.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def harmless(text: str) -> str:
    """``text`` with ESC and carriage return shown instead of sent."""
    return text.replace("\x1b", "^[").replace("\r", "\\r")


def harmless_in(value: "Any") -> "Any":
    """A JSON value whose texts are all harmless."""
    if isinstance(value, str):
        return harmless(value)
    if isinstance(value, dict):
        return {name: harmless_in(each) for name, each in value.items()}
    return [harmless_in(each) for each in value] if isinstance(value, list) else value
