"""Warnings: what is probably a slip in an object that is being written, each in one short line.

Rules for those who change it: no false alarms.  A Service before its pods, a second version beside the first, a name
that only a number tells from another: all of that is normal and stays silent.
"""

from collections.abc import Iterable, Iterator, Sequence

from fairway.objects import Object
from fairway.why import ports, selecting
from fairway.why.facts import counted, labels_of, matches, meta, template_of
from fairway.why.words import named

_LONGEST = 200


def carried(thing: Object) -> dict[str, str]:
    """The labels that a pod has, or those that the pods of a workload will have."""
    return labels_of(template_of(thing)) if "template" in thing["spec"] else labels_of(thing)


def of_service(service: Object, carriers: Sequence[Object], others: Iterable[Object]) -> Iterator[str]:
    """For a Service that is written.  ``carriers`` are pods and workloads of its namespace, ``others`` its Services."""
    selector = service["spec"].get("selector") or {}
    chosen = [each for each in carriers if matches(selector, carried(each))]
    if chosen:
        yield from port_texts(service, chosen)
        return
    taken = [each["spec"].get("selector") or {} for each in others]
    free = [each for each in carriers if not any(one and matches(one, carried(each)) for one in taken)]
    for each in free:
        if matches(selector, labels_of(each)) and "template" in each["spec"]:
            lacks = _pairs({key: value for key, value in selector.items() if carried(each).get(key) != value})
            yield clipped(
                f"spec.selector: {named(each)} has {lacks} itself, but not in its pod template: no pod will have it"
            )
            return
    yield from _slip(selector, [each for each in free if "template" not in each["spec"]], free)


def _slip(selector: dict[str, str], pods: Sequence[Object], free: Sequence[Object]) -> Iterator[str]:
    """What nearly has the labels: pods, or what will make some."""
    slips = selecting.slips(selector, map(carried, pods)) or selecting.slips(selector, map(carried, free))
    if not slips:
        return
    found, count = min(slips.items(), key=lambda each: (each[0].cost, -each[1]))
    nearly = [each for each in free if selecting.miss(selector, carried(each)) == found]
    nearly.sort(key=lambda each: bool(meta(each).get("ownerReferences")))  # the Deployment before its ReplicaSet
    whose = counted(count, "pod") if any(each in pods for each in nearly) else f"the template of {named(nearly[0])}"
    text = f"{whose} {'have' if whose.endswith('pods') else 'has'} {_has(found)}; the selector says {_wants(found)}"
    yield clipped(f"spec.selector: {text}; did you mean `{_meant(found)}`?")


def is_near(service: Object, thing: Object) -> bool:
    """Whether the Service misses what ``thing`` carries, by a slip."""
    selector = service["spec"].get("selector")
    return bool(selector and selecting.slips(selector, [carried(thing)]))


def of_carrier(thing: Object, services: Sequence[Object], idle: Sequence[Object]) -> Iterator[str]:
    """For a pod or workload that is written.  ``idle`` are those of the Services that select nothing yet."""
    labels = carried(thing)
    for service in services:
        selector = service["spec"].get("selector") or {}
        if selector and matches(selector, labels):
            yield from (f"svc/{meta(service)['name']}: {text}" for text in port_texts(service, [thing]))
    if any(matches(each["spec"].get("selector") or {"": ""}, labels) for each in services):
        return
    for service in idle:
        slips = selecting.slips(service["spec"]["selector"], [labels])
        for found in slips:
            name = meta(service)["name"]
            yield clipped(
                f"svc/{name} selects {_wants(found)}, which nothing has; here is {_has(found)}: is that a slip?"
            )


def of_loss(thing: Object, old: Object, services: Sequence[Object], others: Sequence[Object]) -> Iterator[str]:
    """For a workload whose pods change their labels: the Services that lose their last pods by that."""
    before, after = carried(old), carried(thing)
    for service in services:
        selector = service["spec"].get("selector") or {}
        if not selector or not matches(selector, before) or matches(selector, after):
            continue
        if not any(matches(selector, carried(each)) for each in others):
            lost = _pairs({key: value for key, value in selector.items() if after.get(key) != value})
            yield clipped(f"svc/{meta(service)['name']} will select no pod any longer: it wants {lost}")


def port_texts(service: Object, chosen: Sequence[Object]) -> Iterator[str]:
    """A line for each port whose target nothing declares."""
    for slip in ports.advice(service, chosen):
        field, tail = f"spec.ports[{slip.place}].{slip.field}", f"did you mean `{slip.field}: {slip.meant}`?"
        whole = f"{field}: {slip.text}; {tail}"
        yield whole if len(whole) <= _LONGEST else clipped(f"{field}: {slip.short}; {tail}")


def clipped(text: str) -> str:
    """At most what fits a line or two of a terminal."""
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def _pairs(labels: dict[str, str]) -> str:
    return ", ".join(f"{key}={value}" for key, value in labels.items())


def _wants(found: selecting.Miss) -> str:
    return ", ".join(f"{key}={value}" for key, value, _, _ in found.theirs)


def _has(found: selecting.Miss) -> str:
    return ", ".join(f"{other}={is_}" for _, _, other, is_ in found.theirs)


def _meant(found: selecting.Miss) -> str:
    return ", ".join(f"{other}: {is_}" for _, _, other, is_ in found.theirs)
