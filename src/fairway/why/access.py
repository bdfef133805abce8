"""Access: what one caller runs into: the port, his place, the Service's ways in, network policies.

Source: Kubernetes docs, "Virtual IPs and Service Proxies", "Service", "DNS for Services and Pods".
"""

from collections.abc import Iterator, Sequence
from ipaddress import ip_address, ip_network

from fairway.objects import Object
from fairway.why import endpoints as ends
from fairway.why import pods, policies
from fairway.why.answer import ERROR, NOTE, WARNING, Cause
from fairway.why.facts import Caller, Facts, joined, labels_of, meta
from fairway.why.host_ports import host_ports
from fairway.why.ports import shown, target_of
from fairway.why.reach import Reach, reach
from fairway.why.words import merged

_ZONE = "topology.kubernetes.io/zone"


def access(facts: Facts) -> Iterator[Cause]:
    """Everything that depends on who calls, and how."""
    caller = facts.question.caller
    if caller is not None and caller.kind == "outside":
        yield from _outside(facts, caller)
        return
    yield from _port(facts)
    if caller is None:
        yield from policies.closed(facts)
        return
    if facts.caller is None:
        yield from _no_caller(facts, caller)
        return
    yield from _place(facts)
    if caller.kind == "pod":
        yield from _from_pod(facts, facts.caller)


def _ports(facts: Facts) -> list[Object]:
    assert facts.service is not None
    return list(facts.service["spec"].get("ports") or ())


def _port(facts: Facts) -> Iterator[Cause]:
    """A port that the Service does not have."""
    asked, protocol = facts.question.port, facts.question.protocol
    if not asked or facts.service is None:
        return
    every = _ports(facts)
    named = [each for each in every if asked in (str(each["port"]), each.get("name"))]
    found = [each for each in named if not protocol or (each.get("protocol") or "TCP") == protocol]
    if found:
        return
    if facts.service["spec"].get("clusterIP") == "None" and any(str(target_of(each)) == asked for each in every):
        return
    listed = joined([f"{each['port']}/{each.get('protocol') or 'TCP'}" for each in every], "and") or "none"
    hint, meant = _meant(facts, asked, named)
    shown_port = f"{asked}/{protocol}" if protocol else asked
    again = f"fairway why svc/{facts.name} --port {meant} -n {facts.namespace}"
    yield Cause(
        "PortNotInService", ERROR, f"the Service has no port {shown_port}; its ports: {listed}{hint}",
        f"it has no port {shown_port}" + (f", but {meant}" if meant else f"; its ports: {listed}"),
        f"svc/{facts.name}", "spec.ports", f"port {meant}" if meant else "", (again,) if meant else (),
    )  # fmt: skip


def _meant(facts: Facts, asked: str, named: Sequence[Object]) -> tuple[str, str]:
    """(what the number that was used is instead, the port to use)."""
    if named:
        return f"; {asked} is {named[0].get('protocol') or 'TCP'}", ""
    for port in _ports(facts):
        if asked == str(port.get("nodePort", "")):
            return f"; {asked} is the node port, for callers outside, at a node's address", str(port["port"])
        numbers = {str(declared) for pod in facts.chosen or () for declared in _numbers(port, pod)}
        if asked in (str(target_of(port)), *numbers):
            return f"; {asked} is the port of the pods, where {shown(port)} goes", str(port["port"])
    every = _ports(facts)
    return "", str(every[0]["port"]) if len(every) == 1 else ""


def _numbers(port: Object, pod: Object) -> list[int]:
    from fairway.why.ports import number_on

    found = number_on(port, pod)
    return [] if found is None else [found]


def _no_caller(facts: Facts, caller: Caller) -> Iterator[Cause]:
    where = f" in namespace {caller.namespace}" if caller.kind == "pod" else ""
    yield Cause(
        "NoSuchCaller", ERROR, f"there is no {caller.kind} {caller.name}{where} to call from",
        f"there is no {caller.kind} {caller.name}{where}", caller.shown, "", "",
        (f"kubectl get {caller.kind}s" + (f" -n {caller.namespace}" if caller.kind == "pod" else ""),),
    )  # fmt: skip


