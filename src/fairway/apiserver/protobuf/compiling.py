"""Compiling: what reads the JSON of a message, and the function that writes the message, made when first needed.

Shape: ``coder(name).read(json)`` makes a Struct, ``.write(struct)`` the message, a text whose letters are its bytes
(Latin-1): nothing puts pieces together as fast as CPython does texts.  So the letters of the JSON are the bytes of
UTF-8, see ``encoding``.  Fields are written in the order of their numbers, as Go does.
"""

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from types import GenericAlias
from typing import Any, NamedTuple

import msgspec

from fairway.apiserver.protobuf.messages import Field, fields_of
from fairway.apiserver.protobuf.texts import TABLES, WRITTEN, schema_writers
from fairway.objects.wire import BYTES, FIXED64, VARINT, tag

Write = Callable[[Any], str]

_TYPES = {"s": str, "y": str, "b": bool, "i": int, "n": float}


class Coder(NamedTuple):
    """``read`` raises ``msgspec.ValidationError`` where JSON does not say what the message may hold."""

    read: Callable[[bytes], Any]
    write: Write


@lru_cache(1024)
def coder(name: str) -> Coder:
    """Of one message, which is known."""
    called = _need(name)
    return Coder(msgspec.json.Decoder(_struct(name)).decode, lambda found: str(_known[called](found)))


@lru_cache(2048)
def _struct(name: str) -> Any:
    """What the JSON of a message is read into."""
    found = list(_members(name))
    members = [(_attribute(field.name), _type(field), None) for field in found]
    names = {_attribute(field.name): field.name for field in found}
    return msgspec.defstruct(name.replace(".", "_"), members, rename=names, gc=False)


def _members(name: str) -> Iterator[Field]:
    for field in (fields_of(name) or {}).values():
        if field.is_inlined:
            yield from _members(field.item)
        else:
            yield field


def _attribute(name: str) -> str:
    return "f_" + re.sub(r"\W", "_", name)


def _type(field: Field) -> Any:
    written = WRITTEN.get(field.item)
    item = written.type if written else _TYPES.get(field.item) or _struct(field.item)
    if field.is_map:
        return GenericAlias(dict, (str, item)) | None
    if field.is_list:
        return GenericAlias(list, item) | None
    return item if item is msgspec.Raw else item | None


# What the functions know: the tables of ``texts``, and each other.

_known: dict[str, Any] = {"NULL": msgspec.Raw(b"null"), **TABLES, **schema_writers(lambda json: _schema(json))}


def _schema(json: bytes) -> str:
    made = coder("apiextensions.v1.JSONSchemaProps")
    return made.write(made.read(json))


def _need(name: str) -> str:
    """What the function that writes a message is called: until it is called, it is one that makes it."""
    called = "write_" + name.replace(".", "_")

    def first(found: Any) -> str:
        source = "\n".join(_function(called, name))
        exec(compile(source, f"<{name}>", "exec"), _known)  # of what messages.txt says
        return str(_known[called](found))

    _known.setdefault(called, first)
    return called


def _function(called: str, name: str) -> Iterator[str]:
    yield f"def {called}(found):"
    yield " made = ''"
    for number, field in sorted((fields_of(name) or {}).items()):
        if field.is_inlined:
            yield from _indented(1, _written(number, field.item, "found"))
            continue
        yield f" one = found.{_attribute(field.name)}"
        if field.is_map:
            yield " for key in sorted(one or ()):"
            yield from _indented(2, _entry(number, field.item))
        elif field.is_list:
            yield " for item in one or ():"
            yield from _indented(2, _written(number, field.item, "item"))
        else:
            is_raw = field.item in WRITTEN and WRITTEN[field.item].type is msgspec.Raw
            yield f" if one is not None{' and one != NULL' if is_raw else ''}:"
            yield from _indented(2, _written(number, field.item, "one"))
    yield " return made"


def _indented(depth: int, lines: Iterator[str]) -> Iterator[str]:
    for line in lines:
        yield " " * depth + line


def _written(number: int, item: str, value: str) -> Iterator[str]:
    """What adds a field of the value of a variable to what is ``made``."""
    if item in ("b", "i"):
        yield f"made += f'{_tag(number, VARINT)}{{numbers[{value}]}}'"
    elif item == "n":
        yield f"made += f'{_tag(number, FIXED64)}{{double({value})}}'"
    elif item == "s":
        yield f"made += f'{_tag(number, BYTES)}{{lengths[len({value})]}}{{{value}}}'"
    else:
        yield f"part = {_expression(item, value)}"
        yield f"made += f'{_tag(number, BYTES)}{{lengths[len(part)]}}{{part}}'"


def _entry(number: int, item: str) -> Iterator[str]:
    """The same of one pair of a map."""
    yield f"part = {_expression(item, 'one[key]')}"
    yield "pair = f'\\n{lengths[len(key)]}{key}\\x12{lengths[len(part)]}{part}'"
    yield f"made += f'{_tag(number, BYTES)}{{lengths[len(pair)]}}{{pair}}'"


def _expression(item: str, value: str) -> str:
    """What stands in a field that has a length."""
    if item == "s":
        return value
    if item == "y":
        return f"bytes_of({value})"
    written = WRITTEN.get(item)
    return written.expression.format(value) if written else f"{_need(item)}({value})"


def _tag(number: int, wire_type: int) -> str:
    """What a field begins with, as it stands in a literal."""
    return "".join(f"\\x{byte:02x}" for byte in tag(number, wire_type))
