"""ResourceSlice (resource.k8s.io/v1): devices that a driver offers, on one node or several.

Source: Kubernetes API reference, "ResourceSlice v1 resource.k8s.io".
"""

from collections.abc import Iterator

from fairway.kinds.kind import Column, Kind
from fairway.kinds.rules.cells import AGE, at, field
from fairway.kinds.rules.values import child, dns_label, dns_subdomain, fill, unchanged
from fairway.objects import Object
from fairway.objects.errors import Problem, duplicate, invalid_value, required, too_many

_DEVICES_MAX = 128
_PLACES = ("allNodes", "nodeName", "nodeSelector", "perDeviceNodeSelection")
_ONE_PLACE = "exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required"


def defaults(new: Object) -> None:
    """The pool's generation is always shown."""
    fill(child(child(new, "spec"), "pool"), generation=0)


def validate(new: Object, old: Object | None) -> Iterator[Problem]:
    """One driver, one pool, one place; all of them stay."""
    spec = new["spec"]
    pool = spec["pool"]
    if driver := spec.get("driver"):
        yield from dns_subdomain("spec.driver", driver)
    else:
        yield required("spec.driver")
    if name := pool.get("name"):
        for part in name.split("/"):
            yield from dns_subdomain("spec.pool.name", part)
    else:
        yield required("spec.pool.name")
    if (count := pool.get("resourceSliceCount") or 0) <= 0:
        yield invalid_value("spec.pool.resourceSliceCount", count, "must be greater than zero")
    if pool["generation"] < 0:
        yield invalid_value("spec.pool.generation", pool["generation"], "must be greater than or equal to zero")
    given = [place for place in _PLACES if spec.get(place)]
    if not given:
        yield required("spec", _ONE_PLACE)
    elif len(given) > 1:
        yield invalid_value("spec", f"{{{', '.join(given)}}}", _ONE_PLACE)
    yield from _devices(spec.get("devices") or [])
    if old is not None:
        was = old["spec"]
        yield from unchanged("spec.driver", spec.get("driver"), was.get("driver"))
        yield from unchanged("spec.pool.name", pool.get("name"), was["pool"].get("name"))
        yield from unchanged("spec.nodeName", spec.get("nodeName"), was.get("nodeName"))


def _devices(found: list[Object]) -> Iterator[Problem]:
    if len(found) > _DEVICES_MAX:
        yield too_many("spec.devices", len(found), _DEVICES_MAX)
    seen: set[str] = set()
    for index, device in enumerate(found):
        name = device.get("name") or ""
        if name:
            yield from dns_label(f"spec.devices[{index}].name", name)
        else:
            yield required(f"spec.devices[{index}].name")
        if name in seen:
            yield duplicate(f"spec.devices[{index}].name", name)
        seen.add(name)


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
