"""Asking: objects and lists from the server, with refusals as kubectl words them.

Source: what kubectl makes of a refusal: a missing object of a missing namespace is a missing namespace, and a list that
is refused is named together with what it was to match.
"""

from fairway.client.blocking import ApiError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from fairway.cli.arguments.target import Request
    from fairway.cli.resources import Resource
    from fairway.client.blocking import Api


def one(api: "Api", resource: "Resource", namespace: str, name: str) -> "dict[str, Any]":
    """One object.  Raises: ``ApiError``."""
    try:
        found: dict[str, Any] = api.get(resource.path(namespace, name))
        return found
    except ApiError as error:
        if error.is_not_found and resource.is_namespaced and namespace not in ("", "default"):
            _refuse_missing_namespace(api, namespace)
        raise


def _refuse_missing_namespace(api: "Api", namespace: str) -> None:
    try:
        api.get(f"/api/v1/namespaces/{namespace}")
    except ApiError as error:
        if error.is_not_found:
            raise


def many(api: "Api", request: "Request", chunk_size: int) -> "Iterator[dict[str, Any]]":
    """The objects of a list, asked for ``chunk_size`` at a time (0: all at once).  Raises: ``ApiError``."""
    subject = f"{request.resource.group}/{request.resource.version}, Resource={request.resource.plural}"
    return listed(api, request.path, request.query, chunk_size, subject=subject)


def listed(
    api: "Api", path: str, query: "dict[str, Any]", chunk_size: int, *, subject: str = ""
) -> "Iterator[dict[str, Any]]":
    """The objects at ``path``; each says what it is.  ``subject``: how a refusal names the list."""
    query = {**query, "limit": chunk_size or ""}
    while True:
        try:
            page = api.get(path, query)
        except ApiError as error:
            raise _told(error, query, subject) from error
        kind = page.get("kind", "").removesuffix("List")
        for item in page.get("items") or ():
            yield {"apiVersion": page.get("apiVersion", ""), "kind": kind, **item}
        query["continue"] = (page.get("metadata") or {}).get("continue")
        if not query["continue"]:
            return


def _told(error: ApiError, query: "dict[str, Any]", subject: str) -> ApiError:
    if not subject or error.code not in (400, 404):
        return error
    labels, fields = query.get("labelSelector") or "", query.get("fieldSelector") or ""
    what = f'find "{subject}" that match label selector "{labels}", field selector "{fields}"'
    if not labels and not fields:
        what = f'list "{subject}"'
    return ApiError({**error.status, "message": f"Unable to {what}: {error.message}"})
