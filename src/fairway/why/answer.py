"""Answer: a verdict, the causes in order of likelihood with the commands that cure them, and a line for each pod.

Shape: ``Answer.object()`` is what the API serves and ``-o json`` prints; ``of_object`` reads it back.
"""

from collections.abc import Sequence
from typing import NamedTuple

from fairway.objects import Object

API_VERSION = "fairway.dev/v1alpha1"
KIND = "Explanation"
WORKS, DOUBTFUL, FAILS = "Works", "Doubtful", "Fails"
ERROR, WARNING, NOTE = "Error", "Warning", "Note"
"""New connections fail; some do, or they probably do; good to know."""
_RANKS = {ERROR: 0, WARNING: 1, NOTE: 2}


class Cause(NamedTuple):
    """One reason.  ``short`` completes the verdict line; ``cure`` says in a few words what was probably meant.

    ``commands`` can be copied to a shell; ``field`` is the path in ``object`` (kind/name) that is wrong.
    """

    reason: str
    severity: str
    message: str
    short: str = ""
    object: str = ""
    field: str = ""
    cure: str = ""
    commands: tuple[str, ...] = ()


class Verdict(NamedTuple):
    """One pod: whether new connections reach it (``state`` Serving, Draining, Out), and why."""

    pod: str
    state: str
    text: str
    address: str = ""
    node: str = ""
    reason: str = ""

    @property
    def is_behind(self) -> bool:
        """Whether the Service sends new connections to it."""
        return self.state == SERVING


SERVING, DRAINING, OUT = "Serving", "Draining", "Out"


class Answer:
    """The whole answer.  ``lines`` are what the Service does, one port or route each."""

    def __init__(self, subject: str, kind: str, namespace: str, name: str) -> None:
        self.subject, self.kind, self.namespace, self.name = subject, kind, namespace, name
        self.summary = ""
        self.causes: list[Cause] = []
        self.verdicts: list[Verdict] = []
        self.lines: list[str] = []
        self.unseen: list[str] = []
        self.caller = ""

    def add(self, causes: Sequence[Cause]) -> None:
        """More causes; the order of likelihood is kept within a severity, and nothing is said twice."""
        for cause in causes:
            if cause not in self.causes:
                self.causes.append(cause)
        self.causes.sort(key=lambda cause: _RANKS[cause.severity])

    @property
    def verdict(self) -> str:
        """Works, Doubtful or Fails."""
        found = {cause.severity for cause in self.causes}
        return FAILS if ERROR in found else DOUBTFUL if WARNING in found else WORKS

    def conclude(self, works: str) -> "Answer":
        """Make the first line: the worst cause's words, or ``works``."""
        short = next((cause.short for cause in self.causes if cause.short and cause.severity != NOTE), "")
        whence = f" from {self.caller}" if self.caller else ""
        match self.verdict:
            case "Fails":
                self.summary = f"{self.subject} does not work{whence}: {short}"
            case "Doubtful":
                self.summary = f"{self.subject} may not work{whence}: {short}"
            case _:
                self.summary = f"{self.subject} works{whence}: {works}"
        return self

    def blind(self) -> "Answer":
        """What can be said of something that could not be looked at."""
        text = "it could not be looked at"
        self.add([Cause("NotSeen", WARNING, text, text, self.subject)])
        return self.conclude("")

    def object(self) -> Object:
        """The typed form."""
        status: Object = {
            "verdict": self.verdict,
            "summary": self.summary,
            "causes": [_shown(cause) for cause in self.causes],
            "pods": [_filled(verdict._asdict()) for verdict in self.verdicts],
        }
        if self.lines:
            status["paths"] = self.lines
        if self.unseen:
            status["unseen"] = self.unseen
        spec: Object = {"kind": self.kind}
        if self.caller:
            spec["from"] = self.caller
        metadata = _filled({"name": self.name, "namespace": self.namespace})
        return {"kind": KIND, "apiVersion": API_VERSION, "metadata": metadata, "spec": spec, "status": status}


def _shown(cause: Cause) -> Object:
    found = _filled(cause._asdict())
    found.pop("short", None)
    return found


def _filled(found: Object) -> Object:
    return {name: list(value) if isinstance(value, tuple) else value for name, value in found.items() if value}
