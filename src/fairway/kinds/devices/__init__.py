"""Kinds of resource.k8s.io/v1: devices of nodes, and the claims of pods to them (dynamic resource allocation).

Source: Kubernetes docs, "Dynamic Resource Allocation"; KEP-4381.
"""

from fairway.kinds.devices.claims import RESOURCE_CLAIM, RESOURCE_CLAIM_TEMPLATE
from fairway.kinds.devices.device_class import DEVICE_CLASS
from fairway.kinds.devices.resource_slice import RESOURCE_SLICE

__all__ = ["DEVICE_CLASS", "RESOURCE_CLAIM", "RESOURCE_CLAIM_TEMPLATE", "RESOURCE_SLICE"]
