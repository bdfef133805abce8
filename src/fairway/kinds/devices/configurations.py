"""Settings of drivers: objects that only the driver understands."""

from collections.abc import Iterator
from typing import Any

import orjson

from fairway.kinds.rules.driver_name import driver_name
from fairway.objects import Object
from fairway.objects.errors import Problem, invalid_value, required, too_long

CONFIGURATIONS_MAX = 32
RAW_MAX_BYTES = 10 * 1024


def configuration(path: str, found: Object) -> Iterator[Problem]:
    """Who the settings are for, and the settings."""
    opaque = found.get("opaque")
    if opaque is None:
        yield required(f"{path}.opaque")
        return
    yield from driver_name(f"{path}.opaque.driver", opaque.get("driver") or "")
    yield from raw(f"{path}.opaque.parameters", opaque.get("parameters"))


def raw(path: str, value: Any) -> Iterator[Problem]:
    """A JSON object of at most 10 KiB."""
    if value is None:
        yield required(path)
    elif len(orjson.dumps(value)) > RAW_MAX_BYTES:
        yield too_long(path, RAW_MAX_BYTES)
    elif not isinstance(value, dict):
        yield invalid_value(path, "<value omitted>", "must be a valid JSON object")
