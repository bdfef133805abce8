"""Why: per pod, why it is or is not behind a Service, and what of the Service is probably a slip.

Shape: objects in, ``Explanation`` out.  Pure: the command line and the API server both ask it.
Source: Kubernetes docs, "Debug Services", turned from a list of things to try into an answer.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from fairway.kinds.rules.addresses import family
from fairway.objects import Object

_OTHER_ADDRESS = "no loadBalancerIP, or a free address of the pool"
_LARGER_POOL = "more addresses for the cluster: sudo fairway up --load-balancer-cidr RANGES"
_BALANCER_CURES = {
    "AddressConflict": "that machine without the address, or another loadBalancerIP",
    "PoolExhausted": _LARGER_POOL,
    "NoPool": _LARGER_POOL,
    "Probing": "a moment's patience",
}
TEMPLATES = ("ReplicaSet", "Deployment", "DaemonSet", "ReplicationController")


@dataclass(frozen=True, slots=True)
class Advice:
    """A probable slip: the field, what is odd about it, and what was probably meant."""

    path: str
    text: str
    cure: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """One pod: whether new connections reach it, and why."""

    pod: str
    is_behind: bool
    text: str


@dataclass(slots=True)
class Explanation:
    """The whole answer; ``summary`` is its first line."""

    summary: str
    advice: list[Advice] = field(default_factory=list)
    verdicts: list[Verdict] = field(default_factory=list)


def explain(service: Object, pods: Sequence[Object], slices: Sequence[Object]) -> Explanation:
    """The answer for one Service, from the pods of its namespace and its EndpointSlices."""
    spec, name = service["spec"], service["metadata"]["name"]
    if spec.get("type") == "ExternalName":
        return Explanation(f"{name} is another name for {spec['externalName']}; no pod stands behind it")
    selector = spec.get("selector")
    counts = _ready_counts(spec.get("ipFamilies") or (), slices)
    balancer = list(balancer_advice(service))
    if not selector:
        if not any(counts.values()):
            return Explanation(f"{name} has no selector and no ready endpoint: every connection is refused", balancer)
        endpoints = "endpoint is" if set(counts.values()) == {1} else "endpoints are"
        return Explanation(f"{name} has no selector: its {_shown(counts)} ready {endpoints} written by hand", balancer)
    chosen = [pod for pod in pods if _selects(selector, pod)]
    found = Explanation(_summary(name, counts, len(chosen)))
    found.advice = [*balancer, *port_advice(service, chosen), *_selector_advice(selector, pods, chosen)]
    found.verdicts = [_verdict(service, pod) for pod in chosen]
    return found


def _ready_counts(families: Iterable[str], slices: Iterable[Object]) -> dict[str, int]:
    """Ready endpoints of each family of the Service; a pod with two addresses is an endpoint of both."""
    counts = dict.fromkeys(families, 0)
    for each in slices:
        ready = sum(map(_is_ready, each.get("endpoints") or ()))
        counts[each["addressType"]] = counts.get(each["addressType"], 0) + ready
    return counts


def _shown(counts: Mapping[str, int]) -> str:
    """One number where the families agree."""
    different = set(counts.values())
    if len(different) > 1:
        return " and ".join(f"{count} {family}" for family, count in counts.items())
    return str(different.pop() if different else 0)


def _summary(name: str, counts: Mapping[str, int], chosen: int) -> str:
    if not chosen:
        return f"{name} selects no pod: every connection is refused"
    if not any(counts.values()):
        return f"{name} selects {_pods(chosen)}, none of them ready: every connection is refused"
    endpoints = "endpoint" if set(counts.values()) == {1} else "endpoints"
    return f"{name} sends new connections to {_shown(counts)} {endpoints}; its selector matches {_pods(chosen)}"


def _pods(count: int) -> str:
    return f"{count} pod" if count == 1 else f"{count} pods"


def _is_ready(endpoint: Object) -> bool:
    return (endpoint.get("conditions") or {}).get("ready") is not False


def _selects(selector: Object, pod: Object) -> bool:
    labels = pod["metadata"].get("labels") or {}
    return all(labels.get(key) == value for key, value in selector.items())


def balancer_advice(service: Object) -> Iterator[Advice]:
    """Why a load balancer has not the address that it should have."""
    spec, status = service["spec"], service.get("status") or {}
    if spec.get("type") != "LoadBalancer":
        return
    told = [each for each in status.get("conditions") or () if each.get("message") and each.get("status") != "True"]
    if told:
        for each in told:
            yield Advice(
                "status.loadBalancer", each["message"], _BALANCER_CURES.get(each.get("reason"), _OTHER_ADDRESS)
            )
    elif not (status.get("loadBalancer") or {}).get("ingress"):
        class_ = spec.get("loadBalancerClass")
        if class_:
            who, cure = (
                f"the controller of loadBalancerClass {class_}",
                "no loadBalancerClass, or that controller started",
            )
        else:
            who, cure = (
                "a load balancer controller",
                "a pool for the cluster: sudo fairway up --load-balancer-cidr CIDR",
            )
        yield Advice("status.loadBalancer", f"it waits for an address from {who}", cure)


def port_advice(service: Object, workloads: Iterable[Object]) -> Iterator[Advice]:
    """Ports of the Service whose target no container of ``workloads`` (pods or their owners) declares.

    A target that is declared nowhere is legal, and nearly always a slip: a port without ``targetPort`` aims at itself.
    """
    declared = list(
        {(p.get("name", ""), p["containerPort"], p.get("protocol", "TCP")) for w in workloads for p in _ports(w)}
    )
    if not declared:
        return
    for index, port in enumerate(service["spec"].get("ports") or ()):
        protocol, target = port.get("protocol", "TCP"), port.get("targetPort", port["port"])
        same = sorted(entry for entry in declared if entry[2] == protocol)
        if same and not any(target in (name, number) for name, number, _ in same):
            yield _slip(index, port, target, same)


def _slip(index: int, port: Object, target: int | str, declared: list[tuple[str, int, str]]) -> Advice:
    shown = ", ".join(f"{number} ({name})" if name else str(number) for name, number, _ in declared)
    by_name = [entry for entry in declared if entry[0] and entry[0] == port.get("name")]
    name, number, _ = (by_name or declared)[0]
    meant = f'"{name}"' if name else str(number)
    origin = "is the port itself, since none is given" if target == port["port"] else f"is {target}"
    return Advice(
        f"spec.ports[{index}].targetPort",
        f"port {port['port']} goes to {target} on the pods (targetPort {origin}), but their containers declare {shown}",
        f"targetPort: {meant.strip(chr(34))}",
    )


def _ports(workload: Object) -> Iterator[Object]:
    """Container ports of a pod, or of the template of what owns pods."""
    spec = workload["spec"]
    if workload.get("kind") in TEMPLATES or "template" in spec:
        spec = (spec.get("template") or {}).get("spec") or {}
    for container in spec.get("containers") or ():
        yield from container.get("ports") or ()


def template_labels(workload: Object) -> Object:
    """The labels that the pods of ``workload`` will have."""
    labels: Object = ((workload["spec"].get("template") or {}).get("metadata") or {}).get("labels") or {}
    return labels


def _selector_advice(selector: Object, pods: Sequence[Object], chosen: Sequence[Object]) -> Iterator[Advice]:
    """Where nothing matches: the pods that miss by the fewest labels, and by which."""
    if chosen or not pods:
        return
    misses = [(_missing(selector, pod), pod) for pod in pods]
    fewest = min(len(missing) for missing, _ in misses)
    nearest = [(missing, pod) for missing, pod in misses if len(missing) == fewest]
    missing, pod = nearest[0]
    labels = pod["metadata"].get("labels") or {}
    has = ", ".join(f"{key}={labels[key]}" if key in labels else f"no label {key}" for key in missing)
    wants = ", ".join(f"{key}={selector[key]}" for key in missing)
    if fewest < len(selector) or any(key in labels for key in missing):
        whose = f"{_pods(len(nearest))} {'has' if len(nearest) == 1 else 'have'} {has}"
        yield Advice("spec.selector", f"the selector says {wants}; {whose}", _relabel(missing, labels))


def _missing(selector: Object, pod: Object) -> list[str]:
    labels = pod["metadata"].get("labels") or {}
    return [key for key, value in selector.items() if labels.get(key) != value]


def _relabel(missing: list[str], labels: Object) -> str:
    return "selector: " + ", ".join(f"{key}: {labels[key]}" if key in labels else f"(drop {key})" for key in missing)


def _verdict(service: Object, pod: Object) -> Verdict:
    name, status = pod["metadata"]["name"], pod.get("status") or {}
    reason = _why_not(service, pod, status)
    return Verdict(name, not reason, reason or f"ready at {', '.join(_addresses(service, status))}")


def _addresses(service: Object, status: Object) -> list[str]:
    """The pod's addresses in the families of the Service."""
    ips = [each["ip"] for each in status.get("podIPs") or ({"ip": status.get("podIP")},) if each["ip"]]
    families = service["spec"].get("ipFamilies")
    return [ip for ip in ips if not families or family(ip) in families]


