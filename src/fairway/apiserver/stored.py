"""Stored: one object as of one revision, as bytes for the wire and, once somebody needed it, as a dict.

Rules for those who change it: the bytes in the store lack metadata.resourceVersion; the bytes here have it, spliced in
without decoding.  The dict is shared with every reader of the process: nobody changes it.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import msgspec
import orjson

from fairway.apiserver.go_json import escaped
from fairway.objects import Object
from fairway.objects.fields import Reader, read_all

_METADATA = b'"metadata":{'
PACKED_BYTES = 32 * 1024
"""The largest objects that are packed."""
_MEMBERS_FIRST = ("kind", "apiVersion", "metadata")


def encode(new: Object) -> bytes:
    """``new`` as it is kept in the store: kind, apiVersion and metadata come first, without resourceVersion.

    Takes metadata.resourceVersion out of ``new``.
    """
    new["metadata"].pop("resourceVersion", None)
    ordered = {member: new[member] for member in _MEMBERS_FIRST}
    ordered.update(new)
    return bytes(memoryview(orjson.dumps(ordered)))  # orjson's own result holds four kilobytes, however short it is


_REVISION = b'"resourceVersion":"",'


def splice(value: bytes, revision: int) -> bytes:
    """The store's ``value`` with its revision put in as metadata.resourceVersion, escaped as it goes out."""
    value = escaped(value)
    at = value.index(_METADATA) + len(_METADATA)
    return b'%b"resourceVersion":"%d",%b' % (value[:at], revision, value[at:])


def restamp(wire: bytes, revision: int) -> bytes:
    """``wire`` with another resourceVersion."""
    at = wire.index(_METADATA) + len(_METADATA)
    return b'%b"resourceVersion":"%d"%b' % (wire[:at], revision, wire[wire.index(b",", at) :])


if TYPE_CHECKING:
    from fairway.apiserver.collection import Codec


def _unspliced(_: bytes) -> bytes:
    """A mark of bytes as they are in the store."""
    raise AssertionError("its revision is put in, and nothing unpacked")


class _Labels(msgspec.Struct):
    labels: dict[str, str] | None = None


class _Labeled(msgspec.Struct):
    metadata: _Labels


class _Identified(msgspec.Struct):
    metadata: msgspec.Raw


_labeled = msgspec.json.Decoder(_Labeled).decode
_identified = msgspec.json.Decoder(_Identified).decode
_NO_LABELS: Mapping[str, str] = {}


class Stored:
    """One object as of one revision.  ``wire`` is complete; ``object`` is decoded when first asked for.

    What selectors look at is read once and kept, which costs a hundredth of the whole dict.
    """

    __slots__ = (
        "_bytes", "_labels", "_metadata_end", "_object", "_unpack", "_values",
        "key", "message", "revision", "row", "size",
    )  # fmt: skip

    def __init__(self, key: str, revision: int, wire: bytes, decoded: Object | None = None) -> None:
        self.key = key
        self.revision = revision
        self.size = len(wire)
        """Bytes of ``wire``."""
        self._bytes = wire
        self._unpack: Callable[[bytes], bytes] | None = None
        self._object = decoded
        self._labels: Mapping[str, str] | None = None
        self._values: tuple[str, ...] | None = None
        self._metadata_end = 0
        self.row: tuple[object, tuple[Any, ...]] | None = None
        """What Tables say of it; see ``rows``."""
        self.message: tuple[object, bytes] | None = None
        """What it is in protobuf; see ``as_protobuf``."""

    @classmethod
    def of_store(cls, key: str, revision: int, value: bytes) -> "Stored":
        """Of the store's ``value`` as it is: its revision is put in when somebody looks."""
        made = cls(key, revision, value)
        made.size += len(_REVISION) + len(str(revision))
        made._unpack = _unspliced
        return made

    @property
    def wire(self) -> bytes:
        """The whole object as JSON."""
        if self._unpack is None:
            return self._bytes
        if self._unpack is _unspliced:
            self._bytes, self._unpack = splice(self._bytes, self.revision), None
            return self._bytes
        return self._unpack(self._bytes)

    @property
    def is_packed(self) -> bool:
        """Whether the bytes are kept small."""
        return self._unpack is not None and self._unpack is not _unspliced

    @property
    def packed_size(self) -> int:
        """Bytes that are kept."""
        return len(self._bytes)

    def pack(self, codec: "Codec") -> None:
        """From now on keep the bytes small; large objects stay: they take longer to unpack, and are few."""
        if self._unpack is not codec.unpack and self.size <= PACKED_BYTES:
            self._bytes, self._unpack = codec.pack(self.wire), codec.unpack

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

    def peek(self) -> Object:
        """The same dict, for a moment: it is not kept for the next who asks."""
        if self._object is not None:
            return self._object
        found: Object = orjson.loads(self.wire)
        return found

    @property
    def labels(self) -> Mapping[str, str]:
        """Of the metadata."""
        if self._labels is None:
            if self._object is not None:
                self._labels = self._object["metadata"].get("labels") or _NO_LABELS
            else:
                self._labels = _labeled(self.wire).metadata.labels or _NO_LABELS
        return self._labels

    def values(self, readers: Mapping[str, Reader]) -> tuple[str, ...]:
        """What field selectors of its kind, whose ``fields`` are ``readers``, compare."""
        if self._values is None:
            self._values = read_all(self.peek(), readers)
        return self._values

    @property
    def metadata(self) -> bytes:
        """The metadata alone, as JSON."""
        wire = self.wire
        start = wire.index(_METADATA) + len(_METADATA) - 1
        if not self._metadata_end:
            self._metadata_end = start + len(bytes(_identified(wire).metadata))
        return wire[start : self._metadata_end]

    def forget(self) -> None:
        """Let the dict go; it is decoded again when it is needed again."""
        self._object = None

    def forget_shown(self) -> None:
        """Let go of all that is made of ``wire`` for those who look."""
        self._object = self.row = None

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
