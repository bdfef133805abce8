"""Walk: the slow way through a body, field by field, that names what is wrong and leaves out what is not kept.

Shape: ``Walk().kind(body, ...)`` returns a clean copy; ``fields`` and ``type_error`` say what was found.
Rules for those who change it: texts and order are those of Go's decoder: document order, at most 100 fields, each text
once, and only the first wrong type.  Objects may be ``Pairs`` (with duplicates) or dicts.
"""

import base64
import binascii
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

import orjson

from fairway.objects import Object, quantity, schema
from fairway.objects.schema import Definition, Type
from fairway.objects.strict.duplicates import Pairs
from fairway.objects.strict.go_text import defined_name, restore_error, time_error, type_name, value_name

_MAX_FIELDS = 100
_SCHEMA, _SCHEMA_OR = "JSONSchemaProps", "JSONSchemaPropsOr"
_OBJECT_META = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"
_INT_BITS = {schema.INT32: 31, schema.INT64: 63, schema.INT_OR_STRING: 31}
_TEXT = Type(schema.STRING)
_OPERATION = Definition(
    "handlers.jsonPatchOp", {"op": _TEXT, "path": _TEXT, "from": _TEXT, "value": Type(schema.ANYTHING)}, None, (), "",
    (), (),
)  # fmt: skip
_ZERO: dict[str, Any] = {
    schema.STRING: "", schema.BOOLEAN: False, schema.INT32: 0, schema.INT64: 0, schema.NUMBER: 0, schema.BYTES: "",
    schema.TIME: None, schema.QUANTITY: "0", schema.INT_OR_STRING: 0, schema.ANYTHING: None,
}  # fmt: skip


class _Wrong(ValueError):
    """A value that its type cannot hold; the message is the whole error."""


