"""Backwards: from pods, or from what makes them, to the Services that they are behind, and to those that miss them."""

from collections.abc import Sequence

from fairway.objects import Object
from fairway.why import pods, selecting
from fairway.why.answer import ERROR, NOTE, Answer, Cause
from fairway.why.answering import Known, about_service
from fairway.why.facts import Look, Looking, Question, counted, joined, labels_of, matches, meta, template_of
from fairway.why.places import PLACES
from fairway.why.words import SHORT, set_selector

_MOST_SERVICES = 6


def about_pods_of(question: Question, known: Known) -> Looking[Answer]:
    """A pod, or a workload."""
    short, namespace = f"{SHORT[question.kind]}/{question.name}", question.namespace
    answer = Answer(short, question.kind, namespace, question.name)
    group, plural = PLACES[question.kind]
    own = Look(plural, group, namespace=namespace, name=question.name)
    seen, services = yield (own, Look("services", namespace=namespace))
    for each, what in ((seen, short), (services, "Services")):
        if each.refused:
            answer.unseen.append(f"could not look at {what} in namespace {namespace}: {each.refused}")
    if seen.refused:
        return answer.blind()
    if not seen.items:
        text = f"there is no {short} in namespace {namespace}"
        command = f"kubectl get {plural} -n {namespace}"
        answer.add([Cause("NotFound", ERROR, text, text, short, "", "", (command,))])
        return answer.conclude("")
    thing = seen.items[0]
    labels = labels_of(thing) if question.kind == "Pod" else labels_of(template_of(thing))
    return (yield from _behind(question, known, answer, thing, labels, services.items))


def _behind(
    question: Question, known: Known, answer: Answer, thing: Object, labels: dict[str, str], services: Sequence[Object]
) -> Looking[Answer]:  # fmt: skip
    selecting_ = [(meta(each)["name"], each["spec"].get("selector")) for each in services]
    behind = [name for name, selector in selecting_ if selector and matches(selector, labels)]
    if not behind:
        answer.add(_behind_none(question, labels, services))
        return answer.conclude("")
    for name in behind[:_MOST_SERVICES]:
        asked = Question("Service", question.namespace, name, question.caller, question.port, question.protocol)
        found = yield from about_service(asked, known)
        if len(behind) > 1:
            found.causes = [_of(found.subject, cause) for cause in found.causes]
        _take(question, answer, found)
    works = f"it is behind {joined([f'svc/{name}' for name in behind[:_MOST_SERVICES]])}"
    if question.kind == "Pod":
        state = pods.state(thing, ())
        mine = [verdict for verdict in answer.verdicts if not verdict.is_behind]
        if mine or state.reason:
            text = mine[0].text if mine else state.text
            commands = next((c.commands for c in answer.causes if c.object == answer.subject), state.commands)
            out = Cause(
                state.reason or mine[0].reason or "Out", ERROR, f"{answer.subject}: {text}", text,
                answer.subject, "", "", commands,
            )  # fmt: skip
            answer.causes = [cause for cause in answer.causes if cause.object != answer.subject]
            answer.add([out])
    return answer.conclude(works)


def _of(service: str, cause: Cause) -> Cause:
    """A cause that lies in one of several Services, with its name."""
    if cause.object != service:
        return cause
    short = f"{service}: {cause.short}" if cause.short else ""
    return cause._replace(message=f"{service}: {cause.message}", short=short)


def _take(question: Question, answer: Answer, found: Answer) -> None:
    """What an answer about a Service says of the thing that was asked about."""
    answer.lines.append(found.summary)
    answer.unseen += [each for each in found.unseen if each not in answer.unseen]
    if question.kind == "Pod":
        answer.verdicts += [verdict for verdict in found.verdicts if verdict.pod == question.name]
        about_others = [c for c in found.causes if c.object.startswith("pod/") and c.object != f"pod/{question.name}"]
        answer.add([cause for cause in found.causes if cause not in about_others])
    else:
        answer.verdicts += [verdict for verdict in found.verdicts if verdict not in answer.verdicts]
        answer.add(found.causes)


def _behind_none(question: Question, labels: dict[str, str], services: Sequence[Object]) -> list[Cause]:
    """The Services that nearly select it."""
    subject = f"{SHORT[question.kind]}/{question.name}"
    shown = joined([f"{key}={value}" for key, value in labels.items()]) or "no labels"
    near = []
    for each in services:
        selector = each["spec"].get("selector") or {}
        found = selecting.miss(selector, labels)
        if selector and selecting.is_near(selector, found):
            near.append((found.cost, meta(each)["name"], selector, found))
    text = f"no Service of namespace {question.namespace} selects it; it has {shown}"
    if not near:
        return [
            Cause(
                "NotSelected", ERROR, f"{text}, and none comes near ({counted(len(services), 'Service')})",
                f"no Service of namespace {question.namespace} selects it", subject, "metadata.labels", "",
                (f"kubectl expose {subject} -n {question.namespace}",),
            )
        ]  # fmt: skip
    near.sort(key=lambda each: each[:2])
    _, name, selector, found = near[0]
    wants = ", ".join(f"{key}={value}" for key, value, _, _ in found.theirs)
    meant = {key: value for key, value in selector.items() if key not in {key for key, *_ in found.theirs}}
    meant |= {other: is_ for _, _, other, is_ in found.theirs if other}
    first = Cause(
        "SelectorMisses", ERROR, f"{text}; svc/{name} comes nearest, and wants {wants}",
        f"no Service selects it; svc/{name} wants {wants}", subject, "metadata.labels", f"{wants} on the pods",
        (set_selector(question.namespace, name, meant),) if meant else (),
    )  # fmt: skip
    return [first, *(_other(each[1], each[3]) for each in near[1:3])]


def _other(name: str, found: selecting.Miss) -> Cause:
    wants = ", ".join(f"{key}={value}" for key, value, _, _ in found.theirs)
    return Cause("SelectorMisses", NOTE, f"svc/{name} wants {wants}", "", f"svc/{name}", "spec.selector")
