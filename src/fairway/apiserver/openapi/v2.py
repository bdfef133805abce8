"""OpenAPI 2.0 (Swagger): one document for the whole API, as kubectl 1.28 and older read it.

Shape: ``document(entries, version)`` is a plain dict; ``gnostic`` turns it into protobuf.  Parameters are references
but for those of patch operations, among which older kubectl looks for ``dryRun`` and ``fieldValidation``.
Source: Swagger 2.0.
"""

from collections.abc import Iterator, Mapping, Sequence

from fairway.apiserver.discovery import Entry
from fairway.apiserver.openapi.definitions import definitions, needed_by
from fairway.apiserver.openapi.dialect import V2
from fairway.apiserver.openapi.operations import (
    MEANINGS,
    META,
    OF_CUSTOM_KINDS,
    VERSION,
    Operation,
    about_group,
    about_server,
    about_version,
    operations,
)  # fmt: skip
from fairway.apiserver.openapi.parameters import NAMESPACE, Parameter
from fairway.objects import Object

_ABOUT = (VERSION, *(f"{META}{kind}" for kind in ("APIGroup", "APIGroupList", "APIVersions")))
_PRODUCES = ("application/json", "application/yaml", "application/vnd.kubernetes.protobuf")
_STREAMED = (*_PRODUCES, "application/json;stream=watch", "application/vnd.kubernetes.protobuf;stream=watch")


def document(found: Mapping[str, Sequence[Entry]], version: str) -> Object:
    """The whole document.  ``found`` is what is served in each group version, ``version`` the server's."""
    paths: dict[str, Object] = {}
    parameters: dict[str, Object] = {}
    shapes = definitions([entry for entries in found.values() for entry in entries], V2) | needed_by(_ABOUT, V2)
    for operation in _every(found):
        item = paths.setdefault(operation.path, {})
        item[operation.method] = _operation(operation, parameters)
        if operation.shared:
            item["parameters"] = [_referred(parameter, parameters) for parameter in operation.shared]
    bearer = {"type": "apiKey", "name": "authorization", "in": "header", "description": "Bearer Token authentication"}
    return {
        "swagger": "2.0",
        "info": {"title": "Kubernetes", "version": version},
        "paths": dict(sorted(paths.items())),
        "definitions": dict(sorted(shapes.items())),
        "parameters": dict(sorted(parameters.items())),
        "securityDefinitions": {"BearerToken": bearer},
        "security": [{"BearerToken": []}],
    }


def _every(found: Mapping[str, Sequence[Entry]]) -> Iterator[Operation]:
    yield from about_server()
    groups = set()
    for served, entries in found.items():
        group, _, version = served.rpartition("/")
        if group not in groups:
            groups.add(group)
            yield about_group(group)
        yield about_version(group, version)
        for entry in entries:
            yield from operations(entry)


def _operation(operation: Operation, known: dict[str, Object]) -> Object:
    found: list[Object] = []
    if operation.body:
        is_required = operation.method != "delete"
        body: Object = {"name": "body", "in": "body", "schema": V2.reference(operation.body)}
        found.append(body | {"required": True} if is_required else body)
    for parameter in operation.parameters:
        found.append(_parameter(parameter) if operation.method == "patch" else _referred(parameter, known))
    shown: Object = {
        "description": operation.description,
        "operationId": operation.id,
        "tags": [operation.tag],
        "consumes": list(operation.takes),
        "produces": _produces(operation),
        "schemes": ["https"],
        "responses": _responses(operation),
    }
    if found:
        shown["parameters"] = found
    if operation.action:
        shown["x-kubernetes-action"] = operation.action
        shown["x-kubernetes-group-version-kind"] = {
            "group": operation.group, "kind": operation.kind, "version": operation.version,
        }  # fmt: skip
    return shown


def _produces(operation: Operation) -> list[str]:
    if operation.answer == "string":
        return ["*/*"] if operation.action == "connect" else ["text/plain" if operation.action else "application/json"]
    if operation.is_custom:
        return list(OF_CUSTOM_KINDS)
    return list(_STREAMED if operation.action in ("list", "watch", "watchlist") else _PRODUCES)


def _parameter(parameter: Parameter) -> Object:
    shown: Object = {
        "name": parameter.name, "in": parameter.place, "type": parameter.type,
        "description": parameter.description, "uniqueItems": True,
    }  # fmt: skip
    return shown | {"required": True} if parameter.place == "path" else shown


def _referred(parameter: Parameter, known: dict[str, Object]) -> Object:
    """A reference, but to names, which are told of differently for each kind."""
    if parameter.place == "path" and parameter is not NAMESPACE:
        return _parameter(parameter)
    known.setdefault(parameter.name, _parameter(parameter))
    return {"$ref": f"#/parameters/{parameter.name}"}


def _responses(operation: Operation) -> Object:
    schema = {"type": "string"} if operation.answer == "string" else V2.reference(operation.answer)
    return {code: {"description": MEANINGS[code], "schema": schema} for code in operation.codes} | {
        "401": {"description": MEANINGS["401"]}
    }
