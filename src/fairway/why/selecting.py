"""Selecting: why a selector matches no pod, nearest miss first.

Shape: ``causes(facts)``; the first cause carries the verdict, the others are what else it may be.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from fairway.objects import Object
from fairway.why.answer import ERROR, NOTE, Cause
from fairway.why.facts import Facts, condition, counted, joined, labels_of, matches, meta, template_of
from fairway.why.nearness import CASE, DIFFERENT, distance, how
from fairway.why.words import clipped, named, set_selector

_COSTS = {CASE: 0.3, "typo": 0.5, DIFFERENT: 2.0}
_MISSING = 2.5
_UNLIKELY = 1.5
"""The rank of what is told only where there is nothing else to tell."""
_OTHER_KEY = 0.6
"""The right value under a key that is nearly the right one."""


class Miss(NamedTuple):
    """How labels miss a selector.  ``theirs`` has for each key that misses what was probably meant: (key, value)."""

    cost: float
    theirs: tuple[tuple[str, str, str, str], ...]
    """(wanted key, wanted value, key found or empty, value found)."""

    @property
    def is_slip(self) -> bool:
        """Whether all that misses looks like a slip of the fingers."""
        return all(
            found and (how(value, is_) != DIFFERENT if key == found else True) for key, value, found, is_ in self.theirs
        )


def miss(selector: dict[str, str], labels: dict[str, str]) -> Miss:
    """How ``labels`` miss ``selector``."""
    cost, theirs = 0.0, []
    for key, value in selector.items():
        found, is_, price = _closest(key, value, labels)
        if price:
            theirs.append((key, value, found, is_))
        cost += price
    return Miss(cost, tuple(theirs))


def _closest(key: str, value: str, labels: dict[str, str]) -> tuple[str, str, float]:
    """(key, value, price) of the label that comes nearest to ``key=value``."""
    if key in labels:
        return key, labels[key], 0.0 if labels[key] == value else _COSTS[how(value, labels[key])]
    for other, is_ in sorted(labels.items()):
        if is_ == value and _is_key_near(key, other):
            return other, is_, _OTHER_KEY
    return "", "", _MISSING


def _is_key_near(key: str, other: str) -> bool:
    """Where the value is the right one, a key may be shorter than a slip needs to show, or have another prefix."""
    is_same = key.rpartition("/")[2] == other.rpartition("/")[2]
    return is_same or how(key, other) != DIFFERENT or distance(key.lower(), other.lower(), 1) <= 1


def is_near(selector: dict[str, str], found: Miss) -> bool:
    """Whether a miss is worth telling: most of the selector is met, or what is not met has the same key."""
    lacking = sum(1 for _, _, key, _ in found.theirs if not key)
    return len(found.theirs) < len(selector) or not lacking


def causes(facts: Facts) -> list[Cause]:
    """Why no pod is behind the Service; only where nothing is chosen."""
    assert facts.service is not None
    selector = facts.service["spec"]["selector"]
    found = [
        *_idle(facts, selector),
        *_own_labels_only(facts, selector),
        *_nearest(facts, selector),
        *_elsewhere(facts, selector),
    ]
    found.sort(key=lambda each: each[0])
    likely = [each for each in found if each[0] < _UNLIKELY] or found
    ordered = [cause for _, cause in likely] or [_nothing(facts, selector)]
    return [ordered[0], *(cause._replace(severity=NOTE) for cause in ordered[1:])]


Ranked = tuple[float, Cause]


def _idle(facts: Facts, selector: dict[str, str]) -> Iterator[Ranked]:
    """Workloads whose pods would be matched if there were any."""
    for workload in facts.workloads:
        labels = labels_of(template_of(workload))
        if not matches(selector, labels) or _is_owned(workload, facts.workloads):
            continue
        what = named(workload)
        problem = _refusal(workload, facts.workloads)
        if workload["spec"].get("replicas", 1) == 0:
            text = f"{what} would make pods that match, but is scaled to 0"
            command = f"kubectl scale {what} --replicas=1 -n {facts.namespace}"
            yield (
                0.1,
                _cause("ScaledToZero", text, f"{what} is scaled to 0", what, "spec.replicas", "replicas: 1", command),
            )
        elif problem:
            text = f"{what} cannot make its pods: {clipped(problem)}"
            command = f"kubectl describe {what} -n {facts.namespace}"
            yield 0.0, _cause("PodsNotCreated", text, f"{what} cannot make its pods", what, "", "", command)
        else:
            text = f"{what} makes pods that match; none of them is there yet"
            command = f"kubectl rollout status {what} -n {facts.namespace}"
            yield 0.2, _cause("PodsNotCreated", text, f"the pods of {what} are not there yet", what, "", "", command)


def _is_owned(workload: Object, every: Sequence[Object]) -> bool:
    """A ReplicaSet of a Deployment is not what a user changes."""
    owners = {owner.get("uid") for owner in meta(workload).get("ownerReferences") or ()}
    return any(meta(other).get("uid") in owners for other in every if meta(other).get("uid"))


def _refusal(workload: Object, every: Sequence[Object]) -> str:
    """Why it, or a ReplicaSet of it, could not create pods."""
    uid = meta(workload).get("uid")
    owned = [
        other for other in every
        if uid and any(owner.get("uid") == uid for owner in meta(other).get("ownerReferences") or ())
    ]  # fmt: skip
    for each in (workload, *owned):
        failed = condition(each, "ReplicaFailure")
        if failed.get("status") == "True":
            return str(failed.get("message") or failed.get("reason") or "")
    return ""


def _own_labels_only(facts: Facts, selector: dict[str, str]) -> Iterator[Ranked]:
    for workload in facts.workloads:
        template = labels_of(template_of(workload))
        if not matches(selector, labels_of(workload)) or matches(selector, template):
            continue
        if _is_owned(workload, facts.workloads):
            continue
        what = named(workload)
        lacking = {key: value for key, value in selector.items() if template.get(key) != value}
        # The template says something else under the same key: then a near miss of its pods tells more.
        rank = 0.55 if all(key in template for key in lacking) else 0.25
        shown = ", ".join(f"{key}={value}" for key, value in lacking.items())
        yield rank, _cause(
            "LabelNotInTemplate",
            f"{what} carries {shown} itself, but its pod template does not, and pods get the template's labels",
            f"{shown} stands on {what} but not on its pods",
            what, "spec.template.metadata.labels", "spec.template.metadata.labels: " + _pairs(lacking),
            f"kubectl patch {what} -n {facts.namespace} -p '{_template_patch(lacking)}'",
        )  # fmt: skip


def _template_patch(labels: dict[str, str]) -> str:
    pairs = ",".join(f'"{key}":"{value}"' for key, value in labels.items())
    return f'{{"spec":{{"template":{{"metadata":{{"labels":{{{pairs}}}}}}}}}}}'


def _nearest(facts: Facts, selector: dict[str, str]) -> Iterator[Ranked]:
    """The pods that miss by the least, and by what; templates stand in where there are no pods."""
    carriers = [labels_of(pod) for pod in facts.neighbours if _is_alive(pod)]
    noun = "pod"
    if not carriers:
        carriers, noun = [labels_of(template_of(each)) for each in facts.workloads], "pod template"
    misses: Counter[Miss] = Counter()
    for labels, count in Counter(tuple(sorted(labels.items())) for labels in carriers).items():
        if is_near(selector, missed := miss(selector, dict(labels))):
            misses[missed] += count
    if not misses:
        return
    found, count = min(misses.items(), key=lambda each: (each[0].cost, -each[1]))
    if len(misses) > 1 and not found.is_slip and len(found.theirs) == len(selector):
        return  # pods of several kinds that have nothing to do with it
    wants = ", ".join(f"{key}={value}" for key, value, _, _ in found.theirs)
    has = ", ".join(f"{other}={is_}" if other else f"no label {key}" for key, _, other, is_ in found.theirs)
    whose = f"{counted(count, noun)} {'has' if count == 1 else 'have'} {has}"
    meant = dict(selector)
    for key, _, other, is_ in found.theirs:
        meant.pop(key, None)
        if other:
            meant[other] = is_
    # All of a selector that is only different, not misspelt, may be meant for pods that are still to come.
    rank = 0.4 if found.is_slip else 1.0 if len(found.theirs) < len(selector) else _UNLIKELY
    yield rank, _cause(
        "SelectorMisses",
        f"{whose}; the selector says {wants}",
        f"its selector matches no pod: {whose}; the selector says {wants}",
        f"svc/{facts.name}", "spec.selector", "selector: " + _pairs(meant),
        set_selector(facts.namespace, facts.name, meant) if meant else "",
    )  # fmt: skip


def _is_alive(pod: Object) -> bool:
    return (pod.get("status") or {}).get("phase") not in ("Succeeded", "Failed")


def _elsewhere(facts: Facts, selector: dict[str, str]) -> Iterator[Ranked]:
    spaces = Counter(meta(pod).get("namespace") for pod in facts.elsewhere)
    for namespace, count in spaces.most_common(2):
        are = "is" if count == 1 else "are"
        wants = ",".join(f"{key}={value}" for key, value in selector.items())
        example = next(meta(pod)["name"] for pod in facts.elsewhere if meta(pod).get("namespace") == namespace)
        yield 0.7, _cause(
            "OtherNamespace",
            f"a Service selects pods of its own namespace, {facts.namespace}; "
            f"{counted(count, 'pod')} with {wants} {are} in namespace {namespace}",
            f"{counted(count, 'pod')} that it would match {are} in namespace {namespace}, not {facts.namespace}",
            f"svc/{facts.name}", "metadata.namespace", f"namespace: {namespace}",
            _exposed_there(facts, namespace, example, wants),
        )  # fmt: skip


def _exposed_there(facts: Facts, namespace: str, pod: str, wants: str) -> str:
    assert facts.service is not None
    ports = list(facts.service["spec"].get("ports") or ())
    if len(ports) != 1:
        return f"kubectl get svc {facts.name} -n {facts.namespace} -o yaml   # create it in namespace {namespace}"
    target = ports[0].get("targetPort", ports[0]["port"])
    return (
        f"kubectl expose pod {pod} -n {namespace} --name={facts.name} --selector={wants} "
        f"--port={ports[0]['port']} --target-port={target}"
    )


def _nothing(facts: Facts, selector: dict[str, str]) -> Cause:
    wants = ",".join(f"{key}={value}" for key, value in selector.items())
    if not facts.neighbours:
        there = f"there is no pod in namespace {facts.namespace}"
    else:
        key = next(iter(selector))
        values = sorted({labels_of(pod)[key] for pod in facts.neighbours if key in labels_of(pod)})
        listed = joined([f"{key}={value}" for value in values][:6])
        has = f"there have {listed}" if values else f"there have no label {key}"
        there = f"the {len(facts.neighbours)} pods {has}" if len(facts.neighbours) > 1 else f"the pod {has}"
        there = there.replace("the pod there have", "the only pod there has")
    return _cause(
        "NoPods", f"{there}; the selector says {wants}", f"its selector matches no pod: {there}",
        f"svc/{facts.name}", "spec.selector", "", f"kubectl get pods -A -l {wants} --show-labels",
    )  # fmt: skip


def _cause(reason: str, message: str, short: str, object_: str, field: str, cure: str, command: str) -> Cause:
    return Cause(reason, ERROR, message, short, object_, field, cure, (command,) if command else ())


def _pairs(labels: dict[str, str]) -> str:
    return ", ".join(f"{key}: {value}" for key, value in labels.items())


def slips(selector: dict[str, str], carriers: Iterable[dict[str, str]]) -> Counter[Miss]:
    """The misses that look like slips of the fingers, and how many of ``carriers`` have each."""
    found = (miss(selector, labels) for labels in carriers)
    return Counter(each for each in found if each.theirs and each.is_slip and is_near(selector, each))