def _node_of(facts: Facts) -> str:
    assert facts.caller is not None and facts.question.caller is not None
    if facts.question.caller.kind == "node":
        return facts.question.caller.name
    return str(facts.caller["spec"].get("nodeName") or "")


def reach_of(facts: Facts) -> Reach | None:
    """Which endpoints the caller is sent to; ``None`` where that depends on nobody."""
    caller = facts.question.caller
    assert facts.service is not None
    if caller is None or caller.kind == "outside" or facts.caller is None:
        return None
    node, spec = _node_of(facts), facts.service["spec"]
    if not node or spec.get("clusterIP") == "None":
        return None
    zone = labels_of(facts.nodes.get(node) or {}).get(_ZONE, "")
    found = ends.usable(ends.endpoints(facts.slices or ()))
    return reach(found, policy=spec.get("internalTrafficPolicy") or "", node=node, zone=zone)


def _place(facts: Facts) -> Iterator[Cause]:
    """What the traffic policy and the topology leave to the caller."""
    reached = reach_of(facts)
    found = ends.usable(ends.endpoints(facts.slices or ()))
    if reached is None or not found:
        return
    if not reached.found:
        node = _node_of(facts)
        others = joined(sorted({each.node for each in found} - {""})[:5])
        yield Cause(
            "NoLocalEndpoint", ERROR,
            f"internalTrafficPolicy is Local, and the caller's node {node} has no local endpoint, only {others}",
            f"no local endpoint on the caller's node {node}, and internalTrafficPolicy is Local", f"svc/{facts.name}",
            "spec.internalTrafficPolicy", "internalTrafficPolicy: Cluster",
            (merged(facts.namespace, facts.name, {"internalTrafficPolicy": "Cluster"}),),
        )  # fmt: skip
    elif reached.reason == "LeftOutByTopology" and len(reached.found) < len(found):
        yield Cause(
            "Topology", NOTE,
            f"the caller's connections go to {len(reached.found)} of {len(found)} endpoints only "
            f"({joined([each.pod or each.address for each in reached.found][:5])}): {reached.text}",
            "", f"svc/{facts.name}", "spec.trafficDistribution",
        )  # fmt: skip


def _from_pod(facts: Facts, pod: Object) -> Iterator[Cause]:
    caller = facts.question.caller
    assert facts.service is not None and caller is not None
    what = f"pod/{meta(pod)['name']}"
    ips = pods.addresses(pod)
    if not ips:
        text = f"the caller has no address yet: {pods.state(pod, facts.events).text}"
        yield Cause("CallerNotRunning", ERROR, text, text, what)
        return
    wanted = facts.service["spec"].get("ipFamilies") or ()
    if wanted and not pods.addresses(pod, wanted):
        text = f"the caller has no {' and no '.join(wanted)} address, and the Service has no other family"
        yield Cause("CallerFamily", ERROR, text, text, what)
    yield from _resolving(facts, pod, what)
    if any(
        meta(each)["name"] == meta(pod)["name"] for each in facts.chosen or () if caller.namespace == facts.namespace
    ):
        text = "the caller is one of the Service's own pods: some of its connections come back to itself (hairpin)"
        yield Cause("Hairpin", NOTE, text, "", what)
    yield from policies.between(facts, pod)


