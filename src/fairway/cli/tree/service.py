"""Facts about a Service: its addresses and ports, its slices with their endpoints and pods, and who is around it."""

from collections.abc import Iterator, Sequence

from fairway.cli.tree import pod as pods
from fairway.cli.tree.scene import Scene, backends, controller_of, labels_of, selects
from fairway.objects import Object

_FIELDS: tuple[tuple[str, object], ...] = (
    ("clusterIPs", []), ("externalIPs", []), ("externalName", ""), ("selector", {}), ("sessionAffinity", "None"),
    ("internalTrafficPolicy", "Cluster"), ("externalTrafficPolicy", ""), ("trafficDistribution", ""),
    ("publishNotReadyAddresses", False),
)  # fmt: skip
MANAGED_BY = "endpointslice.kubernetes.io/managed-by"


def facts(scene: Scene, service: Object) -> Object:
    """All about one Service."""
    metadata, spec = service["metadata"], service.get("spec") or {}
    name = metadata["name"]
    slices = [each for each in scene.slices if labels_of(each).get("kubernetes.io/service-name") == name]
    shown = [_slice(scene, each, service) for each in slices]
    named = {endpoint["pod"]["name"] for each in shown for endpoint in each["endpoints"] if endpoint["pod"]}
    chosen = [each for each in scene.pods if selects(service, labels_of(each))]
    outside = [pods.facts(scene, each, [service]) for each in chosen if each["metadata"]["name"] not in named]
    shown_pods = [one["pod"] for each in shown for one in each["endpoints"] if one["pod"]] + outside
    if scene.root["kind"] == "Pod":
        shown_pods = []  # one pod says nothing of all the others
    return {
        "kind": "Service",
        "namespace": metadata.get("namespace") or scene.namespace,
        "name": name,
        "type": spec.get("type") or "ClusterIP",
        **{field: spec.get(field) or default for field, default in _FIELDS},
        "loadBalancer": list(_balancers(service)),
        "ports": [_port(each, shown_pods) for each in spec.get("ports") or ()],
        "routes": list(_routes(scene, name)),
        "sameSelector": list(_namesakes(scene, service)),
        "slices": shown,
        "endpoints": _endpoints(scene.endpoints.get(name)),
        "outside": outside,
        "owners": owners(scene, chosen),
        "unseen": scene.unseen,
    }


def _balancers(service: Object) -> Iterator[str]:
    for each in ((service.get("status") or {}).get("loadBalancer") or {}).get("ingress") or ():
        yield each.get("ip") or each.get("hostname") or ""


def _port(port: Object, shown: list[Object]) -> Object:
    """One port.  What is wrong with it on all pods is told here, and on none of them."""
    trouble = pods.undeclared(port)
    is_everywhere = bool(shown) and all(trouble in each["troubles"] for each in shown)
    for each in shown if is_everywhere else ():
        each["troubles"] = [one for one in each["troubles"] if one != trouble]
    return {
        "name": port.get("name") or "",
        "port": port.get("port"),
        "protocol": port.get("protocol") or "TCP",
        "targetPort": port.get("targetPort") or port.get("port"),
        "nodePort": port.get("nodePort") or 0,
        "appProtocol": port.get("appProtocol") or "",
        "trouble": trouble if is_everywhere else "",
    }


def _routes(scene: Scene, name: str) -> Iterator[Object]:
    for ingress in scene.ingresses:
        for service, place in backends(ingress):
            if service == name:
                yield {"kind": "Ingress", "name": ingress["metadata"]["name"], **place}


def _namesakes(scene: Scene, service: Object) -> Iterator[str]:
    selector = (service.get("spec") or {}).get("selector")
    for each in scene.services:
        is_other = each["metadata"]["name"] != service["metadata"]["name"]
        if is_other and selector and (each.get("spec") or {}).get("selector") == selector:
            yield each["metadata"]["name"]


