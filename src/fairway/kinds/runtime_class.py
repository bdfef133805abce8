"""RuntimeClass (node.k8s.io/v1): which runtime of a node runs the containers of a pod.

Source: Kubernetes docs, "Runtime Class"; KEP-585, KEP-688 (pod overhead).
"""

from collections.abc import Iterator

from fairway.kinds.kind import Column, Kind
from fairway.kinds.rules.cells import AGE, at
from fairway.kinds.rules.node_labels import successor
from fairway.kinds.rules.pod_spec.scheduling import tolerations
from fairway.kinds.rules.quantities import canonical_amounts, requirements
from fairway.kinds.rules.values import dns_label, drop_null, unchanged
from fairway.objects import Object
from fairway.objects.errors import Problem, duplicate
from fairway.objects.labels import validate_labels

_TOLERATIONS = "scheduling.tolerations"
_TOLD_APART_BY = ("key", "operator", "value", "effect")


def defaults(new: Object) -> None:
    """Amounts are written as Kubernetes writes them."""
    drop_null(new, "overhead", "scheduling")
    if overhead := new.get("overhead"):
        canonical_amounts(overhead.get("podFixed"))


def validate(new: Object, old: Object | None) -> Iterator[Problem]:
    """The handler is a name that a node could know, and stays."""
    handler = new.get("handler") or ""
    yield from dns_label("handler", handler)
    if overhead := new.get("overhead"):
        yield from requirements("overhead", {"limits": overhead.get("podFixed")})
    if scheduling := new.get("scheduling"):
        yield from validate_labels(scheduling.get("nodeSelector"), "scheduling.nodeSelector")
        yield from _tolerations(scheduling.get("tolerations") or [])
    if old is not None:
        yield from unchanged("handler", handler, old.get("handler") or "")


def _tolerations(found: list[Object]) -> Iterator[Problem]:
    yield from tolerations(f"{_TOLERATIONS}.tolerations", found)  # as upstream spells the path
    seen: list[list[str]] = []
    for index, toleration in enumerate(found):
        key = [toleration.get(name) or "" for name in _TOLD_APART_BY]
        if key in seen:
            yield duplicate(f"{_TOLERATIONS}[{index}]", toleration)
        seen.append(key)


def warnings(new: Object, old: Object | None) -> Iterator[str]:
    """Old labels of nodes."""
    for key in (new.get("scheduling") or {}).get("nodeSelector") or ():
        if text := successor(key):
            yield f"scheduling.nodeSelector: {text}"


RUNTIME_CLASS = Kind(
    group="node.k8s.io", version="v1", name="RuntimeClass", plural="runtimeclasses",
    namespaced=False,
    columns=(Column("Handler", at("handler")), AGE),
    defaults=defaults,
    validate=validate,
    create_on_update=True,
    warnings=warnings,
    unconditional_update=False,
)  # fmt: skip
