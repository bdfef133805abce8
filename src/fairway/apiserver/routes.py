"""Routes: what a path means: a collection, an object, a subresource; or nothing of the kind.

Pure.  Source: Kubernetes API concepts, "Resource URIs".
"""

from collections.abc import Iterable
from typing import NamedTuple

from fairway.kinds.kind import Kind, Served
from fairway.objects.errors import no_such_resource

_NAMESPACE_SUBRESOURCES = frozenset({"status", "finalize", "why"})
_SUBRESOURCES_WITH_PATH = frozenset({"proxy"})


class Route(NamedTuple):
    """Where a path leads.  ``rest`` is what follows a proxy; ``is_watch`` marks the old ``/watch/`` paths."""

    kind: Kind
    served: Served | None
    namespace: str | None
    name: str
    subresource: str
    rest: str
    is_watch: bool


def media_version(kind: Kind, served: Served | None) -> str:
    """The apiVersion under which a request sees ``kind``."""
    if served is None:
        return kind.api_version
    return f"{served.group}/{served.version}" if served.group else served.version


class Routes:
    """The paths of ``kinds``, also under their other groups and versions."""

    def __init__(self, kinds: Iterable[Kind]) -> None:
        self._versions: dict[tuple[str, str], dict[str, tuple[Kind, Served | None]]] = {}
        self.replace(kinds)

    def replace(self, kinds: Iterable[Kind]) -> None:
        """From now on lead to ``kinds``."""
        self._versions = {}
        for kind in kinds:
            if kind.is_served:
                self._add(kind.group, kind.version, kind, None)
            for served in kind.also:
                self._add(served.group, served.version, kind, served)
        self._groups = {group for group, _ in self._versions}

    def of(self, kinds: Iterable[Kind]) -> dict[tuple[str, str, str], tuple[Kind, Served | None]]:
        """What leads to ``kinds``, by group, version and plural."""
        wanted = set(kinds)
        return {
            (group, version, plural): found
            for (group, version), below in self._versions.items()
            for plural, found in below.items()
            if found[0] in wanted
        }

    def _add(self, group: str, version: str, kind: Kind, served: Served | None) -> None:
        self._versions.setdefault((group, version), {})[kind.plural] = (kind, served)

    def resolve(self, path: str) -> Route | None:
        """Where ``path`` leads; ``None`` if it is not below a group that is served.

        Raises: ``StatusError`` 404 for a resource that does not exist in a known group.
        """
        parts = path.strip("/").split("/")
        if parts[0] == "api" and len(parts) > 2:
            group, version, parts = "", parts[1], parts[2:]
        elif parts[0] == "apis" and len(parts) > 3:
            group, version, parts = parts[1], parts[2], parts[3:]
        else:
            return None
        if group not in self._groups:
            return None
        resources = self._versions.get((group, version))
        if resources is None:
            raise no_such_resource()
        is_watch = parts[0] == "watch" and len(parts) > 1
        return _below(resources, parts[1:] if is_watch else parts, is_watch=is_watch)


def _below(resources: dict[str, tuple[Kind, Served | None]], parts: list[str], *, is_watch: bool) -> Route:
    """A path inside one group and version."""
    namespace: str | None = None
    if parts[0] == "namespaces" and len(parts) > 2 and parts[2] not in _NAMESPACE_SUBRESOURCES:
        namespace, parts = parts[1], parts[2:]
    found = resources.get(parts[0])
    if found is None or "" in parts[:3]:
        raise no_such_resource()
    kind, served = found
    if kind.namespaced != (namespace is not None) and (not kind.namespaced or len(parts) > 1):
        raise no_such_resource()
    name = parts[1] if len(parts) > 1 else ""
    subresource = parts[2] if len(parts) > 2 else ""
    rest = "/".join(parts[3:])
    if len(parts) > 3 and subresource not in _SUBRESOURCES_WITH_PATH:
        raise no_such_resource()
    return Route(kind, served, namespace, name, subresource, rest, is_watch)


_OF_OBJECTS = {"GET": "get", "HEAD": "get", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}
_OF_COLLECTIONS = {"GET": "list", "HEAD": "list", "POST": "create", "DELETE": "deletecollection"}
_OF_SUBRESOURCES = {**_OF_OBJECTS, "POST": "create"}
_OF_PROXIES = {**_OF_SUBRESOURCES, "OPTIONS": "options"}


def verb(method: str, route: Route, *, is_watch: bool) -> str:
    """Kubernetes' verb for ``method`` there; empty if there is none."""
    if route.subresource in _SUBRESOURCES_WITH_PATH:
        return _OF_PROXIES.get(method, "")
    if route.subresource:
        return _OF_SUBRESOURCES.get(method, "")
    if route.name and not (is_watch and method == "GET"):
        return _OF_OBJECTS.get(method, "")
    found = _OF_COLLECTIONS.get(method, "")
    if found == "list" and is_watch:
        return "watch"
    if found in ("create", "deletecollection") and route.kind.namespaced and route.namespace is None:
        return ""
    return found
