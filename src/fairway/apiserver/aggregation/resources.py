"""Resources: kinds as far as an extension server's discovery tells of them.  Pure."""

from collections.abc import Iterable, Iterator

from fairway.kinds.kind import Kind, Subresource
from fairway.objects import Object


def kinds_of(group: str, version: str, resources: Iterable[Object]) -> Iterator[Kind]:
    """One for each resource, with its subresources; ``resources`` are those of an APIResourceList."""
    found = list(resources)
    for one in found:
        if "/" in one["name"]:
            continue
        below = [other for other in found if other["name"].startswith(f"{one['name']}/")]
        yield Kind(
            group=group, version=version, name=str(one.get("kind") or ""), plural=one["name"],
            singular=str(one.get("singularName") or ""), short_names=tuple(one.get("shortNames") or ()),
            categories=tuple(one.get("categories") or ()), namespaced=bool(one.get("namespaced")),
            verbs=tuple(one.get("verbs") or ()), subresources=tuple(map(_subresource, below)),
        )  # fmt: skip


def _subresource(one: Object) -> Subresource:
    return Subresource(
        one["name"].partition("/")[2], tuple(one.get("verbs") or ()), str(one.get("kind") or ""),
        str(one.get("group") or ""), str(one.get("version") or ""),
    )  # fmt: skip
