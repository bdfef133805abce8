"""Progress: what is already right about each Service's slices, so that a change of one pod costs the work for one pod.

Shape: a Service is planned whole once; from then on ``pod_changed`` collects what is to be looked at again, until
something other than a pod changes: the Service, a node, or a slice by somebody else's hand.  State without a clock.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from fairway.controllers.rules.repairs import Repairs
from fairway.controllers.rules.trigger_times import TriggerTimes
from fairway.objects import Object
from fairway.reconcile.controller import Key
from fairway.reconcile.events import EventType

_MATTERS = ("labels", "annotations", "deletionTimestamp", "uid")


@dataclass(slots=True)
class Standing:
    """How things stand with one Service.

    ``planned``: the Service as last planned whole and written, ``None`` if that is to be done again.
    ``pods``: uid to key of the pods that changed since.  ``hints``: what ``Writes.hints`` said last.
    ``distribution``: of the traffic, as asked for.
    """

    planned: Object | None = None
    pods: dict[str, Key] = field(default_factory=dict)
    repairs: Repairs = field(default_factory=Repairs)
    hints: dict[str, str] = field(default_factory=dict)
    distribution: str | None = None

    def is_current(self, service: Object) -> bool:
        """Whether nothing of ``service`` that endpoints depend on has changed since it was planned."""
        planned = self.planned
        if planned is None or planned is service:
            return planned is not None
        before, after = planned["metadata"], service["metadata"]
        return planned["spec"] == service["spec"] and all(before.get(one) == after.get(one) for one in _MATTERS)

    def take_pods(self) -> dict[str, Key]:
        """The pods that changed; from now on further ones are collected."""
        taken, self.pods = self.pods, {}
        return taken

    def events(self, hints: Mapping[str, str], texts: tuple[str, str]) -> Iterator[tuple[EventType, str, str]]:
        """(type, reason, message) of what changed about proportional hints; ``texts`` for enabled and disabled."""
        enabled, disabled = texts
        for family in sorted(hints.keys() | self.hints.keys()):
            now, before = hints.get(family), self.hints.get(family)
            if now == before or (now is None and before != ""):
                continue
            reason = "TopologyAwareHintsDisabled" if now or now is None else "TopologyAwareHintsEnabled"
            text = enabled if now == "" else now or disabled
            yield "Normal" if now == "" else "Warning", reason, f"{text}, addressType: {family}"
        self.hints = dict(hints)


class Progress:
    """The standing of every Service that has been looked at."""

    def __init__(self) -> None:
        self.trigger_times = TriggerTimes()
        self._standings: dict[Key, Standing] = {}

    def __bool__(self) -> bool:
        """Whether any Service has been looked at."""
        return bool(self._standings)

    def of(self, key: Key) -> Standing:
        """The standing of a Service, new if it has none."""
        return self._standings.setdefault(key, Standing())

    def forget(self, key: Key) -> None:
        """The Service is gone, or is no longer ours."""
        self._standings.pop(key, None)
        self.trigger_times.forget(key)

    def pod_changed(self, key: Key, uid: str, pod: Key) -> None:
        """A pod that the Service selects or selected is not what it was."""
        if (standing := self._standings.get(key)) is not None:
            standing.pods[uid] = pod

    def slice_changed(self, key: Key, name: str) -> None:
        """A slice was written, by us or by others."""
        if (standing := self._standings.get(key)) is not None:
            standing.repairs.touched.add(name)

    def all_changed(self, key: Key) -> None:
        """Every endpoint of the Service is to be looked at again."""
        if (standing := self._standings.get(key)) is not None:
            standing.planned = None
