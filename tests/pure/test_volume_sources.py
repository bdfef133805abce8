"""Volumes: what each kind of source asks for, in pods and in PersistentVolumes, with upstream's texts."""

import pytest
from kind_cases import container, pod, refused

from fairway.kinds import PERSISTENT_VOLUME, POD
from fairway.objects import Object

_QUALIFIED = "must be valid format starting with iqn, eui, or naa"
_ISCSI = {"targetPortal": "1.2.3.4:3260", "iqn": "iqn.2001-04.com.example:disk", "lun": 0}
_CLAIM = {"spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}}
_AZURE = {"diskName": "d", "diskURI": "https://a/b", "kind": "Dedicated"}


@pytest.mark.parametrize(
    ("source", "value", "texts"),
    [
        ("emptyDir", {"sizeLimit": "-1"}, [
            "emptyDir.sizeLimit: Forbidden: SizeLimit field must be a valid resource quantity"]),
        ("hostPath", {}, ["hostPath.path: Required value"]),
        ("hostPath", {"path": "/a/../b"}, ["hostPath.path: Invalid value: \"/a/../b\": must not contain '..'"]),
        ("gitRepo", {"directory": "/a"}, [
            "gitRepo.repository: Required value",
            'gitRepo.directory: Invalid value: "/a": must be a relative path']),
        ("gcePersistentDisk", {"partition": 256}, [
            "persistentDisk.pdName: Required value",
            "persistentDisk.partition: Invalid value: 256: must be between 1 and 255, inclusive"]),
        ("awsElasticBlockStore", {}, ["awsElasticBlockStore.volumeID: Required value"]),
        ("nfs", {"server": "s", "path": "a"}, ['nfs.path: Invalid value: "a": must be an absolute path']),
        ("nfs", {}, [
            "nfs.server: Required value", "nfs.path: Required value",
            'nfs.path: Invalid value: "": must be an absolute path']),
        ("iscsi", _ISCSI, []),
        ("iscsi", _ISCSI | {"iqn": "x", "lun": 256, "chapAuthSession": True, "initiatorName": "iqn.x"}, [
            f'iscsi.iqn: Invalid value: "x": {_QUALIFIED}',
            "iscsi.lun: Invalid value: 256: must be between 0 and 255, inclusive",
            "iscsi.secretRef: Required value",
            'iscsi.initiatorname: Invalid value: "iqn.x": must be valid format']),
        ("glusterfs", {}, ["glusterfs.endpoints: Required value", "glusterfs.path: Required value"]),
        ("flocker", {}, ["flocker: Required value: one of datasetName and datasetUUID is required"]),
        ("persistentVolumeClaim", {}, ["persistentVolumeClaim.claimName: Required value"]),
        ("rbd", {}, ["rbd.monitors: Required value", "rbd.image: Required value"]),
        ("cinder", {"volumeID": "a", "secretRef": {}}, ["cinder.secretRef.name: Required value"]),
        ("cephfs", {}, ["cephfs.monitors: Required value"]),
        ("quobyte", {"registry": "a", "volume": "v"}, [
            'quobyte.registry: Invalid value: "a": must be a host:port pair or multiple pairs separated by commas']),
        ("fc", {"targetWWNs": ["a"]}, ["fc.lun: Required value: lun is required if targetWWNs is specified"]),
        ("fc", {}, ["fc.targetWWNs: Required value: must specify either targetWWNs or wwids, but not both"]),
        ("flexVolume", {"driver": "a/b", "options": {"x.k8s.io/y": "z"}}, [
            'flexVolume.options[x.k8s.io/y]: Invalid value: "x.k8s.io/y": kubernetes.io and k8s.io namespaces are'
            " reserved"]),
        ("azureFile", {}, ["azureFile.secretName: Required value", "azureFile.shareName: Required value"]),
        ("azureDisk", _AZURE | {"cachingMode": "X"}, [
            'azureDisk.cachingMode: Unsupported value: "X": supported values: "None", "ReadOnly", "ReadWrite"']),
        ("azureDisk", _AZURE | {"kind": "Managed"}, [
            'azureDisk.diskURI: Unsupported value: "https://a/b": supported values: "/subscriptions/{sub-id}/'
            'resourcegroups/{group-name}/providers/microsoft.compute/disks/{disk-id}"']),
        ("vsphereVolume", {}, ["vsphereVolume.volumePath: Required value"]),
        ("photonPersistentDisk", {}, ["photonPersistentDisk.pdID: Required value"]),
        ("portworxVolume", {}, ["portworxVolume.volumeID: Required value"]),
        ("storageos", {}, ["storageos.volumeName: Required value"]),
        ("scaleIO", {}, [f"scaleIO.{name}: Required value" for name in ("gateway", "system", "volumeName")]),
        ("csi", {"driver": "d.e", "nodePublishSecretRef": {}}, [
            "csi.nodePublishSecretRef.name: Required value"]),
        ("ephemeral", {}, ["ephemeral.volumeClaimTemplate: Required value"]),
        ("ephemeral", {"volumeClaimTemplate": _CLAIM}, []),
        ("ephemeral", {"volumeClaimTemplate": _CLAIM | {"metadata": {"name": "x"}}}, [
            "ephemeral.volumeClaimTemplate.metadata.name: Forbidden: cannot be set"]),
        ("secret", {"items": [{"path": "..x"}]}, [
            "secret.secretName: Required value", "secret.items[0].key: Required value",
            "secret.items[0].path: Invalid value: \"..x\": must not start with '..'"]),
        ("configMap", {"name": "c", "defaultMode": 512}, [
            "configMap.defaultMode: Invalid value: 512: must be a number between 0 and 0777 (octal), both inclusive"]),
        ("downwardAPI", {"items": [{"path": "p"}]}, [
            "downwardAPI: Required value: one of fieldRef and resourceFieldRef is required"]),
        ("downwardAPI", {"items": [{"path": "p", "resourceFieldRef": {"resource": "limits.cpu"}}]}, [
            "downwardAPI.resourceFieldRef.containerName: Required value"]),
        ("projected", {"sources": [{"secret": {"name": "s", "items": [{"key": "k", "path": "p"}]}},
                                   {"configMap": {"name": "c", "items": [{"key": "k", "path": "p"}]}}]}, [
            'projected: Invalid value: "c": conflicting duplicate paths']),
        ("projected", {"sources": [{"secret": {"name": "s"}, "configMap": {"name": "c"}}]}, [
            "projected.sources[0]: Forbidden: may not specify more than 1 volume type per source"]),
    ],
)  # fmt: skip
def test_a_source_of_a_pod(source: str, value: Object, texts: list[str]) -> None:
    new = pod(volumes=[{"name": "v", source: value}])
    assert refused(POD, new) == [f"spec.volumes[0].{text}" for text in texts]


@pytest.mark.parametrize(
    ("source", "value", "texts"),
    [
        ("glusterfs", {"endpoints": "e", "path": "p", "endpointsNamespace": ""}, [
            'glusterfs.endpointsNamespace: Invalid value: "": if the endpointnamespace is set, it must be a valid'
            " namespace name"]),
        ("iscsi", _ISCSI | {"iqn": "x", "secretRef": {}}, [
            'iscsi.iqn: Invalid value: "x": must be valid format', "iscsi.secretRef.name: Required value"]),
        ("cinder", {"volumeID": "a", "secretRef": {}}, [
            "cinder.secretRef.name: Required value", "cinder.secretRef.namespace: Required value"]),
        ("azureFile", {"secretName": "s", "shareName": "s", "secretNamespace": ""}, [
            "azureFile.secretNamespace: Required value"]),
        ("csi", {"driver": "d.e", "nodeStageSecretRef": {"name": "a"}, "controllerPublishSecretRef": {}}, [
            "csi.volumeHandle: Required value", "csi.controllerPublishSecretRef.name: Required value",
            "csi.controllerPublishSecretRef.namespace: Required value"]),
        ("csi", {"driver": "x" * 64, "volumeHandle": "h"}, ["csi.driver: Too long: may not be more than 63 bytes"]),
    ],
)  # fmt: skip
def test_a_source_of_a_persistent_volume(source: str, value: Object, texts: list[str]) -> None:
    spec = {"capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"], source: value}
    assert refused(PERSISTENT_VOLUME, {"spec": spec}) == [f"spec.{text}" for text in texts]


