"""Gather: what to look at for a question about a Service, step by step, so that nothing is read in vain.

Shape: ``about_service(facts)`` is a generator of looks (see ``facts.Looking``) that fills in the facts.
Rules for those who change it: get and list only; a look that is refused is told (``facts.unseen``), never an end.
"""

from collections.abc import Sequence

from fairway.objects import Object
from fairway.why import endpoints as ends
from fairway.why import pods
from fairway.why.facts import Facts, Look, Looking, Seen, labels_of, matches, meta, template_of
from fairway.why.names import alias_target

_MOST_PODS = 1000
_MOST_NEIGHBOURS = 500
_MOST_ELSEWHERE = 50
_LOOKED_INTO = 4
"""Pods of each workload whose sockets are looked at: the others run the same program."""
_LOOKED_INTO_AT_ALL = 12
WORKLOADS = (
    Look("deployments", "apps"), Look("replicasets", "apps"), Look("daemonsets", "apps"), Look("statefulsets", "apps"),
    Look("replicationcontrollers"),
)  # fmt: skip


def about_service(facts: Facts) -> Looking[None]:
    """Everything about one Service, and about the caller."""
    name, namespace = facts.name, facts.namespace
    found = yield from look(facts, Look("services", namespace=namespace, name=name), "the Service")
    facts.service = found[0] if found else None
    if facts.service is None:
        yield from _namesakes(facts)
        return
    spec = facts.service["spec"]
    if spec.get("type") == "ExternalName":
        yield from _alias(facts)
        return
    listed = Look("endpointslices", "discovery.k8s.io", namespace=namespace, labels=f"{ends.SERVICE_NAME}={name}")
    seen = yield from look_or_none(facts, listed, "EndpointSlices")
    facts.slices = None if seen is None else list(seen)
    if spec.get("selector"):
        yield from _chosen(facts, spec["selector"])
    elif not facts.slices:
        yield from _unattended(facts)
    yield from _surroundings(facts)


def look(facts: Facts, asked: Look, what: str, *, is_vital: bool = True) -> Looking[Sequence[Object]]:
    """One look; a refusal is told if it matters, and counts as nothing seen."""
    found = yield from look_or_none(facts, asked, what, is_vital=is_vital)
    return found or ()


def look_or_none(facts: Facts, asked: Look, what: str, *, is_vital: bool = True) -> Looking[Sequence[Object] | None]:
    """One look; ``None`` where it was refused."""
    (seen,) = yield (asked,)
    if seen.refused and is_vital:
        where = f" in namespace {asked.namespace}" if asked.namespace else ""
        facts.unseen.append(f"could not look at {what}{where}: {seen.refused}")
    return None if seen.refused else seen.items


def looks(facts: Facts, asked: Sequence[Look], *, is_vital: bool = False) -> Looking[list[Sequence[Object]]]:
    """Several looks at once."""
    if not asked:
        return []
    found: Sequence[Seen] = yield tuple(asked)
    if is_vital:
        refused = [f"{each.plural}: {seen.refused}" for each, seen in zip(asked, found, strict=True) if seen.refused]
        facts.unseen += [f"could not look at {each}" for each in refused]
    return [seen.items for seen in found]


# The Service's pods.


def _chosen(facts: Facts, selector: dict[str, str]) -> Looking[None]:
    wants = ",".join(f"{key}={value}" for key, value in selector.items())
    asked = Look("pods", namespace=facts.namespace, labels=wants, limit=_MOST_PODS)
    seen = yield from look_or_none(facts, asked, "pods")
    facts.chosen = None if seen is None else list(seen)
    facts.chosen_is_cut = bool(facts.chosen) and len(facts.chosen or ()) >= _MOST_PODS
    if facts.chosen == []:
        yield from _misses(facts, selector, wants)
    elif facts.chosen:
        yield from _troubles(facts, facts.chosen)
        yield from _sockets(facts, facts.chosen)


def _misses(facts: Facts, selector: dict[str, str], wants: str) -> Looking[None]:
    """What the selector may have been meant for."""
    yield from workloads(facts)
    (near,) = yield from looks(facts, (Look("pods", namespace=facts.namespace, limit=_MOST_NEIGHBOURS),), is_vital=True)
    facts.neighbours = list(near)
    if not any(matches(selector, labels_of(template_of(each))) for each in facts.workloads):
        asked = Look("pods", labels=wants, limit=_MOST_ELSEWHERE)
        facts.elsewhere = list((yield from look(facts, asked, "pods of all namespaces")))


def workloads(facts: Facts) -> Looking[None]:
    """What makes pods in the namespace."""
    every = yield from looks(facts, [each._replace(namespace=facts.namespace) for each in WORKLOADS])
    kinds = ("Deployment", "ReplicaSet", "DaemonSet", "StatefulSet", "ReplicationController")
    facts.workloads = [
        {"kind": kind, **one} for kind, found in zip(kinds, every, strict=True) for one in found
    ]  # fmt: skip


