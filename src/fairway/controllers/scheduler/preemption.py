"""Preemption: which less important pods have to go so that a pod finds room, and on which node.  Pure.

Shape: on each node all pods of a lower priority leave in thought; as many as possible come back, those first whose
disruption budget would be broken.  The node that loses least is taken.
Source: Kubernetes docs, "Pod Priority and Preemption".
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import inf

from fairway.controllers.rules import pods as pod_rules
from fairway.controllers.scheduler.filters import Filter, told
from fairway.controllers.scheduler.node_state import NodeState, priority_of
from fairway.objects import Object
from fairway.objects.conditions import condition
from fairway.objects.labels import from_label_selector
from fairway.reconcile.times import parse_rfc3339

REASON = "PreemptionByScheduler"
NEVER = "not eligible due to preemptionPolicy=Never."
UNDER_WAY = "not eligible due to a terminating pod on the nominated node."
NOT_HELPFUL = "Preemption is not helpful for scheduling."
NO_VICTIMS = "No preemption victims found for incoming pod."
_MIN_CANDIDATES, _SHARE_OF_NODES = 100, 10
"""So many nodes are compared: at least a hundred, and a tenth of all."""
_LOWEST = -(2**31)


@dataclass(frozen=True, slots=True)
class Preemption:
    """The ``victims`` on ``node`` make room; without a node ``message`` says why nobody can."""

    node: str = ""
    victims: tuple[Object, ...] = ()
    message: str = ""


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A node with those that would have to go, the most important first, and how many budgets that would break."""

    node: str
    victims: tuple[Object, ...]
    violations: int

    def loss(self) -> tuple[float, ...]:
        """The less the better: budgets, the most important victim, all of them, how many, how long the first ran."""
        priorities = [priority_of(pod) for pod in self.victims]
        highest = max(priorities)
        since = min(_started(pod) for pod in self.victims if priority_of(pod) == highest)
        return self.violations, highest, sum(one - _LOWEST for one in priorities), len(priorities), -since


def nominated(pod: Object) -> str:
    """The node on which others were asked to make room for ``pod``."""
    return str((pod.get("status") or {}).get("nominatedNodeName") or "")


def preempt(
    fit: Filter, nodes: Sequence[NodeState], reasons: dict[str, list[str]], budgets: Sequence[Object]
) -> Preemption:
    """Room for a pod that no node can have.  ``reasons`` says of each node why it cannot."""
    if fit.pod["spec"].get("preemptionPolicy") == "Never":
        return Preemption(message=NEVER)
    if _is_under_way(fit, nodes, reasons):
        return Preemption(nominated(fit.pod), message=UNDER_WAY)
    candidates: list[_Candidate] = []
    texts: list[str] = []
    limit = max(_MIN_CANDIDATES, len(nodes) // _SHARE_OF_NODES)
    for index, node in enumerate(nodes):
        if not fit.may_help(node, reasons[node.name]):
            texts.append(NOT_HELPFUL)
            continue
        found = _candidate(fit, nodes, index, budgets)
        if isinstance(found, _Candidate):
            candidates.append(found)
            if len(candidates) == limit:
                break
        else:
            texts += found
    if not candidates:
        return Preemption(message=told(len(nodes), texts))
    best = min(candidates, key=_Candidate.loss)
    return Preemption(best.node, best.victims)


def _is_under_way(fit: Filter, nodes: Sequence[NodeState], reasons: dict[str, list[str]]) -> bool:
    """Whether somebody is leaving already for this pod's sake, so that nobody else need."""
    chosen = next((node for node in nodes if node.name == nominated(fit.pod)), None)
    return chosen is not None and fit.may_help(chosen, reasons[chosen.name]) and any(
        priority_of(pod) < priority_of(fit.pod) and _is_preempted(pod) for pod in chosen.pods
    )  # fmt: skip


def _is_preempted(pod: Object) -> bool:
    target = condition(pod, "DisruptionTarget") or {}
    return pod_rules.is_terminating(pod) and (target.get("status"), target.get("reason")) == ("True", REASON)


def _candidate(
    fit: Filter, nodes: Sequence[NodeState], index: int, budgets: Sequence[Object]
) -> _Candidate | list[str]:  # fmt: skip
    """Who would have to leave ``nodes[index]``; if that does not help, why."""
    own = priority_of(fit.pod)
    if nodes[index].least >= own:
        return [NO_VICTIMS]
    lower = sorted((pod for pod in nodes[index].pods if priority_of(pod) < own), key=_importance)
    if not lower:
        return [NO_VICTIMS]
    node = nodes[index].copy()
    for pod in lower:
        node.remove(pod)
    world = [*nodes[:index], node, *nodes[index + 1 :]]
    if still := fit.objections(node, fit.neighbours(world)):
        return still
    breaking, harmless = _by_budget(lower, budgets)
    gone, violations = [], 0
    for pod, breaks in [*((pod, 1) for pod in breaking), *((pod, 0) for pod in harmless)]:
        node.place(pod)
        if fit.objections(node, fit.neighbours(world)):
            node.remove(pod)
            gone.append(pod)
            violations += breaks
    return _Candidate(node.name, tuple(sorted(gone, key=_importance)), violations)


def _by_budget(pods: Iterable[Object], budgets: Sequence[Object]) -> tuple[list[Object], list[Object]]:
    """(those whose loss their budget does not allow, the others); each pod that may go uses up its share."""
    left = [(budget.get("status") or {}).get("disruptionsAllowed") or 0 for budget in budgets]
    breaking: list[Object] = []
    harmless: list[Object] = []
    for pod in pods:
        mine = [index for index, budget in enumerate(budgets) if _covers(budget, pod)]
        for index in mine:
            left[index] -= 1
        (breaking if any(left[index] < 0 for index in mine) else harmless).append(pod)
    return breaking, harmless


def _covers(budget: Object, pod: Object) -> bool:
    """Whether the budget has a say: of this namespace, meaning the pod, which it has not let go already."""
    if budget["metadata"]["namespace"] != pod["metadata"]["namespace"] or not budget["spec"].get("selector"):
        return False
    if pod["metadata"]["name"] in ((budget.get("status") or {}).get("disruptedPods") or {}):
        return False
    return from_label_selector(budget["spec"]["selector"]).matches(pod["metadata"].get("labels"))


def _started(pod: Object) -> float:
    at = (pod.get("status") or {}).get("startTime")
    return parse_rfc3339(at) if at else inf


def _importance(pod: Object) -> tuple[object, ...]:
    meta = pod["metadata"]
    return -priority_of(pod), _started(pod), meta["namespace"], meta["name"]