def _why_not(service: Object, pod: Object, status: Object) -> str:
    """What keeps the pod out, or empty."""
    if status.get("phase") in ("Succeeded", "Failed"):
        return f"it has ended ({status['phase']})"
    if pod["metadata"].get("deletionTimestamp"):
        return "it is terminating"
    if not pod["spec"].get("nodeName"):
        return f"it is not scheduled: {_condition_text(status, 'PodScheduled') or 'no node was chosen yet'}"
    if not status.get("podIP"):
        return f"it has no IP yet: {_container_text(status) or 'its containers are being created'}"
    if not _addresses(service, status):
        return f"it has no {' and no '.join(service['spec']['ipFamilies'])} address"
    if not service["spec"].get("publishNotReadyAddresses") and _condition(status, "Ready").get("status") != "True":
        detail = _container_text(status) or _condition_text(status, "Ready")
        return f"it is not ready: {detail or 'its readiness probe has not passed'}"
    return _unresolved(service, pod)


def _unresolved(service: Object, pod: Object) -> str:
    """The named target ports that no container of the pod declares."""
    names = {(p.get("name"), p.get("protocol", "TCP")) for p in _ports(pod)}
    for port in service["spec"].get("ports") or ():
        target = port.get("targetPort")
        if isinstance(target, str) and (target, port.get("protocol", "TCP")) not in names:
            return f'no container declares a port named "{target}"'
    return ""


def _condition(status: Object, type_: str) -> Object:
    return next((c for c in status.get("conditions") or () if c.get("type") == type_), {})


def _condition_text(status: Object, type_: str) -> str:
    return str(_condition(status, type_).get("message") or "")


def _container_text(status: Object) -> str:
    for container in status.get("containerStatuses") or ():
        waiting = (container.get("state") or {}).get("waiting")
        if waiting:
            return ": ".join(filter(None, (waiting.get("reason"), waiting.get("message"))))
    return ""
