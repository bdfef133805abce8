"""Targets: what is wrong with the ports of a Service on its pods: what they declare, and what listens.

Shape: ``targets(facts, pods)``; a look at what listens outweighs what is declared.
"""

from collections.abc import Iterator, Sequence

from fairway.objects import Object
from fairway.why import pods, ports
from fairway.why.answer import ERROR, WARNING, Cause
from fairway.why.facts import Facts, counted, labels_of, meta
from fairway.why.words import replaced, set_selector


def targets(facts: Facts, found: Sequence[Object], *, is_serving: bool) -> Iterator[Cause]:
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
    for index in sorted(ports.asked(service, facts.question)):
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
    for place in sorted(ports.asked(service, facts.question)):
        port = service["spec"]["ports"][place]
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
