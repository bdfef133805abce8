"""Reconcile: carry out the plan for one owner of pods, and say so in its status and in Events."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from fairway.controllers.replicas import plan as replica_plan
from fairway.controllers.rules.patience import Patience
from fairway.controllers.rules.pod_writes import Refused, drop, make
from fairway.controllers.rules.pods import is_active
from fairway.kinds import POD
from fairway.kinds.kind import Kind
from fairway.objects import Object
from fairway.objects.labels import Selector, from_label_selector, from_map
from fairway.reconcile.claims import BY_CONTROLLER, claim
from fairway.reconcile.cluster import Cluster
from fairway.reconcile.controller import Controller, Key
from fairway.reconcile.indexes import by_controller, object_key
from fairway.reconcile.informer import Change
from fairway.reconcile.owners import controller_of, group_of

BY_SELECTOR = "selected label"
_MATTERS = ("uid", "generation", "labels", "deletionTimestamp", "ownerReferences")
MANY = 500
"""More pods than this take so long to look at that others have a turn in between, and changes are collected."""
WAIT_PER_POD_S = 0.0001
MAX_WAIT_S = 1.0


class Progress:
    """What is remembered between two looks: the status ``told`` and the number of pods of each owner."""

    def __init__(self) -> None:
        self.told: dict[Key, Object] = {}
        self.sizes: dict[Key, int] = {}
        self._patience = Patience()

    def wait_s(self, key: Key, now: float) -> float:
        """How long the owner has to wait: not at all unless its pods are very many."""
        size = self.sizes.get(key, 0)
        return self._patience.wait_s(key, min(size * WAIT_PER_POD_S, MAX_WAIT_S), now) if size > MANY else 0.0

    def served(self, key: Key, size: int) -> None:
        """The owner has been looked at with all its ``size`` pods."""
        self.sizes[key] = size
        self._patience.served(key)

    def forget(self, key: Key) -> None:
        """The owner is gone."""
        self._patience.served(key)
        self.told.pop(key, None)
        self.sizes.pop(key, None)


@dataclass(frozen=True, slots=True)
class Replicas:
    """The reconcile of one ``kind`` that has spec.replicas, spec.selector and spec.template."""

    kind: Kind

    def selector(self, owner: Object) -> Selector:
        """Which pods are its own: a LabelSelector, or plain labels in a ReplicationController."""
        found = owner["spec"].get("selector")
        if self.kind.group:
            return from_label_selector(found)
        return from_map(found or {})

    def by_selector(self, owner: Object) -> Iterable[str]:
        """One label that every pod of the owner has; empty text where none is certain."""
        namespace = owner["metadata"]["namespace"]
        for asked in self.selector(owner).requirements:
            if asked.operator in ("=", "=="):
                return (f"{namespace}/{asked.key}={asked.values[0]}",)
        return (f"{namespace}/",)

    async def reconcile(self, key: Key, cluster: Cluster) -> float | None:
        """Adopt and release, make and delete pods, then tell the status."""
        owner = cluster.get(self.kind, *key)
        if owner is None:
            return None
        progress: Progress = cluster.state
        if wait_s := progress.wait_s(key, asyncio.get_running_loop().time()):
            return wait_s
        pods = await claim(cluster, self.kind, owner, POD, self.selector(owner), is_active)
        if len(pods) > MANY:
            await asyncio.sleep(0)  # others' work goes between the parts of a long count
        refused: Refused | None = None
        if "deletionTimestamp" not in owner["metadata"]:
            try:
                await self._adjust(owner, pods, cluster)
            except Refused as error:
                refused = error
        if len(pods) > MANY:
            await asyncio.sleep(0)
        now = cluster.now()
        failure = (refused.reason, refused.message) if refused else None
        with_leaving = bool(self.kind.group)  # A ReplicationController has no such field.
        wanted = replica_plan.status(owner, pods, failure, now, with_leaving=with_leaving)
        await self._tell(owner, wanted, cluster)
        if refused is not None:
            raise refused.cause
        progress.served(key, len(pods))
        return replica_plan.next_look_s(owner, pods, now)

    async def _adjust(self, owner: Object, pods: Sequence[Object], cluster: Cluster) -> None:
        steps = replica_plan.plan(owner, pods, self._related(owner, cluster), cluster.now())
        if steps.create:
            pod = replica_plan.pod_of(self.kind, owner)
            await make(self.kind, owner, [pod] * steps.create, cluster)
        if steps.delete:
            await drop(self.kind, owner, steps.delete, cluster)

    def _related(self, owner: Object, cluster: Cluster) -> list[Object]:
        """The pods of every owner that has the same controller as this one."""
        above = controller_of(owner)
        owners = cluster.by_index(self.kind, BY_CONTROLLER, above["uid"]) if above else [owner]
        return [pod for one in owners for pod in cluster.by_index(POD, BY_CONTROLLER, one["metadata"]["uid"])]

    async def _tell(self, owner: Object, wanted: Object, cluster: Cluster) -> None:
        present = {name: value for name, value in (owner.get("status") or {}).items() if name in wanted or value}
        if present != wanted:
            cluster.state.told[object_key(owner)] = wanted
            await cluster.update(self.kind, {**owner, "status": wanted}, subresource="status")

    def changed(self, change: Change, cluster: Cluster) -> Iterable[Key]:
        """The owner itself, unless all that changed is the status that we have told."""
        key, old, new = object_key(change.object), change.old, change.new
        if new is None:
            cluster.state.forget(key)
        elif old is not None and old.get("status") != new.get("status") == cluster.state.told.get(key):
            before, after = old["metadata"], new["metadata"]
            if old["spec"] == new["spec"] and all(before.get(one) == after.get(one) for one in _MATTERS):
                return ()
        return (key,)

    def owners_of(self, change: Change, cluster: Cluster) -> Iterable[Key]:
        """The owners that a changed pod concerns: its controller, or whoever may adopt it."""
        for pod in (change.old, change.new):
            if pod is not None:
                yield from self._owners_of(pod, cluster)

    def _owners_of(self, pod: Object, cluster: Cluster) -> Iterable[Key]:
        meta = pod["metadata"]
        reference = controller_of(pod)
        if reference is not None:
            if reference["kind"] == self.kind.name and group_of(reference) == self.kind.group:
                yield meta["namespace"], reference["name"]
            return
        labels = meta.get("labels") or {}
        values = [f"{meta['namespace']}/{name}={value}" for name, value in labels.items()]
        for value in (*values, f"{meta['namespace']}/"):
            for owner in cluster.by_index(self.kind, BY_SELECTOR, value):
                if self.selector(owner).matches(labels):
                    yield meta["namespace"], owner["metadata"]["name"]


def controller(name: str, kind: Kind) -> Controller:
    """The controller of ``kind``."""
    replicas = Replicas(kind)
    return Controller(
        name=name, owns=kind, reconcile=replicas.reconcile, state=Progress,
        wakes={kind: replicas.changed, POD: replicas.owners_of},
        indexes={
            POD: {BY_CONTROLLER: by_controller},
            kind: {BY_CONTROLLER: by_controller, BY_SELECTOR: replicas.by_selector},
        },
        workers=16,
    )  # fmt: skip