def test_a_volume_with_a_fault_cannot_be_mounted() -> None:
    new = pod(container(volumeMounts=[{"name": "v", "mountPath": "/v"}]), volumes=[{"name": "v", "nfs": {"path": "/"}}])
    assert refused(POD, new) == [
        "spec.volumes[0].nfs.server: Required value", 'spec.containers[0].volumeMounts[0].name: Not found: "v"'
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("mount", "texts"),
    [
        ({"subPath": "/a"}, ['volumeMounts.subPath: Invalid value: "/a": must be a relative path']),
        ({"mountPropagation": "X"}, [
            'volumeMounts.mountPropagation: Unsupported value: "X": supported values: "Bidirectional",'
            ' "HostToContainer", "None"']),
        ({"mountPropagation": "Bidirectional"}, [
            "volumeMounts.mountPropagation: Forbidden: Bidirectional mount propagation is available only to privileged"
            " containers"]),
        ({"recursiveReadOnly": "Enabled"}, [
            "volumeMounts.recursiveReadOnly: Forbidden: may only be specified when readOnly is true"]),
    ],
)  # fmt: skip
def test_a_mount(mount: Object, texts: list[str]) -> None:
    new = pod(container(volumeMounts=[{"name": "v", "mountPath": "/v"} | mount]), volumes=[{"name": "v"}])
    assert refused(POD, new) == [f"spec.containers[0].{text}" for text in texts]


def test_a_block_device_is_a_claim() -> None:
    devices = [{"name": "v", "devicePath": "/dev/../x"}, {"name": "c", "devicePath": "/dev/x"}, {"name": "w"}]
    found = [{"name": "v", "emptyDir": {}}, {"name": "c", "persistentVolumeClaim": {"claimName": "c"}}]
    assert refused(POD, pod(container(volumeDevices=devices), volumes=found)) == [
        'spec.containers[0].volumeDevices[0].name: Invalid value: "v": can only use volume source type of'
        " PersistentVolumeClaim or Ephemeral for block mode",
        'spec.containers[0].volumeDevices[0].devicePath: Invalid value: "/dev/../x": can not contain backsteps'
        " ('..')",
        'spec.containers[0].volumeDevices[2].name: Not found: "w"',
        "spec.containers[0].volumeDevices[2].devicePath: Required value",
    ]
