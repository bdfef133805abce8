"""Picture: facts as branches.

Long lists are folded: of endpoints that are alike the first ones are shown, and how many more there are.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from fairway.cli.tree.drawing import BAD, GOOD, PLAIN, QUIET, STRONG, WARN, Branch, Part
from fairway.objects import Object

FOLDED = 4
"""As many that are alike are shown all; of more only the first ``SHOWN``."""
SHOWN = 2


def picture(facts: Object, *, is_whole: bool = False) -> Branch:
    """The branches of what was asked for; ``is_whole``: nothing is folded."""
    if facts["kind"] == "Service":
        root = service(facts, is_whole=is_whole)
    elif facts["kind"] == "Ingress":
        root = ingress(facts, is_whole=is_whole)
    elif facts["kind"] == "Pod":
        root = of_pod(facts, is_whole=is_whole)
    else:
        root = workload(facts, is_whole=is_whole)
    return root.add(*(warning(f"could not look at {each}") for each in facts.get("unseen") or ()))


def warning(text: str) -> Branch:
    """What is wrong here."""
    return Branch.of(Part(f"! {text}", WARN))


def quiet(text: str) -> Part:
    """A part of less weight."""
    return Part(text, QUIET)


def service(facts: Object, *, is_whole: bool = False, has_pods: bool = True) -> Branch:
    """A Service, from its addresses down to the ports of its containers; without ``has_pods`` down to endpoints."""
    root = Branch.of(
        Part(f"Service {facts['name']}", STRONG), f"{facts['type']} {_addresses(facts)}".rstrip(),
        quiet(_selector(facts)), *map(quiet, _policies(facts)),
    )  # fmt: skip
    if facts["type"] == "ExternalName":
        return root.add(Branch.of(f"→ {facts['externalName']}", quiet("a name in the DNS; no endpoints, no pods")))
    root.add(*(_port(each, facts) for each in facts["ports"]))
    routes = [*map(_route, facts["routes"]), *(_namesake(name) for name in facts["sameSelector"])]
    if routes:
        root.add(Branch.of("reached as well by").add(*routes))
    root.add(*_slices(facts["slices"], is_whole=is_whole, has_pods=has_pods))
    root.add(*_missing(facts))
    if facts["endpoints"]:
        root.add(Branch.of(f"Endpoints {facts['endpoints']['name']}", _counts(facts["endpoints"])))
    if has_pods and facts["outside"]:
        outside = Branch.of("chosen by its labels, but in no slice")
        root.add(outside.add(*_folded_pods(facts["outside"], is_whole=is_whole)))
    if has_pods and facts["owners"]:
        root.add(Branch.of("its pods are made by").add(*map(_maker, facts["owners"])))
    return root


def _addresses(facts: Object) -> str:
    if facts["clusterIPs"] == ["None"]:
        return "None (headless)"
    return ", ".join(facts["clusterIPs"])


def _selector(facts: Object) -> str:
    return ",".join(f"{key}={value}" for key, value in sorted(facts["selector"].items())) or (
        "" if facts["type"] == "ExternalName" else "no selector"
    )


def _policies(facts: Object) -> Iterable[str]:
    if facts["externalIPs"]:
        yield f"external IPs {', '.join(facts['externalIPs'])}"
    if facts["type"] == "LoadBalancer":
        yield f"load balancer {', '.join(facts['loadBalancer']) or '<pending>'}"
    if facts["sessionAffinity"] != "None":
        yield f"affinity {facts['sessionAffinity']}"
    if facts["internalTrafficPolicy"] == "Local":
        yield "internal traffic stays on its node"
    if facts["externalTrafficPolicy"] == "Local":
        yield "external traffic stays on its node"
    if facts["trafficDistribution"]:
        yield f"distribution {facts['trafficDistribution']}"
    if facts["publishNotReadyAddresses"]:
        yield "publishes addresses that are not ready"


def _port(port: Object, facts: Object) -> Branch:
    name = f"port {port['name']}" if port["name"] else "port"
    branch = Branch.of(
        name, f"{port['port']}/{port['protocol']} → {port['targetPort']}", quiet(port["appProtocol"]),
        f"node port {port['nodePort']}" if port["nodePort"] else "",
    )  # fmt: skip
    leads = any(
        endpoint["isReady"] for each in facts["slices"] if any(one["name"] == port["name"] for one in each["ports"])
        for endpoint in each["endpoints"]
    )  # fmt: skip
    if port["trouble"]:
        return branch.add(warning(port["trouble"]))
    return branch if leads else branch.add(warning("leads to no ready endpoint"))


def _route(route: Object) -> Branch:
    place = f"{route['host']}{route['path']}" if "host" in route else "all that no rule takes"
    return Branch.of(f"Ingress {route['name']}", f"{place} → {route['port']}")


def _namesake(name: str) -> Branch:
    return Branch.of(f"Service {name}", quiet("has the same selector"))


def _missing(facts: Object) -> Iterable[Branch]:
    if facts["slices"]:
        if not any(each["endpoints"] for each in facts["slices"]) and facts["selector"] and not facts["outside"]:
            yield warning(f"no pod has the labels {_selector(facts)}: fairway why svc/{facts['name']} knows more")
        return
    if facts["selector"]:
        yield warning("it has no EndpointSlice: is a controller at work?")
    else:
        yield warning("it has no selector and no EndpointSlice: nobody has said where it leads to")


def _counts(found: Object) -> str:
    parts = [f"{found['ready']} ready"] + ([f"{found['notReady']} not ready"] if found["notReady"] else [])
    return ", ".join(parts)


def _slices(found: list[Object], *, is_whole: bool, has_pods: bool) -> Iterable[Branch]:
    """The slices; those of a large Service are folded as their endpoints are."""
    for group in _alike(found, _look_of_slice):
        shown, folded = _split(group, is_whole=is_whole)
        yield from (_slice(each, is_whole=is_whole, has_pods=has_pods) for each in shown)
        if folded:
            count = sum(len(each["endpoints"]) for each in folded)
            yield Branch.of(f"… and {len(folded)} more EndpointSlices like these", quiet(f"{count} endpoints"))


def _look_of_slice(found: Object) -> Any:
    ports = tuple((each["name"], each["port"], each["protocol"]) for each in found["ports"])
    return (found["addressType"], ports, frozenset(map(_look_of_endpoint, found["endpoints"])))


def _slice(found: Object, *, is_whole: bool, has_pods: bool) -> Branch:
    endpoints = found["endpoints"]
    ready = sum(each["isReady"] for each in endpoints)
    ports = [" ".join(filter(None, (each["name"], _numbered(each)))) for each in found["ports"]]
    branch = Branch.of(
        f"EndpointSlice {found['name']}", found["addressType"], ", ".join(ports),
        quiet(_counts({"ready": ready, "notReady": len(endpoints) - ready})),
    )  # fmt: skip
    for group in _alike(endpoints, _look_of_endpoint):
        shown, folded = _split(group, is_whole=is_whole)
        branch.add(*(_endpoint(each, is_whole=is_whole, has_pods=has_pods) for each in shown))
        branch.add(*_more(folded))
    return branch


def _numbered(port: Object) -> str:
    return f"{'all ports' if port['port'] is None else port['port']}/{port['protocol']}"


def _alike(found: Sequence[Object], look: Any) -> list[list[Object]]:
    """Groups of what looks alike, in the order of their first members."""
    groups: dict[Any, list[Object]] = {}
    for each in found:
        groups.setdefault(look(each), []).append(each)
    return list(groups.values())


def _split(group: list[Object], *, is_whole: bool) -> tuple[list[Object], list[Object]]:
    if is_whole or len(group) <= FOLDED:
        return group, []
    return group[:SHOWN], group[SHOWN:]


def _look_of_endpoint(found: Object) -> Any:
    pod = found["pod"]
    look = None if pod is None else _look_of_pod(pod)
    return (found["isReady"], found["isServing"], found["isTerminating"], look)


def _look_of_pod(pod: Object) -> Any:
    ports = tuple(
        (each["container"], each["port"], each["protocol"], tuple(each["servicePorts"]), each["listening"] in _SHUT)
        for each in pod["ports"]
    )  # fmt: skip
    return (pod["status"], pod["isReady"], pod["why"], pod["owner"], ports, tuple(pod["troubles"]))


_SHUT = {
    "closed": "nothing listens there",
    "loopback": "listens on the loopback address only",
    "other": "does not listen at the pod's address",
}


def _more(folded: list[Object]) -> Iterable[Branch]:
    if folded:
        nodes: dict[str, int] = {}
        for each in folded:
            nodes[each["node"]] = nodes.get(each["node"], 0) + 1
        where = ", ".join(f"{name} ({count})" for name, count in sorted(nodes.items()) if name)
        yield Branch.of(f"… and {len(folded)} more like these", quiet(f"on {where}" if where else ""))


def _endpoint(found: Object, *, is_whole: bool, has_pods: bool) -> Branch:
    branch = Branch.of(
        _state(found), _word(found), quiet(f"on {found['node']}" if found["node"] else ""),
        quiet(f"zone {found['zone']}" if found["zone"] else ""), *map(quiet, _hints(found)),
    )  # fmt: skip
    if has_pods and found["pod"]:
        branch.add(pod(found["pod"], has_node=not found["node"]))
    elif found["target"]:
        branch.add(Branch.of(found["target"].replace("/", " ", 1)))
    return branch


def _state(found: Object) -> Part:
    mark, style = ("●", GOOD) if found["isReady"] else ("◐", WARN) if found["isServing"] else ("○", BAD)
    return Part(f"{mark} {', '.join(found['addresses'])}", style)


def _word(found: Object) -> str:
    if found["isTerminating"]:
        return "terminating, still serving" if found["isServing"] else "terminating"
    return "ready" if found["isReady"] else "not ready"


def _hints(found: Object) -> Iterable[str]:
    if found["forZones"]:
        yield f"for zone {', '.join(found['forZones'])}"
    if found["forNodes"]:
        yield f"for node {', '.join(found['forNodes'])}"


def pod(facts: Object, *, has_node: bool = True) -> Branch:
    """A pod, what is wrong with it, and its ports."""
    restarts = facts["restarts"]
    branch = Branch.of(
        f"Pod {facts['name']}",
        Part(facts["status"], PLAIN if facts["isReady"] else BAD),
        f"{facts['containersReady']}/{facts['containers']} ready",
        f"{restarts} restart{'' if restarts == 1 else 's'}",
        quiet(f"on {facts['node']}" if has_node and facts["node"] else ""),
    )
    if facts["why"]:
        branch.add(warning(facts["why"]))
    branch.add(*map(warning, facts["troubles"]))
    return branch.add(*map(_container_port, facts["ports"]))


def _container_port(port: Object) -> Branch:
    number = f"{port['port']}/{port['protocol']}"
    named = f"{port['name']} {number}" if port["name"] else number
    who = f"container {port['container']}" if port["isDeclared"] else "no container declares"
    names = ", ".join(port["servicePorts"])
    shut = _SHUT.get(port["listening"], "")
    is_bad = bool(shut and port["servicePorts"])
    return Branch.of(
        f"{who}: {named}" if port["isDeclared"] else f"{who} {named}", f"← port {names}" if names else "",
        Part(f"! {shut}", WARN) if is_bad else quiet(shut),
    )  # fmt: skip


def _folded_pods(found: list[Object], *, is_whole: bool) -> Iterable[Branch]:
    for group in _alike(found, _look_of_pod):
        shown, folded = _split(group, is_whole=is_whole)
        yield from map(pod, shown)
        yield from _more(folded)


def _maker(facts: Object) -> Branch:
    wanted = "" if facts["wanted"] is None else f"{facts['ready']}/{facts['wanted']} ready"
    return Branch.of(f"{facts['kind']} {facts['name']}", wanted).add(*map(_maker, facts.get("makes") or ()))


def ingress(facts: Object, *, is_whole: bool = False) -> Branch:
    """An Ingress, each place that it leads to, and the Services there."""
    root = Branch.of(
        Part(f"Ingress {facts['name']}", STRONG), f"class {facts['class']}" if facts["class"] else quiet("no class"),
        f"at {', '.join(facts['addresses'])}" if facts["addresses"] else quiet("no address yet"),
    )  # fmt: skip
    for each in facts["tls"]:
        hosts = ", ".join(each["hosts"]) or "all hosts"
        root.add(Branch.of(f"TLS for {hosts}", quiet(f"secret {each['secret']}" if each["secret"] else "")))
    known = {each["name"]: each for each in facts["services"]}
    for name in dict.fromkeys(route["service"] for route in facts["routes"]):
        routes = [_place(route) for route in facts["routes"] if route["service"] == name]
        is_known = name in known
        routes[-1].add(service(known[name], is_whole=is_whole) if is_known else warning(f"there is no Service {name}"))
        root.add(*routes)
    return root


def _place(route: Object) -> Branch:
    place = f"{route['host']}{route['path']}" if "host" in route else "all that no rule takes"
    return Branch.of(place, f"→ {route['service']}:{route['port']}")


def workload(facts: Object, *, is_whole: bool = False) -> Branch:
    """What makes pods, the pods, and the Services that choose them."""
    wanted = "" if facts["wanted"] is None else f"{facts['ready']}/{facts['wanted']} ready"
    root = Branch.of(Part(f"{facts['kind']} {facts['name']}", STRONG), wanted)
    if facts["madeBy"]:
        root.add(Branch.of(f"made by {facts['madeBy'].replace('/', ' ', 1)}"))
    left = list(facts["pods"])
    for each in facts["makes"]:
        own = [one for one in left if one["owner"] == f"{each['kind']}/{each['name']}"]
        left = [one for one in left if one not in own]
        root.add(_maker(each).add(*_folded_pods(own, is_whole=is_whole)))
    root.add(*_folded_pods(left, is_whole=is_whole))
    if not facts["services"]:
        root.add(Branch.of(quiet("no Service chooses its pods")))
    return root.add(*(service(each, is_whole=is_whole, has_pods=False) for each in facts["services"]))


def of_pod(facts: Object, *, is_whole: bool = False) -> Branch:
    """A pod, who made it, and the Services that choose it."""
    root = pod(facts)
    root.parts[0] = Part(root.parts[0].text, STRONG)
    if facts["owners"]:
        root.add(Branch.of("made by").add(*map(_maker, facts["owners"])))
    if not facts["services"]:
        root.add(Branch.of(quiet("no Service chooses it")))
    return root.add(*(service(each, is_whole=is_whole, has_pods=False) for each in facts["services"]))
