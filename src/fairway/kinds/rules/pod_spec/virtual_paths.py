"""Files of one volume that lie in each other's way: one is where another needs a folder, or another file."""

from collections.abc import Iterator

from fairway.objects import Object

Entry = tuple[str, str]
"""A path within the volume, and what is laid there (shown behind the path)."""
_PLAIN = {"configMap": ("ConfigMap", "name"), "secret": ("Secret", "secretName"), "downwardAPI": ("DownwardAPI", "")}


def overlap_hints(volumes: list[Object]) -> Iterator[str]:
    """Every pair, the later one first."""
    for volume in volumes:
        name = volume.get("name") or ""
        for field, (kind, reference) in _PLAIN.items():
            if (source := volume.get(field)) is not None:
                whose = f' "{source.get(reference) or ""}"' if reference else ""
                yield from _pairs(f'volume "{name}" ({kind}{whose})', _items(source, ""))
        if (projected := volume.get("projected")) is not None:
            yield from _projected(f'volume "{name}" (Projected)', projected.get("sources") or [])


def _projected(title: str, sources: list[Object]) -> Iterator[str]:
    entries: list[Entry] = []
    for source in sources:
        if not any(part is not None for part in source.values()):
            yield f"{title} has no sources provided"
        entries += _laid(source)
    yield from _pairs(title, entries)


def _laid(source: Object) -> Iterator[Entry]:
    for field, kind in (("secret", "Secret"), ("configMap", "ConfigMap")):
        if (found := source.get(field)) is not None:
            yield from _items(found, f' ({kind} "{found.get("name") or ""}")')
    if (found := source.get("downwardAPI")) is not None:
        yield from _items(found, " (DownwardAPI)")
    if (found := source.get("serviceAccountToken")) is not None:
        yield found.get("path") or "", " (ServiceAccountToken)"
    if (found := source.get("clusterTrustBundle")) is not None:
        whose = found.get("name") or found.get("signerName") or ""
        yield found.get("path") or "", f' (ClusterTrustBundle "{whose}")'


def _items(source: Object, shown: str) -> Iterator[Entry]:
    return ((item.get("path") or "", shown) for item in source.get("items") or ())


def _pairs(title: str, entries: "Iterator[Entry] | list[Entry]") -> Iterator[str]:
    before: list[Entry] = []
    for path, shown in entries:
        for other, other_shown in before:
            if _meet(path.removesuffix("/"), other.removesuffix("/")):
                yield f'{title}: overlapping paths: "{path}"{shown} with "{other}"{other_shown}'
        before.append((path, shown))


def _meet(one: str, other: str) -> bool:
    return bool(one and other) and (one == other or one.startswith(f"{other}/") or other.startswith(f"{one}/"))
