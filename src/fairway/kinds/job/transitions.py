"""What of a Job may change once it is there: little, and most of that only while it is suspended and never ran."""

from collections.abc import Iterator

from fairway.kinds.rules.values import unchanged
from fairway.objects import Object
from fairway.objects.errors import Problem, invalid_value, required

_FIXED = ("completionMode", "podFailurePolicy", "backoffLimitPerIndex", "managedBy", "successPolicy")
_SCHEDULING = ("nodeSelector", "affinity", "tolerations", "schedulingGates")


def transition_problems(new: Object, old: Object) -> Iterator[Problem]:
    """Every field that may not change and did."""
    spec, was = new["spec"], old["spec"]
    yield from _completions(spec, was)
    yield from unchanged("spec.selector", spec.get("selector"), was.get("selector"))
    yield from unchanged("spec.template", _template(spec, was, new, old), was["template"])
    for name in _FIXED:
        yield from unchanged(f"spec.{name}", spec.get(name), was.get(name))


def _completions(spec: Object, was: Object) -> Iterator[Problem]:
    now, before = spec.get("completions"), was.get("completions")
    if now == before:
        return
    if was["completionMode"] != "Indexed":
        yield from unchanged("spec.completions", now, before)
    elif now is None:
        yield required("spec.completions", "when completion mode is Indexed")
    elif before != was["parallelism"] or now != spec["parallelism"]:
        yield invalid_value("spec.completions", now, "can only be modified in tandem with spec.parallelism")


def _template(spec: Object, was: Object, new: Object, old: Object) -> Object:
    """The new template with what may be changed of it as it was."""
    template: Object = spec["template"]
    if not was.get("suspend") or (new.get("status") or {}).get("startTime"):
        return template
    before = was["template"]
    pod = {name: value for name, value in (template.get("spec") or {}).items() if name not in _SCHEDULING}
    pod |= {name: value for name, value in (before.get("spec") or {}).items() if name in _SCHEDULING}
    pod |= {
        name: [_with_resources(one, pods.get(one.get("name"))) for one in pod[name]]
        for name in ("containers", "initContainers")
        if pod.get(name)
        for pods in [{each.get("name"): each for each in (before.get("spec") or {}).get(name) or ()}]
    }
    meta = {name: value for name, value in (template.get("metadata") or {}).items() if name not in _LABELS}
    meta |= {name: value for name, value in (before.get("metadata") or {}).items() if name in _LABELS}
    return {**template, "metadata": meta, "spec": pod}


_LABELS = ("labels", "annotations")


def _with_resources(container: Object, before: Object | None) -> Object:
    if before is None or "resources" not in before:
        return container
    return {**container, "resources": before["resources"]}
