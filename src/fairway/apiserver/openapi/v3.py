"""OpenAPI 3.0: one document for each group version.

Shape: ``document(entries, title_version)`` is a plain dict.  Parameters stand inline, since kubectl looks for
``fieldValidation`` among those of the patch operation and follows no reference.
Source: OpenAPI 3.0.0; KEP-2896.
"""

from collections.abc import Iterable, Sequence

from fairway.apiserver.discovery import Entry
from fairway.apiserver.openapi.definitions import definitions
from fairway.apiserver.openapi.dialect import V3
from fairway.apiserver.openapi.operations import Operation, Parameter, operations
from fairway.objects import Object

_JSON, _YAML, _WATCH = "application/json", "application/yaml", "application/json;stream=watch"


def document(entries: Sequence[Entry], version: str) -> Object:
    """The document of one group version.  ``version`` is the server's."""
    paths: dict[str, Object] = {}
    for entry in entries:
        for operation in operations(entry):
            paths.setdefault(operation.path, {})[operation.method] = _operation(operation)
    bearer = {"type": "apiKey", "name": "authorization", "in": "header", "description": "Bearer Token authentication"}
    return {
        "openapi": "3.0.0",
        "info": {"title": "Kubernetes", "version": version},
        "paths": paths,
        "components": {"schemas": definitions(entries, V3), "securitySchemes": {"BearerToken": bearer}},
    }


def _operation(operation: Operation) -> Object:
    shown: Object = {
        "tags": [_tag(operation)],
        "description": operation.description,
        "operationId": operation.id,
        "parameters": [_parameter(parameter) for parameter in operation.parameters],
        "responses": _responses(operation),
        "x-kubernetes-action": operation.action,
        "x-kubernetes-group-version-kind": {
            "group": operation.group, "version": operation.version, "kind": operation.kind,
        },
    }  # fmt: skip
    if operation.body:
        shown["requestBody"] = {"content": _content(operation.takes, operation.body)}
        if operation.method != "delete":
            shown["requestBody"]["required"] = True
    return shown


def _tag(operation: Operation) -> str:
    root, _, rest = operation.path.removeprefix("/").partition("/")
    if root == "api":
        return f"core_{rest.split('/')[0]}"
    group, version = rest.split("/")[:2]
    return f"{group.removesuffix('.k8s.io').replace('.', '_')}_{version}"


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
    if operation.answer == "string":
        types: tuple[str, ...] = ("*/*",) if operation.action == "connect" else ("text/plain",)
    else:
        types = (_JSON, _YAML, _WATCH) if operation.action == "list" else (_JSON, _YAML)
    answer = {"description": "OK", "content": _content(types, operation.answer)}
    found = {"200": answer, "401": {"description": "Unauthorized"}}
    if operation.status == 201 or operation.method in ("put", "patch"):
        found["201"] = answer | {"description": "Created"}
    return dict(sorted(found.items()))
