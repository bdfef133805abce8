"""Facts about pods: how each is, why it is not ready, and which Service port leads to which container port."""

from collections.abc import Iterator, Sequence
from typing import Any

from fairway.cli.tree.scene import Scene, controller_of, is_ready
from fairway.objects import Object


def facts(scene: Scene, pod: Object, services: Sequence[Object] = ()) -> Object:
    """One pod, and what the ports of ``services`` are to it."""
    from fairway.kinds.pod.columns import summary

    seen, status = summary(pod), pod.get("status") or {}
    owner = controller_of(pod)
    found: Object = {
        "kind": "Pod",
        "name": pod["metadata"]["name"],
        "node": (pod.get("spec") or {}).get("nodeName") or "",
        "ips": [each["ip"] for each in status.get("podIPs") or () if each.get("ip")],
        "phase": status.get("phase") or "",
        "status": seen.status,
        "containersReady": seen.ready,
        "containers": seen.total,
        "restarts": seen.restarts,
        "isReady": is_ready(pod),
        "why": "" if is_ready(pod) else why_not_ready(pod, scene.events),
        "owner": f"{owner['kind']}/{owner['name']}" if owner else "",
        "ports": list(_ports(scene, pod, services)),
        "troubles": [trouble for service in services for trouble in _troubles(pod, service)],
    }
    return found


def why_not_ready(pod: Object, events: list[Object]) -> str:
    """What keeps the pod from being ready, in one sentence."""
    status = pod.get("status") or {}
    if pod["metadata"].get("deletionTimestamp"):
        return "it is terminating"
    if status.get("phase") in ("Succeeded", "Failed"):
        return f"it has ended: {status.get('reason') or status['phase']}"
    conditions = {each.get("type"): each for each in status.get("conditions") or ()}
    scheduled = conditions.get("PodScheduled") or {}
    if scheduled.get("status") == "False":
        return f"not scheduled: {scheduled.get('message') or scheduled.get('reason') or ''}"
    return _of_containers(status) or _of_probes(pod, events) or _of_gates(pod, conditions) or _of_ready(conditions)


def _of_containers(status: Object) -> str:
    statuses = (*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ()))
    for each in statuses:
        state = each.get("state") or {}
        waiting, ended = state.get("waiting"), state.get("terminated")
        if waiting and waiting.get("reason") not in (None, "", "PodInitializing"):
            return f"container {each['name']}: {waiting['reason']}" + _more(waiting.get("message")) + _last(each)
        if ended and (ended.get("exitCode") or each in (status.get("containerStatuses") or ())):
            return (
                f"container {each['name']} has ended: {ended.get('reason') or ''} (exit code {ended.get('exitCode')})"
            )
    return ""


def _more(message: str | None) -> str:
    first = (message or "").strip().split("\n")[0]
    return f": {first}" if first else ""


def _last(found: Object) -> str:
    ended = (found.get("lastState") or {}).get("terminated")
    return f"; it ended with exit code {ended.get('exitCode', 0)}" if ended else ""


def _of_probes(pod: Object, events: list[Object]) -> str:
    """The newest complaint of a readiness or startup probe."""
    about = [
        each for each in events
        if (each.get("involvedObject") or {}).get("name") == pod["metadata"]["name"]
        and each.get("reason") == "Unhealthy" and "Liveness" not in (each.get("message") or "")
    ]  # fmt: skip
    if not about:
        return ""
    newest = max(about, key=lambda each: each.get("lastTimestamp") or each.get("eventTime") or "")
    text = (newest.get("message") or "").strip().split("\n")[0]
    return text[:1].lower() + text[1:]


def _of_gates(pod: Object, conditions: dict[Any, Object]) -> str:
    for gate in (pod.get("spec") or {}).get("readinessGates") or ():
        kind = gate.get("conditionType")
        if (conditions.get(kind) or {}).get("status") != "True":
            return f"readiness gate {kind} is not True"
    return ""


def _of_ready(conditions: dict[Any, Object]) -> str:
    ready = conditions.get("Ready") or {}
    return str(ready.get("message") or ready.get("reason") or "the node has not said yet that it is")


def declared(pod: Object) -> Iterator[tuple[str, Object]]:
    """(container, port) of all ports that the containers declare, those of sidecars too."""
    spec = pod.get("spec") or {}
    sidecars = [each for each in spec.get("initContainers") or () if each.get("restartPolicy") == "Always"]
    for container in (*(spec.get("containers") or ()), *sidecars):
        for port in container.get("ports") or ():
            yield container.get("name", ""), port


def number_on(port: Object, pod: Object) -> int | None:
    """Where a Service port leads to in this pod; ``None`` if no container declares a port of that name."""
    target = port.get("targetPort") or port.get("port")
    if isinstance(target, int):
        return target
    for _, each in declared(pod):
        if each.get("name") == target and _protocol(each) == _protocol(port):
            return int(each["containerPort"])
    return None


def _protocol(port: Object) -> str:
    return port.get("protocol") or "TCP"


def _ports(scene: Scene, pod: Object, services: Sequence[Object]) -> Iterator[Object]:
    """The declared ports, and those that a Service port leads to although nobody declares them."""
    wanted: dict[tuple[int, str], list[str]] = {}
    for service in services:
        prefix = f"{service['metadata']['name']}:" if len(services) > 1 else ""
        for port in (service.get("spec") or {}).get("ports") or ():
            number = number_on(port, pod)
            if number is not None:
                name = f"{prefix}{port.get('name') or port.get('port')}"
                wanted.setdefault((number, _protocol(port)), []).append(name)
    for container, each in declared(pod):
        place = (int(each.get("containerPort") or 0), _protocol(each))
        yield {
            "container": container, "name": each.get("name") or "", "port": place[0], "protocol": place[1],
            "isDeclared": True, "servicePorts": wanted.pop(place, []), "listening": _listening(scene, pod, *place),
        }  # fmt: skip
    for place, names in wanted.items():
        yield {
            "container": "", "name": "", "port": place[0], "protocol": place[1], "isDeclared": False,
            "servicePorts": names, "listening": _listening(scene, pod, *place),
        }  # fmt: skip


def _listening(scene: Scene, pod: Object, number: int, protocol: str) -> str:
    """``open``, ``closed``, ``loopback`` or ``other`` (at another address only), or empty where nobody knows."""
    from fairway.why.ports import hear

    sockets = scene.sockets.get(pod["metadata"]["name"])
    if sockets is None or protocol not in ("TCP", "UDP"):
        return ""
    ips = [each["ip"] for each in (pod.get("status") or {}).get("podIPs") or () if each.get("ip")]
    return hear(sockets, number, protocol, ips).how


def _troubles(pod: Object, service: Object) -> Iterator[str]:
    for port in (service.get("spec") or {}).get("ports") or ():
        if number_on(port, pod) is None:
            yield undeclared(port)


def undeclared(port: Object) -> str:
    """What is said of a pod that has no port of the name that a Service port leads to."""
    return f"no container declares a port named {port.get('targetPort')} ({_protocol(port)})"
