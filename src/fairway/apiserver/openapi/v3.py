"""OpenAPI 3.0: one document for each group version.

Shape: ``document(entries, title_version)`` is a plain dict.  Parameters stand inline, since kubectl looks for
``fieldValidation`` among those of the patch operation and follows no reference.
Source: OpenAPI 3.0.0; KEP-2896.
"""

from collections.abc import Iterable, Sequence

from fairway.apiserver.discovery import Entry
from fairway.apiserver.openapi.definitions import definitions, needed_by
from fairway.apiserver.openapi.dialect import V3
from fairway.apiserver.openapi.operations import MEANINGS, OF_CUSTOM_KINDS, Operation, about_version, operations
from fairway.apiserver.openapi.parameters import Parameter
from fairway.objects import Object

_FORMS = ("application/json", "application/vnd.kubernetes.protobuf", "application/yaml")
_STREAMED = (*_FORMS, "application/json;stream=watch", "application/vnd.kubernetes.protobuf;stream=watch")


def document(served: str, entries: Sequence[Entry], version: str) -> Object:
    """The document of one group version, ``served``.  ``version`` is the server's."""
    group, _, own = served.rpartition("/")
    found = [about_version(group, own), *(each for entry in entries for each in operations(entry))]
    return _document(found, definitions(entries, V3), version)


def small_document(found: Iterable[Operation], version: str) -> Object:
    """A document of operations that belong to no version of a group."""
    found = tuple(found)
    needed = [operation.answer for operation in found if operation.answer != "string"]
    return _document(found, needed_by(needed, V3), version)


def _document(found: Iterable[Operation], schemas: Object, version: str) -> Object:
    paths: dict[str, Object] = {}
    for operation in found:
        item = paths.setdefault(operation.path, {})
        item[operation.method] = _operation(operation)
        if operation.shared:
            item["parameters"] = [_parameter(parameter) for parameter in operation.shared]
    bearer = {"type": "apiKey", "name": "authorization", "in": "header", "description": "Bearer Token authentication"}
    return {
        "openapi": "3.0.0",
        "info": {"title": "Kubernetes", "version": version},
        "paths": dict(sorted(paths.items())),
        "components": {"schemas": schemas, "securitySchemes": {"BearerToken": bearer}},
    }


def _operation(operation: Operation) -> Object:
    shown: Object = {
        "tags": [operation.tag],
        "description": operation.description,
        "operationId": operation.id,
        "responses": _responses(operation),
    }
    if operation.parameters:
        shown["parameters"] = [_parameter(parameter) for parameter in operation.parameters]
    if operation.action:
        shown["x-kubernetes-action"] = operation.action
        shown["x-kubernetes-group-version-kind"] = {
            "group": operation.group, "version": operation.version, "kind": operation.kind,
        }  # fmt: skip
    if operation.body:
        shown["requestBody"] = {"content": _content(operation.takes, operation.body)}
        if operation.method != "delete":
            shown["requestBody"]["required"] = True
    return shown


def _parameter(parameter: Parameter) -> Object:
    shown: Object = {
        "name": parameter.name, "in": parameter.place, "description": parameter.description,
        "schema": {"type": parameter.type, "uniqueItems": True},
    }  # fmt: skip
    return shown | {"required": True} if parameter.place == "path" else shown


def _content(types: Iterable[str], name: str) -> Object:
    schema = {"type": "string"} if name == "string" else V3.reference(name)
    return {type_: {"schema": schema} for type_ in types}


def _responses(operation: Operation) -> Object:
    types: tuple[str, ...] = _STREAMED if operation.action in ("list", "watch", "watchlist") else _FORMS
    if operation.is_custom:
        types = OF_CUSTOM_KINDS
    elif operation.answer == "string":
        types = ("*/*",) if operation.action == "connect" else ("text/plain" if operation.action else _FORMS[0],)
    content = _content(types, operation.answer)
    return {code: {"description": MEANINGS[code], "content": content} for code in operation.codes} | {
        "401": {"description": MEANINGS["401"]}
    }
