"""Service: the answer for one Service, from all that was found.

Shape: ``explain(facts)``.  Causes come from the module that knows the matter; here they are put together.
"""

from collections import Counter
from collections.abc import Iterator, Sequence

from fairway.objects import Object
from fairway.why import endpoints as ends
from fairway.why import pods, ports, selecting
from fairway.why.access import access, reach_of
from fairway.why.answer import DRAINING, ERROR, NOTE, OUT, SERVING, WARNING, Answer, Cause, Verdict
from fairway.why.extras import extras
from fairway.why.facts import Facts, counted, joined, labels_of, matches, meta, template_of
from fairway.why.names import absent
from fairway.why.targets import targets
from fairway.why.words import clipped


def explain(facts: Facts) -> Answer:
    """Whether the Service works, for the caller if one is named, and why not."""
    question = facts.question
    answer = Answer(f"svc/{facts.name}", "Service", facts.namespace, facts.name)
    answer.unseen = facts.unseen
    answer.caller = question.caller.shown if question.caller else ""
    if facts.service is None:
        if facts.unseen:
            return answer.blind()
        answer.add(absent(facts))
        return answer.conclude("")
    if facts.service["spec"].get("type") == "ExternalName":
        return _external(facts, answer)
    works = _by_selector(facts, answer) if facts.service["spec"].get("selector") else _by_hand(facts, answer)
    _leave_out(facts, answer)
    answer.add(list(access(facts)))
    answer.add(list(extras(facts)))
    answer.lines = list(_paths(facts))
    return answer.conclude(works)


# Endpoints by a selector.


def families(service: Object) -> list[str]:
    """The Service's address families; none if it does not say."""
    return list(service["spec"].get("ipFamilies") or ())


def _by_selector(facts: Facts, answer: Answer) -> str:
    """Add causes and verdicts; what the first line says if nothing is wrong."""
    service, chosen = facts.service, facts.chosen
    assert service is not None
    if chosen is None:
        answer.add(list(_unknown(facts)))
        return f"it has {ends.total(_counts(facts))}"
    if not chosen:
        answer.add(selecting.causes(facts))
        selector = service["spec"]["selector"]
        coming = [each for each in facts.workloads if matches(selector, labels_of(template_of(each)))]
        answer.add(list(targets(facts, coming, is_serving=False)))
        return ""
    states = [(pod, _state(facts, pod)) for pod in chosen]
    answer.verdicts = [_verdict(facts, pod, state) for pod, state in states]
    answer.verdicts = list(_for_whom(facts, answer.verdicts))
    ready = [pod for pod, state in states if not state.reason]
    draining = [verdict for verdict in answer.verdicts if verdict.state == DRAINING]
    slips = list(targets(facts, ready or chosen, is_serving=bool(ready)))
    if not ready and not draining and not (slips and {state.reason for _, state in states} == {"PortNameUndeclared"}):
        answer.add([_none_ready(facts, states), *_listening(facts, states)])
    answer.add(slips)
    answer.add(list(ends.against_pods(facts, ready)))
    answer.add(list(ends.foreign(facts)))
    if ready or draining:
        answer.add(list(_some_out(facts, states)))
        answer.add(list(_restarting(facts, ready)))
    return _flows(facts, ready, draining, chosen)


def _flows(facts: Facts, ready: Sequence[Object], draining: Sequence[Verdict], chosen: Sequence[Object]) -> str:
    if not ready:
        takes = "takes" if len(draining) == 1 else "take"
        return f"no pod is ready, so {counted(len(draining), 'pod')} on the way out still {takes} new connections"
    by_family = _counts(facts)
    if facts.slices is not None and len(set(by_family.values())) > 1:
        return f"new connections go to {ends.total(by_family)}"
    if len(ready) == len(chosen):
        return f"new connections go to {counted(len(ready), 'pod')}"
    return f"new connections go to {len(ready)} of its {counted(len(chosen), 'pod')}"


def _usable(facts: Facts) -> list[ends.Endpoint]:
    return ends.usable(ends.endpoints(facts.slices or ()))


def _counts(facts: Facts) -> dict[str, int]:
    assert facts.service is not None
    return ends.counts(families(facts.service), _usable(facts))


