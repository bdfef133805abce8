"""Services: which pods they select, and what a port of theirs means on one pod.  Pure.

Source: Kubernetes docs, "Service"; services.md 5.1, 5.2.
"""

from collections.abc import Callable, Iterable

from fairway.kinds import POD, SERVICE
from fairway.objects import Object
from fairway.objects.labels import from_map
from fairway.reconcile.cluster import Cluster
from fairway.reconcile.controller import Key
from fairway.reconcile.informer import Change

BY_SELECTOR = "selector"
LEADER_ANNOTATION = "control-plane.alpha.kubernetes.io/leader"


def selector(service: Object) -> dict[str, str]:
    """The labels that pods must have; empty if others look after the endpoints."""
    spec = service["spec"]
    return {} if spec.get("type") == "ExternalName" else spec.get("selector") or {}


def is_headless(service: Object) -> bool:
    """Whether the Service has no address of its own by choice."""
    return bool(service["spec"].get("clusterIP") == "None")


def by_selector(service: Object) -> Iterable[str]:
    """One label that every selected pod has, so that a pod finds its Services without asking all of them."""
    wanted = selector(service)
    if not wanted:
        return ()
    name = min(wanted)
    return (f"{service['metadata']['namespace']}/{name}={wanted[name]}",)


def selecting(pod: Object, cluster: Cluster) -> Iterable[Key]:
    """The keys of the Services that select ``pod``; needs the index ``BY_SELECTOR``."""
    meta = pod["metadata"]
    labels = meta.get("labels") or {}
    namespace = meta["namespace"]
    for name, value in labels.items():
        for service in cluster.by_index(SERVICE, BY_SELECTOR, f"{namespace}/{name}={value}"):
            if all(labels.get(asked) == wanted for asked, wanted in selector(service).items()):
                yield namespace, service["metadata"]["name"]


def significant(pod: Object) -> tuple[object, ...]:
    """All of a pod that endpoints are made from; a change of anything else concerns no Service."""
    meta, spec, status = pod["metadata"], pod["spec"], pod.get("status") or {}
    ready = next((one for one in status.get("conditions") or () if one.get("type") == "Ready"), None)
    return (
        meta.get("deletionTimestamp") is None, ready is not None and ready.get("status"), status.get("podIPs"),
        status.get("podIP"), status.get("phase") in ("Succeeded", "Failed"), meta.get("labels"), meta["uid"],
        spec.get("nodeName"), spec.get("hostname"), spec.get("subdomain"),
    )  # fmt: skip


def services_of(change: Change, cluster: Cluster) -> Iterable[Key]:
    """The Services that a change of a pod concerns: those that selected it and those that do now."""
    old, new = change.old, change.new
    if old is not None and new is not None:
        if significant(old) == significant(new):
            return ()
        if old["metadata"].get("labels") != new["metadata"].get("labels"):
            return {*selecting(old, cluster), *selecting(new, cluster)}
    return selecting(change.object, cluster)


def selected(service: Object, cluster: Cluster) -> list[Object]:
    """The pods that the Service selects; needs the index of labels on pods."""
    return cluster.find(POD, service["metadata"]["namespace"], from_map(selector(service)))


def families(service: Object) -> list[str]:
    """The address families of the Service: both for an undecided headless one."""
    spec = service["spec"]
    if found := spec.get("ipFamilies"):
        return list(found)
    address = spec.get("clusterIP") or ""
    if not address or address == "None":
        return ["IPv4", "IPv6"]
    return ["IPv6" if ":" in address else "IPv4"]


def target_port(port: Object, pod: Object) -> int | None:
    """The number that a Service port has on ``pod``; ``None`` if the pod has no port of that name and protocol."""
    target = port.get("targetPort", port["port"])
    if isinstance(target, int):
        return target or int(port["port"])
    protocol = port.get("protocol") or "TCP"
    for container in _containers(pod["spec"]):
        for one in container.get("ports") or ():
            if one.get("name") == target and (one.get("protocol") or "TCP") == protocol:
                return int(one["containerPort"])
    return None


def _containers(spec: Object) -> Iterable[Object]:
    """Containers, then sidecars: init containers that keep running."""
    yield from spec["containers"]
    for container in spec.get("initContainers") or ():
        if container.get("restartPolicy") == "Always":
            yield container


def port_finder(service: Object) -> Callable[[Object], list[Object]]:
    """What gives the ports of an endpoint on a pod: one and the same list for all where no port goes by a name."""
    targets = [port.get("targetPort", port["port"]) for port in service["spec"].get("ports") or ()]
    if all(isinstance(target, int) for target in targets):
        shared = endpoint_ports(service, {})
        return lambda pod: shared
    return lambda pod: endpoint_ports(service, pod)


def endpoint_ports(service: Object, pod: Object) -> list[Object]:
    """The ports of an endpoint: every Service port that ``pod`` has."""
    found = []
    for port in service["spec"].get("ports") or ():
        number = target_port(port, pod)
        if number is not None:
            one = {"name": port.get("name") or "", "port": number, "protocol": port.get("protocol") or "TCP"}
            if port.get("appProtocol"):
                one["appProtocol"] = port["appProtocol"]
            found.append(one)
    return found


def ports_key(ports: Iterable[Object]) -> tuple[tuple[str, int, str, str], ...]:
    """What makes lists of ports equal whatever their order."""
    return tuple(
        sorted(
            (one.get("name") or "", one.get("port") or 0, one.get("protocol") or "TCP", one.get("appProtocol") or "")
            for one in ports
        )
    )
