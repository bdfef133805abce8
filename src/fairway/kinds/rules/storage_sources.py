"""Storage sources: where the bytes of a volume are, as pods and PersistentVolumes name it.

Shape: ``OF_PODS`` and ``OF_VOLUMES`` are tables of (field, rule), in the order in which upstream looks at them.
Source: Kubernetes API reference, "Volume v1 core", "PersistentVolumeSpec v1 core".
"""

import re
from collections.abc import Callable, Iterator

from fairway.kinds.rules.claim_spec import claim_template_problems
from fairway.kinds.rules.driver_name import driver_name
from fairway.kinds.rules.file_paths import descending, without_backsteps
from fairway.kinds.rules.values import dns_label, dns_subdomain, each, fill, fill_empty
from fairway.objects import Object, names
from fairway.objects.errors import Problem, invalid_value, not_supported, required

Rule = Callable[[str, Object], Iterator[Problem]]

_HOST_PATH_TYPES = (
    "", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket",
)  # fmt: skip
_BYTE = "must be between 0 and 255, inclusive"
_PARTITION = "must be between 1 and 255, inclusive"
_PAIRS = "must be a host:port pair or multiple pairs separated by commas"
_is_pair = re.compile(r"(\[[^\[\]]*\]|[^:\[\]]*):[^:\[\]]*").fullmatch
_QUALIFIED = {
    "iqn": re.compile(r"iqn\.\d{4}-\d{2}\.([A-Za-z0-9\-.]+)(:[^,;*&$|\s]+)$", re.ASCII).search,
    "eui": re.compile(r"eui.[A-Za-z0-9]{16}", re.ASCII).fullmatch,
    "naa": re.compile(r"naa.[A-Za-z0-9]{32}", re.ASCII).fullmatch,
}
"""How the names of iSCSI (RFC 3721) look, by their first letters."""
_NOT_QUALIFIED, _NOT_PREFIXED = "must be valid format", "must be valid format starting with iqn, eui, or naa"
_CACHING = ("None", "ReadOnly", "ReadWrite")
_DISKS = ("Dedicated", "Managed", "Shared")
_MANAGED_DISK = "/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/{disk-id}"
_BLOB = "https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd"
PORTAL_MAX = 64
PORTAL_TOO_LONG = (
    "Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters"
    " if iscsi.initiatorName is specified."
)
_CSI_SECRETS = (
    "controllerPublishSecretRef", "controllerExpandSecretRef", "nodePublishSecretRef", "nodeExpandSecretRef",
)  # fmt: skip


def _with(*fields: str) -> Rule:
    """A source of which these fields must be there, and no more is asked."""

    def rule(path: str, source: Object) -> Iterator[Problem]:
        return (required(f"{path}.{name}") for name in fields if not source.get(name))

    return rule


def host_path(path: str, source: Object) -> Iterator[Problem]:
    """A path on the node, and what must be there."""
    wanted, type_ = source.get("path") or "", source.get("type")
    if not wanted:
        yield required(f"{path}.path")
        return
    yield from without_backsteps(f"{path}.path", wanted)
    if type_ is not None and type_ not in _HOST_PATH_TYPES:
        yield not_supported(f"{path}.type", type_, _HOST_PATH_TYPES)


def _git(path: str, source: Object) -> Iterator[Problem]:
    yield from _with("repository")(path, source)
    yield from descending(f"{path}.directory", source.get("directory") or "")


def _disk(field: str) -> Rule:
    def rule(path: str, source: Object) -> Iterator[Problem]:
        yield from _with(field)(path, source)
        if not 0 <= (source.get("partition") or 0) <= 255:
            yield invalid_value(f"{path}.partition", source["partition"], _PARTITION)

    return rule


def _nfs(path: str, source: Object) -> Iterator[Problem]:
    yield from _with("server", "path")(path, source)
    if not (source.get("path") or "").startswith("/"):
        yield invalid_value(f"{path}.path", source.get("path") or "", "must be an absolute path")


def _iscsi(path: str, source: Object, unprefixed: str = _NOT_PREFIXED) -> Iterator[Problem]:
    yield from _with("targetPortal", "iqn")(path, source)
    if source.get("iqn"):
        yield from _qualified(f"{path}.iqn", source["iqn"], unprefixed)
    if not 0 <= (source.get("lun") or 0) <= 255:
        yield invalid_value(f"{path}.lun", source["lun"], _BYTE)
    secret = source.get("secretRef")
    if (source.get("chapAuthDiscovery") or source.get("chapAuthSession")) and secret is None:
        yield required(f"{path}.secretRef")
    if unprefixed == _NOT_QUALIFIED and secret is not None and not secret.get("name"):
        yield required(f"{path}.secretRef.name")
    if (initiator := source.get("initiatorName")) is not None:
        yield from _qualified(f"{path}.initiatorname", initiator, unprefixed)


