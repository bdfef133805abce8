"""Stored: one object as of one revision, as bytes for the wire and, once somebody needed it, as a dict.

Rules for those who change it: the bytes in the store lack metadata.resourceVersion; the bytes here have it, spliced in
without decoding.  The dict is shared with every reader of the process: nobody changes it.
"""

import orjson

from fairway.objects import Object

_METADATA = b'"metadata":{'
_MEMBERS_FIRST = ("kind", "apiVersion", "metadata")


def encode(new: Object) -> bytes:
    """``new`` as it is kept in the store: kind, apiVersion and metadata come first, without resourceVersion.

    Takes metadata.resourceVersion out of ``new``.
    """
    new["metadata"].pop("resourceVersion", None)
    ordered = {member: new[member] for member in _MEMBERS_FIRST}
    ordered.update(new)
    return bytes(memoryview(orjson.dumps(ordered)))  # orjson's own result holds four kilobytes, however short it is


def splice(value: bytes, revision: int) -> bytes:
    """The store's ``value`` with its revision put in as metadata.resourceVersion."""
    at = value.index(_METADATA) + len(_METADATA)
    return b'%b"resourceVersion":"%d",%b' % (value[:at], revision, value[at:])


def restamp(wire: bytes, revision: int) -> bytes:
    """``wire`` with another resourceVersion."""
    at = wire.index(_METADATA) + len(_METADATA)
    return b'%b"resourceVersion":"%d"%b' % (wire[:at], revision, wire[wire.index(b",", at) :])


class Stored:
    """One object as of one revision.  ``wire`` is complete; ``object`` is decoded when first asked for."""

    __slots__ = ("_object", "key", "revision", "wire")

    def __init__(self, key: str, revision: int, wire: bytes, decoded: Object | None = None) -> None:
        self.key = key
        self.revision = revision
        self.wire = wire
        self._object = decoded

    @property
    def object(self) -> Object:
        """The shared dict."""
        if self._object is None:
            self._object = orjson.loads(self.wire)
        return self._object

    @property
    def is_decoded(self) -> bool:
        """Whether the dict is in memory now."""
        return self._object is not None

    def forget(self) -> None:
        """Let the dict go; it is decoded again when it is needed again."""
        self._object = None

    def copy(self) -> Object:
        """A dict of one's own to change."""
        fresh: Object = orjson.loads(self.wire)
        return fresh

    def at(self, revision: int) -> "Stored":
        """The same state under a later resourceVersion: what a watcher sees of an object that went away."""
        decoded = None
        if self._object is not None:
            metadata = {**self._object["metadata"], "resourceVersion": str(revision)}
            decoded = {**self._object, "metadata": metadata}
        return Stored(self.key, revision, restamp(self.wire, revision), decoded)
