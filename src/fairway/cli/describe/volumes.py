"""The volumes of a pod, each with what its kind is and the fields that matter.

Shape: ``SOURCES`` has a row for each kind of volume, in the order in which kubectl looks for them; a field is its
title, its name in the API and how it is shown.
"""

from collections.abc import Callable, Sequence
from typing import Any

from fairway.cli.describe.page import NONE, UNSET, Page, listed, mapped, true
from fairway.objects import Object

Field = tuple[str, str, Callable[[Any], str]]


def text(value: Any) -> str:
    """A string; empty if absent."""
    return "" if value is None else str(value)


def number(value: Any) -> str:
    """A number; 0 if absent."""
    return str(value or 0)


def or_none(value: Any) -> str:
    """``<none>`` if absent."""
    return NONE if value is None else str(value)


def reference(value: Any) -> str:
    """A reference to a Secret, as Go prints it."""
    if value is None:
        return "nil"
    inner = f"Name:{value.get('name', '')},"
    if "namespace" in value:
        return f"&SecretReference{{{inner}Namespace:{value['namespace']},}}"
    return f"&LocalObjectReference{{{inner}}}"


def _size(value: Any) -> str:
    from fairway.objects.quantity import parse

    amount = None if value is None else parse(str(value))
    return UNSET if amount is None or amount.nano <= 0 else str(amount)


def _or_unset(value: Any) -> str:
    return UNSET if value is None else str(value)


def _secret_name(value: Any) -> str:
    return str((value or {}).get("name", ""))


def _secret_namespace(value: Any) -> str:
    return str((value or {}).get("namespace", ""))


def _comma(value: Any) -> str:
    return ", ".join(value or ())


READ_ONLY: Field = ("ReadOnly:", "readOnly", true)
FS_TYPE: Field = ("FSType:", "fsType", text)
SECRET_REF: Field = ("SecretRef:", "secretRef", reference)
OPTIONAL: Field = ("Optional:", "optional", true)
DISK = (("Partition:", "partition", number), READ_ONLY)

