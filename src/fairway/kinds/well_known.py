"""Labels and annotations that more than one part of the cluster reads or writes.

Source: Kubernetes docs, "Well-Known Labels, Annotations and Taints".
"""

from typing import Final

SERVICE_NAME: Final = "kubernetes.io/service-name"
"""Label of an EndpointSlice: the Service that it belongs to."""
MANAGED_BY: Final = "endpointslice.kubernetes.io/managed-by"
"""Label of an EndpointSlice: who writes it."""
SLICE_CONTROLLER: Final = "endpointslice-controller.k8s.io"
"""The ``MANAGED_BY`` of slices that follow a selector."""
SKIP_MIRROR: Final = "endpointslice.kubernetes.io/skip-mirror"
"""Label of an Endpoints object: ``true`` if no slices are to mirror it."""
HEADLESS: Final = "service.kubernetes.io/headless"
"""Label of what belongs to a Service without a cluster IP."""
TRIGGER_TIME: Final = "endpoints.kubernetes.io/last-change-trigger-time"
"""Annotation of EndpointSlices and Endpoints: when their cause happened."""
SOURCE_RANGES: Final = "service.beta.kubernetes.io/load-balancer-source-ranges"
"""Annotation of a Service: ``spec.loadBalancerSourceRanges`` before there was the field."""
TOPOLOGY_MODES: Final = ("service.kubernetes.io/topology-aware-hints", "service.kubernetes.io/topology-mode")
"""Annotations of a Service: how hints are made.  The first is the older name; where both stand it decides."""
ZONE: Final = "topology.kubernetes.io/zone"
"""Label of a Node."""
