"""Steps: what is typed at kubectl, and what must be said.

What a step says: a part of the output; ``=text`` is the whole standard output; ``~pattern`` is a regular expression.
``@name`` in a command is the file of a manifest, ``$name`` what an earlier step kept, ``$ns`` the row's namespace.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Step:
    """One command.  ``given`` is its standard input; ``until``: it is typed again until it says so."""

    command: str
    says: tuple[str, ...] = ()
    code: int = 0
    never: tuple[str, ...] = ()
    given: str = ""
    keep: str = ""
    until: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """A case of the catalogue.  ``since`` is the minor version of the first kubectl that can say all of it so."""

    name: str
    steps: tuple[Step, ...]
    since: int = 0


def types(
    command: str, *says: str, code: int = 0, never: tuple[str, ...] = (), given: str = "", keep: str = ""
) -> Step:
    """The command is typed once."""
    return Step(command, says, code, never, given, keep)


def until(command: str, *says: str) -> Step:
    """The command is typed until it says so."""
    return Step(command, says, until=True)


def row(name: str, *steps: Step, since: int = 0) -> Row:
    """A row of the table."""
    return Row(name, steps, since)


NAMES = "-o go-template='{{range .items}}{{.metadata.name}}:{{end}}'"
JUST_CREATED = "created (server dry run)"
DESCRIBED = ("Name:", "Labels:", "Selector:", "IP:", "Port:", "Endpoints:", "Session Affinity:")
HEADS = tuple(f"~^{head}" for head in DESCRIBED)
