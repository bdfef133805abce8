"""Events written as events.k8s.io/v1: they tell all that the new form asks for, and only their series changes.

Source: KEP-383; Kubernetes API reference, "Event v1 events.k8s.io".
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from fairway.apiserver.call import Call
from fairway.kinds import EVENT
from fairway.kinds.rules.values import unchanged
from fairway.objects import Object
from fairway.objects.errors import Problem, invalid, invalid_value, required

if TYPE_CHECKING:
    from fairway.apiserver.serve import Api

_OLD = ("firstTimestamp", "lastTimestamp", "count")
_SEALED = (
    "involvedObject", "reason", "message", "source", *_OLD, "eventTime", "related", "action", "type",
    "reportingComponent", "reportingInstance",
)  # fmt: skip
_SHOWN = {"reportingComponent": "reportingController"}


def new_events(call: Call, new: Object, old: Object | None, api: "Api") -> None:
    """Raises: ``StatusError`` 422."""
    if call.kind is not EVENT or call.served is None:
        return
    problems = list(_created(new) if old is None else _changed(new, old))
    problems += _series(new.get("series"))
    if problems:
        raise invalid(EVENT.group, EVENT.name, new["metadata"].get("name") or "", problems)


def _created(new: Object) -> Iterator[Problem]:
    if not new.get("eventTime"):
        yield required("eventTime")
    if (type_ := new.get("type") or "") not in ("Normal", "Warning"):
        yield invalid_value("type", "", f"has invalid value: {type_}")
    for name in _OLD:
        if new.get(name):
            yield invalid_value(name, "", "needs to be unset")
    for name in ("component", "host"):
        if (new.get("source") or {}).get(name):
            yield invalid_value("source", "", "needs to be unset")


def _changed(new: Object, old: Object) -> Iterator[Problem]:
    for name in _SEALED:
        yield from unchanged(_SHOWN.get(name, name), new.get(name), old.get(name))


def _series(found: Object | None) -> Iterator[Problem]:
    if found is None:
        return
    if (found.get("count") or 0) < 2:
        yield invalid_value("series.count", "", "should be at least 2")
    if not found.get("lastObservedTime"):
        yield required("series.lastObservedTime")
