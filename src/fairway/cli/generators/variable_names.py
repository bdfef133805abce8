"""Variable names: which names kubectl takes for a container's variables: fewer than the API does.  Pure."""

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_NAME = re.compile("[-._a-zA-Z][-._a-zA-Z0-9]*", re.ASCII)
_SAID = (
    "a valid environment variable name must consist of alphabetic characters, digits, '_', '-', or '.', and must not "
    "start with a digit (e.g. 'my.env-name',  or 'MY_ENV.NAME',  or 'MyEnvName1', regex used for validation is "
    "'[-._a-zA-Z][-._a-zA-Z0-9]*')"
)


def faults(name: str) -> "Iterator[str]":
    """What is wrong with a name."""
    if not _NAME.fullmatch(name):
        yield _SAID
    if name == ".":
        yield "must not be '.'"
    elif name == "..":
        yield "must not be '..'"
    elif name.startswith(".."):
        yield "must not start with '..'"
