"""Claims: reconcile of PersistentVolumeClaims: each is bound to a volume, and held while pods use it."""

from collections.abc import Iterable

from fairway.controllers.volumes import plan as rules
from fairway.controllers.volumes.plan import Bind, Provision, Wait
from fairway.kinds import PERSISTENT_VOLUME, PERSISTENT_VOLUME_CLAIM, POD, STORAGE_CLASS
from fairway.kinds.rules.volume_modes import class_of
from fairway.kinds.volumes.persistent_volume_claim import PROTECTION
from fairway.objects import Object
from fairway.objects.errors import StatusError
from fairway.reconcile.cluster import Cluster
from fairway.reconcile.controller import Controller, Key
from fairway.reconcile.indexes import object_key
from fairway.reconcile.informer import Change

BY_CLAIM = "claim"
BY_CLASS = "storage class"


async def reconcile(key: Key, cluster: Cluster) -> float | None:
    """Bind, make a volume, or say what is waited for; let a claim go that nobody uses."""
    claim = cluster.get(PERSISTENT_VOLUME_CLAIM, *key)
    if claim is None:
        return None
    pods = cluster.by_index(POD, BY_CLAIM, "/".join(key))
    if "deletionTimestamp" in claim["metadata"]:
        if not rules.is_used(claim, pods):
            await _let_go(claim, cluster)
        return None
    name = claim["spec"].get("volumeName")
    if name:
        await _keep_bound(claim, cluster.get(PERSISTENT_VOLUME, None, name), cluster)
        return None
    storage_class = cluster.get(STORAGE_CLASS, None, class_of(claim)) if class_of(claim) else None
    volumes = cluster.by_index(PERSISTENT_VOLUME, BY_CLASS, class_of(claim))
    volumes += [one for one in cluster.by_index(PERSISTENT_VOLUME, BY_CLAIM, "/".join(key)) if one not in volumes]
    is_scheduled = any(pod["spec"].get("nodeName") for pod in pods if rules.is_used(claim, [pod]))
    match rules.plan(claim, volumes, storage_class, is_used=is_scheduled):
        case Bind(volume):
            await _bind(claim, volume, cluster)
        case Provision(of_class):
            await _provision(claim, of_class, cluster)
        case Wait(type_, reason, message):
            cluster.event(
                PERSISTENT_VOLUME_CLAIM, claim, "Warning" if type_ == "Warning" else "Normal", reason, message
            )
    return None


async def _let_go(claim: Object, cluster: Cluster) -> None:
    left = [name for name in claim["metadata"].get("finalizers") or () if name != PROTECTION]
    if left != (claim["metadata"].get("finalizers") or []):
        meta = {**claim["metadata"], "finalizers": left}
        await cluster.update(PERSISTENT_VOLUME_CLAIM, {**claim, "metadata": meta})


async def _keep_bound(claim: Object, volume: Object | None, cluster: Cluster) -> None:
    """A claim that names its volume: bound to it, waiting for it, or, when it has gone, lost."""
    phase = (claim.get("status") or {}).get("phase")
    if volume is None:
        if phase == "Bound":
            lost = {**(claim.get("status") or {}), "phase": "Lost"}
            await cluster.update(PERSISTENT_VOLUME_CLAIM, {**claim, "status": lost}, subresource="status")
            text = "Bound claim has lost its PersistentVolume. Data on the volume is lost!"
            cluster.event(PERSISTENT_VOLUME_CLAIM, claim, "Warning", "ClaimLost", text)
        return
    if volume["spec"].get("claimRef") and not rules.is_of(volume, claim):
        if phase != "Bound":
            text = f'volume "{volume["metadata"]["name"]}" already bound to a different claim.'
            cluster.event(PERSISTENT_VOLUME_CLAIM, claim, "Warning", "FailedBinding", text)
        return
    await _bind(claim, volume, cluster)