def _troubles(facts: Facts, found: Sequence[Object]) -> Looking[None]:
    """Events, if some pod is out for a reason that its status does not tell, or restarts."""
    telling = [pod for pod in found if not pods.is_ready(pod) or pods.has_restarted(pod)]
    silent = [pod for pod in telling if not meta(pod).get("deletionTimestamp")]
    if silent:
        field = f"involvedObject.name={meta(silent[0])['name']}" if len(silent) == 1 else "involvedObject.kind=Pod"
        asked = Look("events", namespace=facts.namespace, fields=field, limit=_MOST_PODS)
        facts.events = list((yield from look(facts, asked, "events")))


def _sockets(facts: Facts, found: Sequence[Object]) -> Looking[None]:
    """What listens in some ready pods of each workload; where none is ready, in one that runs."""
    asked: list[Look] = []
    of: dict[str, int] = {}
    staying = [pod for pod in found if not meta(pod).get("deletionTimestamp") and pods.addresses(pod)]
    for pod in [pod for pod in staying if pods.is_ready(pod)] or staying[:1]:
        group = pods.owner(pod) or meta(pod)["name"]
        if of.get(group, 0) < _LOOKED_INTO:
            of[group] = of.get(group, 0) + 1
            asked.append(Look("pods", namespace=facts.namespace, name=meta(pod)["name"], subresource="sockets"))
    if not asked:
        return
    (first,) = yield asked[:1]
    if not first.items and (not first.refused or "forbidden" in first.refused):
        return  # no such subresource here, or not for this user: all others would say the same
    rest = yield from looks(facts, asked[1:_LOOKED_INTO_AT_ALL])
    for each, seen in zip(asked, [first.items, *rest], strict=False):
        if seen:
            facts.sockets[each.name] = list(seen[0].get("sockets") or ())


# Services without pods of their own choice.


def _namesakes(facts: Facts) -> Looking[None]:
    here, everywhere, spaces = yield (
        Look("services", namespace=facts.namespace), Look("services", fields=f"metadata.name={facts.name}"),
        Look("namespaces"),
    )  # fmt: skip
    facts.namespaces = [meta(each)["name"] for each in spaces.items]
    facts.namesakes = [*here.items, *everywhere.items]
    if here.refused:
        facts.unseen.append(f"could not look at Services in namespace {facts.namespace}: {here.refused}")


def _alias(facts: Facts) -> Looking[None]:
    assert facts.service is not None
    target = alias_target(facts.service["spec"].get("externalName") or "", facts.domain)
    if target is not None:
        asked = Look("services", namespace=target[1], name=target[0])
        seen = yield from look_or_none(facts, asked, f"Service {target[0]}")
        facts.namesakes = [{}] if seen is None else list(seen)


def _unattended(facts: Facts) -> Looking[None]:
    yield from workloads(facts)
    asked = (
        Look("endpoints", namespace=facts.namespace, name=facts.name),
        Look(
            "endpointslices", "discovery.k8s.io", namespace=facts.namespace, labels=f"!{ends.SERVICE_NAME}", limit=100
        ),
    )
    own, loose = yield from looks(facts, asked)
    facts.endpoints = own[0] if own else None
    facts.loose_slices = list(loose)


# Around it.


def _surroundings(facts: Facts) -> Looking[None]:
    """Nodes, policies, Ingresses and the caller, each only where it may matter."""
    assert facts.service is not None
    caller, spec = facts.question.caller, facts.service["spec"]
    needs_nodes = (
        "Local" in (spec.get("internalTrafficPolicy"), spec.get("externalTrafficPolicy"))
        or (caller is not None and caller.kind == "outside")
        or (caller is not None and any(each.zones or each.nodes for each in ends.endpoints(facts.slices or ())))
    )  # fmt: skip
    asked = [Look("networkpolicies", "networking.k8s.io", namespace=facts.namespace)]
    if needs_nodes:
        asked.append(Look("nodes"))
    if caller is not None and caller.kind == "outside":
        asked.append(Look("ingresses", "networking.k8s.io", namespace=facts.namespace))
    if caller is not None and caller.kind == "pod":
        asked.append(Look("pods", namespace=caller.namespace, name=caller.name))
        asked.append(Look("namespaces", name=caller.namespace))
        asked.append(Look("namespaces", name=facts.namespace))
        if caller.namespace != facts.namespace:
            asked.append(Look("networkpolicies", "networking.k8s.io", namespace=caller.namespace))
    if caller is not None and caller.kind == "node":
        asked.append(Look("nodes", name=caller.name))
    found = yield from looks(facts, asked)
    for each, items in zip(asked, found, strict=True):
        _take(facts, each, items)


def _take(facts: Facts, asked: Look, items: Sequence[Object]) -> None:
    match asked.plural:
        case "networkpolicies":
            facts.policies += items
        case "nodes" if not asked.name:
            facts.nodes = {meta(node)["name"]: node for node in items}
        case "nodes":
            facts.caller = items[0] if items else None
            facts.nodes = facts.nodes or {meta(node)["name"]: node for node in items}
        case "ingresses":
            facts.ingresses = list(items)
        case "pods":
            facts.caller = items[0] if items else None
        case "namespaces" if items:
            facts.namespace_labels[asked.name] = labels_of(items[0])
