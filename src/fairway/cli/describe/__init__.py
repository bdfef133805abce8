"""Descriptions: one object and what stands around it, as ``kubectl describe`` prints them.

Shape: ``describe(found, world, ...)`` gives the text.  ``TABLE`` names the module of each kind; a module has
``write(page, found, world)``, and only the one asked for is imported.  All else gets the generic description.
Source: the printed forms of kubectl 1.32.
"""

from __future__ import annotations

from importlib import import_module

from fairway.cli.describe.page import Page

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fairway.cli.describe.world import World
    from fairway.objects import Object

TABLE = {
    ("", "ConfigMap"): "config_map",
    ("", "Endpoints"): "endpoints",
    ("", "LimitRange"): "limit_range",
    ("", "Namespace"): "namespace",
    ("", "Node"): "node",
    ("", "PersistentVolume"): "persistent_volume",
    ("", "PersistentVolumeClaim"): "persistent_volume_claim",
    ("", "Pod"): "pod",
    ("", "ReplicationController"): "replication_controller",
    ("", "ResourceQuota"): "resource_quota",
    ("", "Secret"): "secret",
    ("", "Service"): "service",
    ("", "ServiceAccount"): "service_account",
    ("apps", "DaemonSet"): "daemon_set",
    ("apps", "Deployment"): "deployment",
    ("apps", "ReplicaSet"): "replica_set",
    ("apps", "StatefulSet"): "stateful_set",
    ("autoscaling", "HorizontalPodAutoscaler"): "horizontal_pod_autoscaler",
    ("batch", "CronJob"): "cron_job",
    ("batch", "Job"): "job",
    ("discovery.k8s.io", "EndpointSlice"): "endpoint_slice",
    ("networking.k8s.io", "IPAddress"): "ip_address",
    ("networking.k8s.io", "Ingress"): "ingress",
    ("networking.k8s.io", "IngressClass"): "ingress_class",
    ("networking.k8s.io", "NetworkPolicy"): "network_policy",
    ("networking.k8s.io", "ServiceCIDR"): "service_cidr",
    ("policy", "PodDisruptionBudget"): "pod_disruption_budget",
    ("rbac.authorization.k8s.io", "ClusterRole"): "role",
    ("rbac.authorization.k8s.io", "ClusterRoleBinding"): "role_binding",
    ("rbac.authorization.k8s.io", "Role"): "role",
    ("rbac.authorization.k8s.io", "RoleBinding"): "role_binding",
    ("scheduling.k8s.io", "PriorityClass"): "priority_class",
    ("storage.k8s.io", "StorageClass"): "storage_class",
}
"""(group, kind) -> module."""


_ALIKE = ("IPAddress", "ServiceCIDR")
"""Kinds whose versions do not differ in what is shown."""


def module_of(group: str, kind: str) -> str:
    """The module that describes this kind."""
    return TABLE.get((group, kind), "generic")


def version_read(group: str, kind: str) -> str:
    """The version in which the kind's module reads it; empty where any will do."""
    if group == "autoscaling":
        return "v2"
    return "v1" if group and (group, kind) in TABLE and kind not in _ALIKE else ""


def is_as_read(group: str, kind: str, version: str) -> bool:
    """Whether an object of this version can be described as it is."""
    return version_read(group, kind) in ("", version)


def describe(found: Object, world: World, *, now_s: float, has_events: bool = True) -> str:
    """The description of ``found``.  ``now_s``: Unix time; ``has_events``: whether its events are shown too."""
    group = found.get("apiVersion", "").rpartition("/")[0]
    page = Page(now_s, has_events=has_events)
    import_module(f"fairway.cli.describe.{module_of(group, found.get('kind', ''))}").write(page, found, world)
    return page.text()


def events_of_missing_pod(namespace: str, name: str, message: str, world: World, *, now_s: float) -> str:
    """What the events say of a pod that is not there; empty if they say nothing."""
    from fairway.cli.describe.pod import missing

    page = Page(now_s)
    return page.text() if missing(page, namespace, name, message, world) else ""