def _resolving(facts: Facts, pod: Object, what: str) -> Iterator[Cause]:
    """Whether the caller can find the name at all."""
    host, spec = facts.question.host, pod["spec"]
    if not host:
        return
    policy = spec.get("dnsPolicy") or "ClusterFirst"
    if policy == "Default" or (policy == "ClusterFirst" and spec.get("hostNetwork")):
        why = "it is on its node's own network" if policy == "ClusterFirst" else "its dnsPolicy is Default"
        yield Cause(
            "CallerDns", ERROR,
            f"the caller asks its node's DNS, not the cluster's ({why}), and that does not know {host}",
            f"the caller does not use the cluster's DNS ({why})", what, "spec.dnsPolicy",
            "dnsPolicy: ClusterFirstWithHostNet" if spec.get("hostNetwork") else "dnsPolicy: ClusterFirst",
        )  # fmt: skip
    elif policy == "None" and host.count(".") < 2:
        yield Cause(
            "CallerDns",
            WARNING,
            f"the caller's dnsPolicy is None: its own dnsConfig must know {host}",
            "the caller's dnsPolicy is None",
            what,
        )


# From outside.


def _outside(facts: Facts, caller: Caller) -> Iterator[Cause]:
    assert facts.service is not None
    spec = facts.service["spec"]
    type_ = spec.get("type") or "ClusterIP"
    is_open = type_ != "ClusterIP" or spec.get("externalIPs") or host_ports(facts.service)
    if spec.get("clusterIP") == "None" or not is_open:
        yield from _closed_outside(facts)
        return
    yield from _ways(facts, spec, type_)
    yield from _outer_port(facts, spec, type_)
    if spec.get("externalTrafficPolicy") == "Local":
        yield from _local_outside(facts)
    ranges = [text.strip() for text in spec.get("loadBalancerSourceRanges") or ()]
    if ranges and type_ == "LoadBalancer":
        yield from _ranges(facts, caller, ranges)


def _closed_outside(facts: Facts) -> Iterator[Cause]:
    assert facts.service is not None
    routes = [f"{host}{path}" for host, path in routes_to(facts.ingresses, facts.name)]
    if routes:
        text = f"its address works inside the cluster only; from outside an Ingress leads to it: {joined(routes[:5])}"
        yield Cause("IngressOnly", NOTE, text, "", f"svc/{facts.name}")
        return
    is_headless = facts.service["spec"].get("clusterIP") == "None"
    what = (
        "it is headless, so it has no address at all"
        if is_headless
        else "its type is ClusterIP, whose address works inside the cluster only"
    )
    ports = _ports(facts)
    forward = f"kubectl port-forward svc/{facts.name} 8080:{ports[0]['port']} -n {facts.namespace}" if ports else ""
    commands = () if is_headless else (merged(facts.namespace, facts.name, {"type": "NodePort"}),)
    yield Cause(
        "NotExposed", ERROR, f"{what}, and no Ingress leads to it", what, f"svc/{facts.name}", "spec.type",
        "" if is_headless else "type: NodePort", (*commands, *filter(None, (forward,))),
    )  # fmt: skip


def routes_to(ingresses: Sequence[Object], name: str) -> Iterator[tuple[str, str]]:
    """(host, path) of the Ingress rules that lead to a Service."""
    for ingress in ingresses:
        spec = ingress.get("spec") or {}
        if ((spec.get("defaultBackend") or {}).get("service") or {}).get("name") == name:
            yield "*", "/"
        for rule in spec.get("rules") or ():
            for path in (rule.get("http") or {}).get("paths") or ():
                if ((path.get("backend") or {}).get("service") or {}).get("name") == name:
                    yield rule.get("host") or "*", path.get("path") or "/"


def node_addresses(facts: Facts) -> list[str]:
    """Where the nodes can be reached."""
    return [
        each["address"] for node in facts.nodes.values() for each in (node.get("status") or {}).get("addresses") or ()
        if each.get("type") in ("InternalIP", "ExternalIP")
    ]  # fmt: skip


