"""Volumes: what is said of volumes, where they come from, and where they appear.

Source: Kubernetes docs, "Volumes", "Projected Volumes", "Ephemeral Volumes", "Persistent Volumes".
"""

from fairway.apiserver.openapi.descriptions.text import Texts

_FS = "The file system, such as ext4."
_READ_ONLY = "Whether it cannot be written. Default false."
_PARTITION = "The partition. Left out: the whole disk."
_MODE = "Permissions of the files, as an octal number 0644 or a decimal one 420. Default 0644."
_ITEMS = "Which keys become which files. Left out: each key a file of its name."
_OPTIONAL = "Whether it, or a key of it, may be missing. Default false."
_OUT_OF_TREE = "Deprecated: its CSI driver serves it."
_LOGIN = "The Secret with what is needed to log in."

VOLUMES: Texts = {
    "core.v1.Volume": ("A volume that containers of a pod can mount: its name, and one of the sources.", {
        "awsElasticBlockStore": f"A disk of AWS. {_OUT_OF_TREE}", "azureDisk": f"A disk of Azure. {_OUT_OF_TREE}",
        "azureFile": f"A share of Azure. {_OUT_OF_TREE}", "cephfs": "A CephFS. Deprecated, and no longer served.",
        "cinder": f"A disk of OpenStack. {_OUT_OF_TREE}", "configMap": "Keys of a ConfigMap, as files.",
        "csi": "A volume of a CSI driver that lives and ends with the pod.",
        "downwardAPI": "Fields of the pod, as files.",
        "emptyDir": "An empty folder that lives and ends with the pod.",
        "ephemeral": "A claim of the pod's own, made and deleted with it.", "fc": "A disk by Fibre Channel.",
        "flexVolume": "A volume of a program on the node. Deprecated: use CSI.",
        "flocker": "A dataset of Flocker. Deprecated, and no longer served.",
        "gcePersistentDisk": f"A disk of Google Cloud. {_OUT_OF_TREE}",
        "gitRepo": "A clone of a git repository. Deprecated: clone it in an init container.",
        "glusterfs": "A GlusterFS. Deprecated, and no longer served.",
        "hostPath": "A file or folder of the node. It gives access to the node: handle with care.",
        "image": "The files of an image, for reading.", "iscsi": "A disk by iSCSI.",
        "name": "What volumeMounts call it; unique in the pod.", "nfs": "A folder of an NFS server.",
        "persistentVolumeClaim": "The volume of a claim.",
        "photonPersistentDisk": "A disk of Photon. Deprecated, and no longer served.",
        "portworxVolume": f"A volume of Portworx. {_OUT_OF_TREE}",
        "projected": "Several sources in one folder.",
        "quobyte": "A volume of Quobyte. Deprecated, and no longer served.",
        "rbd": "A disk of Ceph. Deprecated, and no longer served.",
        "scaleIO": "A volume of ScaleIO. Deprecated, and no longer served.",
        "secret": "Keys of a Secret, as files.",
        "storageos": "A volume of StorageOS. Deprecated, and no longer served.",
        "vsphereVolume": f"A disk of vSphere. {_OUT_OF_TREE}",
    }),
    "core.v1.VolumeMount": ("Where a volume appears in a container.", {
        "mountPath": "The folder in the container; without a colon.",
        "mountPropagation": "None: mounts made later stay where they are made. HostToContainer: those of the node are "
                            "seen inside. Bidirectional: the other way as well. Default None.",
        "name": "The volume.", "readOnly": _READ_ONLY,
        "recursiveReadOnly": "Whether mounts below it cannot be written either: Disabled, IfPossible or Enabled. "
                             "Default "
                             "Disabled.",
        "subPath": "The part of the volume that appears. Default its root.",
        "subPathExpr": "The same with $(NAME) for variables of the container. Not together with subPath.",
    }),
    "core.v1.VolumeMountStatus": ("Where a volume appears at present.", {
        "mountPath": "The folder in the container.", "name": "The volume.", "readOnly": "Whether it cannot be written.",
        "recursiveReadOnly": "Whether mounts below it cannot be written either: Disabled or Enabled.",
        "volumeStatus": "More on it, for some sorts of volumes.",
    }),
    "core.v1.VolumeStatus": ("More on a mounted volume.", {"image": "Of a volume that is an image."}),
    "core.v1.ImageVolumeStatus": ("More on a volume that is an image.", {"imageRef": "The image, by its digest."}),
    "core.v1.VolumeDevice": ("Where a volume appears as a raw device.", {
        "devicePath": "The path in the container.", "name": "The volume, that of a claim with volumeMode Block."}),
    "core.v1.KeyToPath": ("A key, and the file that it becomes.", {
        "key": "The key.", "mode": "Permissions of the file. Default those of the volume.",
        "path": "The file, from the root of the volume.",
    }),
    "core.v1.ConfigMapVolumeSource": ("The files follow the ConfigMap within seconds, unless they are mounted by "
                                      "subPath.", {
        "defaultMode": _MODE, "items": _ITEMS, "name": "The ConfigMap.", "optional": _OPTIONAL}),
    "core.v1.SecretVolumeSource": ("The files are in memory, and follow the Secret within seconds, unless they are "
                                   "mounted by subPath.", {
        "defaultMode": _MODE, "items": _ITEMS, "optional": _OPTIONAL, "secretName": "The Secret."}),
    "core.v1.DownwardAPIVolumeSource": ("The files follow the pod's labels and annotations.", {
        "defaultMode": _MODE, "items": "The files."}),
    "core.v1.DownwardAPIVolumeFile": ("A file made of a field; one of the two.", {
        "fieldRef": "A field of the pod: a label, an annotation, the name, the namespace or the uid.",
        "mode": "Permissions of the file. Default those of the volume.",
        "path": "The file, from the root of the volume.",
        "resourceFieldRef": "How much a container needs or may use.",
    }),
    "core.v1.EmptyDirVolumeSource": ("It outlives its containers, but not the pod.", {
        "medium": "Default empty: the node's disk. Memory: a tmpfs, which counts as the pod's memory.",
        "sizeLimit": "How much it may hold. Left out: no limit.",
    }),
    "core.v1.HostPathVolumeSource": ("A file or folder of the node.", {
        "path": "Where it is on the node.",
        "type": "What must be there: DirectoryOrCreate, Directory, FileOrCreate, File, Socket, CharDevice or "
                "BlockDevice. Default empty: anything.",
    }),
    "core.v1.PersistentVolumeClaimVolumeSource": ("The claim; the pod waits until it has a volume.", {
        "claimName": "The claim, in the pod's namespace.", "readOnly": _READ_ONLY}),
    "core.v1.EphemeralVolumeSource": ("A claim of the pod's own. It is called POD-VOLUME and goes with the pod.", {
        "volumeClaimTemplate": "What the claim is made from."}),
    "core.v1.PersistentVolumeClaimTemplate": ("What a claim is made from.", {
        "metadata": "Labels and annotations of the claim.", "spec": "What is asked for."}),
    "core.v1.PersistentVolumeClaimSpec": ("What a claim asks for.", {
        "accessModes": "ReadWriteOnce: by one node. ReadOnlyMany: for reading, by many. ReadWriteMany: by many. "
                       "ReadWriteOncePod: by one pod.",
        "dataSource": "A snapshot or claim that the volume begins as a copy of.",
        "dataSourceRef": "The same, and objects of other kinds, which some controller makes a volume from.",
        "resources": "How much room.", "selector": "Which volumes may be taken, by their labels.",
        "storageClassName": "Its StorageClass. Left out: the default one. Empty: a volume without a class.",
        "volumeAttributesClassName": "Its VolumeAttributesClass. It may be changed.",
        "volumeMode": "Filesystem or Block. Default Filesystem.", "volumeName": "The volume that it got.",
    }),
    "core.v1.VolumeResourceRequirements": ("The room that a volume must, and may, have.", {
        "limits": "The most that may be given.", "requests": "The least that will do, as storage: 1Gi."}),
    "core.v1.ProjectedVolumeSource": ("The sources, each with paths of its own.", {
        "defaultMode": _MODE, "sources": "The sources. A file of a later one wins."}),
    "core.v1.VolumeProjection": ("One source of several; one of these.", {
        "clusterTrustBundle": "Root certificates, as a file.", "configMap": "Keys of a ConfigMap, as files.",
        "downwardAPI": "Fields of the pod, as files.",
        "podCertificate": "A certificate of the pod and its key, as files, renewed in time.",
        "secret": "Keys of a Secret, as files.",
        "serviceAccountToken": "A token of the pod's account, as a file, renewed in time.",
    }),
    "core.v1.ConfigMapProjection": ("The ConfigMap, and which of its keys.", {
        "items": _ITEMS, "name": "The ConfigMap.", "optional": _OPTIONAL}),
    "core.v1.SecretProjection": ("The Secret, and which of its keys.", {
        "items": _ITEMS, "name": "The Secret.", "optional": _OPTIONAL}),
    "core.v1.DownwardAPIProjection": ("The files, each made of one field.", {"items": "The files."}),
    "core.v1.ServiceAccountTokenProjection": ("A token of the pod's account, as a file.", {
        "audience": "Who will accept it. Default the API server.",
        "expirationSeconds": "For how many seconds it is good, at least 600. It is renewed before. Default 3600.",
        "path": "The file, from the root of the volume.",
    }),
    "core.v1.ClusterTrustBundleProjection": ("Root certificates, as a file; one bundle, or all of a signer.", {
        "labelSelector": "Which bundles of the signer. Left out: none; empty: all.", "name": "The bundle.",
        "optional": "Whether there may be none. Default false.", "path": "The file, from the root of the volume.",
        "signerName": "The signer.",
    }),
    "core.v1.PodCertificateProjection": ("A certificate of the pod and its key, as files.", {
        "certificateChainPath": "The file of the certificates alone.",
        "credentialBundlePath": "The file of key and certificates together, in this order.",
        "keyPath": "The file of the key alone.",
        "keyType": "RSA3072, RSA4096, ECDSAP256, ECDSAP384, ECDSAP521 or ED25519.",
        "maxExpirationSeconds": "For how many seconds it may be good at most. Default 86400.",
        "signerName": "Who signs it.", "userAnnotations": "What the signer is told beside.",
    }),
    "core.v1.CSIVolumeSource": ("The driver, and what it is told.", {
        "driver": "The driver.", "fsType": _FS, "nodePublishSecretRef": "The Secret that the driver is given.",
        "readOnly": _READ_ONLY, "volumeAttributes": "What the driver is told.",
    }),
    "core.v1.ImageVolumeSource": ("The files of an image.", {
        "pullPolicy": "Always, IfNotPresent or Never, as for containers.", "reference": "The image."}),
    "core.v1.NFSVolumeSource": ("The server and the folder.", {
        "path": "The folder that the server exports.",
        "readOnly": _READ_ONLY, "server": "The server, by name or address."}),
    "core.v1.ISCSIVolumeSource": ("The target, the disk there, and how to log in.", {
        "chapAuthDiscovery": "Whether CHAP is used to find it.", "chapAuthSession": "Whether CHAP is used to log in.",
        "fsType": _FS, "initiatorName": "Our own name towards it.", "iqn": "The name of the target.",
        "iscsiInterface": "The interface that is used. Default default.", "lun": "The number of the disk.",
        "portals": "Further addresses of the target.", "readOnly": _READ_ONLY, "secretRef": _LOGIN,
        "targetPortal": "The address of the target, with a port other than 3260.",
    }),
    "core.v1.FCVolumeSource": ("A disk by Fibre Channel; by wwids, or by target and lun.", {
        "fsType": _FS, "lun": "The number of the disk.",
        "readOnly": _READ_ONLY, "targetWWNs": "The names of the target.",
        "wwids": "The names of the disk.",
    }),
    "core.v1.FlexVolumeSource": ("A volume of a program on the node.", {
        "driver": "The program.", "fsType": _FS, "options": "What the program is told.", "readOnly": _READ_ONLY,
        "secretRef": "The Secret that the program is given.",
    }),
    "core.v1.GitRepoVolumeSource": ("A clone of a git repository.", {
        "directory": "The folder that it is cloned into.", "repository": "Where it is cloned from.",
        "revision": "The commit.",
    }),
    "core.v1.AWSElasticBlockStoreVolumeSource": ("A disk of AWS.", {
        "fsType": _FS, "partition": _PARTITION, "readOnly": _READ_ONLY, "volumeID": "The disk."}),
    "core.v1.AzureDiskVolumeSource": ("A disk of Azure.", {
        "cachingMode": "None, ReadOnly or ReadWrite.", "diskName": "The disk.", "diskURI": "Where the disk is.",
        "fsType": _FS, "kind": "Shared, Dedicated or Managed. Default Shared.", "readOnly": _READ_ONLY,
    }),
    "core.v1.AzureFileVolumeSource": ("A share of Azure.", {
        "readOnly": _READ_ONLY, "secretName": "The Secret with the account and its key.", "shareName": "The share."}),
    "core.v1.CephFSVolumeSource": ("A CephFS.", {
        "monitors": "Addresses of the monitors.", "path": "The folder. Default /.", "readOnly": _READ_ONLY,
        "secretFile": "The file on the node with the key.", "secretRef": _LOGIN, "user": "The user. Default admin.",
    }),
    "core.v1.CinderVolumeSource": ("A disk of OpenStack.", {
        "fsType": _FS, "readOnly": _READ_ONLY, "secretRef": _LOGIN, "volumeID": "The disk."}),
    "core.v1.FlockerVolumeSource": ("A dataset of Flocker; by name or by uuid.", {
        "datasetName": "Its name.", "datasetUUID": "Its uuid."}),
    "core.v1.GCEPersistentDiskVolumeSource": ("A disk of Google Cloud.", {
        "fsType": _FS, "partition": _PARTITION, "pdName": "The disk.", "readOnly": _READ_ONLY}),
    "core.v1.GlusterfsVolumeSource": ("A GlusterFS.", {
        "endpoints": "The Endpoints of its servers.", "path": "The volume.", "readOnly": _READ_ONLY}),
    "core.v1.PhotonPersistentDiskVolumeSource": ("A disk of Photon.", {"fsType": _FS, "pdID": "The disk."}),
    "core.v1.PortworxVolumeSource": ("A volume of Portworx.", {
        "fsType": _FS, "readOnly": _READ_ONLY, "volumeID": "The volume."}),
    "core.v1.QuobyteVolumeSource": ("A volume of Quobyte.", {
        "group": "The group that it is used as.", "readOnly": _READ_ONLY, "registry": "Addresses of its registry.",
        "tenant": "Whose it is.", "user": "The user that it is used as.", "volume": "The volume.",
    }),
    "core.v1.RBDVolumeSource": ("A disk of Ceph.", {
        "fsType": _FS, "image": "The disk.", "keyring": "The file on the node with the key. Default /etc/ceph/keyring.",
        "monitors": "Addresses of the monitors.", "pool": "The pool. Default rbd.", "readOnly": _READ_ONLY,
        "secretRef": _LOGIN, "user": "The user. Default admin.",
    }),
    "core.v1.ScaleIOVolumeSource": ("A volume of ScaleIO.", {
        "fsType": _FS, "gateway": "The address of the gateway.", "protectionDomain": "The protection domain.",
        "readOnly": _READ_ONLY, "secretRef": _LOGIN, "sslEnabled": "Whether the gateway is called by TLS.",
        "storageMode": "ThickProvisioned or ThinProvisioned. Default ThinProvisioned.", "storagePool": "The pool.",
        "system": "The system.", "volumeName": "The volume.",
    }),
    "core.v1.StorageOSVolumeSource": ("A volume of StorageOS.", {
        "fsType": _FS, "readOnly": _READ_ONLY, "secretRef": _LOGIN, "volumeName": "The volume.",
        "volumeNamespace": "Its namespace there. Default the pod's.",
    }),
    "core.v1.VsphereVirtualDiskVolumeSource": ("A disk of vSphere.", {
        "fsType": _FS, "storagePolicyID": "The id of its storage policy.", "storagePolicyName": "That policy's name.",
        "volumePath": "The disk.",
    }),
}  # fmt: skip
