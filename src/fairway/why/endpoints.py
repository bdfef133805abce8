"""Endpoints: what the slices of a Service say, and where that is not what the pods say.

Source: Kubernetes docs, "EndpointSlices"; KEP-1669 (terminating endpoints serve where no others do).
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from fairway.objects import Object
from fairway.why.answer import ERROR, NOTE, WARNING, Cause
from fairway.why.facts import Facts, counted, joined, labels_of, meta
from fairway.why.ports import asked, shown, target_of
from fairway.why.words import replaced

SERVICE_NAME = "kubernetes.io/service-name"
MANAGED_BY = "endpointslice.kubernetes.io/managed-by"
_CONTROLLER = "endpointslice-controller.k8s.io"
_MIRROR = "endpointslicemirroring-controller.k8s.io"


class Endpoint(NamedTuple):
    """One endpoint of one slice."""

    address: str
    family: str
    pod: str
    node: str
    zone: str
    is_ready: bool
    is_serving: bool
    is_leaving: bool
    zones: tuple[str, ...]
    """For which zones it is meant (hints); empty for all."""
    nodes: tuple[str, ...]
    """For which nodes it is meant (hints); empty for all."""
    ports: tuple[str, ...]
    """The names of the ports that it has."""


def endpoints(slices: Iterable[Object]) -> list[Endpoint]:
    """All endpoints of the slices."""
    return [_endpoint(each, one) for each in slices for one in each.get("endpoints") or ()]


def _endpoint(slice_: Object, one: Object) -> Endpoint:
    conditions, ref = one.get("conditions") or {}, one.get("targetRef") or {}
    ready = conditions.get("ready") is not False
    hints = one.get("hints") or {}
    return Endpoint(
        (one.get("addresses") or ("",))[0], slice_.get("addressType", ""),
        ref.get("name", "") if ref.get("kind") == "Pod" else "", one.get("nodeName") or "", one.get("zone") or "",
        ready, conditions.get("serving", ready) is not False, bool(conditions.get("terminating")),
        _names(hints.get("forZones")), _names(hints.get("forNodes")),
        tuple(port.get("name") or "" for port in slice_.get("ports") or ()),
    )  # fmt: skip


def _names(hints: Iterable[Object] | None) -> tuple[str, ...]:
    return tuple(hint.get("name") or "" for hint in hints or ())


def usable(every: Sequence[Endpoint]) -> list[Endpoint]:
    """Those that get new connections: the ready ones; if there are none, those that leave and still serve."""
    ready = [each for each in every if each.is_ready]
    return ready or [each for each in every if each.is_serving and each.is_leaving]


def counts(families: Iterable[str], every: Iterable[Endpoint]) -> dict[str, int]:
    """Endpoints of each family of the Service; a pod with two addresses is an endpoint of both."""
    found = dict.fromkeys(families, 0)
    for each in every:
        found[each.family] = found.get(each.family, 0) + 1
    return found


def total(by_family: dict[str, int]) -> str:
    """``3 endpoints``, or each family where they differ."""
    different = set(by_family.values())
    if len(different) > 1:
        return " and ".join(f"{count} {family}" for family, count in by_family.items()) + " endpoints"
    return counted(different.pop() if different else 0, "endpoint")


def origin(slices: Sequence[Object]) -> str:
    """Who has written the slices of a Service without a selector."""
    writers = {labels_of(each).get(MANAGED_BY, "") for each in slices}
    if writers == {_MIRROR}:
        return "mirrored from its Endpoints object"
    return "written by hand" if writers <= {"", "staff"} else f"written by {joined(sorted(filter(None, writers)))}"


def against_pods(facts: Facts, ready: Sequence[Object]) -> Iterator[Cause]:
    """Where the slices lag behind the pods: ``ready`` are the pods that should be in them."""
    if facts.slices is None or facts.chosen is None:
        return
    every = endpoints(facts.slices)
    listed = {each.pod for each in every if each.is_ready}
    lacking = [meta(pod)["name"] for pod in ready if meta(pod)["name"] not in listed]
    command = f"kubectl get endpointslices -n {facts.namespace} -l {SERVICE_NAME}={facts.name} -o yaml"
    if lacking:
        is_all = len(lacking) == len(ready)
        who = counted(len(lacking), "ready pod")
        have = "no EndpointSlice exists" if not facts.slices else "its EndpointSlices do not list them"
        yield Cause(
            "SlicesLag", ERROR if is_all else WARNING,
            f"{who} ({joined(lacking[:5])}) should be behind the Service, but {have}: does the endpoint slice "
            "controller run?",
            f"the EndpointSlices lack {who}", f"svc/{facts.name}", "", "", (command,),
        )  # fmt: skip
    if facts.chosen_is_cut:
        return
    known = {meta(pod)["name"] for pod in facts.chosen}
    stale = sorted({each.pod for each in every if each.pod and each.is_ready and each.pod not in known})
    if stale:
        yield Cause(
            "StaleEndpoints", WARNING,
            f"its EndpointSlices still list {joined(stale[:5])}, which the selector does not match any longer, or "
            "which are gone: does the endpoint slice controller run?",
            f"its EndpointSlices list {counted(len(stale), 'pod')} that it does not select", f"svc/{facts.name}",
            "", "", (command,),
        )  # fmt: skip


def foreign(facts: Facts) -> Iterator[Cause]:
    """Slices of a Service with a selector that somebody else writes."""
    others = [each for each in facts.slices or () if labels_of(each).get(MANAGED_BY, "") != _CONTROLLER]
    if others:
        names = joined([meta(each)["name"] for each in others[:3]])
        yield Cause(
            "ForeignSlices", NOTE,
            f"besides those of its selector, it sends to the endpoints of {names}, which others look after",
            "", f"svc/{facts.name}",
        )  # fmt: skip


def by_hand(facts: Facts) -> Iterator[Cause]:
    """What is wrong with the endpoints of a Service without a selector."""
    assert facts.service is not None
    slices, name = facts.slices or (), facts.name
    if not slices:
        yield from _none_by_hand(facts)
        return
    every = endpoints(slices)
    if not usable(every):
        what = "none of their endpoints is ready" if every else "they list no endpoint"
        yield Cause(
            "NoReadyEndpoint", ERROR, f"it has no selector, and of its EndpointSlices {origin(slices)} {what}",
            f"it has no selector and no ready endpoint ({what})", f"svc/{name}", "", "",
            (f"kubectl get endpointslices -n {facts.namespace} -l {SERVICE_NAME}={name} -o yaml",),
        )  # fmt: skip
        return
    for place in sorted(asked(facts.service, facts.question)):
        port = facts.service["spec"]["ports"][place]
        wanted = port.get("name") or ""
        if not any(wanted in each.ports for each in usable(every)):
            yield _port_missing(facts, port, slices)


def _port_missing(facts: Facts, port: Object, slices: Sequence[Object]) -> Cause:
    """Ports of a slice belong to those of a Service by their names, not by their numbers."""
    wanted = port.get("name") or ""
    has = sorted({each.get("name") or "" for slice_ in slices for each in slice_.get("ports") or ()})
    said = joined([f'"{each}"' for each in has]) if has else "none"
    is_mirrored = origin(slices).startswith("mirrored")
    what, name = ("endpoints", facts.name) if is_mirrored else ("endpointslice", meta(slices[0])["name"])
    path = "/subsets/0/ports/0/name" if is_mirrored else "/ports/0/name"
    value_is_there = bool(has)
    command = (
        replaced(facts.namespace, name, path, wanted, what).replace('"replace"', '"add"') if value_is_there else ""
    )
    return Cause(
        "SlicePortName", ERROR,
        f'{shown(port)} of the Service is named "{wanted}", and endpoints belong to it by that name; '
        f"the ports of its EndpointSlices ({origin(slices)}) are named {said}",
        f'no endpoint has a port named "{wanted}"', f"{what}/{name}", "ports[0].name", f'name: "{wanted}"',
        (command,) if command else (),
    )  # fmt: skip


def _none_by_hand(facts: Facts) -> Iterator[Cause]:
    name, ends = facts.name, facts.endpoints
    loose = [each for each in facts.loose_slices if meta(each)["name"].startswith(name)]
    if ends is not None and ends.get("subsets"):
        yield Cause(
            "NotMirrored", ERROR,
            "it has no selector; its Endpoints object has addresses, but no EndpointSlice mirrors them: does the "
            "mirroring controller run, and is the label endpointslice.kubernetes.io/skip-mirror absent?",
            "its Endpoints are not mirrored to EndpointSlices", f"endpoints/{name}", "", "",
            (f"kubectl get endpoints {name} -n {facts.namespace} -o yaml",),
        )  # fmt: skip
    elif loose:
        other = meta(loose[0])["name"]
        yield Cause(
            "SliceNotLabelled", ERROR,
            f"it has no selector; EndpointSlice {other} may be meant for it, but has no label {SERVICE_NAME}={name}",
            f"no EndpointSlice carries the label {SERVICE_NAME}={name}", f"endpointslice/{other}",
            "metadata.labels", f"{SERVICE_NAME}: {name}",
            (f"kubectl label endpointslice {other} {SERVICE_NAME}={name} --overwrite -n {facts.namespace}",),
        )  # fmt: skip
    else:
        yield _no_selector(facts)


def _no_selector(facts: Facts) -> Cause:
    """Nobody looks after its endpoints; a workload of the same name was probably meant."""
    from fairway.why.facts import template_of
    from fairway.why.words import named, set_selector

    name = facts.name
    own = [each for each in facts.workloads if meta(each)["name"] == name and labels_of(template_of(each))]
    text = "it has no selector, and no EndpointSlice or Endpoints object gives it endpoints"
    if not own:
        return Cause(
            "NoSelector", ERROR, text, "it has no selector and no endpoint", f"svc/{name}", "spec.selector",
            f"a selector, or an EndpointSlice with the label {SERVICE_NAME}={name}",
            (f"kubectl get pods -n {facts.namespace} --show-labels",),
        )  # fmt: skip
    selector = ((own[0]["spec"].get("selector") or {}).get("matchLabels")) or labels_of(template_of(own[0]))
    pairs = ", ".join(f"{key}: {value}" for key, value in selector.items())
    return Cause(
        "NoSelector", ERROR, f"{text}; the pods of {named(own[0])} have {pairs}", "it has no selector and no endpoint",
        f"svc/{name}", "spec.selector", f"selector: {pairs}", (set_selector(facts.namespace, name, selector),),
    )  # fmt: skip


def without_port(service: Object, every: Sequence[Endpoint], index: int) -> bool:
    """Whether a port that goes by a name has no endpoint at all."""
    port = service["spec"]["ports"][index]
    return isinstance(target_of(port), str) and not any((port.get("name") or "") in each.ports for each in every)
