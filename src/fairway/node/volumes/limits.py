"""Limits: which emptyDir volumes of a pod have outgrown their ``sizeLimit``.

One in memory is held to it by the kernel; one on disk is looked at now and then, and its pod is ended.
Source: Kubernetes docs, "Local ephemeral storage", "emptyDir".
"""

import os
from collections.abc import Iterator
from pathlib import Path

from fairway.node.settings import Settings
from fairway.node.volumes.pod_volumes import PodVolumes
from fairway.objects import Object
from fairway.objects.quantity import parse

_BLOCK_BYTES = 512


def limited(pod: Object) -> Iterator[tuple[Object, str]]:
    """The volumes on disk that have a limit, and the limit.  Pure."""
    for volume in pod["spec"].get("volumes") or []:
        empty = volume.get("emptyDir") or {}
        if empty.get("sizeLimit") and empty.get("medium") != "Memory":
            yield volume, str(empty["sizeLimit"])


def outgrown(settings: Settings, pod: Object) -> str:
    """Why the pod must go; empty if every volume keeps within its limit.  Blocking."""
    volumes = PodVolumes(settings, pod["metadata"]["uid"])
    for volume, limit in limited(pod):
        allowed = parse(limit).whole
        if allowed and used_bytes(volumes.place(volume)) > allowed:
            return f'Usage of EmptyDir volume "{volume["name"]}" exceeds the limit "{limit}". '
    return ""


def used_bytes(folder: Path) -> int:
    """What a folder takes on its disk, each file once whatever its names; what goes meanwhile counts as nothing."""
    seen: set[tuple[int, int]] = set()
    total = 0
    for place, folders, files in os.walk(folder):
        for name in (*folders, *files):
            try:
                status = os.lstat(os.path.join(place, name))
            except FileNotFoundError:
                continue
            if (status.st_dev, status.st_ino) not in seen:
                seen.add((status.st_dev, status.st_ino))
                total += status.st_blocks * _BLOCK_BYTES
    return total