async def _bind(claim: Object, volume: Object, cluster: Cluster) -> None:
    """The volume is promised first: a claim never names one that others may still get."""
    if (promised := rules.promised(volume, claim)) is not None:
        volume = await cluster.update(PERSISTENT_VOLUME, promised)
    if (grown := rules.grown(volume, claim)) is not None:
        volume = await cluster.update(PERSISTENT_VOLUME, grown)
    if (bound := rules.bound(claim, volume)) is not None:
        claim = await cluster.update(PERSISTENT_VOLUME_CLAIM, bound)
    wanted = rules.bound_status(volume)
    present = claim.get("status") or {}
    if any(present.get(name) != value for name, value in wanted.items()):
        await cluster.update(PERSISTENT_VOLUME_CLAIM, {**claim, "status": {**present, **wanted}}, subresource="status")


async def _provision(claim: Object, storage_class: Object, cluster: Cluster) -> None:
    folder = cluster.settings.volumes_dir
    if not folder:
        return
    volume = rules.provisioned(claim, storage_class, folder)
    name = volume["metadata"]["name"]
    try:
        volume = await cluster.create(PERSISTENT_VOLUME, volume)
    except StatusError as error:
        if error.reason != "AlreadyExists":
            text = f'failed to provision volume with StorageClass "{storage_class["metadata"]["name"]}": {error}'
            cluster.event(PERSISTENT_VOLUME_CLAIM, claim, "Warning", "ProvisioningFailed", text)
        raise
    text = f"Successfully provisioned volume {name}"
    cluster.event(PERSISTENT_VOLUME_CLAIM, claim, "Normal", "ProvisioningSucceeded", text)
    await _bind(claim, volume, cluster)


def by_claim(pod: Object) -> Iterable[str]:
    """``namespace/name`` of every claim that the pod mounts."""
    namespace = pod["metadata"]["namespace"]
    for volume in pod["spec"].get("volumes") or ():
        if source := volume.get("persistentVolumeClaim"):
            yield f"{namespace}/{source['claimName']}"


def by_promise(volume: Object) -> Iterable[str]:
    """``namespace/name`` of the claim that the volume is promised to."""
    reference = volume["spec"].get("claimRef")
    return (f"{reference.get('namespace')}/{reference.get('name')}",) if reference else ()


def by_class(found: Object) -> Iterable[str]:
    """The storage class, empty for none."""
    return (class_of(found),)


def _key(text: str) -> Key:
    namespace, _, name = text.partition("/")
    return namespace, name


def of_pod(change: Change, cluster: Cluster) -> Iterable[Key]:
    """The claims that a changed pod mounts."""
    for pod in (change.old, change.new):
        if pod is not None:
            yield from map(_key, by_claim(pod))


def of_volume(change: Change, cluster: Cluster) -> Iterable[Key]:
    """The claim that a changed volume is promised to; those that wait, if it is free."""
    for volume in (change.old, change.new):
        if volume is not None:
            yield from map(_key, by_promise(volume))
    if change.new is not None and not change.new["spec"].get("claimRef"):
        yield from _waiting(class_of(change.new), cluster)


def of_class(change: Change, cluster: Cluster) -> Iterable[Key]:
    """The claims that wait for a changed class."""
    return _waiting(change.object["metadata"]["name"], cluster)


def _waiting(name: str, cluster: Cluster) -> Iterable[Key]:
    for claim in cluster.by_index(PERSISTENT_VOLUME_CLAIM, BY_CLASS, name):
        if not claim["spec"].get("volumeName"):
            yield object_key(claim)


VOLUME_CLAIMS = Controller(
    name="persistentvolume-controller", owns=PERSISTENT_VOLUME_CLAIM, reconcile=reconcile,
    wakes={POD: of_pod, PERSISTENT_VOLUME: of_volume, STORAGE_CLASS: of_class},
    indexes={
        POD: {BY_CLAIM: by_claim}, PERSISTENT_VOLUME: {BY_CLAIM: by_promise, BY_CLASS: by_class},
        PERSISTENT_VOLUME_CLAIM: {BY_CLASS: by_class},
    },
)  # fmt: skip
