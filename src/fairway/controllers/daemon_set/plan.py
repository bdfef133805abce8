"""Plan: which nodes get a pod of one DaemonSet and which pods go.  Pure.

Shape: what there is -> what to write now.  First every node gets its one pod and loses what is too much; when that is
settled, and only then, the rolling update takes its next step.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from fairway.controllers.daemon_set import rolling
from fairway.controllers.daemon_set.eligibility import Eligibility, eligibility
from fairway.controllers.daemon_set.pods import by_target, is_updated, lost
from fairway.controllers.rules import pods as pod_rules
from fairway.objects import Object

BURST = 250
"""Pods made or deleted in one go; upstream's limit."""


@dataclass(slots=True)
class Plan:
    """``create`` a pod for each of these nodes, ``delete`` these; ``ended`` ended by themselves and go too."""

    create: list[str] = field(default_factory=list)
    delete: list[Object] = field(default_factory=list)
    ended: list[Object] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.create or self.delete or self.ended)


def plan(daemon_set: Object, nodes: Iterable[Object], pods: Sequence[Object], hash_text: str, now: float) -> Plan:
    """The next step; ``hash_text`` tells the pods of the present template."""
    verdicts = {node["metadata"]["name"]: eligibility(daemon_set, node) for node in nodes}
    found = by_target(pods)
    step = Plan()
    for name in sorted(verdicts):
        _settle(daemon_set, name, verdicts[name], found.get(name, ()), hash_text, now, step)
    step.delete += (pod for pod in lost(pods, list(verdicts)) if not pod_rules.is_terminating(pod))
    if not step.create and not step.delete and rolling.is_rolling(daemon_set):
        moves = rolling.moves(daemon_set, verdicts, found, hash_text, now)
        step.create, step.delete = moves.create, moves.delete
    del step.create[BURST:], step.delete[BURST:], step.ended[BURST:]
    return step


def _settle(
    daemon_set: Object, name: str, verdict: Eligibility, here: Sequence[Object], hash_text: str, now: float, step: Plan
) -> None:
    """Bring one node to its one pod; a pod that is leaving holds the place until it is gone."""
    staying = [pod for pod in here if not pod_rules.is_terminating(pod)]
    if not verdict.keeps:
        step.delete += staying
    elif not here:
        if verdict.gets:
            step.create.append(name)
    else:
        step.ended += (pod for pod in staying if pod_rules.is_terminal(pod))
        running = [pod for pod in staying if not pod_rules.is_terminal(pod)]
        step.delete += _surplus(daemon_set, running, hash_text, now) if rolling.may_surge(daemon_set) else running[1:]


def _surplus(daemon_set: Object, running: Sequence[Object], hash_text: str, now: float) -> list[Object]:
    """All but the oldest new and the oldest old pod; of those two, the old one once it is needed no more."""
    new = [pod for pod in running if is_updated(pod, hash_text)]
    old = [pod for pod in running if not is_updated(pod, hash_text)]
    too_many = new[1:] + old[1:]
    if new and old:
        is_replaced = pod_rules.is_available(new[0], daemon_set["spec"].get("minReadySeconds") or 0, now)
        if is_replaced or not pod_rules.is_ready(old[0]):
            too_many.append(old[0])
    return too_many
