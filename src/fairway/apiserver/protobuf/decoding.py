"""Decoding: protobuf as JSON means it; what takes a field is made once for each message.

Pure.  Shape: ``decode(raw)`` gives the object, with apiVersion and kind.
Source: Kubernetes docs, "Kubernetes Protobuf encoding"; the envelope is ``k8s\\0`` and a ``runtime.Unknown``.
"""

import struct
from base64 import b64encode
from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple

from fairway.apiserver.protobuf.messages import Field, fields_of, message_of
from fairway.apiserver.protobuf.special import SPECIAL
from fairway.objects import Object
from fairway.objects.wire import BYTES, FIXED64, VARINT, Malformed, fields, passed, read_varint, signed

_MAGIC = b"k8s\x00"
_DEPTH_MAX = 64
_WIRE_TYPES = {"s": BYTES, "y": BYTES, "b": VARINT, "i": VARINT, "n": FIXED64}
_EMPTY: dict[str, Any] = {"s": "", "y": "", "b": False, "i": 0, "n": 0.0}

Read = Callable[[bytes, int, int, int], Any]
"""(all bytes, where the value begins and ends, how deep it is): what it means."""
_PLAIN, _KEPT, _LIST, _MAP, _INLINED = range(5)


class _Known(NamedTuple):
    """A field as its tag finds it; ``read`` is not asked for a text, nor for a number."""

    name: str
    item: str
    place: int
    read: Read
    empty: Any


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
    try:
        named = _message("runtime.TypeMeta", type_meta, 0, len(type_meta), 0)
        api_version, kind = named.get("apiVersion", ""), named.get("kind", "")
        name = message_of(api_version, kind)
        if name is None:
            raise Malformed(f'no kind "{kind}" is registered for version "{api_version}"')
        return {"kind": kind, "apiVersion": api_version, **_message(name, content, 0, len(content), 0)}
    except UnicodeDecodeError as error:
        raise Malformed("a text is not UTF-8") from error


def _message(name: str, raw: bytes, at: int, end: int, depth: int) -> Any:
    if depth > _DEPTH_MAX:
        raise Malformed("messages are nested too deep")
    known = _known(name)
    found: Object = {}
    while at < end:
        tag = raw[at]
        if tag > 0x7F:
            tag, at = read_varint(raw, at, end)
        else:
            at += 1
        one = known.get(tag)
        if one is None:
            at = _unknown(name, raw, tag, at, end)
            continue
        member, item, place, read, empty = one
        if tag & 7 == BYTES:
            size = raw[at] if at < end else 0x80
            if size > 0x7F:
                size, at = read_varint(raw, at, end)
            else:
                at += 1
            stop = at + size
            if stop > end:
                raise Malformed("unexpected EOF")
            value = str(raw[at:stop], "utf-8") if item == "s" and place != _MAP else read(raw, at, stop, depth)
            at = stop
        else:
            value, at = _number(item, raw, at, end)
        if place == _PLAIN:
            if value is not None and value != empty:
                found[member] = value
        else:
            _PUT[place](found, member, value)
    special = SPECIAL.get(name)
    return special(found) if special else found


def _number(item: str, raw: bytes, at: int, end: int) -> tuple[bool | float, int]:
    """(value, where the next field begins)"""
    if item == "n":
        if at + 8 > end:
            raise Malformed("unexpected EOF")
        return struct.unpack("<d", raw[at : at + 8])[0], at + 8
    if at < end and raw[at] <= 0x7F:
        value, at = raw[at], at + 1
    else:
        value, at = read_varint(raw, at, end)
    return bool(value) if item == "b" else signed(value), at


def _unknown(name: str, raw: bytes, tag: int, at: int, end: int) -> int:
    """Where the field after one of the future begins.  Raises: ``Malformed``, also for a known one of another type."""
    field = (fields_of(name) or {}).get(tag >> 3)
    after = passed(raw, tag, at, end)
    if field is not None:
        wanted = BYTES if field.is_map else _WIRE_TYPES.get(field.item, BYTES)
        raise Malformed(f"{field.name}: wire type {tag & 7} where {wanted} is expected")
    return after


@lru_cache(1024)
def _known(name: str) -> dict[int, _Known]:
    """The fields of a message by the tags that they begin with."""
    known = fields_of(name)
    if known is None:
        raise Malformed(f"unknown message {name}")
    return {number << 3 | _wire_type(field): _field(field) for number, field in known.items()}


def _wire_type(field: Field) -> int:
    return BYTES if field.is_map else _WIRE_TYPES.get(field.item, BYTES)


def _field(field: Field) -> _Known:
    read = _entry(field.item) if field.is_map else _item(field.item)
    place = _MAP if field.is_map else _LIST if field.is_list else _INLINED if field.is_inlined else _PLAIN
    if place == _PLAIN and field.keeps_zero:
        place = _KEPT
    return _Known(field.name, field.item, place, read, _EMPTY.get(field.item))


def _item(item: str) -> Read:
    match item:
        case "s":
            return lambda raw, at, stop, _: str(raw[at:stop], "utf-8")
        case "y":
            return lambda raw, at, stop, _: b64encode(raw[at:stop]).decode()
    return lambda raw, at, stop, depth: _message(item, raw, at, stop, depth + 1)


def _entry(item: str) -> Read:
    """One pair of a map: a message whose fields are the key and the value, both of which have a length."""
    read_value = _item(item)

    def read(raw: bytes, at: int, end: int, depth: int) -> Any:
        key, value = "", "" if item in ("s", "y") else {}
        while at < end:
            tag, at = read_varint(raw, at, end)
            after = passed(raw, tag, at, end)
            if tag & 7 == BYTES:
                _, at = read_varint(raw, at, end)
                if tag >> 3 == 1:
                    key = str(raw[at:after], "utf-8")
                elif tag >> 3 == 2:
                    value = read_value(raw, at, after, depth)
            elif tag >> 3 <= 2:
                raise Malformed(f"wire type {tag & 7} where {BYTES} is expected")
            at = after
        return key, value

    return read


def _kept(found: Object, name: str, value: Any) -> None:
    if value is not None:
        found[name] = value


def _listed(found: Object, name: str, value: Any) -> None:
    if name in found:
        found[name].append(value)
    else:
        found[name] = [value]


def _mapped(found: Object, name: str, value: Any) -> None:
    found.setdefault(name, {})[value[0]] = value[1]


def _inlined(found: Object, _name: str, value: Any) -> None:
    found.update(value)


_PUT: dict[int, Callable[[Object, str, Any], None]] = {
    _KEPT: _kept, _LIST: _listed, _MAP: _mapped, _INLINED: _inlined,
}  # fmt: skip
