"""Target and Request: one object that is meant, and one question to the server."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from fairway.cli.resources import Resource
    from fairway.client.blocking import Api, ApiError

PAGE = 500
"""How many objects a list is asked for at a time."""


class Target:
    """One object.  ``namespace`` is empty where the resource has none.

    ``object`` is what a manifest or a list says of it, or what ``fetch`` gave; ``source`` the manifest's name.
    """

    __slots__ = ("is_of_list", "name", "namespace", "object", "resource", "source")

    def __init__(
        self, resource: "Resource", namespace: str, name: str, object: "dict[str, Any] | None" = None, source: str = ""
    ) -> None:
        self.resource, self.namespace, self.name = resource, namespace, name
        self.object, self.source = object, source
        self.is_of_list = False

    @property
    def path(self) -> str:
        """Where it lives in the API."""
        return self.resource.path(self.namespace, self.name)

    @property
    def printed(self) -> str:
        """``service/web``, ``deployment.apps/web``."""
        return f"{self.resource.printed}/{self.name}"

    def below(self, subresource: str) -> str:
        """The path of a subresource."""
        return self.resource.path(self.namespace, self.name, subresource)

    def fetch(self, api: "Api") -> "dict[str, Any]":
        """The live object, kept in ``object``.  Raises: ``ApiError``."""
        from fairway.client.blocking import ApiError

        try:
            self.object = api.get(self.path)
        except ApiError as error:
            check_namespace(api, self.namespace, error)
            raise
        assert self.object is not None
        return self.object


def check_namespace(api: "Api", namespace: str, error: "ApiError") -> None:
    """Where an object is not found, nor even its namespace, that is what is said.  Raises: ``ApiError``."""
    from fairway.client.blocking import ApiError
    from fairway.client.blocking.api import quoted

    if not error.is_not_found or namespace in ("", "default"):
        return
    try:
        api.get(f"/api/v1/namespaces/{quoted(namespace)}")
    except ApiError as missing:
        if missing.is_not_found:
            raise missing from None


class Request:
    """One question: an object by ``name``, or without it a list."""

    __slots__ = ("fields", "is_of_list", "name", "namespace", "object", "resource", "selector", "source")

    def __init__(
        self,
        resource: "Resource",
        namespace: str,
        name: str = "",
        *,
        selector: str = "",
        fields: str = "",
        object: "dict[str, Any] | None" = None,
        source: str = "",
        is_of_list: bool = False,
    ) -> None:
        self.resource, self.namespace, self.name = resource, namespace, name
        self.is_of_list = is_of_list
        self.selector, self.fields = selector, fields
        self.object, self.source = object, source

    @property
    def is_list(self) -> bool:
        """Whether a list is asked for."""
        return not self.name and self.object is None

    @property
    def path(self) -> str:
        """Where the object or the list lives in the API."""
        return self.resource.path(self.namespace, self.name)

    @property
    def query(self) -> "dict[str, Any]":
        """The selectors as query parameters."""
        return {"labelSelector": self.selector, "fieldSelector": self.fields}

    def failed(self, error: "ApiError") -> "ApiError":
        """``error`` of a list says what was looked for, as kubectl's users know it."""
        if self.is_list and error.reason in ("BadRequest", "NotFound"):
            resource = f"{self.resource.group}/{self.resource.version}, Resource={self.resource.plural}"
            what = f'Unable to list "{resource}"'
            if self.selector or self.fields:
                picks = f'label selector "{self.selector}", field selector "{self.fields}"'
                what = f'Unable to find "{resource}" that match {picks}'
            error.status["message"] = f"{what}: {error.message}"
        return error

    def listed(self, api: "Api") -> "list[dict[str, Any]]":
        """All objects of the list, asked for in pages.  Raises: ``ApiError``."""
        found: list[dict[str, Any]] = []
        going_on = ""
        while True:
            page = api.get(self.path, {**self.query, "limit": PAGE, "continue": going_on})
            found += page.get("items") or ()
            going_on = (page.get("metadata") or {}).get("continue") or ""
            if not going_on:
                return found
