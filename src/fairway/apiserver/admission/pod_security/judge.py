"""Judge: all that a pod does against a level.  Pure."""

from collections.abc import Iterable, Iterator

from fairway.apiserver.admission.pod_security import baseline, restricted
from fairway.apiserver.admission.pod_security.findings import Check, Finding, Subject
from fairway.apiserver.admission.pod_security.levels import BASELINE, PRIVILEGED, Level
from fairway.objects import Object


def findings(level: Level, metadata: Object, spec: Object) -> list[Finding]:
    """Everything that ``level`` forbids, in upstream's order."""
    if level.name == PRIVILEGED:
        return []
    pod = Subject(metadata, spec, level.minor)
    checks: Iterable[Check] = baseline.CHECKS
    if level.name != BASELINE:
        kept = (check for check in checks if baseline.OVERRIDDEN.get(check, level.minor + 1) > level.minor)
        checks = (*kept, *restricted.CHECKS)
    return [found for check in checks if (found := check(pod)) is not None]


def violation(level: Level, metadata: Object, spec: Object) -> str:
    """``violate PodSecurity "LEVEL": ...`` without the verb's ending; empty if nothing is forbidden."""
    found = findings(level, metadata, spec)
    return f'PodSecurity "{level.text}": {", ".join(one.text for one in found)}' if found else ""


def of_namespace(level: Level, namespace: str, pods: Iterable[Object]) -> Iterator[str]:
    """Warnings of pods that are there and would not be let in any more, those with the same faults together."""
    by_fault: dict[str, list[str]] = {}
    for pod in pods:
        reasons = ", ".join(one.reason for one in findings(level, pod["metadata"], pod["spec"]))
        if reasons:
            by_fault.setdefault(reasons, []).append(pod["metadata"]["name"])
    if by_fault:
        yield f'existing pods in namespace "{namespace}" violate the new PodSecurity enforce level "{level.text}"'
    yield from sorted(f"{_listed(sorted(names))}: {reasons}" for reasons, names in by_fault.items())


def _listed(names: list[str]) -> str:
    rest = len(names) - 1
    return names[0] if not rest else f"{names[0]} (and {rest} other pod{'s' if rest > 1 else ''})"
