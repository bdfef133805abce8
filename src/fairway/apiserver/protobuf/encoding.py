"""Encoding: the JSON of objects as protobuf, as clients written in Go ask for built-in kinds.

Pure.  Shape: ``content(message, json)`` is a field that stands between the ``ends`` of an envelope, or behind the
``list_head`` of a list; ``encode(object)`` is a whole envelope, ``event(type, envelope)`` one frame of a watch.
Source: Kubernetes docs, "Kubernetes Protobuf encoding"; a watch's frames are a length in four bytes and a WatchEvent.
"""

import struct
from collections.abc import Mapping
from typing import Any

import msgspec
import orjson

from fairway.apiserver.protobuf.compiling import coder
from fairway.apiserver.protobuf.messages import Field, fields_of, message_of
from fairway.apiserver.protobuf.texts import WRITTEN
from fairway.objects.wire import BYTES, delimited, tag, varint

_MAGIC = b"k8s\x00"
_CONTENT = 2
"""The field of an envelope that holds the object, and the field of every list that holds an item."""
_TAIL = delimited(3, b"") + delimited(4, b"")
"""No encoding of the content, and no other type of it: Go writes both."""


def can(api_version: str, kind: str) -> bool:
    """Whether there is a message for a kind."""
    return message_of(api_version, kind) is not None


def encode(found: Mapping[str, Any]) -> bytes | None:
    """The object in its envelope; ``None`` where there is no message for it."""
    api_version, kind = found.get("apiVersion") or "", found.get("kind") or ""
    name = message_of(api_version, kind)
    if name is None:
        return None
    head, tail = ends(api_version, kind)
    return b"".join((head, content(name, orjson.dumps(found)), tail))


def ends(api_version: str, kind: str) -> tuple[bytes, bytes]:
    """What stands before and behind ``content`` in the envelope of a kind."""
    return _MAGIC + delimited(1, delimited(1, api_version.encode()) + delimited(2, kind.encode())), _TAIL


def content(name: str, json: bytes) -> bytes:
    """The message that ``json`` says, as a field: that of an envelope, or an item of a list."""
    return delimited(_CONTENT, _message(name, json))


def list_head(api_version: str, kind: str, empty: bytes, size: int) -> bytes:
    """What stands before the items of a list, which come to ``size`` bytes; ``empty`` is JSON of one without any."""
    metadata = _message(message_of(api_version, kind) or "", empty)
    return b"".join((ends(api_version, kind)[0], tag(_CONTENT, BYTES), varint(len(metadata) + size), metadata))


def event(type_: str, envelope: bytes) -> bytes:
    """One frame of a watch."""
    line = delimited(1, type_.encode()) + delimited(2, delimited(1, envelope))
    return struct.pack(">I", len(line)) + line


def _message(name: str, json: bytes) -> bytes:
    """The message that ``json`` says."""
    made = coder(name)
    # Letters that are bytes are put together as texts and become bytes at once.
    letters = json if json.isascii() else json.decode("latin-1").encode()
    try:
        return made.write(made.read(letters)).encode("latin-1")
    except UnicodeEncodeError:
        # A letter that was escaped, as none is in what is stored.
        return _message(name, orjson.dumps(orjson.loads(json)))
    except msgspec.ValidationError:
        return made.write(made.read(orjson.dumps(_fitted(name, orjson.loads(letters))))).encode("latin-1")


def _fitted(name: str, found: Any) -> Any:
    """As much of an object as the message can say: some was stored when less was asked of it."""
    if name in WRITTEN or not isinstance(found, dict):
        return found
    known = dict(_by_name(name))
    return {member: _fitted_field(known[member], one) for member, one in found.items() if member in known}


def _by_name(name: str) -> list[tuple[str, Field]]:
    members: list[tuple[str, Field]] = []
    for field in (fields_of(name) or {}).values():
        members += _by_name(field.item) if field.is_inlined else [(field.name, field)]
    return members


def _fitted_field(field: Field, found: Any) -> Any:
    if field.is_map:
        pairs = found.items() if isinstance(found, dict) else ()
        return {key: _fitted_item(field.item, one) for key, one in pairs if one is not None}
    if field.is_list:
        return [_fitted_item(field.item, one) for one in (found if isinstance(found, list) else ()) if one is not None]
    return None if found is None else _fitted_item(field.item, found)


def _fitted_item(item: str, found: Any) -> Any:
    if item in ("s", "y"):
        return found if isinstance(found, str) else orjson.dumps(found).decode()
    if item in ("b", "i", "n"):
        as_number = {"b": bool, "i": int, "n": float}[item]
        return as_number(found) if isinstance(found, int | float) else as_number()
    fitted = _fitted(item, found)
    return fitted if item in WRITTEN or isinstance(fitted, dict) else {}
