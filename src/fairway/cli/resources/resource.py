"""Resource: one resource type of the API, as a client needs to know it."""

TYPE_CHECKING = False


class Resource:
    """``plural`` ``deployments``, ``singular`` ``deployment``, ``kind`` ``Deployment``, ``group`` ``apps`` or empty.

    Two are equal where group, version and plural are.
    """

    __slots__ = (
        "categories", "group", "is_namespaced", "kind", "plural", "short_names", "singular", "subresources", "verbs",
        "version",
    )  # fmt: skip

    def __init__(
        self,
        group: str,
        version: str,
        plural: str,
        kind: str,
        is_namespaced: bool,
        *,
        singular: str = "",
        short_names: "tuple[str, ...]" = (),
        categories: "tuple[str, ...]" = (),
        verbs: "tuple[str, ...]" = (),
        subresources: "tuple[str, ...]" = (),
    ) -> None:
        self.group, self.version, self.plural, self.kind = group, version, plural, kind
        self.is_namespaced, self.singular = is_namespaced, singular or kind.lower()
        self.short_names, self.categories, self.verbs, self.subresources = short_names, categories, verbs, subresources

    @property
    def api_version(self) -> str:
        """``v1``, ``apps/v1``."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def name(self) -> str:
        """``services``, ``deployments.apps``: as it stands in messages."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    @property
    def printed(self) -> str:
        """``service``, ``deployment.apps``: what stands before ``/NAME`` in what commands print."""
        return f"{self.kind.lower()}.{self.group}" if self.group else self.kind.lower()

    def path(self, namespace: str | None = None, name: str = "", subresource: str = "") -> str:
        """``/apis/apps/v1/namespaces/default/deployments/web/scale``; without ``namespace`` that of all namespaces."""
        from fairway.client.blocking.api import quoted

        root = f"/apis/{self.group}/{self.version}" if self.group else f"/api/{self.version}"
        inside = f"/namespaces/{quoted(namespace)}" if self.is_namespaced and namespace else ""
        return "/".join(filter(None, (f"{root}{inside}/{self.plural}", quoted(name), subresource)))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Resource) and self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())

    def __repr__(self) -> str:
        return f"Resource({self.api_version} {self.plural})"

    def _key(self) -> tuple[str, str, str]:
        return (self.group, self.version, self.plural)