def _qualified(path: str, name: str, unprefixed: str) -> Iterator[Problem]:
    matches = _QUALIFIED.get(name[:3])
    if matches is None:
        yield invalid_value(path, name, unprefixed)
    elif not matches(name):
        yield invalid_value(path, name, _NOT_QUALIFIED)


def _iscsi_of_volume(path: str, source: Object) -> Iterator[Problem]:
    return _iscsi(path, source, _NOT_QUALIFIED)


def _flocker(path: str, source: Object) -> Iterator[Problem]:
    name, uuid = source.get("datasetName") or "", source.get("datasetUUID")
    if not name and not uuid:
        yield required(path, "one of datasetName and datasetUUID is required")
    if name and uuid:
        yield invalid_value(path, "resource", "datasetName and datasetUUID can not be specified simultaneously")
    if "/" in name:
        yield invalid_value(f"{path}.datasetName", name, "must not contain '/'")


def _secret_name(path: str, source: Object) -> Iterator[Problem]:
    if source.get("secretRef") is not None:
        yield from _with("name")(f"{path}.secretRef", source["secretRef"])


def _secret_elsewhere(path: str, source: Object) -> Iterator[Problem]:
    if source.get("secretRef") is not None:
        yield from _with("name", "namespace")(f"{path}.secretRef", source["secretRef"])


def _cinder(secret: Rule) -> Rule:
    def rule(path: str, source: Object) -> Iterator[Problem]:
        yield from _with("volumeID")(path, source)
        yield from secret(path, source)

    return rule


def _storageos(secret: Rule) -> Rule:
    def rule(path: str, source: Object) -> Iterator[Problem]:
        yield from _with("volumeName")(path, source)
        for field in ("volumeName", "volumeNamespace"):
            if name := source.get(field):
                yield from dns_label(f"{path}.{field}", name)
        yield from secret(path, source)

    return rule


def _quobyte(path: str, source: Object) -> Iterator[Problem]:
    registry = source.get("registry") or ""
    if not registry:
        yield required(f"{path}.registry", _PAIRS)
    elif len(source.get("tenant") or "") >= 65:
        yield required(f"{path}.tenant", "must be a UUID and may not exceed a length of 64 characters")
    else:
        wrong = (pair for pair in registry.split(",") if not _is_pair(pair))
        yield from (invalid_value(f"{path}.registry", registry, _PAIRS) for _ in wrong)
    yield from _with("volume")(path, source)


def _fibre_channel(path: str, source: Object) -> Iterator[Problem]:
    targets, lun = source.get("targetWWNs") or [], source.get("lun")
    if not targets and not source.get("wwids"):
        yield required(f"{path}.targetWWNs", "must specify either targetWWNs or wwids, but not both")
    if targets and source.get("wwids"):
        yield invalid_value(f"{path}.targetWWNs", targets, "targetWWNs and wwids can not be specified simultaneously")
    if targets and lun is None:
        yield required(f"{path}.lun", "lun is required if targetWWNs is specified")
    elif targets and not 0 <= (lun or 0) <= 255:
        yield invalid_value(f"{path}.lun", lun, _BYTE)


def _flex(path: str, source: Object) -> Iterator[Problem]:
    yield from _with("driver")(path, source)
    for key in source.get("options") or ():
        domain = "." + key.partition("/")[0].lower()
        if domain.endswith((".kubernetes.io", ".k8s.io")):
            yield invalid_value(f"{path}.options[{key}]", key, "kubernetes.io and k8s.io namespaces are reserved")


def _azure_disk(path: str, source: Object) -> Iterator[Problem]:
    yield from _with("diskName", "diskURI")(path, source)
    caching, kind, address = source.get("cachingMode"), source.get("kind"), source.get("diskURI") or ""
    if caching is not None and caching not in _CACHING:
        yield not_supported(f"{path}.cachingMode", caching, _CACHING)
    if kind is None:
        return
    if kind not in _DISKS:
        yield not_supported(f"{path}.kind", kind, _DISKS)
    if kind == "Managed" and not address.startswith("/subscriptions/"):
        yield not_supported(f"{path}.diskURI", address, (_MANAGED_DISK,))
    if kind != "Managed" and not address.startswith("https://"):
        yield not_supported(f"{path}.diskURI", address, (_BLOB,))


def _azure_file_of_volume(path: str, source: Object) -> Iterator[Problem]:
    yield from _with("secretName", "shareName")(path, source)
    if source.get("secretNamespace") == "":
        yield required(f"{path}.secretNamespace")


def _gluster_of_volume(path: str, source: Object) -> Iterator[Problem]:
    yield from _with("endpoints", "path")(path, source)
    namespace = source.get("endpointsNamespace")
    if namespace == "":
        text = "if the endpointnamespace is set, it must be a valid namespace name"
        yield invalid_value(f"{path}.endpointsNamespace", namespace, text)
    elif namespace is not None:
        yield from dns_label(f"{path}.endpointsNamespace", namespace)


