"""Findings: how the checks look at a pod, and how they word what they find.  Pure."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

from fairway.objects import Object


class Finding(NamedTuple):
    """What is forbidden, and where it is."""

    reason: str
    detail: str

    @property
    def text(self) -> str:
        """Both, as they stand in a message."""
        return f"{self.reason} ({self.detail})" if self.detail else self.reason


class Subject(NamedTuple):
    """A pod or a template of pods, judged as of a minor version."""

    metadata: Object
    spec: Object
    minor: int

    def containers(self) -> Iterator[Object]:
        """All of them, those that start first first."""
        for field in ("initContainers", "containers", "ephemeralContainers"):
            yield from self.spec.get(field) or ()

    def named(self, is_bad: Callable[[Object], Any]) -> list[str]:
        """The names of the containers whose security context is bad."""
        return [str(one.get("name") or "") for one in self.containers() if is_bad(context(one))]

    def setters(self, is_bad: Callable[[Object], Any]) -> str:
        """``pod and containers "a", "b"``: who has a bad security context."""
        found = ["pod"] if is_bad(context(self.spec)) else []
        named = self.named(is_bad)
        if named:
            found.append(containers(named))
        return " and ".join(found)

    @property
    def is_for_windows(self) -> bool:
        """Whether what only Linux knows does not count."""
        return self.minor >= 25 and (self.spec.get("os") or {}).get("name") == "windows"

    @property
    def has_own_users(self) -> bool:
        """Whether root in the pod is nobody outside."""
        return self.minor >= 35 and self.spec.get("hostUsers") is False


Check = Callable[[Subject], Finding | None]


def context(part: Object) -> Object:
    """The security context of a pod or a container."""
    found: Object = part.get("securityContext") or {}
    return found


def quoted(names: Iterable[str]) -> str:
    """``"a", "b"``."""
    return ", ".join(f'"{name}"' for name in names)


def plural(word: str, count: int) -> str:
    """The word for one or for several."""
    return word if count == 1 else f"{word}s"


def containers(names: list[str]) -> str:
    """``container "a"``, ``containers "a", "b"``."""
    return f"{plural('container', len(names))} {quoted(names)}"


def uses(names: list[str]) -> str:
    """``uses`` by one, ``use`` by several."""
    return "uses" if len(names) == 1 else "use"
