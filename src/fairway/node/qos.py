"""What the resources of pods and containers mean to the machine.  Pure.

Source: Kubernetes docs, "Resource Management for Pods and Containers".
"""

from fairway.node.runtimes.interface import Limits
from fairway.objects import Object
from fairway.objects.quantity import parse

CPU_PERIOD_US = 100_000
MIN_CPU_SHARES, MAX_CPU_SHARES = 2, 262_144
MIN_QUOTA_US = 1000
COUNTED = ("cpu", "memory")


def _amounts(container: Object, kind: str) -> dict[str, str]:
    found = (container.get("resources") or {}).get(kind) or {}
    return {name: str(found[name]) for name in COUNTED if name in found and parse(str(found[name]))}


def limits_of(container: Object) -> Limits:
    """What a container's resources mean to the machine."""
    return Limits(cpu_shares(container), cpu_quota_us(container), memory_bytes(container))


def pod_limits(pod: Object) -> Limits | None:
    """What the pod's own resources mean to the machine (KEP-2837); without a cpu request its weight stays."""
    whole = {"resources": pod["spec"].get("resources")}
    has_cpu = any("cpu" in _amounts(whole, kind) for kind in ("requests", "limits"))
    found = Limits(cpu_shares(whole) if has_cpu else None, cpu_quota_us(whole), memory_bytes(whole))
    return None if found == Limits() else found


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
