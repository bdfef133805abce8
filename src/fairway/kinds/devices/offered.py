"""One device of a ResourceSlice: its attributes, capacities, taints, counters, and the nodes that reach it.

Source: KEP-4381; KEP-4815 (counters that devices share); KEP-5055 (taints of devices).
"""

import re
from collections.abc import Iterator

from fairway.kinds.devices.binding import binding_problems
from fairway.kinds.devices.lists import entries, items
from fairway.kinds.devices.naming import ATTRIBUTE_MAX, attribute, label_name
from fairway.kinds.devices.request_policy import policy_problems
from fairway.kinds.devices.requests import EFFECTS
from fairway.kinds.rules.pod_spec.scheduling import node_selector
from fairway.kinds.rules.values import dns_label, dns_subdomain, each, one_of
from fairway.objects import Object, names
from fairway.objects.errors import Problem, forbidden_value, invalid_value, required, too_long

_ATTRIBUTES_MAX, _TAINTS_MAX, _CONSUMED_MAX, _COUNTERS_MAX, _VALUE_MAX = 32, 16, 2, 32, 64
_PLACES = ("nodeName", "nodeSelector", "allNodes")
_VALUES = {"int": "IntValue", "bool": "BoolValue", "string": "StringValue", "version": "VersionValue"}
"""What an attribute may be, and how a refusal shows it."""
_NUMBER, _BEFORE, _BUILD = "(0|[1-9][0-9]*)", "(0|[1-9][0-9]*|[0-9]*[a-zA-Z-][0-9a-zA-Z-]*)", "[0-9a-zA-Z-]+"
_is_version = re.compile(
    rf"{_NUMBER}\.{_NUMBER}\.{_NUMBER}(-{_BEFORE}(\.{_BEFORE})*)?(\+{_BUILD}(\.{_BUILD})*)?"
).fullmatch
_ONE_PLACE = (
    "exactly one of `nodeName`, `nodeSelector`, or `allNodes` is required when `perDeviceNodeSelection` is set to true"
    " in the ResourceSlice spec"
)
_NO_PLACE = (
    "`nodeName`, `nodeSelector` and `allNodes` can only be set if `perDeviceNodeSelection` is set to true in the"
    " ResourceSlice spec"
)


def device_problems(path: str, device: Object, before: Object | None, *, has_place: bool) -> Iterator[Problem]:
    """Every broken rule of the device; ``has_place``: devices say themselves which nodes reach them."""
    yield from dns_label(f"{path}.name", device.get("name") or "")
    attributes, capacities = device.get("attributes") or {}, device.get("capacity") or {}
    if (count := len(attributes) + len(capacities)) > _ATTRIBUTES_MAX:
        text = f"the total number of attributes and capacities must not exceed {_ATTRIBUTES_MAX}"
        yield invalid_value(path, count, text)
    yield from entries(f"{path}.attributes", attributes, attribute, _attribute, longest=ATTRIBUTE_MAX)
    capacity = _shared_capacity if device.get("allowMultipleAllocations") else _own_capacity
    yield from entries(f"{path}.capacity", capacities, attribute, capacity, longest=ATTRIBUTE_MAX)
    if before is None or before.get("taints") != device.get("taints"):
        yield from items(f"{path}.taints", device.get("taints"), _taint, most=_TAINTS_MAX)
    yield from items(
        f"{path}.consumesCounters", device.get("consumesCounters"), _consumed, most=_CONSUMED_MAX,
        key=lambda consumed: consumed.get("counterSet") or "",
    )  # fmt: skip
    if has_place:
        yield from _place(path, device)
    elif any(device.get(field) is not None for field in _PLACES):
        yield invalid_value(path, None, _NO_PLACE)
    yield from binding_problems(path, device)


def counter_set(path: str, found: Object) -> Iterator[Problem]:
    """Counters that devices of the pool share."""
    return _counters(path, "name", found)


def _consumed(path: str, found: Object) -> Iterator[Problem]:
    return _counters(path, "counterSet", found)


def _counters(path: str, field: str, found: Object) -> Iterator[Problem]:
    if name := found.get(field):
        yield from dns_label(f"{path}.{field}", name)
    else:
        yield required(f"{path}.{field}")
    here, counters = f"{path}.counters", found.get("counters")
    if not counters:
        yield required(here)
        return
    yield from entries(here, counters, dns_label, lambda _path, _one: iter(()), longest=63, most=_COUNTERS_MAX)


def _attribute(path: str, found: Object) -> Iterator[Problem]:
    given = [name for name in _VALUES if found.get(name) is not None]
    for name in given:
        if name == "version" and not _is_version(found[name]):
            yield invalid_value(f"{path}.{name}", found[name], "must be a string compatible with semver.org spec 2.0.0")
        if name in ("string", "version") and len(found[name].encode()) > _VALUE_MAX:
            yield too_long(f"{path}.{name}", _VALUE_MAX)
    if len(given) != 1:
        shown = {told: found.get(name) for name, told in _VALUES.items()} if given else ""
        yield invalid_value(path, shown, "exactly one value must be specified")


def _shared_capacity(path: str, capacity: Object) -> Iterator[Problem]:
    if (policy := capacity.get("requestPolicy")) is not None:
        yield from policy_problems(f"{path}.requestPolicy", capacity.get("value") or "0", policy)


def _own_capacity(path: str, capacity: Object) -> Iterator[Problem]:
    if capacity.get("requestPolicy") is not None:
        yield forbidden_value(f"{path}.requestPolicy", "allowMultipleAllocations must be true")


def _taint(path: str, taint: Object) -> Iterator[Problem]:
    yield from label_name(f"{path}.key", taint.get("key") or "")
    if value := taint.get("value"):
        yield from each(f"{path}.value", value, names.label_value(value))
    yield from one_of(f"{path}.effect", taint.get("effect") or "", EFFECTS)


def _place(path: str, device: Object) -> Iterator[Problem]:
    given = [f"`{field}`" for field in _PLACES if device.get(field) not in (None, "", False)]
    if (name := device.get("nodeName")) is not None:
        yield from (
            dns_subdomain(f"{path}.nodeName", name)
            if name
            else [invalid_value(f"{path}.nodeName", name, "must not be empty")]
        )
    if (selector := device.get("nodeSelector")) is not None:
        yield from node_selector(f"{path}.nodeSelector", selector)
    if device.get("allNodes") is False:
        yield invalid_value(f"{path}.allNodes", False, "must be either unset or set to true")
    if not given:
        yield required(path, _ONE_PLACE)
    elif len(given) > 1:
        yield invalid_value(path, f"{{{', '.join(given)}}}", _ONE_PLACE)
