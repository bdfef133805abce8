"""Rules of a Job's podFailurePolicy and successPolicy.

Source: KEP-3329, KEP-3998.
"""

from collections.abc import Iterator, Sequence

from fairway.kinds.rules.indexes import parse_indexes
from fairway.kinds.rules.values import non_negative, qualified_name
from fairway.objects import Object
from fairway.objects.errors import Problem, duplicate, invalid_value, not_supported, required, too_long, too_many

ACTIONS = ("Count", "FailIndex", "FailJob", "Ignore")
_OPERATORS = ("In", "NotIn")
_STATUSES = ("False", "True", "Unknown")
_MAX_RULES, _MAX_CODES, _MAX_INDEXES_BYTES = 20, 255, 64 * 1024


def _listed(values: Sequence[str]) -> str:
    return "valid values: [" + " ".join(f'"{value}"' for value in values) + "]"


def pod_failure_policy(path: str, spec: Object) -> Iterator[Problem]:
    """What is to happen when pods fail in known ways."""
    policy = spec.get("podFailurePolicy")
    if policy is None:
        return
    here, rules = f"{path}.podFailurePolicy.rules", policy.get("rules") or []
    if len(rules) > _MAX_RULES:
        yield too_many(here, len(rules), _MAX_RULES)
        return
    pod = spec["template"].get("spec") or {}
    containers = {one.get("name") for name in ("containers", "initContainers") for one in pod.get(name) or ()}
    for index, rule in enumerate(rules):
        yield from _failure_rule(f"{here}[{index}]", rule, spec, containers)


def _failure_rule(path: str, rule: Object, spec: Object, containers: set[str]) -> Iterator[Problem]:
    action = rule.get("action") or ""
    if not action:
        yield required(f"{path}.action", _listed(ACTIONS))
    elif action == "FailIndex" and spec.get("backoffLimitPerIndex") is None:
        yield invalid_value(f"{path}.action", action, "requires the backoffLimitPerIndex to be set")
    elif action not in ACTIONS:
        yield not_supported(f"{path}.action", action, ACTIONS)
    codes, conditions = rule.get("onExitCodes"), rule.get("onPodConditions")
    if codes is not None:
        yield from _exit_codes(f"{path}.onExitCodes", codes, containers)
    if conditions:
        yield from _pod_conditions(f"{path}.onPodConditions", conditions)
    if codes is not None and conditions:
        yield _of_rule(path, "specifying both OnExitCodes and OnPodConditions is not supported")
    if codes is None and not conditions:
        yield _of_rule(path, "specifying one of OnExitCodes and OnPodConditions is required")


def _of_rule(path: str, text: str) -> Problem:
    """A problem that does not show the whole rule."""
    return Problem(path, "FieldValueInvalid", f"Invalid value: {text}")


def _exit_codes(path: str, codes: Object, containers: set[str]) -> Iterator[Problem]:
    operator, name, values = codes.get("operator") or "", codes.get("containerName"), codes.get("values") or []
    if not operator:
        yield required(f"{path}.operator", _listed(_OPERATORS))
    elif operator not in _OPERATORS:
        yield not_supported(f"{path}.operator", operator, _OPERATORS)
    if name is not None and name not in containers:
        text = "must be one of the container or initContainer names in the pod template"
        yield invalid_value(f"{path}.containerName", name, text)
    here = f"{path}.values"
    if not values:
        yield invalid_value(here, values, "at least one value is required")
    elif len(values) > _MAX_CODES:
        yield too_many(here, len(values), _MAX_CODES)
    seen: set[int] = set()
    for index, value in enumerate(values):
        if operator == "In" and value == 0:
            yield invalid_value(f"{here}[{index}]", value, "must not be 0 for the In operator")
        if value in seen:
            yield duplicate(f"{here}[{index}]", value)
        seen.add(value)
    if values != sorted(values):
        yield invalid_value(here, values, "must be ordered")


def _pod_conditions(path: str, patterns: Sequence[Object]) -> Iterator[Problem]:
    if len(patterns) > _MAX_RULES:
        yield too_many(path, len(patterns), _MAX_RULES)
        return
    for index, pattern in enumerate(patterns):
        here, status = f"{path}[{index}]", pattern.get("status") or ""
        yield from qualified_name(f"{here}.type", pattern.get("type") or "")
        if not status:
            yield required(f"{here}.status", _listed(_STATUSES))
        elif status not in _STATUSES:
            yield not_supported(f"{here}.status", status, _STATUSES)


def success_policy(path: str, spec: Object) -> Iterator[Problem]:
    """When an indexed Job has done enough."""
    policy = spec.get("successPolicy")
    if policy is None:
        return
    if spec["completionMode"] != "Indexed":
        yield invalid_value(f"{path}.successPolicy", policy, "requires indexed completion mode")
        return
    here, rules = f"{path}.successPolicy.rules", policy.get("rules") or []
    if not rules:
        yield required(here, "at least one rules must be specified when the successPolicy is specified")
    if len(rules) > _MAX_RULES:
        yield too_many(here, len(rules), _MAX_RULES)
    for index, rule in enumerate(rules):
        yield from _success_rule(f"{here}[{index}]", rule, spec.get("completions") or 0)


def _success_rule(path: str, rule: Object, completions: int) -> Iterator[Problem]:
    count, indexes = rule.get("succeededCount"), rule.get("succeededIndexes")
    if count is None and indexes is None:
        yield required(path, "at least one of succeededCount or succeededIndexes must be specified")
        return
    if indexes is not None:
        yield from _succeeded_indexes(path, indexes, count, completions)
    if count is not None:
        yield from non_negative(f"{path}.succeededCount", count)
        if count > completions:
            text = f"must be less than or equal to {completions} (the number of specified completions)"
            yield invalid_value(f"{path}.succeededCount", count, text)


def _succeeded_indexes(path: str, indexes: str, count: int | None, completions: int) -> Iterator[Problem]:
    here = f"{path}.succeededIndexes"
    if len(indexes) > _MAX_INDEXES_BYTES:
        yield too_long(here, _MAX_INDEXES_BYTES)
    try:
        total = sum(last - first + 1 for first, last in parse_indexes(indexes, completions))
    except ValueError as error:
        yield invalid_value(here, indexes, f"error parsing succeededIndexes: {error}")
        return
    if count is not None and count > total:
        text = f"must be less than or equal to {total} (the number of indexes in the specified succeededIndexes field)"
        yield invalid_value(f"{path}.succeededCount", count, text)
