"""Plan: the next step of one Deployment.  Pure.

Shape: what there is -> what to write now.  A step is small: its effect, once seen, wakes the next one.
Order: 1. pause and resume are told; 2. paused or rescaled: scale only; 3. the ReplicaSet of the present template
exists and has its revision; 4. grow the new, else shrink the old; 5. when all is done, drop the oldest history.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from fairway.controllers.deployment import revisions, rolling
from fairway.controllers.deployment import status as status_rules
from fairway.controllers.deployment.template import HASH_LABEL, newest, with_hash
from fairway.controllers.rules.pods import is_terminating
from fairway.controllers.rules.template_hash import template_hash
from fairway.kinds import DEPLOYMENT, REPLICA_SET
from fairway.objects import Object
from fairway.objects.conditions import condition
from fairway.reconcile.owners import controller_reference


@dataclass(slots=True)
class Plan:
    """``create`` is a new ReplicaSet; ``update`` are changed ones with their size before; ``delete`` old ones.

    ``revision`` is what the Deployment's annotation should say; ``status`` its status.
    """

    create: Object | None = None
    update: list[tuple[Object, int]] = field(default_factory=list)
    delete: list[Object] = field(default_factory=list)
    revision: str = ""
    status: Object = field(default_factory=dict)


def plan(deployment: Object, replica_sets: Sequence[Object], now: float, *, has_old_pods: bool = False) -> Plan:
    """The next step.  ``has_old_pods``: pods of old ReplicaSets still run, which the Recreate strategy waits for."""
    new = newest(deployment, list(replica_sets))
    old = [one for one in replica_sets if one is not new]
    step = Plan()
    if is_terminating(deployment):
        step.status = status_rules.status(deployment, replica_sets, new, now, is_rollout=False)
        return step
    event = status_rules.pause(deployment)
    if deployment["spec"].get("paused") or rolling.is_scaling(deployment, replica_sets):
        _scale(deployment, rolling.scale(deployment, new, old), replica_sets, step)
        if new is not None:
            step.revision = revisions.annotations(new).get(revisions.REVISION, "")
        if deployment["spec"].get("paused"):
            step.delete = history(deployment, old)
        step.status = status_rules.status(deployment, replica_sets, new, now, event=event, is_rollout=False)
        return step
    if new is None:
        return _begin(deployment, old, now, step, event, has_old_pods=has_old_pods)
    renewed = _renewed(deployment, new, old)
    step.revision = revisions.annotations(renewed)[revisions.REVISION]
    if condition(deployment, "Progressing") is None and event is None:
        event = ("True", status_rules.FOUND, f'Found new replica set "{rolling.name_of(new)}"')
    scales = _roll(deployment, new, old, has_old_pods=has_old_pods)
    _scale(deployment, scales, [renewed, *old], step)
    if renewed is not new and not any(rolling.name_of(one) == rolling.name_of(new) for one, _ in step.update):
        step.update.append((renewed, rolling.replicas(new)))
    step.status = status_rules.status(deployment, replica_sets, new, now, event=event)
    if status_rules.is_complete(deployment, step.status):
        step.delete = history(deployment, old)
    return step


def _begin(
    deployment: Object, old: Sequence[Object], now: float, step: Plan, event: tuple[str, str, str] | None, *,
    has_old_pods: bool,
) -> Plan:  # fmt: skip
    """There is no ReplicaSet of this template yet: make one, after the old pods are gone if they must go first."""
    if not rolling.is_rolling(deployment) and (rolling.active(old) or has_old_pods):
        _scale(deployment, {rolling.name_of(one): 0 for one in rolling.active(old)}, old, step)
    else:
        step.create = new_replica_set(deployment, old)
        step.revision = revisions.annotations(step.create)[revisions.REVISION]
    step.status = status_rules.status(deployment, old, None, now, event=event)
    return step


def _roll(deployment: Object, new: Object, old: Sequence[Object], *, has_old_pods: bool) -> rolling.Scales:
    if rolling.is_rolling(deployment):
        grown = rolling.scale_new(deployment, new, [new, *old])
        return grown or rolling.scale_old(deployment, new, old)
    if rolling.active(old):
        return {rolling.name_of(one): 0 for one in rolling.active(old)}
    return {} if has_old_pods else rolling.scale_new(deployment, new, [new, *old])


def _renewed(deployment: Object, new: Object, old: Sequence[Object]) -> Object:
    """The present ReplicaSet with its revision, annotations and minReadySeconds; itself if all are right."""
    wanted = revisions.of_new(deployment, new, revisions.next_revision(old))
    min_ready_s = deployment["spec"].get("minReadySeconds") or 0
    if wanted == revisions.annotations(new) and (new["spec"].get("minReadySeconds") or 0) == min_ready_s:
        return new
    spec = {name: value for name, value in new["spec"].items() if name != "minReadySeconds"}
    if min_ready_s:
        spec["minReadySeconds"] = min_ready_s
    return {**new, "metadata": {**new["metadata"], "annotations": wanted}, "spec": spec}


def _scale(deployment: Object, scales: Mapping[str, int], found: Sequence[Object], step: Plan) -> None:
    """Give ReplicaSets their sizes; all that have pods also learn how large the Deployment is."""
    surge, _ = rolling.fence_posts(deployment)
    wanted = rolling.replicas(deployment)
    sizes = revisions.sizes(wanted, wanted + surge)
    for one in found:
        before = rolling.replicas(one)
        size = scales.get(rolling.name_of(one), before)
        present = revisions.annotations(one)
        is_told = not before or all(present.get(name) == value for name, value in sizes.items())
        if size == before and is_told:
            continue
        meta = {**one["metadata"], "annotations": {**present, **sizes}}
        step.update.append(({**one, "metadata": meta, "spec": {**one["spec"], "replicas": size}}, before))


def new_replica_set(deployment: Object, old: Sequence[Object]) -> Object:
    """The ReplicaSet of the Deployment's present template."""
    meta, spec = deployment["metadata"], deployment["spec"]
    hash_text = template_hash(spec["template"], (deployment.get("status") or {}).get("collisionCount"))
    template = with_hash(spec["template"], hash_text)
    surge, _ = rolling.fence_posts(deployment)
    wanted = rolling.replicas(deployment)
    annotations = revisions.of_new(deployment, None, revisions.next_revision(old))
    selector = spec["selector"]
    made: Object = {
        "kind": REPLICA_SET.name, "apiVersion": REPLICA_SET.api_version,
        "metadata": {
            "name": f"{meta['name']}-{hash_text}", "namespace": meta["namespace"],
            "labels": dict(template["metadata"]["labels"]),
            "annotations": {**annotations, **revisions.sizes(wanted, wanted + surge)},
            "ownerReferences": [controller_reference(DEPLOYMENT, deployment)],
        },
        "spec": {
            "replicas": rolling.new_size(deployment, 0, old),
            "selector": {**selector, "matchLabels": {**(selector.get("matchLabels") or {}), HASH_LABEL: hash_text}},
            "template": template,
        },
    }  # fmt: skip
    if spec.get("minReadySeconds"):
        made["spec"]["minReadySeconds"] = spec["minReadySeconds"]
    return made


def history(deployment: Object, old: Sequence[Object]) -> list[Object]:
    """The old ReplicaSets without pods beyond the limit of history, the oldest revisions first."""
    limit = deployment["spec"].get("revisionHistoryLimit")
    if limit is None:
        return []
    kept = [one for one in old if not is_terminating(one)]
    surplus = sorted(kept, key=lambda one: revisions.number(one) or 0)[: max(0, len(kept) - limit)]
    return [one for one in surplus if _is_idle(one)]


def _is_idle(replica_set: Object) -> bool:
    generation = replica_set["metadata"].get("generation") or 0
    return (
        rolling.replicas(replica_set) == 0
        and rolling.reported(replica_set, "replicas") == 0
        and rolling.reported(replica_set, "observedGeneration") >= generation
    )
