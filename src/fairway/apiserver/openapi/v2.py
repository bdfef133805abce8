"""OpenAPI 2.0 (Swagger): one document for the whole API, as kubectl 1.28 and older read it.

Shape: ``document(entries, version)`` is a plain dict; ``gnostic`` turns it into protobuf.  Parameters are references
but for those of patch operations, among which older kubectl looks for ``dryRun`` and ``fieldValidation``.
Source: Swagger 2.0.
"""

from collections.abc import Sequence

from fairway.apiserver.discovery import Entry
from fairway.apiserver.openapi.definitions import definitions
from fairway.apiserver.openapi.dialect import V2
from fairway.apiserver.openapi.operations import Operation, Parameter, operations
from fairway.objects import Object

_PRODUCES = ["application/json", "application/yaml"]
_WATCH = "application/json;stream=watch"


def document(entries: Sequence[Entry], version: str) -> Object:
    """The whole document.  ``version`` is the server's."""
    paths: dict[str, Object] = {}
    parameters: dict[str, Object] = {}
    for entry in entries:
        for operation in operations(entry):
            paths.setdefault(operation.path, {})[operation.method] = _operation(operation, parameters)
    bearer = {"type": "apiKey", "name": "authorization", "in": "header", "description": "Bearer Token authentication"}
    return {
        "swagger": "2.0",
        "info": {"title": "Kubernetes", "version": version},
        "paths": paths,
        "definitions": definitions(entries, V2),
        "parameters": dict(sorted(parameters.items())),
        "securityDefinitions": {"BearerToken": bearer},
        "security": [{"BearerToken": []}],
    }


def _operation(operation: Operation, known: dict[str, Object]) -> Object:
    found: list[Object] = []
    if operation.body:
        is_required = operation.method != "delete"
        body: Object = {"name": "body", "in": "body", "schema": V2.reference(operation.body)}
        found.append(body | {"required": True} if is_required else body)
    for parameter in operation.parameters:
        found.append(_parameter(parameter) if operation.method == "patch" else _referred(parameter, known))
    return {
        "description": operation.description,
        "operationId": operation.id,
        "consumes": list(operation.takes),
        "produces": _produces(operation),
        "schemes": ["https"],
        "parameters": found,
        "responses": _responses(operation),
        "x-kubernetes-action": operation.action,
        "x-kubernetes-group-version-kind": {
            "group": operation.group, "kind": operation.kind, "version": operation.version,
        },
    }  # fmt: skip


def _produces(operation: Operation) -> list[str]:
    if operation.answer == "string":
        return ["*/*"] if operation.action == "connect" else ["text/plain"]
    return [*_PRODUCES, _WATCH] if operation.action == "list" else list(_PRODUCES)


def _parameter(parameter: Parameter) -> Object:
    shown: Object = {
        "name": parameter.name, "in": parameter.place, "type": parameter.type,
        "description": parameter.description, "uniqueItems": True,
    }  # fmt: skip
    return shown | {"required": True} if parameter.place == "path" else shown


def _referred(parameter: Parameter, known: dict[str, Object]) -> Object:
    known.setdefault(parameter.name, _parameter(parameter))
    return {"$ref": f"#/parameters/{parameter.name}"}


def _responses(operation: Operation) -> Object:
    schema = {"type": "string"} if operation.answer == "string" else V2.reference(operation.answer)
    found: Object = {"200": {"description": "OK", "schema": schema}, "401": {"description": "Unauthorized"}}
    if operation.status == 201 or operation.method in ("put", "patch"):
        found["201"] = {"description": "Created", "schema": schema}
    return dict(sorted(found.items()))
