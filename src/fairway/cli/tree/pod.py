"""Facts about pods: how each is, why it is not ready, and which Service port leads to which container port."""

from collections.abc import Iterator, Sequence

from fairway.cli.tree.scene import Scene, controller_of, is_ready
from fairway.objects import Object


def facts(scene: Scene, pod: Object, services: Sequence[Object] = ()) -> Object:
    """One pod, and what the ports of ``services`` are to it."""
    from fairway.kinds.pod.columns import summary
    from fairway.why.pods import state

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
        "why": "" if is_ready(pod) else state(pod, scene.events).text,
        "owner": f"{owner['kind']}/{owner['name']}" if owner else "",
        "ports": list(_ports(scene, pod, services)),
        "troubles": [trouble for service in services for trouble in _troubles(pod, service)],
    }
    return found


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
