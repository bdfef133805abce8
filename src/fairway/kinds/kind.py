"""Kind: the frozen record of all that is known of one resource type.

Shape: data and pure functions; the API server calls them by name and knows no kind itself.
A CustomResourceDefinition becomes such a record at run time.
Rules for those who change it: hooks take plain objects and return values; none does I/O, reads a clock
or draws a random number.  ``defaults`` and ``prepare`` fill in the fresh copy that they are given.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from fairway.objects import Object
from fairway.objects.errors import Problem

ALL_VERBS = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the Table form (``kubectl get``).

    ``cell`` gets the object and the time in Unix seconds and returns a string, an integer or a boolean.
    ``priority`` 0 is always shown, 1 only with ``-o wide``.
    Source: Kubernetes API concepts, "Receiving resources as Tables".
    """

    name: str
    cell: Callable[[Object, float], Any]
    type: str = "string"
    format: str = ""
    priority: int = 0
    description: str = ""


@dataclass(frozen=True, slots=True)
class Served:
    """Another group and version under which the same object is served.

    ``warning`` is the text of the ``Warning:`` header, or empty.  ``to_storage`` changes an incoming object
    into the stored form where more than apiVersion differs; ``from_storage`` the reverse.
    """

    group: str
    version: str
    warning: str = ""
    to_storage: Callable[[Object], None] | None = None
    from_storage: Callable[[Object], None] | None = None
    is_twin: bool = False
    """Short names and categories are told here too."""


@dataclass(frozen=True, slots=True)
class Subresource:
    """A path below an object: ``status``, ``scale``, ``log``, ``exec``, ``binding``...

    ``kind``, ``group`` and ``version`` are what discovery says where they differ from the parent's; ``columns`` follow
    ``Name`` in the Table of such an object.
    """

    name: str
    verbs: tuple[str, ...] = ("get", "patch", "update")
    kind: str = ""
    group: str = ""
    version: str = ""
    columns: tuple[Column, ...] = ()


@dataclass(frozen=True, slots=True)
class Claim:
    """Something that only one object may hold: the store key that must not exist yet, and who answers if it does.

    ``kind`` and ``body`` describe an object that is created as the claim (an IPAddress); ``body`` is ``None``
    for a bare key (a node port).  ``problem`` is what the user is told when a claim of his choice is taken.
    """

    key: str
    body: Object | None = None
    problem: Problem | None = None


STATUS = Subresource("status")
WHY = Subresource("why", verbs=("get",), kind="Explanation", group="fairway.dev", version="v1alpha1")
"""Whether it works, and why not: our own, beside Kubernetes' subresources."""
SOCKETS = Subresource("sockets", verbs=("get",), kind="PodSockets", group="fairway.dev", version="v1alpha1")
"""What listens inside a pod."""


def proxy_of(name: str) -> Subresource:
    """The ``proxy`` below a kind of that name: any HTTP request, passed on."""
    return Subresource("proxy", verbs=("create", "delete", "get", "patch", "update"), kind=f"{name}ProxyOptions")


@dataclass(frozen=True, slots=True, eq=False)
class CustomVersion:
    """What a CustomResourceDefinition says of one version of its kind.

    ``schema`` is structural; ``scale`` the paths of the scale subresource, ``None`` without one.
    """

    name: str
    schema: Object
    definition: Object
    scale: Object | None = None
    webhook: Object | None = None
    """What converts between its versions, if that takes more than another apiVersion."""
    is_mirror: bool = False
    """Whether its objects are stored in another version and converted by the webhook."""
    stored_schema: Object | None = None
    """Of the version that it is stored in, if no webhook converts and that is another schema."""

    @property
    def has_rules(self) -> bool:
        """Whether there are rules in CEL anywhere in the schema."""
        return _has_rules(self.schema)

    @staticmethod
    def at(found: Object, path: str) -> Any:
        """What stands at ``.spec.replicas``; ``None`` where nothing does."""
        value: Any = found
        for name in path.split(".")[1:]:
            value = value.get(name) if isinstance(value, dict) else None
        return value


def _has_rules(schema: Any) -> bool:
    if isinstance(schema, list):
        return any(map(_has_rules, schema))
    return isinstance(schema, dict) and (
        "x-kubernetes-validations" in schema or any(_has_rules(one) for one in schema.values() if one)
    )


def _nothing(*_: Any) -> None:
    return None