SOURCES: dict[str, tuple[str, Sequence[Field]]] = {
    "hostPath": (
        "HostPath (bare host directory volume)",
        (("Path:", "path", text), ("HostPathType:", "type", or_none)),
    ),
    "emptyDir": (
        "EmptyDir (a temporary directory that shares a pod's lifetime)",
        (("Medium:", "medium", text), ("SizeLimit:", "sizeLimit", _size)),
    ),
    "gcePersistentDisk": (
        "GCEPersistentDisk (a Persistent Disk resource in Google Compute Engine)",
        (("PDName:", "pdName", text), FS_TYPE, *DISK),
    ),
    "awsElasticBlockStore": (
        "AWSElasticBlockStore (a Persistent Disk resource in AWS)",
        (("VolumeID:", "volumeID", text), FS_TYPE, *DISK),
    ),
    "gitRepo": (
        "GitRepo (a volume that is pulled from git when the pod is created)",
        (("Repository:", "repository", text), ("Revision:", "revision", text)),
    ),
    "secret": ("Secret (a volume populated by a Secret)", (("SecretName:", "secretName", text), OPTIONAL)),
    "configMap": ("ConfigMap (a volume populated by a ConfigMap)", (("Name:", "name", text), OPTIONAL)),
    "nfs": (
        "NFS (an NFS mount that lasts the lifetime of a pod)",
        (("Server:", "server", text), ("Path:", "path", text), READ_ONLY),
    ),
    "iscsi": (
        "ISCSI (an ISCSI Disk resource that is attached to a kubelet's host machine and then exposed to the pod)",
        (
            ("TargetPortal:", "targetPortal", text), ("IQN:", "iqn", text), ("Lun:", "lun", number),
            ("ISCSIInterface", "iscsiInterface", text), FS_TYPE, READ_ONLY, ("Portals:", "portals", listed),
            ("DiscoveryCHAPAuth:", "chapAuthDiscovery", true), ("SessionCHAPAuth:", "chapAuthSession", true),
            SECRET_REF, ("InitiatorName:", "initiatorName", or_none),
        ),
    ),
    "glusterfs": (
        "Glusterfs (a Glusterfs mount on the host that shares a pod's lifetime)",
        (("EndpointsName:", "endpoints", text), ("Path:", "path", text), READ_ONLY),
    ),
    "persistentVolumeClaim": (
        "PersistentVolumeClaim (a reference to a PersistentVolumeClaim in the same namespace)",
        (("ClaimName:", "claimName", text), READ_ONLY),
    ),
    "ephemeral": (
        "EphemeralVolume (an inline specification for a volume that gets created and deleted with the pod)", (),
    ),
    "rbd": (
        "RBD (a Rados Block Device mount on the host that shares a pod's lifetime)",
        (
            ("CephMonitors:", "monitors", listed), ("RBDImage:", "image", text), FS_TYPE, ("RBDPool:", "pool", text),
            ("RadosUser:", "user", text), ("Keyring:", "keyring", text), SECRET_REF, READ_ONLY,
        ),
    ),
    "quobyte": (
        "Quobyte (a Quobyte mount on the host that shares a pod's lifetime)",
        (("Registry:", "registry", text), ("Volume:", "volume", text), READ_ONLY),
    ),
    "downwardAPI": ("DownwardAPI (a volume populated by information about the pod)", ()),
    "azureDisk": (
        "AzureDisk (an Azure Data Disk mount on the host and bind mount to the pod)",
        (
            ("DiskName:", "diskName", text), ("DiskURI:", "diskURI", text), ("Kind: ", "kind", text), FS_TYPE,
            ("CachingMode:", "cachingMode", text), READ_ONLY,
        ),
    ),
    "vsphereVolume": (
        "vSphereVolume (a Persistent Disk resource in vSphere)",
        (("VolumePath:", "volumePath", text), FS_TYPE, ("StoragePolicyName:", "storagePolicyName", text)),
    ),
    "cinder": (
        "Cinder (a Persistent Disk resource in OpenStack)",
        (("VolumeID:", "volumeID", text), FS_TYPE, READ_ONLY, SECRET_REF),
    ),
    "photonPersistentDisk": (
        "PhotonPersistentDisk (a Persistent Disk resource in photon platform)",
        (("PdID:", "pdID", text), FS_TYPE),
    ),
    "portworxVolume": ("PortworxVolume (a Portworx Volume resource)", (("VolumeID:", "volumeID", text),)),
    "scaleIO": (
        "ScaleIO (a persistent volume backed by a block device in ScaleIO)",
        (
            ("Gateway:", "gateway", text), ("System:", "system", text),
            ("Protection Domain:", "protectionDomain", text), ("Storage Pool:", "storagePool", text),
            ("Storage Mode:", "storageMode", text), ("VolumeName:", "volumeName", text), FS_TYPE, READ_ONLY,
        ),
    ),
    "cephfs": (
        "CephFS (a CephFS mount on the host that shares a pod's lifetime)",
        (
            ("Monitors:", "monitors", listed), ("Path:", "path", text), ("User:", "user", text),
            ("SecretFile:", "secretFile", text), SECRET_REF, READ_ONLY,
        ),
    ),
    "storageos": (
        "StorageOS (a StorageOS Persistent Disk resource)",
        (("VolumeName:", "volumeName", text), ("VolumeNamespace:", "volumeNamespace", text), FS_TYPE, READ_ONLY),
    ),
    "fc": (
        "FC (a Fibre Channel disk)",
        (("TargetWWNs:", "targetWWNs", _comma), ("LUN:", "lun", or_none), FS_TYPE, READ_ONLY),
    ),
    "azureFile": (
        "AzureFile (an Azure File Service mount on the host and bind mount to the pod)",
        (("SecretName:", "secretName", text), ("ShareName:", "shareName", text), READ_ONLY),
    ),
    "flexVolume": (
        "FlexVolume (a generic volume resource that is provisioned/attached using an exec based plugin)",
        (("Driver:", "driver", text), FS_TYPE, SECRET_REF, READ_ONLY, ("Options:", "options", mapped)),
    ),
    "flocker": (
        "Flocker (a Flocker volume mounted by the Flocker agent)",
        (("DatasetName:", "datasetName", text), ("DatasetUUID:", "datasetUUID", text)),
    ),
    "projected": ("Projected (a volume that contains injected data from multiple sources)", ()),
    "csi": (
        "CSI (a Container Storage Interface (CSI) volume source)",
        (("Driver:", "driver", text), FS_TYPE, READ_ONLY),
    ),
    "image": (
        "Image (a container image or OCI artifact)",
        (("Reference:", "reference", text), ("PullPolicy:", "pullPolicy", text)),
    ),
}  # fmt: skip


