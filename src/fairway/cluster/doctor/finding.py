"""Finding: one thing that the doctor says, and the scene that it looks at.  Pure."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from fairway.cluster.config import Config

OK: Final = "ok"
WARNING: Final = "warning"
FAILURE: Final = "failure"


class Finding(NamedTuple):
    """``what`` was found, ``why`` it matters, and the ``fix``: what to do or the command to run.

    ``level`` is ok, warning (works, but not as it should, or not for long) or failure (does not work).
    """

    level: str
    what: str
    why: str = ""
    fix: str = ""


def well(what: str) -> Finding:
    """All is as it should be."""
    return Finding(OK, what)


def warning(what: str, why: str, fix: str) -> Finding:
    """It works, but something is to be known."""
    return Finding(WARNING, what, why, fix)


def failure(what: str, why: str, fix: str) -> Finding:
    """It does not work."""
    return Finding(FAILURE, what, why, fix)


@dataclass(frozen=True, slots=True)
class Scene:
    """Who looks at what.  ``is_known``: the cluster was up once; ``is_running``: a process of it runs."""

    config: Config
    is_root: bool
    is_known: bool = False
    is_running: bool = False

    @property
    def flags(self) -> str:
        """The flags that name the cluster in a command."""
        return self.config.flags


Check = Callable[[Any], Iterator[Finding]]
"""Facts in, findings out; nothing where the check does not apply."""


class Told(NamedTuple):
    """A finding and where it comes from; ``check`` is ``group/check``."""

    group: str
    check: str
    finding: Finding

    def as_dict(self) -> dict[str, str]:
        """The documented shape of ``fairway doctor --json``."""
        return {"check": f"{self.group}/{self.check}", **self.finding._asdict()}


def judged(group: str, checks: Iterable[Check], facts: object) -> list[Told]:
    """What all checks of a group say of the facts."""
    return [Told(group, check.__name__.replace("_", "-"), finding) for check in checks for finding in check(facts)]


def bytes_text(number: int) -> str:
    """A size for people: 1.5 GiB."""
    size = float(number)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if size < 1024:
            return f"{size:.0f} {unit}" if unit == "B" or size >= 100 else f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.1f} TiB"