def _unknown(facts: Facts) -> Iterator[Cause]:
    """What can be said where the pods could not be looked at."""
    if facts.slices is None:
        text = "neither its pods nor its EndpointSlices could be looked at"
        yield Cause("NotSeen", WARNING, text, text, f"svc/{facts.name}")
    elif not _usable(facts):
        text = "it has no ready endpoint, and its pods could not be looked at"
        yield Cause("NoEndpoint", ERROR, text, "it has no ready endpoint", f"svc/{facts.name}")


def _state(facts: Facts, pod: Object) -> pods.State:
    assert facts.service is not None
    spec = facts.service["spec"]
    found = pods.state(
        pod, facts.events, families(facts.service), ready_or_not=bool(spec.get("publishNotReadyAddresses"))
    )
    return found if found.reason else _unnamed(facts.service, pod)


def _unnamed(service: Object, pod: Object) -> pods.State:
    """A pod of which all ports go by names that it does not have takes nothing."""
    every = service["spec"].get("ports") or ()
    lacking = [ports.target_of(port) for port in every if ports.number_on(port, pod) is None]
    if lacking and len(lacking) == len(every):
        return pods.State("PortNameUndeclared", f'no container declares a port named "{lacking[0]}"')
    return pods.READY


def _verdict(facts: Facts, pod: Object, state: pods.State) -> Verdict:
    assert facts.service is not None
    name, ips = meta(pod)["name"], pods.addresses(pod, families(facts.service))
    address, node = ", ".join(ips), pod["spec"].get("nodeName") or ""
    if not state.reason:
        text = "ready" if pods.is_ready(pod) else "not ready, and gets connections all the same"
        if pod["spec"].get("hostNetwork"):
            text += ", on its node's own network"
        return Verdict(name, SERVING, text, address, node)
    serves = [each for each in _usable(facts) if each.pod == name and each.is_leaving and not each.is_ready]
    if state.reason == "Terminating" and serves:
        return Verdict(
            name, DRAINING, f"{state.text}; no other pod is ready, so it gets new ones as well", address, node
        )
    return Verdict(name, OUT, state.text, address, node, state.reason)


def _leave_out(facts: Facts, answer: Answer) -> None:
    """Pods that serve others, but not this caller."""
    reached = reach_of(facts)
    if reached is None or not reached.reason:
        return
    mine = {each.pod or each.address for each in reached.found}
    text = f"left out for this caller: {reached.text}"
    answer.verdicts = [
        verdict._replace(state=OUT, text=text, reason=reached.reason)
        if verdict.state == SERVING and (verdict.pod or verdict.address) not in mine
        else verdict
        for verdict in answer.verdicts
    ]


_SHORT = 200
"""Characters of a pod's trouble on the first line."""


def _for_whom(facts: Facts, verdicts: Sequence[Verdict]) -> Iterator[Verdict]:
    """With hints for all, a pod serves callers near it."""
    found = _usable(facts)
    is_near = all(each.zones for each in found) or all(each.nodes for each in found)
    near = {each.pod: (each.nodes, each.zones) for each in found} if is_near else {}
    for verdict in verdicts:
        nodes, zones = near.get(verdict.pod, ((), ()))
        where = f"on node {joined(nodes)}" if nodes else f"in zone {joined(zones)}" if zones else ""
        yield verdict._replace(text=f"{verdict.text}, first for callers {where}") if where else verdict


_HOPELESS_LAST = ("Terminating", "Ended")
"""These states of a pod say nothing of what is wrong if there are others."""


def _none_ready(facts: Facts, states: Sequence[tuple[Object, pods.State]]) -> Cause:
    telling = [each for each in states if each[1].reason not in _HOPELESS_LAST] or list(states)
    reason = Counter(state.reason for _, state in telling).most_common(1)[0][0]
    pod, state = next(each for each in telling if each[1].reason == reason)
    if reason == "PortNameUndeclared":
        short = f"{state.text} in its pods" if len(states) > 1 else f"{state.text} in its pod"
        return Cause(
            reason, ERROR, f"none of its {counted(len(states), 'pod')} has the port: {state.text}", short,
            f"svc/{facts.name}", "", "", state.commands,
        )  # fmt: skip
    if len(states) == 1:
        short = f"its pod {state.text.removeprefix('it ')}"
    else:
        short = f"none of its {len(states)} pods is ready: {state.text.removeprefix('it is not ready: ')}"
    return Cause(
        reason, ERROR, f"pod/{meta(pod)['name']}: {state.text}", clipped(short, _SHORT),
        f"pod/{meta(pod)['name']}", "", state.cure, state.commands,
    )  # fmt: skip