def _no_problems(*_: Any) -> Iterator[Any]:
    return iter(())


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Kind:
    """One resource type.  See the module's rules; every hook has a harmless default.

    ``defaults(new)`` fills what may be left out.  ``prepare(new, old, subresource)`` decides what the writer may
    not set: ``old`` is ``None`` on create, ``subresource`` is ``""`` or ``"status"``; it restores or wipes those.
    ``validate(new, old)`` yields every broken rule of the object's own fields (metadata: ``objects.meta``);
    ``warnings(new, old)`` yields texts for ``Warning:`` headers.
    ``fields`` are the field selectors beyond metadata.name and metadata.namespace: label -> text of the object.
    ``columns`` follow ``Name`` and precede nothing: Age, where it is shown, is one of them.
    ``grace_s(new)`` gives the default seconds of graceful deletion, ``None`` where there is nothing to wait for.
    Kinds are compared and hashed by identity, so that they can be keys.
    """

    group: str
    version: str
    name: str
    plural: str
    singular: str = ""
    list_kind: str = ""
    """What a list of them is called, if not after the kind."""
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    namespaced: bool = True
    verbs: tuple[str, ...] = ALL_VERBS
    subresources: tuple[Subresource, ...] = ()
    also: tuple[Served, ...] = ()
    is_served: bool = True
    """Whether its own group and version are served, and not only ``also``."""
    columns: tuple[Column, ...] = ()
    leads_with_name: bool = True
    """Tables start with the column Name; Events do not."""
    fields: Mapping[str, Callable[[Object], str]] = field(default_factory=dict)
    defaults: Callable[[Object], None] = _nothing
    prepare: Callable[[Object, Object | None, str], None] = _nothing
    validate: Callable[[Object, Object | None], Iterator[Problem]] = _no_problems
    validate_name: Callable[[str, bool], Iterator[str]] | None = None
    """``(name, is_prefix)`` -> messages; ``None`` is a DNS subdomain."""
    validate_below: Mapping[str, Callable[[Object, Object | None], Iterator[Problem]]] = field(default_factory=dict)
    """Subresources whose writes are judged by rules of their own, in place of ``validate``."""
    warnings: Callable[[Object, Object | None], Iterator[str]] = _no_problems
    has_generation: bool = False
    """metadata.generation grows when spec changes."""
    status_leaves: tuple[str, ...] = ()
    """What of the metadata a write of the status leaves as it was; who applies a status cannot speak of it."""
    is_no_owner: bool = False
    """Nothing waits for its dependents: no deletion of it is one in the foreground, and none orphans."""
    create_on_update: bool = False
    """PUT to a missing name creates it."""
    unconditional_update: bool = True
    """PUT without a resourceVersion is allowed."""
    deprecated: str = ""
    """The ``Warning:`` that every request for this kind is answered with."""
    judged_twice: bool = False
    """What an update breaks of the rules for new objects stands twice in the causes, as upstream judges both ways."""
    delete_returns_object: bool = False
    orphans_by_default: bool = False
    """A delete that names no policy leaves the dependents alone."""
    grace_s: Callable[[Object], int | None] | None = None
    custom: CustomVersion | None = None
    """What made it at run time; ``None`` for a kind that is built in."""

    @property
    def served(self) -> tuple[tuple[str, str], ...]:
        """The groups and versions that it is served in."""
        also = tuple((one.group, one.version) for one in self.also)
        return ((self.group, self.version), *also) if self.is_served else also

    @property
    def api_version(self) -> str:
        """``v1`` for the core group, ``apps/v1`` for others."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def resource(self) -> str:
        """``services`` or ``deployments.apps``."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    @property
    def singular_name(self) -> str:
        """The lower-case singular, ``service``."""
        return self.singular or self.name.lower()

    @property
    def list_name(self) -> str:
        """The kind of a list of them: ``ServiceList``."""
        return self.list_kind or f"{self.name}List"

    @property
    def prefix(self) -> str:
        """What every store key of this kind starts with."""
        return f"/{self.group or 'core'}/{self.plural}/"

    def key(self, namespace: str | None, name: str) -> str:
        """The store key of one object."""
        return f"{self.prefix}{namespace}/{name}" if self.namespaced else f"{self.prefix}{name}"

    def subresource(self, name: str) -> Subresource | None:
        """The subresource of that name, if this kind has it."""
        return next((sub for sub in self.subresources if sub.name == name), None)
