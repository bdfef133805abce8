"""Event: one change of one object, with the state before and after; and what a selection sees of it.

Source: Kubernetes API concepts, "Efficient detection of changes".
"""

from typing import Literal

from fairway.apiserver.selection import Selection
from fairway.apiserver.stored import Stored

Type = Literal["ADDED", "MODIFIED", "DELETED"]
View = tuple[Type, Stored]


class Event:
    """One change: ``old`` is ``None`` for a creation, ``new`` for a deletion."""

    __slots__ = ("_departed", "new", "old", "revision")

    def __init__(self, revision: int, old: Stored | None, new: Stored | None) -> None:
        self.revision = revision
        self.old = old
        self.new = new
        self._departed: Stored | None = None

    @property
    def key(self) -> str:
        """The store key of the object."""
        state = self.new or self.old
        assert state is not None
        return state.key

    @property
    def size_bytes(self) -> int:
        """What remembering this event costs."""
        return self.new.size if self.new else 256

    @property
    def growth(self) -> int:
        """Bytes that there are more of since, or less."""
        return (self.new.size if self.new else 0) - (self.old.size if self.old else 0)

    @property
    def departed(self) -> Stored:
        """The last state, under the revision at which it went away."""
        if self._departed is None:
            assert self.old is not None
            self._departed = self.old.at(self.revision)
        return self._departed

    def whole(self) -> View:
        """What a watcher without selectors sees."""
        if self.new is None:
            return "DELETED", self.departed
        return ("MODIFIED" if self.old else "ADDED"), self.new

    def seen(self, selection: Selection) -> View | None:
        """What a watcher with ``selection`` sees: an object that stops matching is deleted as far as it can tell."""
        if not selection.covers(self.key):
            return None
        if selection.is_plain:
            return self.whole()
        was = self.old is not None and selection.matches(self.old)
        now = self.new is not None and selection.matches(self.new)
        if now:
            assert self.new is not None
            return ("MODIFIED" if was else "ADDED"), self.new
        return ("DELETED", self.departed) if was else None
