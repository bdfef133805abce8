"""Limits: which pods take more of the node's disk than they may.

Held to: an emptyDir's ``sizeLimit``; a container's limit of ``ephemeral-storage``, for what it writes beside its
volumes, logs included; and the sum of those for the whole pod, emptyDir volumes included.  A volume in memory is held
to its limit by the kernel; the disk is looked at now and then, and a pod that takes too much is ended.
Source: Kubernetes docs, "Local ephemeral storage", "emptyDir".
"""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from fairway.node.pod_spec import all_containers, init_containers, is_sidecar, main_containers
from fairway.node.settings import Settings
from fairway.node.trees import used_bytes
from fairway.node.volumes.pod_volumes import PodVolumes
from fairway.objects import Object
from fairway.objects.quantity import parse

STORAGE = "ephemeral-storage"

Written = Callable[[str, str], Iterable[str]]
"""Pod uid and container -> where lies what it has written; see ``Runtime.written``."""


def is_limited(pod: Object) -> bool:
    """Whether there is anything to look at.  Pure."""
    return any(True for _ in _limited_volumes(pod)) or any(map(_limit, all_containers(pod)))


def outgrown(settings: Settings, pod: Object, written: Written) -> str:
    """Why the pod must go; empty if all keeps within its limits.  Blocking."""
    uid = pod["metadata"]["uid"]
    volumes = PodVolumes(settings, uid)
    for volume, limit in _limited_volumes(pod):
        allowed = parse(limit).whole
        if allowed and used_bytes(volumes.place(volume)) > allowed:
            return f'Usage of EmptyDir volume "{volume["name"]}" exceeds the limit "{limit}". '
    if not any(map(_limit, all_containers(pod))):
        return ""
    used = {
        container["name"]: sum(used_bytes(Path(folder)) for folder in written(uid, container["name"]))
        for container in all_containers(pod)
    }
    in_volumes = sum(used_bytes(volumes.place(volume)) for volume in _volumes_on_disk(pod))
    if sum(used.values()) + in_volumes > _pod_limit_bytes(pod):
        return f"Pod ephemeral local storage usage exceeds the total limit of containers {_shown_limit(pod)}. "
    for container in all_containers(pod):
        limit = _limit(container)
        if limit and used[container["name"]] > parse(limit).whole:
            return f'Container {container["name"]} exceeded its local ephemeral storage limit "{limit}". '
    return ""


def _volumes_on_disk(pod: Object) -> Iterator[Object]:
    for volume in pod["spec"].get("volumes") or []:
        if "emptyDir" in volume and (volume["emptyDir"] or {}).get("medium") != "Memory":
            yield volume


def _limited_volumes(pod: Object) -> Iterator[tuple[Object, str]]:
    for volume in _volumes_on_disk(pod):
        if limit := (volume["emptyDir"] or {}).get("sizeLimit"):
            yield volume, str(limit)


def _limit(container: Object) -> str:
    return str(((container.get("resources") or {}).get("limits") or {}).get(STORAGE) or "")


def _pod_limit_bytes(pod: Object) -> int:
    """What stays is added up; init containers that end come one after the other."""

    def allowed(container: Object) -> int:
        limit = _limit(container)
        return parse(limit).whole if limit else 0

    staying = [*filter(is_sidecar, init_containers(pod)), *main_containers(pod)]
    passing = [container for container in init_containers(pod) if not is_sidecar(container)]
    return max(sum(map(allowed, staying)), *map(allowed, passing), 0)


def _shown_limit(pod: Object) -> str:
    limits = [limit for limit in map(_limit, all_containers(pod)) if limit]
    return limits[0] if len(limits) == 1 else str(_pod_limit_bytes(pod))
