"""What was measured, as a kubelet tells it: ``/stats/summary`` in JSON, ``/metrics/resource`` for Prometheus.  Pure.

Source: the kubelet's stats/v1alpha1 types and its resource metrics (KEP 727); ``windowSeconds`` is our own: over how
long a rate was measured.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple

from fairway.node.usage.measuring import Key, Measured
from fairway.objects import Object
from fairway.reconcile.times import rfc3339
from fairway.transport.exposition import sample


class Shown(NamedTuple):
    """A container of a pod, and what was measured of it."""

    name: str
    measured: Measured


Pods = Iterable[tuple[Object, list[Shown]]]
"""Each pod with its containers that run."""


def shown(
    pods: Iterable[tuple[Object, Mapping[str, str]]], measured: Mapping[Key, Measured]
) -> Iterator[tuple[Object, list[Shown]]]:
    """What is known of ``pods``, each with the names of its containers by their ids."""
    for pod, names in pods:
        uid = pod["metadata"]["uid"]
        found = [Shown(name, measured[Key(uid, id_)]) for id_, name in names.items() if Key(uid, id_) in measured]
        if found:
            yield pod, found


def summary(node_name: str, pods: Pods, machine: Measured) -> Object:
    """The answer of ``/stats/summary``."""
    return {
        "node": {"nodeName": node_name, "startTime": rfc3339(machine.began_s), **_stats([machine])},
        "pods": [_pod(pod, containers) for pod, containers in pods],
    }


def _pod(pod: Object, containers: list[Shown]) -> Object:
    meta = pod["metadata"]
    return {
        "podRef": {"name": meta["name"], "namespace": meta["namespace"], "uid": meta["uid"]},
        "startTime": (pod.get("status") or {}).get("startTime") or meta.get("creationTimestamp"),
        "containers": [
            {"name": name, "startTime": rfc3339(measured.began_s), **_stats([measured])}
            for name, measured in containers
        ],
        **_stats([one.measured for one in containers]),
    }


def _stats(of: list[Measured]) -> Object:
    time = rfc3339(of[0].at_s)
    return {
        "cpu": {
            "time": time,
            "usageNanoCores": sum(one.nanocores for one in of),
            "usageCoreNanoSeconds": sum(one.usage.cpu_ns for one in of),
            "windowSeconds": round(max(one.window_s for one in of), 3),
        },
        "memory": {
            "time": time,
            "usageBytes": sum(one.usage.memory_bytes for one in of),
            "workingSetBytes": sum(one.usage.working_set_bytes for one in of),
        },
    }


_METRICS: tuple[tuple[str, str, Callable[[Measured], float]], ...] = (
    ("cpu_usage_seconds_total", "counter", lambda one: one.usage.cpu_ns / 1e9),
    ("memory_working_set_bytes", "gauge", lambda one: one.usage.working_set_bytes),
    ("start_time_seconds", "gauge", lambda one: one.began_s),
)


def exposition(pods: Pods, machine: Measured) -> Iterator[str]:
    """The lines of ``/metrics/resource``."""
    rows = [(pod["metadata"], one) for pod, containers in pods for one in containers]
    for name, type_, value in _METRICS:
        yield f"# TYPE container_{name} {type_}"
        for meta, (container, measured) in rows:
            labels = f'container="{container}",namespace="{meta["namespace"]}",pod="{meta["name"]}"'
            yield _timed(f"container_{name}", labels, value(measured), measured)
    for name, type_, value in _METRICS[:2]:
        yield f"# TYPE node_{name} {type_}"
        yield _timed(f"node_{name}", "", value(machine), machine)
    yield "# TYPE resource_scrape_error gauge"
    yield sample("resource_scrape_error", "", 0)


def _timed(name: str, labels: str, value: float, measured: Measured) -> str:
    return f"{sample(name, labels, value)} {round(measured.at_s * 1000)}"
