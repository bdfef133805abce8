"""Encoding: objects as protobuf, as clients written in Go ask for built-in kinds.

Pure.  Shape: ``encode(object)`` gives the envelope, ``event(type, object)`` one frame of a watch.
Source: Kubernetes docs, "Kubernetes Protobuf encoding"; a watch's frames are a length in four bytes and a WatchEvent.
"""

import struct
from base64 import b64decode
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from fairway.apiserver.protobuf.messages import Field, fields_of, message_of
from fairway.apiserver.protobuf.special import MADE
from fairway.objects.wire import BYTES, FIXED64, VARINT, delimited, tag, varint

_MAGIC = b"k8s\x00"
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
    type_meta = delimited(1, api_version.encode()) + delimited(2, kind.encode())
    return _MAGIC + delimited(1, type_meta) + delimited(2, _message(name, found)) + _TAIL


def list_item(empty: Mapping[str, Any], found: Mapping[str, Any]) -> bytes:
    """One item, as it stands in the message of a list, of which ``empty`` is one without any."""
    number, field = _by_name(message_of(empty["apiVersion"], empty["kind"]) or "")[0]["items"]
    return _one(number, field.item, found)


def list_ends(empty: Mapping[str, Any], size: int) -> tuple[bytes, bytes]:
    """What stands before and behind the items of a list, which come to ``size`` bytes."""
    name = message_of(empty["apiVersion"], empty["kind"]) or ""
    type_meta = delimited(1, empty["apiVersion"].encode()) + delimited(2, empty["kind"].encode())
    metadata = _message(name, {"metadata": empty["metadata"]})
    head = tag(2, BYTES) + varint(len(metadata) + size) + metadata
    return _MAGIC + delimited(1, type_meta) + head, _TAIL


def event(type_: str, found: Mapping[str, Any]) -> bytes:
    """One frame of a watch.  Raises: ``ValueError`` where there is no message for the object."""
    raw = encode(found)
    if raw is None:
        raise ValueError(f"no message for {found.get('kind')} of {found.get('apiVersion')}")
    line = delimited(1, type_.encode()) + delimited(2, delimited(1, raw))
    return struct.pack(">I", len(line)) + line


@lru_cache(1024)
def _by_name(name: str) -> tuple[dict[str, tuple[int, Field]], tuple[tuple[int, Field], ...]]:
    """(members by their name in JSON, those whose members stand in their place)"""
    known = fields_of(name) or {}
    plain = {field.name: (number, field) for number, field in known.items() if not field.is_inlined}
    return plain, tuple((number, field) for number, field in known.items() if field.is_inlined)


def _message(name: str, value: Any) -> bytes:
    made = MADE.get(name)
    if made is not None:
        value = made(value)
    if not isinstance(value, Mapping):
        return b""
    plain, inlined = _by_name(name)
    parts = []
    for member, content in value.items():
        known = plain.get(member)
        if known is not None and content is not None:
            parts.append((known[0], _field(known[0], known[1], content)))
    for number, field in inlined:
        parts.append((number, delimited(number, _message(field.item, value))))
    # Go writes fields in the order of their numbers.
    return b"".join(part for _, part in sorted(parts))


def _field(number: int, field: Field, content: Any) -> bytes:
    if field.is_map:
        return b"".join(
            delimited(number, delimited(1, key.encode()) + _one(2, field.item, content[key])) for key in sorted(content)
        )
    if field.is_list:
        return b"".join(_one(number, field.item, item) for item in content)
    return _one(number, field.item, content)


def _one(number: int, item: str, value: Any) -> bytes:
    if item == "s":
        return delimited(number, str(value).encode())
    if len(item) > 1:
        return delimited(number, _message(item, value))
    match item:
        case "b" | "i":
            return tag(number, VARINT) + varint(int(value))
        case "n":
            return tag(number, FIXED64) + struct.pack("<d", value)
    return delimited(number, b64decode(value))