def _endpoints(found: Object | None) -> Object | None:
    if found is None:
        return None
    return {
        "name": found["metadata"]["name"],
        "ready": len(_ips(found, "addresses")),
        "notReady": len(_ips(found, "notReadyAddresses")),
    }


def _ips(found: Object, which: str) -> set[str]:
    """Each once, in however many subsets it is."""
    return {one.get("ip", "") for each in found.get("subsets") or () for one in each.get(which) or ()}


def _slice(scene: Scene, found: Object, service: Object) -> Object:
    return {
        "kind": "EndpointSlice",
        "name": found["metadata"]["name"],
        "addressType": found.get("addressType") or "",
        "managedBy": labels_of(found).get(MANAGED_BY, ""),
        "ports": [
            {"name": each.get("name") or "", "port": each.get("port"), "protocol": each.get("protocol") or "TCP"}
            for each in found.get("ports") or ()
        ],
        "endpoints": [_endpoint(scene, each, service) for each in found.get("endpoints") or ()],
    }


def _endpoint(scene: Scene, found: Object, service: Object) -> Object:
    conditions = found.get("conditions") or {}
    is_ready = conditions.get("ready") is not False
    target = found.get("targetRef") or {}
    pod = _pod(scene, target, found.get("addresses") or ())
    hints = found.get("hints") or {}
    return {
        "addresses": list(found.get("addresses") or ()),
        "isReady": is_ready,
        "isServing": is_ready if conditions.get("serving") is None else bool(conditions["serving"]),
        "isTerminating": bool(conditions.get("terminating")),
        "node": found.get("nodeName") or "",
        "zone": found.get("zone") or "",
        "forZones": [each.get("name", "") for each in hints.get("forZones") or ()],
        "forNodes": [each.get("name", "") for each in hints.get("forNodes") or ()],
        "target": f"{target['kind']}/{target['name']}" if target.get("name") else "",
        "pod": pods.facts(scene, pod, [service]) if pod else None,
    }


def _pod(scene: Scene, target: Object, addresses: Sequence[str]) -> Object | None:
    """The pod of an endpoint: the one that it names, else the one that has its address."""
    if target:
        return scene.pods_by_name.get(target.get("name", "")) if target.get("kind") == "Pod" else None
    return next((scene.pods_by_ip[each] for each in addresses if each in scene.pods_by_ip), None)


def owners(scene: Scene, found: list[Object]) -> list[Object]:
    """Who made the pods: the topmost makers, each with those below it."""
    return list(_trees(scene, {uid for each in found for uid in _chain(scene, each)}))


def _chain(scene: Scene, found: Object) -> Iterator[str]:
    """The makers of an object, from the nearest up."""
    reference = controller_of(found)
    while reference is not None and reference["uid"] in scene.owners:
        yield reference["uid"]
        reference = controller_of(scene.owners[reference["uid"]])


def _trees(scene: Scene, uids: set[str]) -> Iterator[Object]:
    below: dict[str, list[str]] = {}
    tops = []
    for uid in sorted(uids, key=lambda uid: str(scene.owners[uid]["metadata"]["name"])):
        reference = controller_of(scene.owners[uid])
        if reference is not None and reference["uid"] in uids:
            below.setdefault(reference["uid"], []).append(uid)
        else:
            tops.append(uid)

    def tree(uid: str) -> Object:
        return {**maker(scene.owners[uid]), "makes": [tree(each) for each in below.get(uid, ())]}

    yield from map(tree, tops)


def maker(found: Object) -> Object:
    """What makes pods, and how many of them it has."""
    spec, status = found.get("spec") or {}, found.get("status") or {}
    wanted = spec.get("replicas")
    if found["kind"] == "DaemonSet":
        wanted, ready = status.get("desiredNumberScheduled") or 0, status.get("numberReady") or 0
    else:
        ready = status.get("readyReplicas") or 0
    return {"kind": found["kind"], "name": found["metadata"]["name"], "wanted": wanted, "ready": ready}
