"""Special messages: those that mean something else in JSON than their fields.

Pure.
"""

import re
from base64 import b64decode, b64encode
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from fairway.objects import Object
from fairway.objects.wire import Malformed

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DECIMALS = 1_000_000_000


def _moment(found: Object) -> datetime | None:
    """A point in time; the empty message is none at all."""
    if not found:
        return None
    try:
        return _EPOCH + timedelta(seconds=found.get("seconds", 0), microseconds=found.get("nanos", 0) // 1000)
    except OverflowError as error:
        raise Malformed("a time is out of range") from error


def _time(found: Object) -> str | None:
    moment = _moment(found)
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z") if moment else None


def _micro_time(found: Object) -> str | None:
    moment = _moment(found)
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z") if moment else None


def _int_or_string(found: Object) -> int | str:
    kept: int | str = found.get("strVal", "") if found.get("type") == 1 else found.get("intVal", 0)
    return kept


def _json(found: Object) -> Any:
    """JSON inside of protobuf: managed fields, raw extensions."""
    text = b64decode(found.get("Raw") or found.get("raw") or "")
    try:
        return orjson.loads(text) if text else None
    except orjson.JSONDecodeError as error:
        raise Malformed(f"embedded JSON: {error}") from error


def _duration(found: Object) -> str:
    """Nanoseconds as Go writes a duration that consists of seconds."""
    nanos = found.get("duration", 0)
    whole, rest = divmod(abs(nanos), _DECIMALS)
    text = f"{whole}.{rest:09d}".rstrip("0") if rest else str(whole)
    return f"{'-' if nanos < 0 else ''}{text}s"


SPECIAL: dict[str, Callable[[Object], Any]] = {
    "meta.v1.Time": _time,
    "meta.v1.MicroTime": _micro_time,
    "meta.v1.Duration": _duration,
    "meta.v1.FieldsV1": _json,
    "runtime.RawExtension": _json,
    "resource.Quantity": lambda found: found.get("string", ""),
    "intstr.IntOrString": _int_or_string,
    "authentication.v1.ExtraValue": lambda found: found.get("items", []),
    "authorization.v1.ExtraValue": lambda found: found.get("items", []),
    "certificates.v1.ExtraValue": lambda found: found.get("items", []),
    "meta.v1.Verbs": lambda found: found.get("items", []),
    "apiextensions.v1.JSON": _json,
    "apiextensions.v1.JSONSchemaPropsOrArray": lambda found: found.get("schema", found.get("jSONSchemas", [])),
    "apiextensions.v1.JSONSchemaPropsOrBool": lambda found: found.get("schema", found.get("allows", False)),
    "apiextensions.v1.JSONSchemaPropsOrStringArray": lambda found: found.get("schema", found.get("property", [])),
}


def _moment_made(text: str) -> Object:
    moment = datetime.fromisoformat(text)
    since = moment - _EPOCH
    return {"seconds": since.days * 86400 + since.seconds, "nanos": since.microseconds * 1000}


def _int_or_string_made(value: int | str) -> Object:
    if isinstance(value, str):
        return {"type": 1, "intVal": 0, "strVal": value}
    return {"type": 0, "intVal": value, "strVal": ""}


_UNITS = {"h": 3600 * _DECIMALS, "m": 60 * _DECIMALS, "s": _DECIMALS, "ms": 1_000_000, "us": 1000, "µs": 1000, "ns": 1}
_PART = re.compile(r"([0-9]+)(?:\.([0-9]*))?(h|ms|m|s|us|µs|ns)")


def _duration_made(text: str) -> Object:
    """Go's ``1h2m3.5s``, in nanoseconds."""
    nanos = 0
    for whole, decimals, unit in _PART.findall(text):
        nanos += int(whole) * _UNITS[unit]
        if decimals:
            nanos += int(decimals) * _UNITS[unit] // 10 ** len(decimals)
    return {"duration": -nanos if text.startswith("-") else nanos}


def _raw(name: str) -> Callable[[Any], Object]:
    return lambda value: {name: b64encode(orjson.dumps(value)).decode()}


def _schema_or(name: str) -> Callable[[Any], Object]:
    return lambda value: {"schema": value} if isinstance(value, dict) else {name: value}


def _schema_or_bool(value: Any) -> Object:
    return {"allows": True, "schema": value} if isinstance(value, dict) else {"allows": value}


MADE: dict[str, Callable[[Any], Any]] = {
    "meta.v1.Time": _moment_made,
    "meta.v1.MicroTime": _moment_made,
    "meta.v1.Duration": _duration_made,
    "meta.v1.FieldsV1": _raw("Raw"),
    "runtime.RawExtension": _raw("raw"),
    "resource.Quantity": lambda value: {"string": str(value)},
    "intstr.IntOrString": _int_or_string_made,
    "authentication.v1.ExtraValue": lambda value: {"items": value},
    "authorization.v1.ExtraValue": lambda value: {"items": value},
    "certificates.v1.ExtraValue": lambda value: {"items": value},
    "meta.v1.Verbs": lambda value: {"items": value},
    "apiextensions.v1.JSON": _raw("raw"),
    "apiextensions.v1.JSONSchemaPropsOrArray": _schema_or("jSONSchemas"),
    "apiextensions.v1.JSONSchemaPropsOrBool": _schema_or_bool,
    "apiextensions.v1.JSONSchemaPropsOrStringArray": _schema_or("property"),
}
"""The other way round: the fields of a message from what JSON says."""
