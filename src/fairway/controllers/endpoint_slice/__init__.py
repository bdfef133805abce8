"""EndpointSlices follow the pods that each Service selects."""

from fairway.controllers.endpoint_slice.plan import plan
from fairway.controllers.endpoint_slice.reconcile import ENDPOINT_SLICES

__all__ = ["ENDPOINT_SLICES", "plan"]
