"""Protobuf, as kubectl since 1.32 and clients written in Go send and ask for it, and the JSON that it means.

Shape: ``decode(raw)`` gives the object, with apiVersion and kind; ``encode(object)`` the bytes, ``event`` a frame of a
watch.  Imported only when somebody speaks it.
Source: Kubernetes docs, "Kubernetes Protobuf encoding"; the envelope is ``k8s\\0`` and a ``runtime.Unknown``.
"""

import struct
from base64 import b64encode
from typing import Any

from fairway.apiserver.protobuf.encoding import can, encode, event, list_ends, list_item
from fairway.apiserver.protobuf.messages import Field, fields_of, message_of
from fairway.apiserver.protobuf.special import SPECIAL
from fairway.objects import Object
from fairway.objects.wire import BYTES, FIXED64, VARINT, Malformed, fields, signed

__all__ = ["MEDIA", "Malformed", "can", "decode", "encode", "event", "list_ends", "list_item"]

MEDIA = "application/vnd.kubernetes.protobuf"
_MAGIC = b"k8s\x00"
_DEPTH_MAX = 64
_WIRE_TYPES = {"s": BYTES, "y": BYTES, "b": VARINT, "i": VARINT, "n": FIXED64}
_EMPTY: dict[str, Any] = {"s": "", "y": "", "b": False, "i": 0, "n": 0.0}


def decode(raw: bytes) -> Object:
    """The object in ``raw``.  Raises: ``Malformed``, whose text says why."""
    if raw[:4] != _MAGIC:
        raise Malformed("provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]")
    type_meta, content = b"", b""
    for number, wire_type, value in fields(memoryview(raw)[4:]):
        if wire_type == BYTES and not isinstance(value, int):
            if number == 1:
                type_meta = bytes(value)
            elif number == 2:
                content = bytes(value)
    named = _message("runtime.TypeMeta", memoryview(type_meta), 0)
    api_version, kind = named.get("apiVersion", ""), named.get("kind", "")
    name = message_of(api_version, kind)
    if name is None:
        raise Malformed(f'no kind "{kind}" is registered for version "{api_version}"')
    return {"kind": kind, "apiVersion": api_version, **_message(name, memoryview(content), 0)}


def _message(name: str, raw: memoryview, depth: int) -> Any:
    if depth > _DEPTH_MAX:
        raise Malformed("messages are nested too deep")
    known = fields_of(name)
    if known is None:
        raise Malformed(f"unknown message {name}")
    found: Object = {}
    for number, wire_type, value in fields(raw):
        field = known.get(number)
        if field is not None:
            _take(found, field, wire_type, value, depth)
    special = SPECIAL.get(name)
    return special(found) if special else found


def _take(found: Object, field: Field, wire_type: int, value: int | memoryview, depth: int) -> None:
    if field.is_map:
        found.setdefault(field.name, {}).update(_entry(field, wire_type, value, depth))
        return
    taken = _value(field.item, wire_type, value, depth)
    if field.is_list:
        found.setdefault(field.name, []).append(taken)
    elif field.is_inlined:
        found.update(taken)
    elif taken is not None and (field.keeps_zero or taken != _EMPTY.get(field.item)):
        found[field.name] = taken


def _entry(field: Field, wire_type: int, value: int | memoryview, depth: int) -> Object:
    """One pair of a map."""
    if wire_type != BYTES or isinstance(value, int):
        raise Malformed(f"{field.name} is a map")
    key, item = "", _EMPTY.get(field.item, {})
    for number, inner_type, inner in fields(value):
        if number == 1:
            key = _value("s", inner_type, inner, depth)
        elif number == 2:
            item = _value(field.item, inner_type, inner, depth)
    return {key: item}


def _value(item: str, wire_type: int, value: int | memoryview, depth: int) -> Any:
    wanted = _WIRE_TYPES.get(item, BYTES)
    if wire_type != wanted:
        raise Malformed(f"wire type {wire_type} where {wanted} is expected")
    if isinstance(value, int):
        return bool(value) if item == "b" else signed(value)
    match item:
        case "s":
            try:
                return str(value, "utf-8")
            except UnicodeDecodeError as error:
                raise Malformed("a text is not UTF-8") from error
        case "y":
            return b64encode(value).decode()
        case "n":
            return struct.unpack("<d", value)[0]
    return _message(item, value, depth + 1)
