"""Allocation: which cluster addresses and node ports a Service gets, keeps and gives back.  Pure.

Shape: ``plan`` fills in the fresh copy of a Service and tells what to claim and what to release in the same commit;
``held`` tells all that a Service owns.  A claim is a store key that must not exist yet: an IPAddress object, or the
bare key of a node port.
Source: KEP-1880 (ServiceCIDR and IPAddress), KEP-563 (dual-stack), KEP-3070 and KEP-3668 (static bands).
"""

from fairway.apiserver.allocate.plan import Allocation, held, node_port_key, plan

__all__ = ["Allocation", "held", "node_port_key", "plan"]
