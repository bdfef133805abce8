"""Custom kinds: the records that a CustomResourceDefinition becomes, one for each version that is served.

Pure.  Shape: ``kinds_of(definition)``; all share the store's prefix.  A record's own version is the one that objects
are stored in; a record for another version is served under ``also`` alone (``is_served`` is false).
Source: Kubernetes docs, "Custom Resources", "Versions in CustomResourceDefinitions".
"""

from collections.abc import Callable, Iterator
from typing import Any

from fairway.kinds.custom.columns import columns
from fairway.kinds.custom.objects import normal, prepare_with, validate_with, warnings
from fairway.kinds.custom_resource_definition import storage_version
from fairway.kinds.custom_resource_definition.defaults import kept_defaults
from fairway.kinds.group_priorities import version_rank
from fairway.kinds.kind import STATUS, CustomVersion, Kind, Served, Subresource
from fairway.kinds.rules.scale import SCALE
from fairway.objects import Object
from fairway.objects.json_path import compiled
from fairway.objects.structural.pruning import prune

_VERBS = ("delete", "deletecollection", "get", "list", "patch", "create", "update", "watch")
"""In the order in which upstream lists those of custom kinds."""
_ANYTHING: Object = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}


def kinds_of(definition: Object) -> tuple[Kind, ...]:
    """A record for every served version, and one for the stored version if that is not served; the stored one first."""
    storage = storage_version(definition)
    versions = definition["spec"]["versions"]
    chosen = [one for one in versions if one.get("served") or one["name"] == storage]
    schemas = {one["name"]: _schema(one) for one in versions}
    ordered = sorted(chosen, key=lambda one: one["name"] != storage)
    return tuple(_kind(definition, one, storage, schemas) for one in ordered)


def plain_kind(definition: Object) -> Kind | None:
    """What clients need to know to speak of a kind; ``None`` if no version is served."""
    spec = definition["spec"]
    served = [one["name"] for one in spec["versions"] if one.get("served")]
    if not served:
        return None
    storage = storage_version(definition)
    return Kind(
        group=spec["group"], version=storage if storage in served else served[0], name=spec["names"]["kind"],
        plural=spec["names"]["plural"], namespaced=spec["scope"] == "Namespaced",
    )  # fmt: skip


def _schema(version: Object) -> Object:
    return kept_defaults((version.get("schema") or {}).get("openAPIV3Schema") or _ANYTHING)


def _kind(definition: Object, version: Object, storage: str, schemas: dict[str, Object]) -> Kind:
    spec = definition["spec"]
    names = (definition.get("status") or {}).get("acceptedNames") or {}
    names = names if names.get("plural") else spec["names"]
    name, schema = version["name"], schemas[version["name"]]
    is_stored = name == storage
    subresources = version.get("subresources") or {}
    conversion = spec.get("conversion") or {}
    webhook = conversion.get("webhook") if conversion.get("strategy") == "Webhook" else None
    is_mirror = webhook is not None and not is_stored
    differs = not is_stored and schema != schemas[storage]
    custom = CustomVersion(
        name, schema, definition, scale=subresources.get("scale"), webhook=webhook, is_mirror=is_mirror,
        stored_schema=schemas[storage] if differs and not is_mirror else None,
    )  # fmt: skip
    also = (
        ()
        if is_stored or is_mirror
        else (Served(spec["group"], name, from_storage=_reader(schema) if differs else None),)
    )
    return Kind(
        group=spec["group"], version=name if is_mirror else storage, name=names["kind"], plural=spec["names"]["plural"],
        singular=names.get("singular") or "",
        list_kind=names.get("listKind") or "",
        short_names=tuple(names.get("shortNames") or ()),
        categories=tuple(names.get("categories") or ()),
        namespaced=spec["scope"] == "Namespaced",
        verbs=_VERBS,
        subresources=tuple(_subresources(subresources)),
        also=also,
        is_served=(is_stored and bool(version.get("served"))) or is_mirror,
        columns=columns(version),
        fields={path.removeprefix("."): _field(path) for path in _selectable(version)},
        # Pruned again, since webhooks may have added anything meanwhile.
        defaults=lambda new: normal(new, schema),
        prepare=prepare_with(has_status="status" in subresources),
        validate=validate_with(custom),
        warnings=warnings,
        deprecated=_deprecation(spec, version, names["kind"]),
        has_generation=True,
        unconditional_update=False,
        custom=custom,
    )  # fmt: skip


def _selectable(version: Object) -> list[str]:
    return [one["jsonPath"] for one in version.get("selectableFields") or ()]


def _subresources(given: Object) -> Iterator[Subresource]:
    if "status" in given:
        yield STATUS
    if given.get("scale"):
        yield SCALE


def _reader(schema: Object) -> Callable[[Object], None]:
    """What a stored object looks like in a version with another schema; the defaults are those of the stored one."""

    def read(found: Object) -> None:
        prune(found, schema)

    return read


def _deprecation(spec: Object, version: Object, kind: str) -> str:
    """What the definition says of it, or that it is deprecated and which newer version to use."""
    if not version.get("deprecated"):
        return ""
    said: str | None = version.get("deprecationWarning")
    if said is not None:
        return said
    group, own = spec["group"], version_rank(version["name"])
    current = [one["name"] for one in spec["versions"] if one.get("served") and not one.get("deprecated")]
    newer = [name for name in sorted(current, key=version_rank) if version_rank(name) < own]
    instead = f"; use {group}/{newer[0]} {kind}" if newer else ""
    return f"{group}/{version['name']} {kind} is deprecated{instead}"


def _field(path: str) -> Callable[[Object], str]:
    find = compiled(path)

    def read(found: Object) -> str:
        values: list[Any] = find(found)
        value = values[0] if values else None
        if isinstance(value, bool):
            return "true" if value else "false"
        return "" if value is None else str(value)

    return read


__all__ = ["kinds_of", "normal", "plain_kind"]
