"""QoS class and resource amounts of a pod.  Pure.

Source: Kubernetes docs, "Pod Quality of Service Classes"; "Resource Management for Pods and Containers".
"""

from fairway.node.pod_spec import all_containers
from fairway.node.runtimes.interface import Limits
from fairway.objects import Object
from fairway.objects.quantity import parse

CPU_PERIOD_US = 100_000
MIN_CPU_SHARES, MAX_CPU_SHARES = 2, 262_144
MIN_QUOTA_US = 1000
COUNTED = ("cpu", "memory")


def qos_class(pod: Object) -> str:
    """``Guaranteed``, ``Burstable`` or ``BestEffort``, by requests and limits for cpu and memory."""
    is_guaranteed, has_any = True, False
    for container in all_containers(pod):
        limits, requests = _amounts(container, "limits"), _amounts(container, "requests")
        has_any = has_any or bool(limits) or bool(requests)
        for resource in COUNTED:
            limit = limits.get(resource)
            if limit is None or parse(requests.get(resource, limit)) != parse(limit):
                is_guaranteed = False
    if not has_any:
        return "BestEffort"
    return "Guaranteed" if is_guaranteed else "Burstable"


def _amounts(container: Object, kind: str) -> dict[str, str]:
    found = (container.get("resources") or {}).get(kind) or {}
    return {name: str(found[name]) for name in COUNTED if name in found and parse(str(found[name]))}


def limits_of(container: Object) -> Limits:
    """What a container's resources mean to the machine."""
    return Limits(cpu_shares(container), cpu_quota_us(container), memory_bytes(container))


def cpu_shares(container: Object) -> int:
    """The cgroup v1 weight of the cpu request; the least one if there is none."""
    requests, limits = _amounts(container, "requests"), _amounts(container, "limits")
    amount = requests.get("cpu", limits.get("cpu"))
    if amount is None:
        return MIN_CPU_SHARES
    return max(MIN_CPU_SHARES, min(MAX_CPU_SHARES, parse(amount).milli * 1024 // 1000))


def cpu_quota_us(container: Object) -> int | None:
    """Microseconds of cpu per period of 100 ms, or ``None`` without a limit."""
    limit = _amounts(container, "limits").get("cpu")
    return None if limit is None else max(MIN_QUOTA_US, parse(limit).milli * CPU_PERIOD_US // 1000)


def memory_bytes(container: Object) -> int | None:
    """The memory limit, or ``None``."""
    limit = _amounts(container, "limits").get("memory")
    return None if limit is None else parse(limit).whole
