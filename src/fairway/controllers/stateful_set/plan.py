"""Plan: which pods of a StatefulSet are made and which go, in their order.  Pure.

Shape: what there is -> what to write now.  First every ordinal gets its pod, then pods beyond the number go from the
highest down, and when that is settled the rolling update takes its next step, from the highest down as well.
Source: Kubernetes docs, "StatefulSets", "Deployment and Scaling Guarantees"; KEP-961 (maxUnavailable).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from fairway.controllers.rules import pods as pod_rules
from fairway.controllers.stateful_set.history import Names
from fairway.controllers.stateful_set.pods import ordinal_of, ordinals, revision_of
from fairway.objects import Object

BURST = 500
"""Pods made in one go where none waits for another."""


@dataclass(slots=True)
class Plan:
    """``create`` pods: ordinal and name of the revision; ``delete`` these."""

    create: list[tuple[int, str]] = field(default_factory=list)
    delete: list[Object] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.create or self.delete)


def plan(stateful_set: Object, pods: Sequence[Object], names: Names, now: float) -> Plan:
    """The next step of the set with these pods."""
    step = Plan()
    if pod_rules.is_terminating(stateful_set):
        return step
    by_ordinal = {
        ordinal: pod for pod in pods if (ordinal := ordinal_of(stateful_set, pod)) is not None
    }  # fmt: skip
    wanted = ordinals(stateful_set)
    is_one_by_one = stateful_set["spec"]["podManagementPolicy"] != "Parallel"
    is_settled = _fill(stateful_set, by_ordinal, names, now, step)
    if is_one_by_one and not is_settled:
        return step
    condemned = [by_ordinal[ordinal] for ordinal in sorted(by_ordinal, reverse=True) if ordinal not in wanted]
    is_gone = _condemn(condemned, step, is_one_by_one=is_one_by_one)
    if is_one_by_one and not is_gone:
        return step
    _roll(stateful_set, by_ordinal, names, now, step)
    return step


def is_healthy(pod: Object) -> bool:
    """Whether the pod runs, is Ready and stays."""
    return pod_rules.phase(pod) == "Running" and pod_rules.is_ready(pod) and not pod_rules.is_terminating(pod)


def is_available(stateful_set: Object, pod: Object, now: float) -> bool:
    """Whether it has been healthy for long enough that the next may be touched."""
    min_ready_s = stateful_set["spec"].get("minReadySeconds") or 0
    return is_healthy(pod) and pod_rules.is_available(pod, min_ready_s, now)


def _fill(stateful_set: Object, found: dict[int, Object], names: Names, now: float, step: Plan) -> bool:
    """Make what is missing; whether every ordinal has an available pod, as far as the order asks."""
    is_one_by_one = stateful_set["spec"]["podManagementPolicy"] != "Parallel"
    is_settled = True
    for ordinal in ordinals(stateful_set):
        pod = found.get(ordinal)
        if pod is None:
            step.create.append((ordinal, _revision_for(stateful_set, ordinal, names)))
        elif pod_rules.is_terminal(pod) and not pod_rules.is_terminating(pod):
            step.delete.append(pod)  # it is made anew when it is gone
        elif is_available(stateful_set, pod, now):
            continue
        is_settled = False
        if is_one_by_one or len(step.create) == BURST:
            break
    return is_settled


def _revision_for(stateful_set: Object, ordinal: int, names: Names) -> str:
    """A pod below the partition is made again as it was."""
    strategy = stateful_set["spec"]["updateStrategy"]
    if strategy["type"] != "RollingUpdate":
        return names.update
    place, rolling = ordinal - ordinals(stateful_set).start, strategy.get("rollingUpdate")
    if rolling is None:
        kept = (stateful_set.get("status") or {}).get("currentReplicas") or 0
    else:
        kept = rolling.get("partition") or 0
    return names.current if place < kept else names.update


def _condemn(condemned: Sequence[Object], step: Plan, *, is_one_by_one: bool) -> bool:
    """Let the highest go first; whether none is left."""
    going = condemned[:1] if is_one_by_one else condemned
    step.delete += [pod for pod in going if not pod_rules.is_terminating(pod)]
    return not condemned


def _roll(stateful_set: Object, found: dict[int, Object], names: Names, now: float, step: Plan) -> None:
    strategy = stateful_set["spec"]["updateStrategy"]
    if strategy["type"] != "RollingUpdate":
        return
    rolling, wanted = strategy.get("rollingUpdate") or {}, ordinals(stateful_set)
    first = wanted.start + (rolling.get("partition") or 0)
    left = _limit(rolling.get("maxUnavailable"), len(wanted))
    present = {ordinal: pod for ordinal, pod in found.items() if ordinal in wanted}
    left -= len(wanted) - sum(is_available(stateful_set, pod, now) for pod in present.values())
    for ordinal in sorted(present, reverse=True):
        pod = present[ordinal]
        if ordinal < first or pod_rules.is_terminating(pod) or pod in step.delete:
            continue
        is_old = revision_of(pod) != names.update
        if is_old and not is_available(stateful_set, pod, now):
            step.delete.append(pod)  # what does not work need not be waited for
        elif is_old and left > 0:
            step.delete.append(pod)
            left -= 1
        elif is_old:
            return


def _limit(value: int | str | None, total: int) -> int:
    """How many pods may be away at once; a share is rounded up, and at least one it is."""
    if value is None:
        return 1
    share = value if isinstance(value, int) else -(-int(value.rstrip("%")) * total // 100)
    return max(1, share)