PERSISTENT: dict[str, tuple[str, Sequence[Field]]] = {
    "glusterfs": (
        SOURCES["glusterfs"][0],
        (
            ("EndpointsName:", "endpoints", text), ("EndpointsNamespace:", "endpointsNamespace", _or_unset),
            ("Path:", "path", text), READ_ONLY,
        ),
    ),
    "scaleIO": (
        SOURCES["scaleIO"][0],
        (
            *SOURCES["scaleIO"][1][:6], ("SecretName:", "secretRef", _secret_name),
            ("SecretNamespace:", "secretRef", _secret_namespace), FS_TYPE, READ_ONLY,
        ),
    ),
    "azureFile": (
        SOURCES["azureFile"][0],
        (
            ("SecretName:", "secretName", text), ("SecretNamespace:", "secretNamespace", text),
            ("ShareName:", "shareName", text), READ_ONLY,
        ),
    ),
    "local": ("LocalVolume (a persistent volume backed by local storage on a node)", (("Path:", "path", text),)),
    "csi": (
        SOURCES["csi"][0],
        (("Driver:", "driver", text), FS_TYPE, ("VolumeHandle:", "volumeHandle", text), READ_ONLY),
    ),
}  # fmt: skip
"""Those of PersistentVolumes that are shown differently."""


def volumes(page: Page, found: Sequence[Object] | None, indent: str = "") -> None:
    """All volumes."""
    if not found:
        page.line(0, f"{indent}Volumes:", NONE)
        return
    page.line(0, f"{indent}Volumes:")
    for volume in found:
        page.line(1, f"{' ' if indent else ''}{volume.get('name', '')}:")
        kind = next((name for name in SOURCES if volume.get(name) is not None), "")
        if kind:
            source(page, kind, volume[kind])
        else:
            page.line(1, "<unknown>")


def source(page: Page, kind: str, found: Object, *, is_persistent: bool = False) -> None:
    """One source: its kind in words, its fields, and what only this kind has.

    ``is_persistent``: it is that of a PersistentVolume, which has some fields more.
    """
    words, fields = (PERSISTENT.get(kind) if is_persistent else None) or SOURCES[kind]
    page.line(2, "Type:", words)
    for title, name, show in fields:
        page.line(2, title, show(found.get(name)))
    if kind in _MORE:
        _MORE[kind](page, found)


def _projected(page: Page, found: Object) -> None:
    for each in found.get("sources") or ():
        if each.get("secret") is not None:
            page.line(2, "SecretName:", each["secret"].get("name", ""))
            page.line(2, "Optional:", true(each["secret"].get("optional")))
        elif each.get("downwardAPI") is not None:
            page.line(2, "DownwardAPI:", "true")
        elif each.get("configMap") is not None:
            page.line(2, "ConfigMapName:", each["configMap"].get("name", ""))
            page.line(2, "Optional:", true(each["configMap"].get("optional")))
        elif each.get("serviceAccountToken") is not None:
            page.line(2, "TokenExpirationSeconds:", each["serviceAccountToken"].get("expirationSeconds", 0))


def _downward(page: Page, found: Object) -> None:
    page.line(2, "Items:")
    for item in found.get("items") or ():
        for reference, field in (("fieldRef", "fieldPath"), ("resourceFieldRef", "resource")):
            if item.get(reference) is not None:
                page.line(3, f"{item[reference].get(field, '')} -> {item.get('path', '')}")


def _attributes(page: Page, found: Object) -> None:
    from fairway.cli.describe.page import LONGEST, shortened

    attributes = sorted((found.get("volumeAttributes") or {}).items())
    # kubectl indents each piece of such a line anew.
    shown = [f"    {shortened(f'{key}={value}', LONGEST)}" for key, value in attributes] or [NONE]
    page.column("    VolumeAttributes:", shown, " " * 8)


def _claim(page: Page, found: Object) -> None:
    template = found.get("volumeClaimTemplate")
    if template is not None:
        from fairway.cli.describe.claim import claim

        claim(page, template, level=2)


_MORE: dict[str, Callable[[Page, Object], None]] = {
    "projected": _projected,
    "downwardAPI": _downward,
    "csi": _attributes,
    "ephemeral": _claim,
}
