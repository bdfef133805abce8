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
from fairway.why.words import clipped, replaced, set_selector


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
        answer.add(list(_ports(facts, coming, is_serving=False)))
        return ""
    states = [(pod, _state(facts, pod)) for pod in chosen]
    answer.verdicts = [_verdict(facts, pod, state) for pod, state in states]
    answer.verdicts = list(_for_whom(facts, answer.verdicts))
    ready = [pod for pod, state in states if not state.reason]
    draining = [verdict for verdict in answer.verdicts if verdict.state == DRAINING]
    slips = list(_ports(facts, ready or chosen, is_serving=bool(ready)))
    if not ready and not draining and not (slips and {state.reason for _, state in states} == {"PortNameUndeclared"}):
        answer.add([_none_ready(facts, states)])
    answer.add(slips)
    answer.add(list(ends.against_pods(facts, ready)))
    answer.add(list(ends.foreign(facts)))
    if ready or draining:
        answer.add(list(_some_out(facts, states)))
    return _flows(facts, ready, draining, chosen)


def _flows(facts: Facts, ready: Sequence[Object], draining: Sequence[Verdict], chosen: Sequence[Object]) -> str:
    if not ready:
        return f"no pod is ready, so {counted(len(draining), 'pod')} on the way out still take new connections"
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
        text = "ready"
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


# Ports.


def _ports(facts: Facts, found: Sequence[Object], *, is_serving: bool) -> Iterator[Cause]:
    """What is wrong with the ports on the pods ``found``; a look at what listens outweighs what is declared."""
    service = facts.service
    assert service is not None
    slips = {each.place: each for each in ports.advice(service, found)}
    ips = {meta(pod)["name"]: pods.addresses(pod) for pod in found}
    silent = {each.place: each for each in ports.silences(service, found, facts.sockets, ips)} if is_serving else {}
    mixed = list(_mixed(facts, found)) if is_serving else []
    if mixed:  # pods that are not meant need not listen
        silent = {place: each for place, each in silent.items() if each.is_total}
    has_looked = any(meta(pod)["name"] in facts.sockets for pod in found)
    for index in range(len(service["spec"].get("ports") or ())):
        slip, silence = slips.get(index), silent.get(index)
        if silence is not None:
            yield _closed(facts, slip, silence)
        elif slip is not None and isinstance(ports.target_of(service["spec"]["ports"][index]), str):
            yield _slipped(facts, slip, ERROR)
        elif slip is not None and not (has_looked and is_serving):
            yield _slipped(facts, slip, WARNING)
    yield from mixed


def _slipped(facts: Facts, slip: ports.Advice, severity: str) -> Cause:
    return Cause(
        slip.reason, severity, slip.text, slip.short, f"svc/{facts.name}", f"spec.ports[{slip.place}].{slip.field}",
        f"{slip.field}: {slip.meant}",
        (replaced(facts.namespace, facts.name, f"/spec/ports/{slip.place}/{slip.field}", slip.meant),),
    )  # fmt: skip


def _closed(facts: Facts, slip: ports.Advice | None, silence: ports.Silence) -> Cause:
    severity = ERROR if silence.is_total else WARNING
    if slip is not None and silence.reason == "NothingListens":
        found = _slipped(facts, slip, severity)
        return found._replace(message=f"{slip.text}; {silence.text.partition(', and ')[2]}", short=silence.short)
    field = f"spec.ports[{silence.place}].targetPort"
    cure, commands = "", ()
    if silence.reason == "ListensOnLoopback":
        cure = "let the program listen on 0.0.0.0 or ::, not on 127.0.0.1 or localhost"
    elif silence.meant is not None and silence.is_total:
        cure = f"targetPort: {silence.meant}"
        path = f"/spec/ports/{silence.place}/targetPort"
        commands = (replaced(facts.namespace, facts.name, path, silence.meant),)  # type: ignore[assignment]
    return Cause(
        silence.reason, severity, silence.text, silence.short, f"svc/{facts.name}", field, cure, commands
    )  # fmt: skip


def _mixed(facts: Facts, found: Sequence[Object]) -> Iterator[Cause]:
    """Pods of several workloads of which some do not serve a port that others do: the selector is too broad."""
    service = facts.service
    assert service is not None
    groups: dict[str, list[Object]] = {}
    for pod in found:
        groups.setdefault(pods.owner(pod) or f"pod/{meta(pod)['name']}", []).append(pod)
    if len(groups) < 2:
        return
    for port in service["spec"].get("ports") or ():
        right = {name: members for name, members in groups.items() if _serves(facts, port, members[0])}
        wrong = {name: members for name, members in groups.items() if name not in right}
        if right and wrong and all(_is_stranger(port, members[0]) for members in wrong.values()):
            yield _too_broad(facts, port, right, wrong)
            return


def _is_stranger(port: Object, pod: Object) -> bool:
    """Whether a pod declares ports, and this one is none of them."""
    known = {each.number for each in ports.declared(pod)}
    return bool(known) and ports.number_on(port, pod) not in known


def _serves(facts: Facts, port: Object, pod: Object) -> bool:
    number, protocol = ports.number_on(port, pod), port.get("protocol") or "TCP"
    if number is None:
        return False
    sockets = facts.sockets.get(meta(pod)["name"])
    if sockets is not None:
        return ports.hear(sockets, number, protocol, pods.addresses(pod)).how == "open"
    return any((each.number, each.protocol) == (number, protocol) for each in ports.declared(pod))


def _too_broad(facts: Facts, port: Object, right: dict[str, list[Object]], wrong: dict[str, list[Object]]) -> Cause:
    assert facts.service is not None
    selector = facts.service["spec"]["selector"]
    ours = [labels_of(pod) for members in right.values() for pod in members]
    theirs = [labels_of(pod) for members in wrong.values() for pod in members]
    telling = [
        (key, value) for key, value in sorted(ours[0].items())
        if key != "pod-template-hash" and key not in selector and all(labels.get(key) == value for labels in ours)
        and not any(labels.get(key) == value for labels in theirs)
    ]  # fmt: skip
    narrower = {**selector, **dict(telling[:1])}
    cure = "selector: " + ", ".join(f"{key}: {value}" for key, value in narrower.items())
    strangers = ", ".join(f"{name} ({counted(len(members), 'pod')})" for name, members in wrong.items())
    return Cause(
        "SelectorTooBroad", WARNING,
        f"the selector also matches the pods of {strangers}, which do not serve {ports.shown(port)}: connections that "
        "go there fail",
        f"its selector also matches the pods of {strangers}", f"svc/{facts.name}", "spec.selector",
        cure if telling else "a label that only the right pods have",
        (set_selector(facts.namespace, facts.name, narrower),) if telling else (),
    )  # fmt: skip


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
