"""Extras: what of a Service's settings sends connections another way than its reader may think.

Source: Kubernetes docs, "Service", "Virtual IPs and Service Proxies", "Network Policies".
"""

from collections.abc import Iterator

from fairway.objects import Object
from fairway.why import endpoints as ends
from fairway.why.answer import ERROR, NOTE, WARNING, Cause
from fairway.why.facts import Facts, joined, meta
from fairway.why.ports import number_on, shown, target_of
from fairway.why.words import merged

_OTHER_ADDRESS = "no loadBalancerIP, or a free address of the pool"
_LARGER_POOL = "more addresses for the cluster: sudo fairway up --load-balancer-cidr RANGES"
_BALANCER_CURES = {
    "AddressConflict": "that machine without the address, or another loadBalancerIP",
    "PoolExhausted": _LARGER_POOL,
    "NoPool": _LARGER_POOL,
    "Probing": "a moment's patience",
}


def extras(facts: Facts) -> Iterator[Cause]:
    """All remarks on a Service that has pods or endpoints."""
    service = facts.service
    assert service is not None
    if meta(service).get("deletionTimestamp"):
        text = f"it is being deleted, and waits for its finalizers {joined(meta(service).get('finalizers') or ())}"
        yield Cause("Deleting", WARNING, text, "it is being deleted", f"svc/{facts.name}")
    yield from balancer(service)
    yield from _headless(facts, service)
    spec = service["spec"]
    if spec.get("publishNotReadyAddresses"):
        text = "publishNotReadyAddresses is true: pods that are not ready get connections, too"
        yield Cause("PublishNotReady", NOTE, text, "", f"svc/{facts.name}", "spec.publishNotReadyAddresses")
    if spec.get("sessionAffinity") == "ClientIP":
        seconds = ((spec.get("sessionAffinityConfig") or {}).get("clientIP") or {}).get("timeoutSeconds", 10800)
        text = f"sessionAffinity ClientIP: a client address keeps its pod until {seconds} s after its last connection"
        yield Cause("SessionAffinity", NOTE, text, "", f"svc/{facts.name}", "spec.sessionAffinity")
    yield from _local(facts, spec)


def balancer(service: Object) -> Iterator[Cause]:
    """Why a load balancer has not the address that it should have."""
    spec, status = service["spec"], service.get("status") or {}
    if spec.get("type") != "LoadBalancer":
        return
    told = [each for each in status.get("conditions") or () if each.get("message") and each.get("status") != "True"]
    if told:
        for each in told:
            yield _unbalanced(service, each["message"], _BALANCER_CURES.get(each.get("reason"), _OTHER_ADDRESS))
    elif not (status.get("loadBalancer") or {}).get("ingress"):
        class_ = spec.get("loadBalancerClass")
        if class_:
            who = f"the controller of loadBalancerClass {class_}"
            cure = "no loadBalancerClass, or that controller started"
        else:
            who = "a load balancer controller"
            cure = "a pool for the cluster: sudo fairway up --load-balancer-cidr CIDR"
        yield _unbalanced(service, f"it waits for an address from {who}", cure)


def _unbalanced(service: Object, text: str, cure: str) -> Cause:
    name, namespace = meta(service)["name"], meta(service).get("namespace", "default")
    return Cause(
        "NoBalancerAddress", WARNING, text, f"its load balancer has no address: {text}", f"svc/{name}",
        "status.loadBalancer", cure, (f"kubectl describe svc {name} -n {namespace}",),
    )  # fmt: skip


def _headless(facts: Facts, service: Object) -> Iterator[Cause]:
    if service["spec"].get("clusterIP") != "None":
        return
    asked = facts.question
    for port in service["spec"].get("ports") or ():
        target, number = target_of(port), str(port["port"])
        if target != port["port"] and not any(number_on(port, pod) == port["port"] for pod in facts.chosen or ()):
            is_called = asked.port == number and bool(asked.caller or asked.host)
            yield Cause(
                "HeadlessPort", ERROR if is_called else NOTE,
                f"it is headless: its name leads to the pods themselves, so clients must use their port, "
                f"{target}; {shown(port)} has no effect",
                f"it is headless, so clients must use the pods' port {target}, not {number}", f"svc/{facts.name}",
                "spec.clusterIP", f"port {target}" if is_called else "",
            )  # fmt: skip


def _local(facts: Facts, spec: Object) -> Iterator[Cause]:
    """Nodes without an endpoint, where only local ones are used; a caller's own node is ``access``'s matter."""
    if facts.question.caller is not None or not facts.nodes:
        return
    have = {each.node for each in ends.usable(ends.endpoints(facts.slices or ()))}
    lacking = sorted(set(facts.nodes) - have)
    if not lacking or not have:
        return
    nodes = joined([*lacking[:3], f"{len(lacking) - 3} more"] if len(lacking) > 4 else lacking)
    if spec.get("internalTrafficPolicy") == "Local":
        yield Cause(
            "NoLocalEndpoint", WARNING,
            f"internalTrafficPolicy is Local, and there is no endpoint on {nodes}: pods there cannot connect",
            f"internalTrafficPolicy is Local, and {nodes} {'has' if len(lacking) == 1 else 'have'} no endpoint",
            f"svc/{facts.name}",
            "spec.internalTrafficPolicy", "internalTrafficPolicy: Cluster",
            (merged(facts.namespace, facts.name, {"internalTrafficPolicy": "Cluster"}),),
        )  # fmt: skip
    if spec.get("externalTrafficPolicy") == "Local":
        yield Cause(
            "NoLocalEndpoint", NOTE,
            f"externalTrafficPolicy is Local: from outside {nodes} does not answer, only {joined(sorted(have - {''}))}",
            "", f"svc/{facts.name}", "spec.externalTrafficPolicy", "externalTrafficPolicy: Cluster",
            (merged(facts.namespace, facts.name, {"externalTrafficPolicy": "Cluster"}),),
        )  # fmt: skip
