"""Reply: what a verb answers, before anything is known of HTTP or of the representation that is asked for."""

from dataclasses import dataclass, field

from fairway.apiserver.collection import Collection
from fairway.apiserver.selection import Selection
from fairway.apiserver.stored import Stored
from fairway.kinds.kind import Kind
from fairway.objects import Object


@dataclass(frozen=True, slots=True)
class Found:
    """A stored object as it is."""

    stored: Stored
    status: int = 200


@dataclass(frozen=True, slots=True)
class Made:
    """An object that is not in the store in this form: a Status, a Scale, the outcome of a dry run."""

    object: Object
    status: int = 200


@dataclass(frozen=True, slots=True)
class Page:
    """A list, or one page of it.  ``token`` continues it; ``remaining`` is ``None`` where nobody counted."""

    kind: Kind
    items: list[Stored] = field(default_factory=list)
    revision: int = 0
    token: str = ""
    remaining: int | None = None
    whole_prefix: str = ""
    """Set if this is all there is under a prefix of keys: then the answer may be kept for the next one who asks."""
    changed: int = 0
    """The revision of the last change of the collection."""
    asked: int = 0
    """The revision that the answer must not be older than."""

    def metadata(self) -> Object:
        """The ListMeta."""
        found: Object = {"resourceVersion": str(self.revision)}
        if self.token:
            found["continue"] = self.token
            if self.remaining is not None:
                found["remainingItemCount"] = self.remaining
        return found

    def object(self) -> Object:
        """The List with shared items, for readers in this process."""
        return {
            "kind": self.kind.list_name, "apiVersion": self.kind.api_version,
            "metadata": self.metadata(), "items": [item.peek() for item in self.items],
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Watching:
    """A watch that may begin: ``initial`` states first (``None``: no), then every change after ``after``.

    ``ends_initial``: a bookmark marks the end of the initial states.  ``timeout_s`` 0 leaves it to the server.
    """

    collection: Collection
    selection: Selection
    after: int
    initial: list[Stored] | None = None
    has_bookmarks: bool = False
    ends_initial: bool = False
    timeout_s: float = 0.0


Reply = Found | Made | Page | Watching


def as_object(reply: Reply) -> Object:
    """The reply as a dict for a caller in this process; shared, never to be changed."""
    match reply:
        case Found(stored):
            return stored.object
        case Made(made):
            return made
        case Page():
            return reply.object()
        case Watching():
            raise TypeError("a watch is no object: call watch()")