class Walk:
    """One pass through one body.

    ``is_merged``: a strategic merge made it, which upstream reads by another decoder.
    """

    def __init__(self, *, is_merged: bool = False) -> None:
        self._is_merged = is_merged
        self.fields: list[str] = []
        self.type_error = ""
        self._path: list[str] = []
        self._stack: list[str] = []
        self._struct = ""

    def kind(self, body: Any, api_version: str, kind: str) -> Object:
        """A body of a whole object.  Of a kind that is not built in only the metadata is known."""
        found = schema.definition_of(api_version, kind)
        if found is None:
            free: Object = self._free(body)
            return free
        cleaned: Object = self._fields(body, found) if _is_object(body) else self._wrong(body, defined_name(found), {})
        return cleaned

    def metadata(self, given: Any, path: str) -> Object:
        """The metadata of an object of a custom kind, or of one inside of it."""
        self._path = [path]
        cleaned: Object = self._defined(given, schema.definition(schema.place_named(_OBJECT_META)))
        self._path = []
        return cleaned

    def free(self, body: Any) -> None:
        """Look for duplicates alone."""
        self._free(body)

    def operations(self, given: Any) -> None:
        """A JSON patch: operations of four fields."""
        if not isinstance(given, list) or isinstance(given, Pairs):
            self._wrong(given, f"[]{_OPERATION.name}", None)
            return
        for place, operation in enumerate(given):
            self._path = [f"[{place}]"]
            if _is_object(operation):
                self._fields(operation, _OPERATION)
            elif operation is not None:
                self._wrong(operation, _OPERATION.name, None)
        self._path = []

    def _note(self, problem: str, name: str) -> None:
        text = f'{problem} field "{"".join((*self._path, name)).removeprefix(".")}"'
        if len(self.fields) < _MAX_FIELDS and text not in self.fields:
            self.fields.append(text)

    def _wrong(self, value: Any, wanted: str, instead: Any, shown: str = "", scalar: str = "") -> Any:
        """Note the first wrong type, and go on with ``instead``, which nobody will see.

        ``scalar``: the form wanted, if it is one.
        """
        if not self.type_error and self._is_merged:
            self.type_error = restore_error(value, wanted, scalar)
        if not self.type_error:
            where = f"Go struct field {self._struct}.{'.'.join(self._stack)}" if self._stack else "Go value"
            self.type_error = f"json: cannot unmarshal {shown or value_name(value)} into {where} of type {wanted}"
        return instead

    def _fields(self, body: Any, found: Definition) -> Object:
        """An object whose fields are known."""
        outer, self._struct = self._struct, found.short_name
        known, cleaned = found.fields or {}, {}
        seen: set[str] = set()
        for name, value in _items(body):
            if name not in known:
                self._note("unknown", f".{name}")
                continue
            if name in seen:
                self._note("duplicate", f".{name}")
            seen.add(name)
            if value is None:
                continue
            self._path.append(f".{name}")
            self._stack.append(name)
            cleaned[name] = self._value(value, known[name])
            self._stack.pop()
            self._path.pop()
        self._struct = outer
        return cleaned

    def _value(self, value: Any, type_: Type) -> Any:
        match type_.form:
            case schema.DEFINED:
                return self._defined(value, schema.definition(type_.place))
            case schema.LIST:
                return self._list(value, type_)
            case schema.MAP:
                return self._map(value, type_)
            case schema.OBJECT | schema.ANYTHING:
                is_wrong = type_.form == schema.OBJECT and not _is_object(value)
                return self._wrong(value, type_name(type_), {}) if is_wrong else self._free(value)
        return self._scalar(value, type_, self._named(type_))

    def _named(self, type_: Type) -> str:
        return type_name(type_, self._struct, self._stack[-1] if self._stack else "")

    def _defined(self, value: Any, found: Definition) -> Any:
        if found.short_name.startswith(_SCHEMA_OR):
            return self._schema_or_other(value, found)
        if found.type:
            if found.short_name in ("Time", "MicroTime"):
                return self._time(value, has_micros=found.short_name == "MicroTime")
            return self._value(value, found.type)
        return self._fields(value, found) if _is_object(value) else self._wrong(value, defined_name(found), {})

    def _schema_or_other(self, value: Any, found: Definition) -> Any:
        """A JSON schema where a boolean or a list could stand too."""
        inner = schema.definition(schema.place_named(f"{found.name.partition(_SCHEMA_OR)[0]}{_SCHEMA}"))
        if _is_object(value):
            return self._fields(value, inner)
        if isinstance(value, bool) and found.short_name.endswith("Bool"):
            return value
        if isinstance(value, list) and found.short_name.endswith("Array"):
            return [self._fields(each, inner) if _is_object(each) else each for each in value]
        self.type_error = self.type_error or "boolean or JSON schema expected"
        return {}

    def _list(self, value: Any, type_: Type) -> list[Any]:
        if not isinstance(value, list) or isinstance(value, Pairs):
            wrong: list[Any] = self._wrong(value, self._named(type_), [])
            return wrong
        item_type, cleaned = type_.item or Type(schema.ANYTHING), []
        for place, item in enumerate(value):
            self._path.append(f"[{place}]")
            cleaned.append(_zero(item_type) if item is None else self._value(item, item_type))
            self._path.pop()
        return cleaned

    def _map(self, value: Any, type_: Type) -> Object:
        if not _is_object(value):
            wrong: Object = self._wrong(value, self._named(type_), {})
            return wrong
        item_type, cleaned = type_.item or Type(schema.ANYTHING), {}
        for name, item in _items(value):
            if name in cleaned:
                self._note("duplicate", f".{name}")
            self._path.append(f".{name}")
            cleaned[name] = _zero(item_type) if item is None else self._value(item, item_type)
            self._path.pop()
        return cleaned

    def _free(self, value: Any) -> Any:
        """Content that no schema describes: kept as it is, but for duplicates."""
        if isinstance(value, Pairs | dict):
            return self._map(value, Type(schema.MAP, Type(schema.ANYTHING)))
        return self._list(value, Type(schema.LIST, Type(schema.ANYTHING))) if isinstance(value, list) else value

    def _scalar(self, value: Any, type_: Type, wanted: str) -> Any:
        form = type_.form
        if form in (schema.INT_OR_STRING, schema.QUANTITY) and isinstance(value, str | int | float):
            return self._of_two(value, form)
        if form == schema.BYTES and isinstance(value, str):
            return self._custom(value, _base64)
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if form in _INT_BITS and is_number:
            return self._integer(value, form, wanted)
        is_right = {
            schema.STRING: isinstance(value, str), schema.BOOLEAN: isinstance(value, bool),
            schema.NUMBER: is_number,
        }.get(form, False)  # fmt: skip
        return value if is_right else self._wrong(value, wanted, _ZERO[form], scalar=form)

    def _integer(self, value: Any, form: str, wanted: str) -> Any:
        limit = 1 << _INT_BITS[form]
        if self._is_merged and isinstance(value, float) and value.is_integer():
            value = int(value)  # What a strategic merge makes is not read from text again.
        if isinstance(value, int) and -limit <= value < limit:
            return value
        return self._wrong(value, wanted, 0, f"number {orjson.dumps(value).decode()}", form)

    def _of_two(self, value: Any, form: str) -> Any:
        """A number or a text: amounts and ports."""
        if form == schema.INT_OR_STRING:
            if isinstance(value, str):
                return value
            return (
                self._wrong(value, "int32", 0, scalar=form)
                if isinstance(value, bool)
                else self._integer(value, form, "int32")
            )
        text = value if isinstance(value, str) else orjson.dumps(value).decode()
        return self._custom(text, quantity.canonical)

    def _time(self, value: Any, *, has_micros: bool) -> Any:
        if not isinstance(value, str):
            return self._wrong(value, "string", None, scalar=schema.TIME)
        return self._custom(value, _micros if has_micros else _seconds)

    def _custom(self, text: str, read: Callable[[str], str]) -> Any:
        """A value with a syntax of its own, in canonical form; its error stands without a path."""
        try:
            return read(text)
        except ValueError as wrong:
            self.type_error = self.type_error or str(wrong)
        return None


def _is_object(value: Any) -> bool:
    return isinstance(value, dict | Pairs)


def _items(value: Any) -> Iterable[tuple[str, Any]]:
    return value.items() if isinstance(value, dict) else value


def _zero(type_: Type) -> Any:
    """What stands for null in a list or map: Go's zero value."""
    if type_.form == schema.DEFINED:
        found = schema.definition(type_.place)
        return _zero(found.type) if found.type else {}
    return _ZERO.get(type_.form, [] if type_.form == schema.LIST else {})


def _base64(text: str) -> str:
    plain = text.replace("\r", "").replace("\n", "")
    try:
        base64.b64decode(plain, validate=True)
    except binascii.Error:
        good = next((place for place, c in enumerate(text) if not (c.isascii() and (c.isalnum() or c in "+/="))), None)
        raise _Wrong(f"illegal base64 data at input byte {len(text) if good is None else good}") from None
    return plain


def _moment(text: str, *, has_micros: bool) -> datetime:
    if error := time_error(text, has_micros=has_micros):
        raise _Wrong(error)
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        raise _Wrong(f'parsing time "{text}": day out of range') from None


def _seconds(text: str) -> str:
    return _moment(text, has_micros=False).isoformat(timespec="seconds").replace("+00:00", "Z")


def _micros(text: str) -> str:
    return _moment(text, has_micros=True).isoformat(timespec="microseconds").replace("+00:00", "Z")
