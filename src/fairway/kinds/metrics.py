"""NodeMetrics and PodMetrics (metrics.k8s.io/v1beta1): what nodes and containers use now; measured, never stored.

Source: the Metrics API (k8s.io/metrics/pkg/apis/metrics/v1beta1); the columns are metrics-server's.
"""

from fairway.kinds.kind import Column, Kind
from fairway.objects import Object
from fairway.objects.quantity import BINARY, DECIMAL, Quantity, parse

_READ = ("get", "list")


def _usages(found: Object) -> list[Object]:
    return [found["usage"]] if "usage" in found else [one["usage"] for one in found.get("containers") or ()]


def _sum(found: Object, name: str, notation: str) -> str:
    return str(sum((parse(one[name]) for one in _usages(found)), Quantity(0, notation)))


def _cpu(found: Object, _now: float) -> str:
    return _sum(found, "cpu", DECIMAL)


def _memory(found: Object, _now: float) -> str:
    return _sum(found, "memory", BINARY)


_COLUMNS = (
    Column("cpu", _cpu), Column("memory", _memory), Column("Window", lambda found, _: found.get("window") or ""),
)  # fmt: skip
NODE_METRICS = Kind(
    group="metrics.k8s.io", version="v1beta1", name="NodeMetrics", plural="nodes", list_kind="NodeMetricsList",
    namespaced=False, verbs=_READ, columns=_COLUMNS,
)  # fmt: skip
POD_METRICS = Kind(
    group="metrics.k8s.io", version="v1beta1", name="PodMetrics", plural="pods", list_kind="PodMetricsList",
    verbs=_READ, columns=_COLUMNS,
)  # fmt: skip
