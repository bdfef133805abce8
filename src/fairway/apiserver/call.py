"""Call: one API request after routing, before any verb; what verbs and subresources see instead of HTTP."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from fairway.kinds.kind import Kind, Served
from fairway.objects import Object


@dataclass(frozen=True, slots=True)
class User:
    """Who asks.  Source: Kubernetes docs, "Authenticating"."""

    name: str
    groups: tuple[str, ...] = ()
    uid: str = ""
    extra: Mapping[str, Sequence[str]] = field(default_factory=dict)


AUTHENTICATED = "system:authenticated"
"""The group of everyone who has shown who he is."""
ANONYMOUS = User("system:anonymous", ("system:unauthenticated",))


@dataclass(slots=True)
class Call:
    """One request for a kind.  ``body`` is decoded (``None`` if there was none); ``options`` are the query's values.

    ``served`` is the group and version asked for where it is not the kind's own.  ``raw`` keeps the body's bytes for
    verbs that need them (duplicate fields, patches).
    """

    verb: str
    kind: Kind
    user: User
    namespace: str | None = None
    name: str = ""
    subresource: str = ""
    body: Object | None = None
    raw: bytes = b""
    content_type: str = ""
    options: Mapping[str, str] = field(default_factory=dict)
    served: Served | None = None
    user_agent: str = ""
    warnings: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    """Keys that stand twice in a body of YAML, as ``line 3: key "a" already set in map``."""
    annotations: dict[str, str] = field(default_factory=dict)
    """What admission has to say to the audit log."""
    is_consulted: bool = False
    """Webhooks and policies have been asked already, about the subresource that this write is behind."""
