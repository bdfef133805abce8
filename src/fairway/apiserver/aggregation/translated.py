"""Translated: an OpenAPI 2 document in the words of OpenAPI 3, for servers that speak only the older form.

Pure.  Sources: OpenAPI 2.0 and 3.0; KEP-2896 (the aggregator does so for extension servers).
"""

from typing import Any

from fairway.objects import Object

_DEFINITIONS, _SCHEMAS = "#/definitions/", "#/components/schemas/"
_OF_SCHEMAS = frozenset(("type", "format", "items", "enum", "default", "minimum", "maximum", "uniqueItems"))
_JSON = "application/json"


def translated(part: Object, info: Object) -> Object:
    """The document of what ``part_of`` has taken out."""
    shared = part.get("parameters") or {}
    return {
        "openapi": "3.0.0",
        "info": info,
        "paths": {path: _path(item, shared) for path, item in part["paths"].items()},
        "components": {"schemas": _schema(part.get("definitions") or {})},
    }


def _schema(value: Any) -> Any:
    """Anything of a schema: references lead elsewhere."""
    if isinstance(value, list):
        return [_schema(one) for one in value]
    if not isinstance(value, dict):
        return value
    return {
        key: one.replace(_DEFINITIONS, _SCHEMAS, 1) if key == "$ref" and isinstance(one, str) else _schema(one)
        for key, one in value.items()
    }


def _path(item: Object, shared: Object) -> Object:
    found: Object = {}
    for name, value in item.items():
        if name == "parameters":
            found[name] = [_parameter(one) for one in _known(value, shared) if one.get("in") != "body"]
        elif isinstance(value, dict):
            found[name] = _operation(value, shared)
        else:
            found[name] = value
    return found


def _known(parameters: Any, shared: Object) -> list[Object]:
    """Parameters, those that are referred to as they stand elsewhere."""
    listed = [one for one in parameters or () if isinstance(one, dict)]
    found = [shared.get(str(one["$ref"]).rpartition("/")[2]) if "$ref" in one else one for one in listed]
    return [one for one in found if isinstance(one, dict)]


def _operation(operation: Object, shared: Object) -> Object:
    found = {
        name: value
        for name, value in operation.items()
        if name not in ("consumes", "produces", "schemes", "parameters", "responses")
    }
    produces = operation.get("produces") or [_JSON]
    parameters = _known(operation.get("parameters"), shared)
    if plain := [_parameter(one) for one in parameters if one.get("in") != "body"]:
        found["parameters"] = plain
    for body in (one for one in parameters if one.get("in") == "body"):
        content = {"schema": _schema(body.get("schema") or {})}
        takes = [one for one in operation.get("consumes") or () if one != "*/*"] or ["*/*"]
        found["requestBody"] = {"content": dict.fromkeys(takes, content)}
        if body.get("required"):
            found["requestBody"]["required"] = True
    responses = operation.get("responses")
    found["responses"] = {
        code: _response(response, produces)
        for code, response in (responses if isinstance(responses, dict) else {}).items()
        if isinstance(response, dict)
    }
    return found


def _parameter(parameter: Object) -> Object:
    found = {name: value for name, value in parameter.items() if name not in _OF_SCHEMAS}
    found["schema"] = {name: _schema(value) for name, value in parameter.items() if name in _OF_SCHEMAS}
    return found


def _response(response: Object, produces: list[str]) -> Object:
    found: Object = {"description": response.get("description", "")}
    if "schema" in response:
        schema = _schema(response["schema"])
        found["content"] = {form: {"schema": schema} for form in produces}
    return found
