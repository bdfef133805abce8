"""Group priorities: the order in which clients look for a resource that several groups have.

The numbers are those of the APIServices of Kubernetes 1.36; a group that is not named here has that of a
CustomResourceDefinition's.
"""

import re

_PRIORITIES = {
    "": 18000, "apps": 17800, "events.k8s.io": 17750, "authentication.k8s.io": 17700, "authorization.k8s.io": 17600,
    "autoscaling": 17500, "batch": 17400, "certificates.k8s.io": 17300, "networking.k8s.io": 17200, "policy": 17100,
    "rbac.authorization.k8s.io": 17000, "storage.k8s.io": 16800, "apiextensions.k8s.io": 16700,
    "admissionregistration.k8s.io": 16700, "scheduling.k8s.io": 16600, "coordination.k8s.io": 16500,
    "node.k8s.io": 16300, "discovery.k8s.io": 16200, "flowcontrol.apiserver.k8s.io": 16100,
    "resource.k8s.io": 15900, "metrics.k8s.io": 100,
}  # fmt: skip
_FIRST, _LAST = "apiregistration.k8s.io", "extensions"
CUSTOM_PRIORITY, CUSTOM_VERSION_PRIORITY = 1000, 100


def group_priority(group: str) -> int:
    """The higher, the sooner a group is asked."""
    return _PRIORITIES.get(group, CUSTOM_PRIORITY)


def version_priority(group: str, version: str) -> int:
    """The higher, the more a version is preferred within its group."""
    if not group:
        return 1
    if group not in _PRIORITIES:
        return CUSTOM_VERSION_PRIORITY
    found = re.fullmatch(r"v(\d+)((?:alpha|beta)\d+)?", version)
    if found is None or found[2]:
        return 9
    return 15 * int(found[1])


def group_rank(group: str) -> tuple[int, int, str]:
    """Sorts groups as discovery lists them: the one of APIServices first, what is retired last."""
    place = 0 if group == _FIRST else 2 if group == _LAST else 1
    return (place if group else -1, -group_priority(group), group)


def version_rank(version: str) -> tuple[int, int, int, str]:
    """Sorts the version to prefer first: stable before beta before alpha, then the higher one."""
    found = re.fullmatch(r"v(\d+)(?:(alpha|beta)(\d+))?", version)
    if found is None:
        return (3, 0, 0, version)
    stage = {None: 0, "beta": 1, "alpha": 2}[found[2]]
    return (stage, -int(found[1]), -int(found[3] or 0), "")