def _ways(facts: Facts, spec: Object, type_: str) -> Iterator[Cause]:
    """Where callers outside can go."""
    found = []
    if type_ == "LoadBalancer":
        for each in ((facts.service or {}).get("status") or {}).get("loadBalancer", {}).get("ingress") or ():
            found += [f"{each.get('ip') or each.get('hostname')}:{port['port']}" for port in _ports(facts)]
    for ip in spec.get("externalIPs") or ():
        found += [f"{ip}:{port['port']}" for port in _ports(facts)]
    found += [f"{address or 'localhost'}:{port}" for address, port in host_ports(facts.service or {})]
    for port in _ports(facts):
        if port.get("nodePort"):
            hosts = node_addresses(facts)[:3] or ["NODE"]
            found += [f"{host}:{port['nodePort']}" for host in hosts]
    if found:
        yield Cause("WaysIn", NOTE, f"from outside it is reached at {joined(found[:6], 'or')}", "", f"svc/{facts.name}")


def _outer_port(facts: Facts, spec: Object, type_: str) -> Iterator[Cause]:
    asked = facts.question.port
    if not asked:
        return
    nodes = [str(port["nodePort"]) for port in _ports(facts) if port.get("nodePort")]
    nodes += [str(port) for _, port in host_ports(facts.service or {})]
    has_address = type_ == "LoadBalancer" or spec.get("externalIPs")
    own = [str(port["port"]) for port in _ports(facts)] + [port.get("name") or "" for port in _ports(facts)]
    if asked in nodes or (has_address and asked in own):
        return
    if asked in own and nodes:
        right = _ports(facts)[own.index(asked) % len(_ports(facts))].get("nodePort") or nodes[0]
        text = f"{asked} is its port inside the cluster; from outside, at a node's address, it is {right}"
        yield Cause("PortNotInService", ERROR, text, text, f"svc/{facts.name}", "spec.ports", f"port {right}")
        return
    listed = joined([*nodes, *(own[: len(_ports(facts))] if has_address else ())])
    yield Cause(
        "PortNotInService", ERROR, f"it has no port {asked} for callers outside; it has {listed or 'none'}",
        f"it has no port {asked} for callers outside", f"svc/{facts.name}", "spec.ports",
    )  # fmt: skip


def _local_outside(facts: Facts) -> Iterator[Cause]:
    have = sorted({each.node for each in ends.usable(ends.endpoints(facts.slices or ()))} - {""})
    lacking = sorted(set(facts.nodes) - set(have))
    if have and lacking:
        yield Cause(
            "NoLocalEndpoint", NOTE,
            f"externalTrafficPolicy is Local: only nodes with an endpoint answer ({joined(have[:5])}), "
            f"{joined(lacking[:5])} {'does' if len(lacking) == 1 else 'do'} not", "", f"svc/{facts.name}",
            "spec.externalTrafficPolicy", "externalTrafficPolicy: Cluster",
            (merged(facts.namespace, facts.name, {"externalTrafficPolicy": "Cluster"}),),
        )  # fmt: skip


def _ranges(facts: Facts, caller: Caller, ranges: Sequence[str]) -> Iterator[Cause]:
    listed = joined(ranges)
    if not caller.address:
        text = f"loadBalancerSourceRanges lets in {listed} only; name the caller's address: --from IP"
        yield Cause("SourceRanges", NOTE, text, "", f"svc/{facts.name}", "spec.loadBalancerSourceRanges")
        return
    address = ip_address(caller.address)
    if any(
        address in net for net in (ip_network(text, strict=False) for text in ranges) if net.version == address.version
    ):
        return
    width = 32 if address.version == 4 else 128
    more = [*ranges, f"{caller.address}/{width}"]
    yield Cause(
        "SourceRanges", ERROR, f"loadBalancerSourceRanges lets in {listed} only, and the caller is {caller.address}",
        f"the caller {caller.address} is not in its loadBalancerSourceRanges", f"svc/{facts.name}",
        "spec.loadBalancerSourceRanges", f"loadBalancerSourceRanges: {', '.join(more)}",
        (merged(facts.namespace, facts.name, {"loadBalancerSourceRanges": more}),),
    )  # fmt: skip
