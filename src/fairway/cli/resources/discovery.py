"""Discovery: all resources that a server serves, from its aggregated documents, kept on disk for ten minutes.

Where the server knows only the older documents, a group version is asked at a time.
Source: Kubernetes docs, "The Kubernetes API", "Discovery API".
"""

import json
import os
import time

from fairway.cli.resources.resource import Resource
from fairway.client.blocking import ApiError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from fairway.client.blocking import Api

_AGE_MAX_S = 600.0
_ACCEPT = (
    "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,"
    "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json"
)


def served(api: "Api", cache_dir: str = "", *, is_fresh: bool = False) -> tuple[list[Resource], bool]:
    """The resources, of each group the preferred version first, and whether they come from the server just now."""
    file = _file(api, cache_dir)
    if not is_fresh and (kept := _kept(file)) is not None:
        return [Resource(**_named(row)) for row in kept], False
    found = [each for path in ("/api", "/apis") for each in _of(api, path)]
    _keep(file, [_row(each) for each in found])
    return found, True


def _file(api: "Api", cache_dir: str) -> str:
    folder = cache_dir or os.path.join(os.path.expanduser("~"), ".kube", "cache")
    name = "".join(letter if letter.isalnum() or letter in "-." else "_" for letter in api.authority)
    return os.path.join(folder, "fairway", f"{name}.json")


def _kept(file: str) -> "list[list[Any]] | None":
    try:
        if not 0 <= time.time() - os.stat(file).st_mtime < _AGE_MAX_S:
            return None
        with open(file) as reading:
            found: list[list[Any]] = json.load(reading)
            return found
    except (OSError, ValueError):
        return None


def _keep(file: str, rows: "list[list[Any]]") -> None:
    """Whole or not at all; a folder that cannot be written costs time and nothing else."""
    new = f"{file}.{os.getpid()}"
    try:
        os.makedirs(os.path.dirname(file), mode=0o750, exist_ok=True)
        with open(new, "w") as writing:
            json.dump(rows, writing, separators=(",", ":"))
        os.replace(new, file)
    except OSError:
        return


_FIELDS = (
    "group", "version", "plural", "kind", "is_namespaced", "singular", "short_names", "categories", "verbs",
    "subresources",
)  # fmt: skip


def _row(each: Resource) -> "list[Any]":
    return [getattr(each, field) for field in _FIELDS]


def _named(row: "list[Any]") -> "dict[str, Any]":
    values = (tuple(value) if isinstance(value, list) else value for value in row)
    return dict(zip(_FIELDS, values, strict=True))


def _of(api: "Api", path: str) -> "Iterator[Resource]":
    document = api.get(path, accept=_ACCEPT)
    if document.get("kind") == "APIGroupDiscoveryList":
        for group in document.get("items") or ():
            yield from _aggregated(group)
    elif document.get("kind") == "APIVersions":
        for version in document.get("versions") or ():
            yield from _older(api, f"/api/{version}", "", version)
    else:
        for group in document.get("groups") or ():
            versions = [group["preferredVersion"], *group["versions"]]
            for version in dict.fromkeys(each["version"] for each in versions):
                yield from _older(api, f"/apis/{group['name']}/{version}", group["name"], version)


def _aggregated(group: "dict[str, Any]") -> "Iterator[Resource]":
    for version in group.get("versions") or ():
        if version.get("freshness") == "Stale":
            continue  # the server of one group may be away
        for each in version.get("resources") or ():
            kind = (each.get("responseKind") or {}).get("kind") or ""
            if kind:
                yield Resource(
                    (group.get("metadata") or {}).get("name") or "", version["version"], each["resource"], kind,
                    each.get("scope") == "Namespaced", singular=each.get("singularResource") or "",
                    short_names=tuple(each.get("shortNames") or ()), categories=tuple(each.get("categories") or ()),
                    verbs=tuple(each.get("verbs") or ()),
                    subresources=tuple(sub["subresource"] for sub in each.get("subresources") or ()),
                )  # fmt: skip


def _older(api: "Api", path: str, group: str, version: str) -> "Iterator[Resource]":
    try:
        resources = api.get(path).get("resources") or ()
    except ApiError:
        return  # the server of one group may be away
    for each in resources:
        if "/" in each["name"]:
            continue
        inner = (other["name"].partition("/")[::2] for other in resources)
        yield Resource(
            group, version, each["name"], each["kind"], each["namespaced"], singular=each.get("singularName") or "",
            short_names=tuple(each.get("shortNames") or ()), categories=tuple(each.get("categories") or ()),
            verbs=tuple(each.get("verbs") or ()),
            subresources=tuple(sub for owner, sub in inner if owner == each["name"] and sub),
        )  # fmt: skip
