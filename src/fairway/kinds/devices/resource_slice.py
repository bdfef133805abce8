"""ResourceSlice (resource.k8s.io/v1): devices that a driver offers, on one node or several.

Source: Kubernetes API reference, "ResourceSlice v1 resource.k8s.io".
"""

from collections.abc import Iterator

from fairway.kinds.devices.lists import items
from fairway.kinds.devices.naming import pool_name
from fairway.kinds.devices.offered import counter_set, device_problems
from fairway.kinds.kind import Column, Kind
from fairway.kinds.rules.cells import AGE, at, field
from fairway.kinds.rules.driver_name import driver_name
from fairway.kinds.rules.pod_spec.scheduling import node_selector
from fairway.kinds.rules.values import child, dns_subdomain, fill, unchanged
from fairway.objects import Object
from fairway.objects.errors import Problem, invalid_value, required

_DEVICES_MAX, _FEWER_DEVICES_MAX, _COUNTER_SETS_MAX = 128, 64, 8
_PLACES = {"nodeName": "a non-empty string", "nodeSelector": "", "allNodes": "true", "perDeviceNodeSelection": "true"}
"""Where its devices may be said to be, and what each must be set to."""
_ONE_PLACE = "exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required"


def defaults(new: Object) -> None:
    """The pool's generation is always shown."""
    fill(child(child(new, "spec"), "pool"), generation=0)


def validate(new: Object, old: Object | None) -> Iterator[Problem]:
    """One driver, one pool, one place; all of them stay."""
    spec, was = new["spec"], None if old is None else old["spec"]
    yield from driver_name("spec.driver", spec.get("driver") or "")
    yield from _pool("spec.pool", spec["pool"])
    if was is not None:
        yield from unchanged("spec.pool.name", spec["pool"].get("name"), was["pool"].get("name"))
        yield from unchanged("spec.driver", spec.get("driver"), was.get("driver"))
        yield from unchanged("spec.nodeName", spec.get("nodeName"), was.get("nodeName"))
    yield from _place(spec)
    if spec.get("sharedCounters") is not None and spec.get("devices") is not None:
        yield invalid_value("spec", "", "only one of `sharedCounters` or `devices` is allowed")
    yield from _devices(spec, was or {})
    yield from items("spec.sharedCounters", spec.get("sharedCounters"), counter_set, most=_COUNTER_SETS_MAX, key=_name)


def _name(found: Object) -> str:
    return found.get("name") or ""


def _pool(path: str, pool: Object) -> Iterator[Problem]:
    yield from pool_name(f"{path}.name", _name(pool))
    if (count := pool.get("resourceSliceCount") or 0) <= 0:
        yield invalid_value(f"{path}.resourceSliceCount", count, "must be greater than zero")
    if pool["generation"] < 0:
        yield invalid_value(f"{path}.generation", pool["generation"], "must be greater than or equal to zero")


def _place(spec: Object) -> Iterator[Problem]:
    given = []
    for place, wanted in _PLACES.items():
        value = spec.get(place)
        if value in ("", False):
            yield invalid_value(f"spec.{place}", value, f"must be either unset or set to {wanted}")
        elif value is not None:
            given.append(f"`{place}`")
    if name := spec.get("nodeName"):
        yield from dns_subdomain("spec.nodeName", name)
    if (selector := spec.get("nodeSelector")) is not None:
        yield from node_selector("spec.nodeSelector", selector)
        if len(terms := selector.get("nodeSelectorTerms") or []) != 1:
            yield invalid_value(
                "spec.nodeSelector.nodeSelectorTerms", terms, "must have exactly one node selector term"
            )
    if not given:
        yield required("spec", _ONE_PLACE)
    elif len(given) > 1:
        yield invalid_value("spec", f"{{{', '.join(given)}}}", f"{_ONE_PLACE}, but multiple fields are set")


def _devices(spec: Object, was: Object) -> Iterator[Problem]:
    devices = spec.get("devices") or []
    before = {_name(device): device for device in was.get("devices") or ()}
    has_place = bool(spec.get("perDeviceNodeSelection"))

    def rule(path: str, device: Object) -> Iterator[Problem]:
        return device_problems(path, device, before.get(_name(device)), has_place=has_place)

    costs_more = any(device.get("taints") or device.get("consumesCounters") for device in devices)
    most = _FEWER_DEVICES_MAX if costs_more else _DEVICES_MAX
    yield from items("spec.devices", devices, rule, most=most, key=_name)


RESOURCE_SLICE = Kind(
    group="resource.k8s.io", version="v1", name="ResourceSlice", plural="resourceslices",
    namespaced=False,
    columns=(
        Column("Node", at("spec", "nodeName")),
        Column("Driver", at("spec", "driver")),
        Column("Pool", at("spec", "pool", "name")),
        AGE,
    ),
    fields={"spec.nodeName": field("spec", "nodeName"), "spec.driver": field("spec", "driver")},
    defaults=defaults,
    validate=validate,
    has_generation=True,
)  # fmt: skip
