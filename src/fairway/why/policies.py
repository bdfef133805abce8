"""Policies: whether NetworkPolicies let a connection to a Service's pods through, where they are enforced.

Source: Kubernetes docs, "Network Policies": policies add up, and a pod that none selects takes everything.
"""

from collections.abc import Iterator, Sequence
from ipaddress import ip_address, ip_network

from fairway.objects import Object
from fairway.objects.labels import from_label_selector
from fairway.why import pods
from fairway.why.answer import ERROR, NOTE, WARNING, Cause
from fairway.why.facts import Facts, joined, labels_of, meta
from fairway.why.ports import declared, number_on


def closed(facts: Facts) -> Iterator[Cause]:
    """Policies that let nobody in, whoever calls."""
    for pod in (facts.chosen or ())[:1]:
        found = _on(facts.policies, pod, facts.namespace, "Ingress")
        if found and not any(policy["spec"].get("ingress") for policy in found):
            names = joined([meta(policy)["name"] for policy in found])
            yield _cause(facts, f"NetworkPolicy {names} selects its pods and lets nobody in", found[0])


def between(facts: Facts, caller: Object) -> Iterator[Cause]:
    """Policies that stop ``caller`` on its way out, or the Service's pods from taking it."""
    assert facts.question.caller is not None
    space = facts.question.caller.namespace
    for pod in (facts.chosen or ())[:1]:
        incoming = _on(facts.policies, pod, facts.namespace, "Ingress")
        if incoming and not any(
            _admits(facts, rule, "from", caller, space, pod) for rule in _rules(incoming, "ingress")
        ):
            names = joined([meta(policy)["name"] for policy in incoming])
            text = f"NetworkPolicy {names} selects the Service's pods and does not let {facts.question.caller.shown} in"
            yield _cause(facts, text, incoming[0])
        outgoing = _on(facts.policies, caller, space, "Egress")
        if outgoing and not any(
            _admits(facts, rule, "to", pod, facts.namespace, pod) for rule in _rules(outgoing, "egress")
        ):
            names = joined([meta(policy)["name"] for policy in outgoing])
            text = f"NetworkPolicy {names} selects the caller and does not let it out to the Service's pods"
            yield _cause(facts, text, outgoing[0])


def _rules(policies: Sequence[Object], field: str) -> Iterator[Object]:
    for policy in policies:
        yield from policy["spec"].get(field) or ()


def _on(policies: Sequence[Object], pod: Object, namespace: str, type_: str) -> list[Object]:
    """The policies of a direction that select ``pod``."""
    return [
        policy for policy in policies
        if meta(policy)["namespace"] == namespace and type_ in _types(policy["spec"])
        and from_label_selector(policy["spec"].get("podSelector") or {}).matches(labels_of(pod))
    ]  # fmt: skip


def _types(spec: Object) -> Sequence[str]:
    return spec.get("policyTypes") or (("Ingress", "Egress") if "egress" in spec else ("Ingress",))


def _admits(facts: Facts, rule: Object, field: str, peer: Object, namespace: str, target: Object) -> bool:
    """Whether a rule lets ``peer`` through to a port of ``target`` that the Service uses."""
    peers = rule.get(field)
    if peers and not any(_is_peer(facts, each, peer, namespace) for each in peers):
        return False
    return _has_port(facts, rule, target)


def _is_peer(facts: Facts, each: Object, peer: Object, namespace: str) -> bool:
    if block := each.get("ipBlock"):
        return any(_in_block(block, ip) for ip in pods.addresses(peer))
    if (spaces := each.get("namespaceSelector")) is not None:
        if not from_label_selector(spaces).matches(
            facts.namespace_labels.get(namespace, {"kubernetes.io/metadata.name": namespace})
        ):
            return False
    elif namespace != _home(facts, each):
        return False
    wanted = each.get("podSelector")
    return wanted is None or from_label_selector(wanted).matches(labels_of(peer))


def _home(facts: Facts, each: Object) -> str:
    """The policy's own namespace, which a lone podSelector means."""
    for policy in facts.policies:
        rules = [*(policy["spec"].get("ingress") or ()), *(policy["spec"].get("egress") or ())]
        if any(each is peer for rule in rules for peer in (*(rule.get("from") or ()), *(rule.get("to") or ()))):
            return str(meta(policy)["namespace"])
    return ""


def _in_block(block: Object, ip: str) -> bool:
    address = ip_address(ip)

    def covers(text: str) -> bool:
        net = ip_network(text, strict=False)
        return net.version == address.version and address in net

    return covers(block["cidr"]) and not any(covers(text) for text in block.get("except") or ())


def _has_port(facts: Facts, rule: Object, target: Object) -> bool:
    """Whether a rule is about a port that the Service uses on ``target``."""
    ports = rule.get("ports")
    if not ports or facts.service is None:
        return True
    names = {each.name: each.number for each in declared(target)}
    own = [
        (number_on(port, target), port.get("protocol") or "TCP") for port in facts.service["spec"].get("ports") or ()
    ]
    return any(_covers(port, names, number, protocol) for port in ports for number, protocol in own)


def _covers(port: Object, names: dict[str, int], number: int | None, protocol: str) -> bool:
    wanted = port.get("port")
    if (port.get("protocol") or "TCP") != protocol:
        return False
    if wanted is None:
        return True
    first = names.get(wanted, 0) if isinstance(wanted, str) else int(wanted)
    return number is not None and 0 < first <= number <= int(port.get("endPort") or first)


def _cause(facts: Facts, text: str, policy: Object) -> Cause:
    """How bad it is depends on whether anybody enforces policies."""
    severity, tail = {
        True: (ERROR, ""),
        False: (NOTE, "; policies are kept, but not enforced in this cluster, so it has no effect here"),
        None: (WARNING, "; where policies are enforced, connections are dropped"),
    }[facts.enforces_policies]
    name, namespace = meta(policy)["name"], meta(policy)["namespace"]
    return Cause(
        "NetworkPolicy", severity, text + tail, text, f"networkpolicy/{name}", "spec", "",
        (f"kubectl describe networkpolicy {name} -n {namespace}",),
    )  # fmt: skip
