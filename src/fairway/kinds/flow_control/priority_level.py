"""PriorityLevelConfiguration (flowcontrol.apiserver.k8s.io/v1): how many requests of a level run, wait or are refused.

Source: Kubernetes docs, "API Priority and Fairness", "PriorityLevelConfiguration".
"""

from collections.abc import Callable, Iterator
from typing import Any

from fairway.kinds.flow_control.conditions import condition_problems
from fairway.kinds.kind import STATUS, Column, Kind
from fairway.kinds.rules.cells import AGE, NONE, at
from fairway.kinds.rules.status import OF_THE_OBJECT, keep_apart
from fairway.kinds.rules.values import child, drop_null, fill, fill_empty
from fairway.objects import Object
from fairway.objects.errors import Problem, forbidden_value, invalid_value, not_supported, required

_TYPES = ("Exempt", "Limited")
_QUEUES_MAX = 10_000_000
_SEALED = {
    "exempt": {"type": "Exempt", "exempt": {"nominalConcurrencyShares": 0, "lendablePercent": 0}},
    "catch-all": {
        "type": "Limited",
        "limited": {
            "nominalConcurrencyShares": 5, "lendablePercent": 0, "limitResponse": {"type": "Reject"},
        },
    },
}  # fmt: skip


def defaults(new: Object) -> None:
    """A limited level has 30 shares and lends none; its queues are 64, of 50, dealt by 8."""
    spec = child(new, "spec")
    drop_null(spec, "limited", "exempt")
    if spec.get("type") == "Exempt":
        fill(child(spec, "exempt"), nominalConcurrencyShares=0, lendablePercent=0)
    if (limited := spec.get("limited")) is not None:
        fill(limited, nominalConcurrencyShares=30, lendablePercent=0)
        queuing = child(limited, "limitResponse").get("queuing")
        if queuing is not None:
            fill_empty(queuing, queues=64, handSize=8, queueLengthLimit=50)
    child(new, "status")


def prepare(new: Object, old: Object | None, subresource: str) -> None:
    """The status belongs to the status subresource."""
    keep_apart(new, old, subresource, {}, metadata=OF_THE_OBJECT)


def validate(new: Object, old: Object | None) -> Iterator[Problem]:
    """What fits its type; the two levels that every cluster needs stay as they are."""
    spec, name = new["spec"], new["metadata"].get("name") or ""
    if name in _SEALED and not _is_sealed(spec, _SEALED[name]):
        yield invalid_value(
            "spec", spec, f"spec of '{name}' except the fields allowed to vary must equal the fixed value"
        )
    type_, limited, exempt = spec.get("type") or "", spec.get("limited"), spec.get("exempt")
    if type_ == "Exempt":
        if name != "exempt":
            yield invalid_value("spec.type", type_, "type must be 'Limited' if the name is not 'exempt'")
        if limited is not None:
            yield forbidden_value("spec.limited", "must be nil if the type is not Limited")
        yield from _shares("spec.exempt", exempt or {}, least=0)
    elif type_ == "Limited":
        if exempt is not None:
            yield forbidden_value("spec.exempt", "must be nil if the type is Limited")
        if limited is None:
            yield required("spec.limited", "must not be empty when type is Limited")
        else:
            yield from _limited(limited)
    else:
        yield not_supported("spec.type", type_, _TYPES)
    yield from condition_problems((new.get("status") or {}).get("conditions") or [])


def _is_sealed(spec: Object, sealed: Object) -> bool:
    if spec.get("type") != sealed["type"]:
        return False
    limited = spec.get("limited")
    return limited is None or limited.get("limitResponse") == sealed.get("limited", {}).get("limitResponse")


def _shares(path: str, found: Object, *, least: int) -> Iterator[Problem]:
    shares, lendable = found.get("nominalConcurrencyShares"), found.get("lendablePercent")
    if shares is not None and shares < least:
        yield invalid_value(f"{path}.nominalConcurrencyShares", shares, "must be a non-negative integer")
    if lendable is not None and not 0 <= lendable <= 100:
        yield invalid_value(f"{path}.lendablePercent", lendable, "must be between 0 and 100, inclusive")


def _limited(limited: Object) -> Iterator[Problem]:
    yield from _shares("spec.limited", limited, least=0)
    borrowing = limited.get("borrowingLimitPercent")
    if borrowing is not None and borrowing < 0:
        yield invalid_value(
            "spec.limited.borrowingLimitPercent", borrowing, "if specified, must be a non-negative integer"
        )
    response, path = limited.get("limitResponse") or {}, "spec.limited.limitResponse"
    type_, queuing = response.get("type") or "", response.get("queuing")
    if type_ == "Reject":
        if queuing is not None:
            yield forbidden_value(f"{path}.queuing", "must be nil if limited.limitResponse.type is not Limited")
    elif type_ == "Queue":
        if queuing is None:
            yield required(f"{path}.queuing", "must not be empty if limited.limitResponse.type is Limited")
        else:
            yield from _queuing(f"{path}.queuing", queuing)
    else:
        yield not_supported(f"{path}.type", type_, ("Queue", "Reject"))


def _queuing(path: str, found: Object) -> Iterator[Problem]:
    queues, hand, length = (found.get(name) or 0 for name in ("queues", "handSize", "queueLengthLimit"))
    if queues <= 0:
        yield invalid_value(f"{path}.queues", queues, "must be positive")
    elif queues > _QUEUES_MAX:
        yield invalid_value(f"{path}.queues", queues, f"must not be greater than {_QUEUES_MAX}")
    if hand <= 0:
        yield invalid_value(f"{path}.handSize", hand, "must be positive")
    elif hand > queues:
        yield invalid_value(f"{path}.handSize", hand, f"should not be greater than queues ({queues})")
    if length <= 0:
        yield invalid_value(f"{path}.queueLengthLimit", length, "must be positive")


def _queue(name: str) -> Callable[[Object, float], Any]:
    return at("spec", "limited", "limitResponse", "queuing", name, absent=NONE)


def _shares_shown(found: Object, _now: float) -> Any:
    spec = found["spec"]
    return (spec.get("limited") or {}).get("nominalConcurrencyShares", NONE)


PRIORITY_LEVEL_CONFIGURATION = Kind(
    group="flowcontrol.apiserver.k8s.io", version="v1", name="PriorityLevelConfiguration",
    plural="prioritylevelconfigurations",
    namespaced=False,
    subresources=(STATUS,),
    columns=(
        Column("Type", at("spec", "type")),
        Column("NominalConcurrencyShares", _shares_shown),
        Column("Queues", _queue("queues")),
        Column("HandSize", _queue("handSize")),
        Column("QueueLengthLimit", _queue("queueLengthLimit")),
        AGE,
    ),
    defaults=defaults,
    prepare=prepare,
    status_leaves=OF_THE_OBJECT,
    validate=validate,
    has_generation=True,
)  # fmt: skip
