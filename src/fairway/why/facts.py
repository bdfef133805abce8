"""Facts: what was asked, what was looked at, and what could not be looked at.

Shape: plain values without behaviour beyond small questions about themselves.
"""

from collections.abc import Generator, Sequence
from typing import Any, NamedTuple, TypeVar

from fairway.objects import Object

DOMAIN = "cluster.local"
T = TypeVar("T")


class Look(NamedTuple):
    """One question to the API: the list of a resource, or with ``name`` one object, or something below it.

    ``namespace`` is empty for all namespaces, and for what has none.  ``limit`` 0 is all.
    """

    plural: str
    group: str = ""
    version: str = "v1"
    namespace: str = ""
    name: str = ""
    subresource: str = ""
    labels: str = ""
    fields: str = ""
    limit: int = 0


class Seen(NamedTuple):
    """The answer: the objects, none if there is no such object; ``refused`` says why nothing could be seen."""

    items: Sequence[Object] = ()
    refused: str = ""


Looking = Generator[Sequence[Look], Sequence[Seen], T]
"""Yields what to look at, is sent one ``Seen`` for each ``Look``, and returns its result."""


class Caller(NamedTuple):
    """From where somebody calls.  ``kind`` is pod, node or outside; ``address`` is one that was given for outside."""

    kind: str
    name: str = ""
    namespace: str = ""
    address: str = ""

    @property
    def shown(self) -> str:
        """As a user writes it."""
        return self.address or (f"{self.kind}/{self.name}" if self.name else self.kind)


class Question(NamedTuple):
    """What is asked about.  ``kind`` is a Kind's name, or URL with the address in ``name``.

    ``port`` is a number or a name, empty for all ports; ``host`` is the name that the caller used, if any.
    """

    kind: str
    namespace: str
    name: str
    caller: Caller | None = None
    port: str = ""
    protocol: str = ""
    host: str = ""


class Facts:
    """All that was found about one Service and its surroundings.  ``None``: was not, or could not be, looked at."""

    def __init__(self, question: Question) -> None:
        self.question = question
        self.service: Object | None = None
        self.chosen: list[Object] | None = None
        """The pods that the selector matches."""
        self.chosen_is_cut = False
        self.neighbours: list[Object] = []
        """Other pods of the namespace, looked at where nothing is chosen."""
        self.elsewhere: list[Object] = []
        """Pods of other namespaces that the selector would match."""
        self.workloads: list[Object] = []
        self.slices: list[Object] | None = None
        self.loose_slices: list[Object] = []
        """Slices of the namespace that belong to no Service."""
        self.endpoints: Object | None = None
        self.namesakes: list[Object] = []
        """Services of the namespace, and those of the same name elsewhere, where the name leads nowhere."""
        self.namespaces: list[str] = []
        """All namespaces, looked at where the name leads nowhere."""
        self.nodes: dict[str, Object] = {}
        self.events: list[Object] = []
        self.policies: list[Object] = []
        self.namespace_labels: dict[str, dict[str, str]] = {}
        self.ingresses: list[Object] = []
        self.sockets: dict[str, list[Object]] = {}
        """What listens in a pod, by its name; pods that could not be looked into are missing."""
        self.caller: Object | None = None
        """The pod or node that calls."""
        self.unseen: list[str] = []
        self.domain = DOMAIN
        self.enforces_policies: bool | None = None
        """Whether NetworkPolicies do anything in this cluster; ``None``: unknown."""

    @property
    def namespace(self) -> str:
        """The Service's."""
        return self.question.namespace

    @property
    def name(self) -> str:
        """The Service's."""
        return self.question.name


def meta(thing: Object) -> Any:
    """Its metadata."""
    return thing.get("metadata") or {}


def labels_of(thing: Object) -> dict[str, str]:
    """Its labels."""
    return meta(thing).get("labels") or {}


def template_of(workload: Object) -> Object:
    """The pod template of what makes pods."""
    spec = workload.get("spec") or {}
    return spec.get("template") or ((spec.get("jobTemplate") or {}).get("spec") or {}).get("template") or {}


def matches(selector: dict[str, str], labels: dict[str, str]) -> bool:
    """Whether a Service with ``selector`` selects a pod with ``labels``."""
    return all(labels.get(key) == value for key, value in selector.items())


def condition(thing: Object, type_: str) -> Any:
    """The condition of that type, or an empty mapping."""
    return next((c for c in (thing.get("status") or {}).get("conditions") or () if c.get("type") == type_), {})


def counted(count: int, noun: str) -> str:
    """``1 pod``, ``3 pods``."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def joined(words: Sequence[str], last: str = "and") -> str:
    """``a, b and c``."""
    words = list(words)
    return " ".join(filter(None, (", ".join(words[:-1]), last if len(words) > 1 else "", words[-1] if words else "")))
