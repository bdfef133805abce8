"""Special messages: those that mean something else in JSON than their fields, read; ``texts`` writes them.

Pure.
"""

from base64 import b64decode
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from fairway.objects import Object
from fairway.objects.wire import Malformed

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


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


SPECIAL: dict[str, Callable[[Object], Any]] = {
    "meta.v1.Time": _time,
    "meta.v1.MicroTime": _micro_time,
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
