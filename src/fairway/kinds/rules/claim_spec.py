"""The spec of a claim for storage, as PersistentVolumeClaims and templates of them carry it.

Source: Kubernetes API reference, "PersistentVolumeClaimSpec v1 core"; KEP-3294 (namespaces of data sources).
"""

from collections.abc import Iterator

from fairway.kinds.rules import volume_modes as modes
from fairway.kinds.rules.quantities import canonical_amounts
from fairway.kinds.rules.template_metadata import template_metadata_problems
from fairway.kinds.rules.values import child, dns_label, dns_subdomain, drop_null, fill
from fairway.objects import Object
from fairway.objects.errors import Problem, invalid_value, required
from fairway.objects.labels import validate_label_selector

_CLAIM = "PersistentVolumeClaim"


def fill_claim_spec(spec: Object) -> None:
    """The spec of a claim, or of a template of claims."""
    drop_null(spec, "selector", "storageClassName", "dataSource", "dataSourceRef", "volumeAttributesClassName")
    fill(spec, volumeMode="Filesystem")
    resources = child(spec, "resources")
    canonical_amounts(resources.get("requests"))
    canonical_amounts(resources.get("limits"))


def claim_problems(path: str, spec: Object) -> Iterator[Problem]:
    """Every rule of a claim's spec."""
    if not spec.get("accessModes"):
        yield required(f"{path}.accessModes", "at least 1 access mode is required")
    if spec.get("selector") is not None:
        yield from validate_label_selector(spec["selector"], f"{path}.selector")
    yield from modes.access_modes(f"{path}.accessModes", spec.get("accessModes") or [])
    amount = ((spec.get("resources") or {}).get("requests") or {}).get("storage")
    if amount is None:
        yield required(f"{path}.resources[storage]")
    else:
        yield from modes.size(f"{path}.resources[storage]", amount, is_whole=True)
    if name := spec.get("storageClassName"):
        yield from dns_subdomain(f"{path}.storageClassName", name)
    yield from modes.volume_mode(f"{path}.volumeMode", spec.get("volumeMode"))
    yield from _sources(path, spec)
    if name := spec.get("volumeAttributesClassName"):
        yield from dns_subdomain(f"{path}.volumeAttributesClassName", name)


def _sources(path: str, spec: Object) -> Iterator[Problem]:
    source, reference = spec.get("dataSource"), spec.get("dataSourceRef")
    for name, found in (("dataSource", source), ("dataSourceRef", reference)):
        if found is not None:
            yield from _source(f"{path}.{name}", found)
    if source is None or reference is None:
        return
    if reference.get("namespace"):
        yield invalid_value(
            path, f"{path}.dataSource", "may not be specified when dataSourceRef.namespace is specified"
        )
    elif any((source.get(name) or "") != (reference.get(name) or "") for name in ("apiGroup", "kind", "name")):
        yield invalid_value(path, f"{path}.dataSource", "must match dataSourceRef")


def _source(path: str, found: Object) -> Iterator[Problem]:
    for name in ("name", "kind"):
        if not found.get(name):
            yield required(f"{path}.{name}")
    group = found.get("apiGroup")
    if group:
        yield from dns_subdomain(f"{path}.apiGroup", group)
    elif found.get("kind") != _CLAIM:
        yield invalid_value(path, found.get("kind") or "", f"must be '{_CLAIM}' when referencing the default apiGroup")
    if namespace := found.get("namespace"):
        yield from dns_label(f"{path}.namespace", namespace)


def claim_template_problems(path: str, template: Object | None) -> Iterator[Problem]:
    """The claim that comes and goes with a pod: of its metadata only labels and annotations count."""
    if template is None:
        yield required(path)
        return
    yield from template_metadata_problems(f"{path}.metadata", template.get("metadata") or {})
    yield from claim_problems(f"{path}.spec", template.get("spec") or {})
