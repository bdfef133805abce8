"""Gnostic: a Swagger document as protobuf, the only form of it that kubectl asks for.

Shape: ``encode(document)`` gives the bytes of message ``openapi.v2.Document``.  Only what ``v2`` makes is encoded.
Source: gnostic's ``openapiv2/OpenAPIv2.proto`` (field numbers); Protocol Buffers, "Encoding".
"""

from collections.abc import Callable, Iterable

import orjson

from fairway.objects import Object

CONTENT_TYPE = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"
"""As the answer must say it: with the ``@`` of the request, kubectl could not read its own media type."""

_BYTES_WIRE, _INT_WIRE = 2, 0
_METHODS = {"get": 2, "put": 3, "post": 4, "delete": 5, "options": 6, "head": 7, "patch": 8}


def _number(value: int) -> bytes:
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)


def _message(field: int, content: bytes) -> bytes:
    return _number(field << 3 | _BYTES_WIRE) + _number(len(content)) + content


def _text(field: int, value: str) -> bytes:
    return _message(field, value.encode()) if value else b""


def _flag(field: int, value: bool) -> bytes:
    return _number(field << 3 | _INT_WIRE) + b"\x01" if value else b""


def _texts(field: int, values: Iterable[str]) -> bytes:
    return b"".join(_text(field, value) for value in values)


def _named(field: int, items: Object, encode_one: Callable[[Object], bytes]) -> bytes:
    """A map, which gnostic writes as a list of names and values."""
    return b"".join(
        _message(field, _text(1, name) + _message(2, encode_one(value))) for name, value in items.items()
    )  # fmt: skip


def _extensions(field: int, holder: Object) -> bytes:
    """The ``x-`` fields, whose values are YAML in a text; JSON is YAML."""
    found = {name: value for name, value in holder.items() if name.startswith("x-")}
    return _named(field, found, lambda value: _text(2, orjson.dumps(value).decode()))


def encode(document: Object) -> bytes:
    """The whole document."""
    info = document["info"]
    return b"".join(
        (
            _text(1, document["swagger"]),
            _message(2, _text(1, info["title"]) + _text(2, info["version"])),
            _message(8, _named(2, document["paths"], _path)),
            _message(9, _named(1, document["definitions"], _schema)),
            _message(10, _named(1, document["parameters"], _parameter)),
            *(_message(12, _named(1, one, lambda scopes: _texts(1, scopes))) for one in document["security"]),
            _message(13, _named(1, document["securityDefinitions"], _security)),
        )
    )


def _security(definition: Object) -> bytes:
    fields = enumerate(("type", "name", "in", "description"), 1)
    return _message(2, b"".join(_text(field, definition[name]) for field, name in fields))


def _path(item: Object) -> bytes:
    shared = b"".join(_message(9, _parameter_item(parameter)) for parameter in item.get("parameters", ()))
    return b"".join(_message(_METHODS[name], _operation(item[name])) for name in item if name in _METHODS) + shared


def _operation(operation: Object) -> bytes:
    return b"".join(
        (
            _texts(1, operation.get("tags", ())),
            _text(3, operation.get("description", "")),
            _text(5, operation.get("operationId", "")),
            _texts(6, operation.get("produces", ())),
            _texts(7, operation.get("consumes", ())),
            *(_message(8, _parameter_item(parameter)) for parameter in operation.get("parameters", ())),
            _message(9, _named(1, operation.get("responses", {}), _response)),
            _texts(10, operation.get("schemes", ())),
            _extensions(13, operation),
        )
    )


def _parameter_item(parameter: Object) -> bytes:
    if "$ref" in parameter:
        return _message(2, _text(1, parameter["$ref"]))
    return _message(1, _parameter(parameter))


def _parameter(parameter: Object) -> bytes:
    if parameter["in"] == "body":
        content = _text(2, parameter["name"]) + _text(3, "body") + _flag(4, parameter.get("required", False))
        return _message(1, content + _message(5, _schema(parameter["schema"])))
    start = b"".join(
        (
            _flag(1, parameter.get("required", False)),
            _text(2, parameter["in"]),
            _text(3, parameter.get("description", "")),
            _text(4, parameter["name"]),
        )
    )
    if parameter["in"] == "query":
        return _message(2, _message(3, start + _text(6, parameter.get("type", "string")) + _flag(20, True)))
    return _message(2, _message(4, start + _text(5, parameter.get("type", "string")) + _flag(19, True)))


def _response(response: Object) -> bytes:
    content = _text(1, response.get("description", ""))
    if "schema" in response:
        content += _message(2, _message(1, _schema(response["schema"])))
    return _message(1, content)


def _schema(schema: Object) -> bytes:
    parts = [
        _text(1, schema.get("$ref", "")),
        _text(2, schema.get("format", "")),
        _text(4, schema.get("description", "")),
        _texts(19, schema.get("required", ())),
        *(_message(20, _text(2, orjson.dumps(word).decode())) for word in schema.get("enum", ())),
    ]
    if "additionalProperties" in schema:
        parts.append(_message(21, _message(1, _schema(schema["additionalProperties"]))))
    if "type" in schema:
        parts.append(_message(22, _text(1, schema["type"])))
    if "items" in schema:
        parts.append(_message(23, _message(1, _schema(schema["items"]))))
    if "properties" in schema:
        parts.append(_message(25, _named(1, schema["properties"], _schema)))
    return b"".join((*parts, _extensions(31, schema)))
