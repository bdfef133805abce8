"""Ports: where each port of a Service goes on a pod, and whether anything is there.

Shape: ``advice`` needs nothing but what pods or their templates declare; ``heard`` needs a look at their sockets.
A target that no container declares is legal, and nearly always a slip: a port without ``targetPort`` aims at itself.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from fairway.objects import Object
from fairway.why.facts import Question, counted, joined, meta
from fairway.why.nearness import nearest

WORKLOADS = ("ReplicaSet", "Deployment", "DaemonSet", "StatefulSet", "ReplicationController")


class Declared(NamedTuple):
    """A port that a container declares."""

    name: str
    number: int
    protocol: str

    @property
    def shown(self) -> str:
        """``8080 (http)``."""
        return f"{self.number} ({self.name})" if self.name else str(self.number)

    @property
    def target(self) -> int | str:
        """What a targetPort would say."""
        return self.name or self.number


class Advice(NamedTuple):
    """A probable slip in a port: the field, what is odd about it, and the targetPort or protocol that was meant."""

    place: int
    field: str
    text: str
    meant: int | str
    reason: str
    short: str


def declared(workload: Object) -> list[Declared]:
    """The ports of a pod's containers and sidecars, or of the template of what makes pods."""
    spec = workload.get("spec") or {}
    if "template" in spec:
        spec = (spec.get("template") or {}).get("spec") or {}
    sidecars = [each for each in spec.get("initContainers") or () if each.get("restartPolicy") == "Always"]
    return [
        Declared(port.get("name") or "", port["containerPort"], port.get("protocol") or "TCP")
        for container in (*(spec.get("containers") or ()), *sidecars)
        for port in container.get("ports") or ()
    ]


def target_of(port: Object) -> int | str:
    """What a Service port aims at; itself where it does not say."""
    found: int | str = port.get("targetPort") or port["port"]
    return found


def asked(service: Object, question: Question) -> set[int]:
    """Places of the Service's ports that the question is about; none if it names a port that the Service lacks."""
    every = list(enumerate(service["spec"].get("ports") or ()))
    is_outside = question.caller is not None and question.caller.kind == "outside"
    is_headless = service["spec"].get("clusterIP") == "None"
    found = {
        place
        for place, port in every
        if not question.port
        or question.port in (str(port["port"]), port.get("name"))
        or (is_outside and question.port == str(port.get("nodePort")))
        or (is_headless and question.port == str(target_of(port)))
    }
    return found or ({place for place, _ in every} if is_outside else set())


def number_on(port: Object, pod: Object) -> int | None:
    """The number of a Service port on ``pod``; ``None`` if it goes by a name that the pod does not have."""
    target, protocol = target_of(port), port.get("protocol") or "TCP"
    if isinstance(target, int):
        return target
    return next((each.number for each in declared(pod) if (each.name, each.protocol) == (target, protocol)), None)


def shown(port: Object) -> str:
    """``port 80 (http)``; the protocol where it is not TCP."""
    protocol = port.get("protocol") or "TCP"
    name = f" ({port['name']})" if port.get("name") else ""
    return f"port {port['port']}{'/' + protocol if protocol != 'TCP' else ''}{name}"


def advice(service: Object, workloads: Iterable[Object]) -> Iterator[Advice]:
    """Ports of the Service whose target no container of ``workloads`` (pods or what makes them) declares."""
    workloads = list(workloads)
    every = sorted({each for workload in workloads for each in declared(workload)})
    for index, port in enumerate(service["spec"].get("ports") or ()):
        protocol, target = port.get("protocol") or "TCP", target_of(port)
        if any(target in (each.name, each.number) and each.protocol == protocol for each in every):
            continue
        twins = [each for each in every if target in (each.name, each.number)]
        same = [each for each in every if each.protocol == protocol]
        if twins:
            yield _protocol(index, port, target, twins[0])
        elif same:
            yield _slip(index, port, target, same)
        elif isinstance(target, str) and workloads:
            yield _nameless(index, port, target)


def _protocol(index: int, port: Object, target: int | str, twin: Declared) -> Advice:
    ours = port.get("protocol") or "TCP"
    text = f"port {port['port']} is {ours} and goes to {target} on the pods, and their containers say {twin.protocol}"
    return Advice(
        index, "protocol", text, twin.protocol, "ProtocolMismatch",
        f"port {port['port']} is {ours}, but the pods' {twin.shown} is {twin.protocol}",
    )  # fmt: skip


def _nameless(index: int, port: Object, target: str) -> Advice:
    text = f'port {port["port"]} goes to the port named "{target}" on the pods, but their containers name no port'
    return Advice(
        index, "targetPort", text, port["port"], "PortNameUndeclared", f'no container declares a port named "{target}"'
    )


