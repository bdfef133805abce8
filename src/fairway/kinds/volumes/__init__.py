"""Kinds of storage.k8s.io/v1 by which volume drivers (CSI) tell of themselves and of what they attach.

Source: Kubernetes docs, "Volumes", "csi"; "Volume Attributes Classes"; "Storage Capacity".
"""

from fairway.kinds.volumes.attachment import VOLUME_ATTACHMENT
from fairway.kinds.volumes.attributes_class import VOLUME_ATTRIBUTES_CLASS
from fairway.kinds.volumes.csi_driver import CSI_DRIVER
from fairway.kinds.volumes.csi_node import CSI_NODE
from fairway.kinds.volumes.csi_storage_capacity import CSI_STORAGE_CAPACITY

__all__ = ["CSI_DRIVER", "CSI_NODE", "CSI_STORAGE_CAPACITY", "VOLUME_ATTACHMENT", "VOLUME_ATTRIBUTES_CLASS"]
