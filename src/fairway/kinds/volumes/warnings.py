"""What is legal in claims, volumes and their classes but deprecated, doubtful or without effect.

Source: the warnings that Kubernetes 1.36 sends.
"""

from collections.abc import Iterator

from fairway.kinds.rules.node_labels import required_hints, selector_hints, successor
from fairway.kinds.rules.pod_spec.warnings import DEPRECATED_VOLUMES, VOLUME_PATHS, claim_hints
from fairway.objects import Object

_CLASS, _OPTIONS = "volume.beta.kubernetes.io/storage-class", "volume.beta.kubernetes.io/mount-options"
_NO_CLASS = f'metadata.annotations[{_CLASS}]: deprecated since v1.8; use "storageClassName" attribute instead'
_NO_OPTIONS = f'metadata.annotations[{_OPTIONS}]: deprecated since v1.31; use "mountOptions" attribute instead'
_RECYCLE = (
    "spec.persistentVolumeReclaimPolicy: The Recycle reclaim policy is deprecated. Instead, the recommended approach is"
    " to use dynamic provisioning."
)
_NOT_OF_VOLUMES = ("gitRepo", "flocker", "quobyte")
"""What upstream warns of in pods alone."""


def claim_warnings(new: Object, old: Object | None) -> Iterator[str]:
    """A class by the annotation of old, and a claim of a fraction of a byte."""
    if _CLASS in (new["metadata"].get("annotations") or ()):
        yield _NO_CLASS
    yield from claim_hints("spec", new["spec"])


def volume_warnings(new: Object, old: Object | None) -> Iterator[str]:
    """Annotations of old, recycling, old labels of nodes, sources that work no more."""
    spec, annotations = new["spec"], new["metadata"].get("annotations") or {}
    if _CLASS in annotations:
        yield _NO_CLASS
    if _OPTIONS in annotations:
        yield _NO_OPTIONS
    if spec.get("persistentVolumeReclaimPolicy") == "Recycle":
        yield _RECYCLE
    required = (spec.get("nodeAffinity") or {}).get("required")
    yield from required_hints("spec.nodeAffinity.required", required)
    for name, text in DEPRECATED_VOLUMES.items():
        if name not in _NOT_OF_VOLUMES and spec.get(name) is not None:
            yield f"spec.{VOLUME_PATHS.get(name, name)}: {text}"


def class_warnings(new: Object, old: Object | None) -> Iterator[str]:
    """Old labels of nodes in the topologies of a storage class."""
    for index, term in enumerate(new.get("allowedTopologies") or ()):
        for place, expression in enumerate(term.get("matchLabelExpressions") or ()):
            key = expression.get("key") or ""
            if text := successor(key):
                yield f"allowedTopologies[{index}].matchLabelExpressions[{place}].key: {key} is {text}"


def capacity_warnings(new: Object, old: Object | None) -> Iterator[str]:
    """Old labels of nodes in the topology of a capacity."""
    return selector_hints("nodeTopology", new.get("nodeTopology"))
