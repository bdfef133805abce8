"""Restarts: whether a container that ended is to be started again, and what may be said of it.  Pure.

Source: Kubernetes docs, "Pod Lifecycle", "Container restart policy"; KEP-5307 (rules of one), KEP-5532 (of all).
"""

from collections.abc import Iterator

from fairway.objects import Object
from fairway.objects.errors import Problem, not_supported, required, too_many

POLICIES = ("Always", "OnFailure", "Never")
RESTART_ALL = "RestartAllContainers"
ACTIONS, OPERATORS = ("Restart", RESTART_ALL), ("In", "NotIn")
_MAX_RULES, _MAX_VALUES = 20, 255


def should_restart(container: Object, pod_policy: str | None, exit_code: int | None) -> bool:
    """By the container's rules, else by its own policy, else by its pod's."""
    if exit_code is not None and any(_matches(rule, exit_code) for rule in container.get("restartPolicyRules") or ()):
        return True
    policy = container.get("restartPolicy") or pod_policy or "Always"
    return policy == "Always" or (policy == "OnFailure" and exit_code != 0)


def restarts_all(spec: Object) -> bool:
    """Whether the end of some container can start all others of its pod again, whatever their own policies say."""
    return any(
        rule.get("action") == RESTART_ALL
        for name in ("initContainers", "containers")
        for container in spec.get(name) or ()
        for rule in container.get("restartPolicyRules") or ()
    )


def _matches(rule: Object, exit_code: int) -> bool:
    codes = rule.get("exitCodes") or {}
    is_listed = exit_code in (codes.get("values") or ())
    return rule.get("action") in ACTIONS and codes.get("operator") == ("In" if is_listed else "NotIn")


def validate(path: str, container: Object) -> Iterator[Problem]:
    """The policy and the rules of one container."""
    policy, rules = container.get("restartPolicy"), container.get("restartPolicyRules") or ()
    if policy is not None and policy not in POLICIES:
        yield not_supported(f"{path}.restartPolicy", policy, POLICIES)
    if policy is None and rules:
        yield required(f"{path}.restartPolicy", "must specify restartPolicy when restart rules are used")
    if len(rules) > _MAX_RULES:
        yield too_many(f"{path}.restartPolicyRules", len(rules), _MAX_RULES)
    for index, rule in enumerate(rules):
        yield from _rule(f"{path}.restartPolicyRules[{index}]", rule)


def _rule(path: str, rule: Object) -> Iterator[Problem]:
    if rule.get("action") not in ACTIONS:
        yield not_supported(f"{path}.action", rule.get("action") or "", ACTIONS)
    codes = rule.get("exitCodes")
    if codes is None:
        yield required(f"{path}.exitCodes", "must be specified")
        return
    if codes.get("operator") not in OPERATORS:
        yield not_supported(f"{path}.exitCodes.operator", codes.get("operator") or "", OPERATORS)
    if len(codes.get("values") or ()) > _MAX_VALUES:
        yield too_many(f"{path}.exitCodes.values", len(codes["values"]), _MAX_VALUES)
