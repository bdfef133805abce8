"""Descriptions: one object and what stands around it, as ``kubectl describe`` prints them.

Shape: ``describe(found, world, ...)`` gives the text.  ``TABLE`` names the module of each kind; a module has
``write(page, found, world)``, and only the one asked for is imported.  All else gets the generic description.
Source: the printed forms of kubectl 1.32.
"""

from importlib import import_module

from fairway.cli.describe.page import Page
from fairway.cli.describe.world import World
from fairway.objects import Object

TABLE = {
    ("", "ConfigMap"): "config_map",
    ("", "Endpoints"): "endpoints",
    ("", "LimitRange"): "limit_range",
    ("", "Namespace"): "namespace",
    ("", "Node"): "node",
    ("", "Pod"): "pod",
    ("", "ReplicationController"): "replication_controller",
    ("", "ResourceQuota"): "resource_quota",
    ("", "Secret"): "secret",
    ("", "Service"): "service",
    ("", "ServiceAccount"): "service_account",
    ("apps", "DaemonSet"): "daemon_set",
    ("apps", "Deployment"): "deployment",
    ("apps", "ReplicaSet"): "replica_set",
    ("discovery.k8s.io", "EndpointSlice"): "endpoint_slice",
    ("networking.k8s.io", "IPAddress"): "ip_address",
    ("networking.k8s.io", "Ingress"): "ingress",
    ("networking.k8s.io", "IngressClass"): "ingress_class",
    ("networking.k8s.io", "NetworkPolicy"): "network_policy",
    ("networking.k8s.io", "ServiceCIDR"): "service_cidr",
}
"""(group, kind) -> module."""

VERSION = {"apps": "v1", "networking.k8s.io": "v1", "discovery.k8s.io": "v1"}
"""The version of each group that the modules read; an object that came in another one must be asked for again."""


def module_of(group: str, kind: str) -> str:
    """The module that describes this kind."""
    return TABLE.get((group, kind), "generic")


def describe(found: Object, world: World, *, now_s: float, has_events: bool = True) -> str:
    """The description of ``found``.  ``now_s``: Unix time; ``has_events``: whether its events are shown too."""
    group = found.get("apiVersion", "").rpartition("/")[0]
    page = Page(now_s, has_events=has_events)
    import_module(f"fairway.cli.describe.{module_of(group, found.get('kind', ''))}").write(page, found, world)
    return page.text()