def _csi(path: str, source: Object) -> Iterator[Problem]:
    yield from driver_name(f"{path}.driver", source.get("driver") or "")
    secret = source.get("nodePublishSecretRef")
    if secret is None:
        return
    if name := secret.get("name"):
        yield from each(f"{path}.name", name, names.dns_subdomain(name))  # the path is spelt as upstream's
    else:
        yield required(f"{path}.nodePublishSecretRef.name")


def _csi_of_volume(path: str, source: Object) -> Iterator[Problem]:
    yield from driver_name(f"{path}.driver", source.get("driver") or "")
    yield from _with("volumeHandle")(path, source)
    for field in _CSI_SECRETS:
        secret = source.get(field)
        if secret is None:
            continue
        for name, rule in (("name", dns_subdomain), ("namespace", dns_label)):
            if value := secret.get(name):
                yield from rule(f"{path}.{field}.{name}", value)
            else:
                yield required(f"{path}.{field}.{name}")


def _ephemeral(path: str, source: Object) -> Iterator[Problem]:
    return claim_template_problems(f"{path}.volumeClaimTemplate", source.get("volumeClaimTemplate"))


def _local(path: str, source: Object) -> Iterator[Problem]:
    if not source.get("path"):
        yield required(f"{path}.path")
    else:
        yield from without_backsteps(f"{path}.path", source["path"])


_GCE, _AWS = _disk("pdName"), _disk("volumeID")
_SCALE_IO = _with("gateway", "system", "volumeName")
OF_PODS: dict[str, Rule] = {
    "hostPath": host_path, "gitRepo": _git, "gcePersistentDisk": _GCE, "awsElasticBlockStore": _AWS, "nfs": _nfs,
    "iscsi": _iscsi, "glusterfs": _with("endpoints", "path"), "flocker": _flocker,
    "persistentVolumeClaim": _with("claimName"), "rbd": _with("monitors", "image"),
    "cinder": _cinder(_secret_name), "cephfs": _with("monitors"), "quobyte": _quobyte, "fc": _fibre_channel,
    "flexVolume": _flex, "azureFile": _with("secretName", "shareName"), "vsphereVolume": _with("volumePath"),
    "photonPersistentDisk": _with("pdID"), "portworxVolume": _with("volumeID"), "azureDisk": _azure_disk,
    "storageos": _storageos(_secret_name), "scaleIO": _SCALE_IO, "csi": _csi, "ephemeral": _ephemeral,
}  # fmt: skip
OF_VOLUMES: dict[str, Rule] = {
    "hostPath": host_path, "gcePersistentDisk": _GCE, "awsElasticBlockStore": _AWS, "glusterfs": _gluster_of_volume,
    "flocker": _flocker, "nfs": _nfs, "rbd": _with("monitors", "image"), "quobyte": _quobyte,
    "cephfs": _with("monitors"), "iscsi": _iscsi_of_volume, "cinder": _cinder(_secret_elsewhere),
    "fc": _fibre_channel, "flexVolume": _flex, "azureFile": _azure_file_of_volume,
    "vsphereVolume": _with("volumePath"), "photonPersistentDisk": _with("pdID"),
    "portworxVolume": _with("volumeID"), "azureDisk": _azure_disk, "scaleIO": _SCALE_IO, "local": _local,
    "storageos": _storageos(_secret_elsewhere), "csi": _csi_of_volume,
}  # fmt: skip
_LEFT_OUT: dict[str, Object] = {
    "iscsi": {"iscsiInterface": "default"},
    "rbd": {"pool": "rbd", "user": "admin", "keyring": "/etc/ceph/keyring"},
    "scaleIO": {"storageMode": "ThinProvisioned", "fsType": "xfs"},
}
_LEFT_OUT_OR_NULL: dict[str, Object] = {
    "azureDisk": {"cachingMode": "ReadWrite", "kind": "Shared", "fsType": "ext4", "readOnly": False},
    "hostPath": {"type": ""},
}


def fill_sources(found: Object) -> None:
    """What the sources of a volume may leave out."""
    for name, values in _LEFT_OUT.items():
        if found.get(name) is not None:
            fill_empty(found[name], **values)
    for name, values in _LEFT_OUT_OR_NULL.items():
        if found.get(name) is not None:
            fill(found[name], **values)


_SPELT = {"gcePersistentDisk": "persistentDisk"}
_SPELT_WHEN_SECOND = {"cephfs": "cephFS", "downwardAPI": "downwarAPI"}


def rule_path(name: str) -> str:
    """What upstream's problems call the source of that name."""
    return _SPELT.get(name, name)


def second_path(name: str) -> str:
    """What upstream's problems call a source that stands beside another one."""
    return _SPELT_WHEN_SECOND.get(name, name)
