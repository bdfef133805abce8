"""Volumes: reconcile of PersistentVolumes: what each says of itself, and what goes when its claim has gone."""

from collections.abc import Iterable

from fairway.controllers.volumes import plan as rules
from fairway.controllers.volumes.claims import BY_CLAIM, by_promise
from fairway.kinds import PERSISTENT_VOLUME, PERSISTENT_VOLUME_CLAIM
from fairway.kinds.volumes.persistent_volume import PROTECTION
from fairway.objects import Object
from fairway.reconcile.cluster import Cluster
from fairway.reconcile.controller import Controller, Key
from fairway.reconcile.indexes import object_key
from fairway.reconcile.informer import Change


async def reconcile(key: Key, cluster: Cluster) -> None:
    """Tell the phase; delete what its claim has left behind, where the policy says so."""
    volume = cluster.get(PERSISTENT_VOLUME, *key)
    if volume is None:
        return
    reference = volume["spec"].get("claimRef") or {}
    claim = None
    if reference:
        claim = cluster.get(PERSISTENT_VOLUME_CLAIM, reference.get("namespace"), reference.get("name") or "")
    phase = rules.phase(volume, claim)
    if phase == "Released" and (volume.get("status") or {}).get("phase") != "Released":
        # A cache may be behind: the claim's absence is asked for before anything is given up.
        live = await cluster.read(PERSISTENT_VOLUME_CLAIM, reference.get("namespace"), reference.get("name") or "")
        phase = rules.phase(volume, live)
    if "deletionTimestamp" in volume["metadata"]:
        if phase != "Bound":
            await _let_go(volume, cluster)
        return
    if (volume.get("status") or {}).get("phase") != phase:
        status = {**(volume.get("status") or {}), "phase": phase}
        volume = await cluster.update(PERSISTENT_VOLUME, {**volume, "status": status}, subresource="status")
    is_ours = (volume["metadata"].get("annotations") or {}).get(rules.PROVISIONED_BY) == rules.PROVISIONER
    if phase == "Released" and is_ours and volume["spec"].get("persistentVolumeReclaimPolicy") == "Delete":
        await cluster.delete(PERSISTENT_VOLUME, volume)


async def _let_go(volume: Object, cluster: Cluster) -> None:
    present = volume["metadata"].get("finalizers") or []
    left = [name for name in present if name != PROTECTION]
    if left != present:
        await cluster.update(PERSISTENT_VOLUME, {**volume, "metadata": {**volume["metadata"], "finalizers": left}})


def of_claim(change: Change, cluster: Cluster) -> Iterable[Key]:
    """The volumes that are promised to a changed claim."""
    text = "/".join(object_key(change.object))
    return [object_key(volume) for volume in cluster.by_index(PERSISTENT_VOLUME, BY_CLAIM, text)]


VOLUMES = Controller(
    name="persistentvolume-phases", owns=PERSISTENT_VOLUME, reconcile=reconcile,
    wakes={PERSISTENT_VOLUME_CLAIM: of_claim}, indexes={PERSISTENT_VOLUME: {BY_CLAIM: by_promise}},
)  # fmt: skip
