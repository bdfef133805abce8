"""Texts: scalars, and messages that mean something else in JSON than their fields, written as letters that are bytes.

Pure.  Shape: ``WRITTEN[message]`` says as what its JSON is read, and what writes it; functions of ``compiling`` know
``TABLES``, which remember lengths, small numbers and times.
"""

import struct
from base64 import b64decode
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, NamedTuple

import msgspec
import orjson

from fairway.objects import wire

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_REMEMBERED = 4096
_LONGEST = 1 << 14


class _Lengths(dict[int, str]):
    """The varint of a length."""

    def __missing__(self, length: int) -> str:
        made = wire.varint(length).decode("latin-1")
        if length < _LONGEST:
            self[length] = made
        return made


class _Numbers(dict[int, str]):
    """The varint of a number."""

    def __missing__(self, number: int) -> str:
        made = wire.varint(int(number)).decode("latin-1")
        if len(self) < _REMEMBERED:
            self[number] = made
        return made


class _Times(dict[str, str]):
    """The message of a time: seconds and nanoseconds since 1970."""

    def __missing__(self, text: str) -> str:
        since = datetime.fromisoformat(text) - _EPOCH
        seconds, nanos = since.days * 86400 + since.seconds, since.microseconds * 1000
        if len(self) >= _REMEMBERED:
            self.clear()
        made = self[text] = f"\x08{_numbers[seconds]}\x10{_numbers[nanos]}"
        return made


lengths, _numbers, _times = _Lengths(), _Numbers(), _Times()


def _text(number: int, text: str) -> str:
    return f"{chr(number << 3 | wire.BYTES)}{lengths[len(text)]}{text}"


def _bytes(text: str) -> str:
    return b64decode(text).decode("latin-1")


def _double(number: float) -> str:
    return struct.pack("<d", number).decode("latin-1")


def _raw(json: msgspec.Raw) -> str:
    return _text(1, str(json, "utf-8"))


def _amount(text: str | float) -> str:
    return _text(1, text if isinstance(text, str) else str(text))


def _int_or_string(value: str | int) -> str:
    if isinstance(value, str):
        return f"\x08\x01\x10\x00{_text(3, value)}"
    return f"\x08\x00\x10{_numbers[value]}\x1a\x00"


def _items(texts: list[str]) -> str:
    return "".join([_text(1, text) for text in texts])


class Written(NamedTuple):
    """What the JSON of a message is read as, and an expression of the message, where ``{}`` stands for that."""

    type: Any
    expression: str


_TIME, _ITEMS, _RAW = Written(str, "times[{}]"), Written(list[str], "items({})"), Written(msgspec.Raw, "raw({})")
WRITTEN: dict[str, Written] = {
    "meta.v1.Time": _TIME,
    "meta.v1.MicroTime": _TIME,
    "meta.v1.FieldsV1": _RAW,
    "runtime.RawExtension": _RAW,
    "apiextensions.v1.JSON": _RAW,
    "resource.Quantity": Written(str | int | float, "amount({})"),
    "intstr.IntOrString": Written(str | int, "int_or_string({})"),
    "authentication.v1.ExtraValue": _ITEMS,
    "authorization.v1.ExtraValue": _ITEMS,
    "certificates.v1.ExtraValue": _ITEMS,
    "meta.v1.Verbs": _ITEMS,
    # A schema is found inside of itself: there it stays JSON until it is written.
    "apiextensions.v1.JSONSchemaProps": Written(msgspec.Raw, "schema({})"),
    "apiextensions.v1.JSONSchemaPropsOrArray": Written(msgspec.Raw, "schema_or_array({})"),
    "apiextensions.v1.JSONSchemaPropsOrBool": Written(msgspec.Raw, "schema_or_bool({})"),
    "apiextensions.v1.JSONSchemaPropsOrStringArray": Written(msgspec.Raw, "schema_or_texts({})"),
}
"""Messages that are no objects in JSON, or none that are read at once."""
TABLES: dict[str, Any] = {
    "lengths": lengths, "numbers": _numbers, "times": _times, "bytes_of": _bytes, "double": _double, "raw": _raw,
    "amount": _amount, "int_or_string": _int_or_string, "items": _items,
}  # fmt: skip


def schema_writers(schema: Callable[[bytes], str]) -> dict[str, Callable[[msgspec.Raw], str]]:
    """What writes the messages in which a schema may stand, which ``schema`` writes."""

    def or_array(found: msgspec.Raw) -> str:
        json = bytes(found)
        if json.startswith(b"["):
            return "".join([_text(2, schema(orjson.dumps(one))) for one in orjson.loads(json)])
        return _text(1, schema(json))

    def or_bool(found: msgspec.Raw) -> str:
        json = bytes(found)
        if json.startswith(b"{"):
            return f"\x08\x01{_text(2, schema(json))}"
        return f"\x08{_numbers[json == b'true']}"

    def or_texts(found: msgspec.Raw) -> str:
        json = bytes(found)
        if json.startswith(b"["):
            return "".join([_text(2, text) for text in orjson.loads(json)])
        return _text(1, schema(json))

    return {"schema": schema, "schema_or_array": or_array, "schema_or_bool": or_bool, "schema_or_texts": or_texts}
