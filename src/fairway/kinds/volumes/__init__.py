"""Storage: volumes, the claims to them and their classes, and what volume drivers (CSI) tell of themselves.

Source: Kubernetes docs, "Volumes", "csi"; "Volume Attributes Classes"; "Storage Capacity".
"""

from fairway.kinds.volumes.attachment import VOLUME_ATTACHMENT
from fairway.kinds.volumes.attributes_class import VOLUME_ATTRIBUTES_CLASS
from fairway.kinds.volumes.csi_driver import CSI_DRIVER
from fairway.kinds.volumes.csi_node import CSI_NODE
from fairway.kinds.volumes.csi_storage_capacity import CSI_STORAGE_CAPACITY
from fairway.kinds.volumes.persistent_volume import PERSISTENT_VOLUME
from fairway.kinds.volumes.persistent_volume_claim import PERSISTENT_VOLUME_CLAIM
from fairway.kinds.volumes.storage_class import STORAGE_CLASS

__all__ = [
    "CSI_DRIVER",
    "CSI_NODE",
    "CSI_STORAGE_CAPACITY",
    "PERSISTENT_VOLUME",
    "PERSISTENT_VOLUME_CLAIM",
    "STORAGE_CLASS",
    "VOLUME_ATTACHMENT",
    "VOLUME_ATTRIBUTES_CLASS",
]