def _slip(index: int, port: Object, target: int | str, others: list[Declared]) -> Advice:
    listed = ", ".join(each.shown for each in others)
    by_name = [each for each in others if each.name and each.name == port.get("name")]
    near = nearest(target, [each.name for each in others if each.name]) if isinstance(target, str) else ""
    nearer = [each for each in others if each.name == near] if near else []
    meant = (nearer or by_name or others)[0].target
    if isinstance(target, str):
        text = (
            f'port {port["port"]} goes to the port named "{target}" on the pods, but their containers declare {listed}'
        )
        return Advice(
            index, "targetPort", text, meant, "PortNameUndeclared",
            f'no container declares a port named "{target}"',
        )  # fmt: skip
    origin = "is the port itself, since none is given" if target == port["port"] else f"is {target}"
    text = (
        f"port {port['port']} goes to {target} on the pods (targetPort {origin}), but their containers declare {listed}"
    )
    return Advice(
        index, "targetPort", text, meant, "PortUndeclared",
        f"port {port['port']} goes to {target} on its pods, whose containers declare {listed}",
    )  # fmt: skip


# What listens.

_ANY = {"0.0.0.0", "::"}


class Heard(NamedTuple):
    """What was found in one pod: ``how`` is open, loopback, closed or other (only another address)."""

    how: str
    others: tuple[int, ...] = ()
    """What else listens there, for all callers."""


def hear(sockets: Sequence[Object], number: int, protocol: str, ips: Sequence[str]) -> Heard:
    """Whether something in a pod with the addresses ``ips`` takes connections to ``number`` from outside of it."""
    same = [each for each in sockets if each["protocol"] == protocol]
    here = [each["address"] for each in same if each["port"] == number]
    if any(_takes(address, ip) for address in here for ip in ips):
        return Heard("open")
    others = {each["port"] for each in same if each["address"] in _ANY or each["address"] in ips}
    if any(is_loopback(address) for address in here):
        return Heard("loopback", tuple(sorted(others)))
    return Heard("other" if here else "closed", tuple(sorted(others - {number})))


def _takes(address: str, ip: str) -> bool:
    """A socket on :: takes IPv4 as well, unless it was told not to, which is rare."""
    return address in ("::", ip) or (address == "0.0.0.0" and ":" not in ip)


def is_loopback(address: str) -> bool:
    """Whether only the pod itself can reach this address."""
    return address.startswith("127.") or address in ("::1", "::ffff:127.0.0.1")


def overheard(sockets: Sequence[Object], ips: Sequence[str]) -> str:
    """All TCP ports that are open in a pod, and those only for the pod itself."""
    every = [each for each in sockets if each["protocol"] == "TCP"]
    outer = {each["port"] for each in every if each["address"] in _ANY or each["address"] in ips}
    inner = {each["port"] for each in every if is_loopback(each["address"])} - outer
    said = [*map(str, sorted(outer)), *(f"{port} at 127.0.0.1 only" for port in sorted(inner))]
    return joined(said) or "nothing"


class Silence(NamedTuple):
    """A port that nothing listens on in some of the pods looked into."""

    place: int
    reason: str
    text: str
    short: str
    is_total: bool
    meant: int | None


def silences(
    service: Object, pods: Sequence[Object], sockets: dict[str, list[Object]], ips: dict[str, list[str]]
) -> Iterator[Silence]:
    """Ports of the Service that lead to a closed door.  ``pods`` serve; ``sockets`` and ``ips`` are by their names."""
    looked = [pod for pod in pods if meta(pod)["name"] in sockets]
    for index, port in enumerate(service["spec"].get("ports") or ()):
        protocol = port.get("protocol") or "TCP"
        if protocol not in ("TCP", "UDP"):
            continue
        found = []
        for pod in looked:
            name, number = meta(pod)["name"], number_on(port, pod)
            if number is not None:
                found.append((name, number, hear(sockets[name], number, protocol, ips.get(name) or ())))
        shut = [each for each in found if each[2].how != "open"]
        if shut:
            yield _silence(index, port, shut, is_total=len(shut) == len(found))


def _silence(index: int, port: Object, shut: list[tuple[str, int, Heard]], *, is_total: bool) -> Silence:
    (name, number, heard) = shut[0]
    where = (
        "any of its pods"
        if is_total and len(shut) > 1
        else f"pod {name}"
        if len(shut) == 1
        else counted(len(shut), "pod")
    )
    who = "its pods" if is_total and len(shut) > 1 else f"pod {name}" if len(shut) == 1 else counted(len(shut), "pod")
    if heard.how == "loopback":
        return Silence(
            index, "ListensOnLoopback",
            f"{shown(port)} goes to {number}, and the program in {who} listens on {number} at 127.0.0.1 only, "
            "where nobody but the pod itself can reach it",
            f"the program in {who} listens on 127.0.0.1:{number} only", is_total, None,
        )  # fmt: skip
    if heard.how == "other":
        return Silence(
            index, "ListensElsewhere",
            f"{shown(port)} goes to {number}, and the program in {who} listens there, but not at the pod's address",
            f"the program in {who} does not listen at the pod's address", is_total, None,
        )  # fmt: skip
    protocol = port.get("protocol") or "TCP"
    number_shown = str(number) if protocol == "TCP" else f"{number}/{protocol}"
    listed = joined([str(other) for other in heard.others])
    others = f"; what listens there: {listed}" if listed else f"; no {protocol} port is open there"
    return Silence(
        index, "NothingListens",
        f"{shown(port)} goes to {number}, and nothing listens on {number_shown} in {where}{others}",
        f"nothing listens on {number_shown} in {where}", is_total,
        heard.others[0] if len(heard.others) == 1 else None,
    )  # fmt: skip
