"""Rules of volumes and of the places where containers mount them.

A volume with a fault is as good as none: who mounts it is told that it was not found, as upstream does.
Source: Kubernetes API reference, "Volume v1 core", "VolumeMount v1 core", "VolumeDevice v1 core".
"""

from collections.abc import Iterator, Mapping

from fairway.kinds.rules import storage_sources
from fairway.kinds.rules.file_paths import descending, without_backsteps
from fairway.kinds.rules.pod_spec import volume_files
from fairway.kinds.rules.quantities import is_negative
from fairway.kinds.rules.storage_sources import PORTAL_MAX, PORTAL_TOO_LONG, Rule
from fairway.kinds.rules.values import dns_label, one_of
from fairway.objects import Object, names
from fairway.objects.errors import (
    Problem,
    duplicate,
    forbidden_value,
    invalid_value,
    not_found_value,
    not_supported,
    required,
)

_PROPAGATIONS = ("Bidirectional", "HostToContainer", "None")
_READ_ONLY = ("Disabled", "Enabled", "IfPossible")
_PULL_POLICIES = ("Always", "IfNotPresent", "Never")
Volumes = Mapping[str, Object]
"""The volumes that can be mounted, by name."""


def _empty_dir(path: str, source: Object) -> Iterator[Problem]:
    if is_negative(source.get("sizeLimit")):
        yield forbidden_value(f"{path}.sizeLimit", "SizeLimit field must be a valid resource quantity")


def _image(path: str, source: Object) -> Iterator[Problem]:
    return one_of(f"{path}.pullPolicy", source.get("pullPolicy"), _PULL_POLICIES)


_FILES: dict[str, Rule] = {
    "secret": volume_files.secret, "configMap": volume_files.config_map, "downwardAPI": volume_files.downward,
    "projected": volume_files.projected,
}  # fmt: skip
_ORDER = (
    "emptyDir", "hostPath", "gitRepo", "gcePersistentDisk", "awsElasticBlockStore", "secret", "nfs", "iscsi",
    "glusterfs", "flocker", "persistentVolumeClaim", "rbd", "cinder", "cephfs", "quobyte", "downwardAPI", "fc",
    "flexVolume", "configMap", "azureFile", "vsphereVolume", "photonPersistentDisk", "portworxVolume", "azureDisk",
    "storageos", "projected", "scaleIO", "csi", "ephemeral", "image",
)  # fmt: skip
_RULES: dict[str, Rule] = {**storage_sources.OF_PODS, **_FILES, "emptyDir": _empty_dir, "image": _image}


def sound(found: list[Object], pod_name: str) -> dict[str, Object]:
    """Those without a fault, by name."""
    taken: dict[str, Object] = {}
    for volume in found:
        if next(_volume("", volume, taken, pod_name), None) is None:
            taken[volume.get("name") or ""] = volume
    return taken


def volumes(path: str, found: list[Object], pod_name: str) -> Iterator[Problem]:
    """Every entry of ``volumes``: a name of its own and exactly one source; ``pod_name`` is empty in a template."""
    made = {f"{pod_name}-{each.get('name') or ''}" for each in found if pod_name and each.get("ephemeral") is not None}
    taken: dict[str, Object] = {}
    for index, volume in enumerate(found):
        here = f"{path}[{index}]"
        faults = _volume(here, volume, taken, pod_name)
        fault = next(faults, None)
        if fault is None:
            taken[volume.get("name") or ""] = volume
        else:
            yield fault
            yield from faults
        claim = (volume.get("persistentVolumeClaim") or {}).get("claimName") or ""
        if claim in made:
            text = "must not reference a PVC that gets created for an ephemeral volume"
            yield invalid_value(f"{here}.persistentVolumeClaim.claimName", claim, text)


def _volume(path: str, volume: Object, taken: Volumes, pod_name: str) -> Iterator[Problem]:
    name = volume.get("name") or ""
    yield from _source(path, volume, pod_name)
    if not name:
        yield required(f"{path}.name")
        return
    yield from dns_label(f"{path}.name", name)
    if name in taken:
        yield duplicate(f"{path}.name", name)


def _source(path: str, volume: Object, pod_name: str) -> Iterator[Problem]:
    given = [name for name in _ORDER if volume.get(name) is not None]
    if not given:
        yield required(path, "must specify a volume type")
    for place, name in enumerate(given):
        if place:
            text = "may not specify more than 1 volume type"
            yield forbidden_value(f"{path}.{storage_sources.second_path(name)}", text)
        else:
            yield from _RULES[name](f"{path}.{storage_sources.rule_path(name)}", volume[name])
        yield from _named_after(path, volume, name, pod_name)


