"""The description of a Deployment, with the ReplicaSets of its old and its new template."""

from __future__ import annotations

from fairway.cli.describe import events, pod_template
from fairway.cli.describe.page import NONE, Page, selector, stamp
from fairway.cli.describe.world import Refused, within

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from fairway.cli.describe.world import World
    from fairway.objects import Object

HASH = "pod-template-hash"


def write(page: Page, found: Object, world: World) -> None:
    """The whole description."""
    metadata, spec = found["metadata"], found.get("spec") or {}
    chosen = selector(spec.get("selector"))
    page.line(0, "Name:", metadata.get("name", ""))
    page.line(0, "Namespace:", metadata.get("namespace", ""))
    page.line(0, "CreationTimestamp:", stamp(metadata.get("creationTimestamp")))
    page.marks(metadata)
    page.line(0, "Selector:", chosen)
    _counts(page, spec, found.get("status") or {})
    pod_template.write(page, spec.get("template") or {})
    pod_template.conditions(page, found)
    old, new = replica_sets(world, found, chosen)
    if old or new:
        page.line(0, "OldReplicaSets:", _listed(old))
        page.line(0, "NewReplicaSet:", _listed(new))
    events.write(page, found, world)


def _counts(page: Page, spec: Object, status: Object) -> None:
    counts = (
        f"{spec.get('replicas', 0)} desired",
        *(f"{status.get(f'{word}Replicas', 0)} {word}" for word in ("updated",)),
        f"{status.get('replicas', 0)} total",
        *(f"{status.get(f'{word}Replicas', 0)} {word}" for word in ("available", "unavailable")),
    )
    page.line(0, "Replicas:", " | ".join(counts))
    strategy = spec.get("strategy") or {}
    page.line(0, "StrategyType:", strategy.get("type", ""))
    page.line(0, "MinReadySeconds:", spec.get("minReadySeconds", 0))
    rolling = strategy.get("rollingUpdate")
    if rolling is not None:
        bounds = f"{_bound(rolling, 'maxUnavailable')} max unavailable, {_bound(rolling, 'maxSurge')} max surge"
        page.line(0, "RollingUpdateStrategy:", bounds)


def _bound(rolling: Object, field: str) -> str:
    value = rolling.get(field)
    return "<nil>" if value is None else str(value)


def replica_sets(world: World, found: Object, chosen: str) -> tuple[list[Object], list[Object]]:
    """(those of former templates, that of the present one), the oldest first."""
    try:
        listed = world.list(within(found["metadata"].get("namespace", ""), "replicasets", "apps"), labels=chosen)
    except Refused:
        return [], []
    own = [each for each in listed if _owner(each) == found["metadata"].get("uid")]
    own.sort(key=lambda each: (each["metadata"].get("creationTimestamp") or "", each["metadata"]["name"]))
    template = _compared((found.get("spec") or {}).get("template"))
    new = [each for each in own if _compared((each.get("spec") or {}).get("template")) == template][:1]
    return [each for each in own if each not in new], new


def _owner(found: Object) -> str | None:
    for each in found["metadata"].get("ownerReferences") or ():
        if each.get("controller"):
            return str(each.get("uid"))
    return None


def _compared(template: Object | None) -> Any:
    """A template without the label that tells templates apart, and without what is empty."""
    metadata = dict((template or {}).get("metadata") or {})
    metadata["labels"] = {key: value for key, value in (metadata.get("labels") or {}).items() if key != HASH}
    metadata.pop("creationTimestamp", None)
    return _filled({**(template or {}), "metadata": metadata})


def _filled(value: Any) -> Any:
    if isinstance(value, dict):
        kept = {key: _filled(one) for key, one in value.items()}
        return {key: one for key, one in kept.items() if one not in ({}, [], None, "")} or None
    if isinstance(value, list):
        return [_filled(one) for one in value]
    return value


def _listed(found: list[Object]) -> str:
    return ", ".join(map(_created, found)) or NONE


def _created(found: Object) -> str:
    created, wanted = (found.get("status") or {}).get("replicas", 0), (found.get("spec") or {}).get("replicas", 0)
    return f"{found['metadata']['name']} ({created}/{wanted} replicas created)"
