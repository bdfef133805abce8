"""Listening: a container without a readiness probe is ready once it listens where Services will send connections.

Without a probe a container counts as ready when its process runs, which is before the process listens.  Upstream's
node hides the gap, as a start takes it a second to notice; here a start is told at once and connections would be
refused.  So the ports that Services aim at are looked for in the pod's own network, without touching them, for a
second at most: what does not listen by then is ready as it always was.
Source: Kubernetes docs, "Pod Lifecycle", "Container probes".
"""

import asyncio
from collections.abc import Iterable, Iterator

from fairway.node.pod_spec import all_containers
from fairway.node.runtimes.interface import Runtime
from fairway.objects import Object

LIMIT_S = 1.0
"""How long after its start a container is waited for; about what upstream takes to notice a start."""
FIRST_LOOK_S, MAX_LOOK_S = 0.001, 0.05


def awaited_ports(pod: Object, container: Object, services: Iterable[Object]) -> frozenset[int]:
    """The TCP ports at which Services will call the pod, without those that other containers declare.  Pure."""
    meta = pod["metadata"]
    labels = meta.get("labels") or {}
    aimed = {
        number
        for service in services
        if service["metadata"]["namespace"] == meta["namespace"] and _selects(service["spec"], labels)
        for number in _target_ports(service["spec"], pod)
    }
    others = (other for other in all_containers(pod) if other["name"] != container["name"])
    return frozenset(aimed.difference(number for other in others for _, number in _declared(other)))


def _selects(spec: Object, labels: Object) -> bool:
    selector = spec.get("selector")
    if not selector or spec.get("type") == "ExternalName":
        return False
    return all(labels.get(name) == value for name, value in selector.items())


def _target_ports(spec: Object, pod: Object) -> Iterator[int]:
    for port in spec.get("ports") or ():
        if (port.get("protocol") or "TCP") != "TCP":
            continue
        target = port.get("targetPort") or port["port"]
        if isinstance(target, int):
            yield target
        else:
            found = (number for each in all_containers(pod) for name, number in _declared(each) if name == target)
            yield from [number for number in [next(found, None)] if number is not None]


def _declared(container: Object) -> Iterator[tuple[str, int]]:
    for port in container.get("ports") or ():
        if (port.get("protocol") or "TCP") == "TCP":
            yield port.get("name") or "", int(port["containerPort"])


async def wait_listening(runtime: Runtime, pod_uid: str, name: str, ports: frozenset[int], limit_s: float) -> None:
    """Return when all of ``ports`` are listened at, or after ``limit_s``.

    The kernel tells nobody of a new listener, so it is asked, at growing intervals.
    """
    loop = asyncio.get_running_loop()
    until_s, pause_s = loop.time() + limit_s, FIRST_LOOK_S
    while ports and loop.time() < until_s and not ports <= await runtime.listening(pod_uid, name):
        await asyncio.sleep(min(pause_s, until_s - loop.time()))
        pause_s = min(pause_s * 2, MAX_LOOK_S)