def _named_after(path: str, volume: Object, source: str, pod_name: str) -> Iterator[Problem]:
    """What is asked of the source together with the names of volume and pod."""
    name = volume.get("name") or ""
    if source == "image" and pod_name and not volume["image"].get("reference"):
        yield required(f"{path}.image.reference")
    if source == "ephemeral" and pod_name and name:
        claim = f"{pod_name}-{name}"
        for message in names.dns_subdomain(claim):
            yield invalid_value(f"{path}.name", name, f'PVC name "{claim}": {message}')
    if source == "iscsi" and volume["iscsi"].get("initiatorName") is not None:
        portal = volume["iscsi"].get("targetPortal") or ""
        if len(f"{name}:{portal}") > PORTAL_MAX:
            yield invalid_value(f"{path}.name", name, PORTAL_TOO_LONG)


def mounts(path: str, container: Object, known: Volumes) -> Iterator[Problem]:
    """Every entry of a container's ``volumeMounts``."""
    places: set[str] = set()
    devices = container.get("volumeDevices") or []
    device_names, device_paths = _column(devices, "name"), _column(devices, "devicePath")
    for index, mount in enumerate(container.get("volumeMounts") or ()):
        here, name, place = f"{path}[{index}]", mount.get("name") or "", mount.get("mountPath") or ""
        if not name:
            yield required(f"{here}.name")
        if name not in known:
            yield not_found_value(f"{here}.name", name)
        if not place:
            yield required(f"{here}.mountPath")
        if place in places:
            yield invalid_value(f"{here}.mountPath", place, "must be unique")
        places.add(place)
        if name in device_names:
            yield invalid_value(f"{here}.name", name, "must not already exist in volumeDevices")
        if place in device_paths:
            yield invalid_value(f"{here}.mountPath", place, "must not already exist as a path in volumeDevices")
        yield from _inner(path, here, mount)
        yield from _propagation(f"{path}.mountPropagation", mount, container)
        yield from _read_only(f"{path}.recursiveReadOnly", mount)


def _column(found: list[Object], field: str) -> set[str]:
    return {each.get(field) or "" for each in found}


def _inner(path: str, here: str, mount: Object) -> Iterator[Problem]:
    """The part of the volume that is mounted; most problems name no index, as upstream's do not."""
    if inner := mount.get("subPath"):
        yield from descending(f"{path}.subPath", inner)
    if expression := mount.get("subPathExpr"):
        if inner:
            yield invalid_value(f"{here}.subPathExpr", expression, "subPathExpr and subPath are mutually exclusive")
        yield from descending(f"{path}.subPathExpr", expression)


def _propagation(path: str, mount: Object, container: Object) -> Iterator[Problem]:
    wanted = mount.get("mountPropagation")
    if wanted is None:
        return
    if wanted not in _PROPAGATIONS:
        yield not_supported(path, wanted, _PROPAGATIONS)
    if wanted == "Bidirectional" and not (container.get("securityContext") or {}).get("privileged"):
        yield forbidden_value(path, "Bidirectional mount propagation is available only to privileged containers")


def _read_only(path: str, mount: Object) -> Iterator[Problem]:
    wanted = mount.get("recursiveReadOnly")
    if wanted in (None, "Disabled"):
        return
    if wanted not in _READ_ONLY:
        yield not_supported(path, wanted, _READ_ONLY)
        return
    if not mount.get("readOnly"):
        yield forbidden_value(path, "may only be specified when readOnly is true")
    if mount.get("mountPropagation") not in (None, "None"):
        yield forbidden_value(path, "may only be specified when mountPropagation is None or not specified")


def devices(path: str, container: Object, known: Volumes) -> Iterator[Problem]:
    """Every entry of a container's ``volumeDevices``: claims, as block devices."""
    names_seen: set[str] = set()
    paths_seen: set[str] = set()
    mounted = container.get("volumeMounts") or []
    mount_names, mount_paths = _column(mounted, "name"), _column(mounted, "mountPath")
    for index, device in enumerate(container.get("volumeDevices") or ()):
        here, name, place = f"{path}[{index}]", device.get("name") or "", device.get("devicePath") or ""
        if not name:
            yield required(f"{here}.name")
        if name in names_seen:
            yield invalid_value(f"{here}.name", name, "must be unique")
        yield from _claimed(f"{here}.name", name, known)
        if not place:
            yield required(f"{here}.devicePath")
        if place in paths_seen:
            yield invalid_value(f"{here}.devicePath", place, "must be unique")
        if next(without_backsteps("", place), None) is not None:
            yield invalid_value(f"{here}.devicePath", place, "can not contain backsteps ('..')")
        else:
            paths_seen.add(place)
        if name in mount_names:
            yield invalid_value(f"{here}.name", name, "must not already exist in volumeMounts")
        if place in mount_paths:
            yield invalid_value(f"{here}.devicePath", place, "must not already exist as a path in volumeMounts")
        if name:
            names_seen.add(name)


def _claimed(path: str, name: str, known: Volumes) -> Iterator[Problem]:
    volume = known.get(name)
    if volume is None:
        yield not_found_value(path, name)
    elif volume.get("persistentVolumeClaim") is None and volume.get("ephemeral") is None:
        text = "can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode"
        yield invalid_value(path, name, text)