def _listening(facts: Facts, states: Sequence[tuple[Object, pods.State]]) -> Iterator[Cause]:
    """What a probe could ask in a pod that fails it."""
    for pod, state in states:
        sockets = facts.sockets.get(meta(pod)["name"])
        if state.reason == "ProbeFails" and sockets is not None:
            shown = ports.overheard(sockets, pods.addresses(pod))
            yield Cause(
                "Listening", NOTE, f"what listens in pod/{meta(pod)['name']}: {shown}", "", f"pod/{meta(pod)['name']}"
            )
            return


def _some_out(facts: Facts, states: Sequence[tuple[Object, pods.State]]) -> Iterator[Cause]:
    """The pods that are out while others serve, one example a reason, so that its commands can be copied."""
    told: set[str] = set()
    for pod, state in states:
        if state.reason and state.reason not in (*_HOPELESS_LAST, *told) and state.commands:
            told.add(state.reason)
            yield Cause(
                state.reason, NOTE, f"pod/{meta(pod)['name']}: {state.text}", "",
                f"pod/{meta(pod)['name']}", "", state.cure, state.commands,
            )  # fmt: skip


def _restarting(facts: Facts, ready: Sequence[Object]) -> Iterator[Cause]:
    """The first pod that is ready only for a while."""
    for pod in ready:
        found = pods.restarting(pod, facts.events)
        if found.reason:
            name = meta(pod)["name"]
            short = f"pod {name} is ready only for a while: {found.text}"
            yield Cause(
                found.reason, WARNING, f"pod/{name}: {found.text}", clipped(short, _SHORT), f"pod/{name}", "", "",
                found.commands,
            )  # fmt: skip
            return


# The others.


def _by_hand(facts: Facts, answer: Answer) -> str:
    answer.add(list(ends.by_hand(facts)))
    for each in ends.endpoints(facts.slices or ()):
        state = SERVING if each.is_ready else OUT
        answer.verdicts.append(
            Verdict(each.pod, state, "ready" if each.is_ready else "not ready, says its slice", each.address, each.node)
        )
    found = _counts(facts)
    are = "is" if set(found.values()) == {1} else "are"
    return f"its {ends.total(found)} {are} {ends.origin(facts.slices or ())}, as it has no selector"


def _external(facts: Facts, answer: Answer) -> Answer:
    assert facts.service is not None
    from fairway.why.names import alias

    answer.add(list(alias(facts)))
    name = facts.service["spec"]["externalName"]
    return answer.conclude(f"it is another name for {name}; no pod stands behind it")


def _written(facts: Facts, port: Object) -> str:
    """The numbers that slices give a port of that name, whatever the Service's targetPort says."""
    if not facts.slices:
        return str(ports.target_of(port))
    name = port.get("name") or ""
    every = {
        each.get("port")
        for one in facts.slices or ()
        for each in one.get("ports") or ()
        if (each.get("name") or "") == name
    }
    return ", ".join(map(str, sorted(filter(None, every)))) or "nothing"


def _paths(facts: Facts) -> Iterator[str]:
    """Each port, from the client's side to the pods'."""
    assert facts.service is not None
    spec = facts.service["spec"]
    address = "its pods' addresses" if spec.get("clusterIP") == "None" else spec.get("clusterIP") or "its address"
    for port in spec.get("ports") or ():
        protocol = port.get("protocol") or "TCP"
        numbers = sorted({ports.number_on(port, pod) or 0 for pod in facts.chosen or ()} - {0})
        target = ports.target_of(port) if spec.get("selector") else _written(facts, port)
        goes = f"{target}" + (f" ({', '.join(map(str, numbers))})" if isinstance(target, str) and numbers else "")
        outside = f", node port {port['nodePort']}" if port.get("nodePort") else ""
        name = f"{port['name']} " if port.get("name") else ""
        yield f"{name}{address}:{port['port']}/{protocol} → {goes}{outside}"
