"""Every Service of type LoadBalancer has an address of its own, from a pool, as soon as it is there."""

from fairway.controllers.load_balancer.reconcile import LOAD_BALANCERS

__all__ = ["LOAD_BALANCERS"]
