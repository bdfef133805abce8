"""CSINode (storage.k8s.io/v1): which volume drivers a node has.

Source: Kubernetes API reference, "CSINode v1 storage.k8s.io".
"""

from collections.abc import Iterator

from fairway.kinds.kind import Column, Kind
from fairway.kinds.rules.cells import AGE
from fairway.kinds.rules.driver_name import driver_name
from fairway.kinds.rules.values import IMMUTABLE, child, each, non_negative
from fairway.objects import Object, names
from fairway.objects.errors import Problem, duplicate, invalid_value, required

_NODE_ID_MAX = 192


def defaults(new: Object) -> None:
    """No drivers."""
    spec = child(new, "spec")
    if spec.get("drivers") is None:
        spec["drivers"] = []


def validate(new: Object, old: Object | None) -> Iterator[Problem]:
    """Every driver once, with what it calls the node."""
    seen: set[str] = set()
    for index, driver in enumerate(new["spec"]["drivers"]):
        path, name = f"spec.drivers[{index}]", driver.get("name") or ""
        yield from driver_name(f"{path}.name", name)
        yield from _node_id(f"{path}.nodeID", driver.get("nodeID") or "")
        yield from non_negative(f"{path}.allocatable.count", (driver.get("allocatable") or {}).get("count"))
        if name in seen:
            yield duplicate(f"{path}.name", name)
        seen.add(name)
        yield from _keys(path, driver.get("topologyKeys") or [])
    if old is not None:
        yield from _changes(new["spec"]["drivers"], old["spec"].get("drivers") or [])


def _changes(now: list[Object], was: list[Object]) -> Iterator[Problem]:
    """What a driver says of the node stays, but how many volumes it takes.  Source: KEP-4876."""
    known = {driver.get("name"): _fixed(driver) for driver in was}
    for driver in now:
        if known.get(driver.get("name"), _fixed(driver)) != _fixed(driver):
            yield invalid_value("CSINodeDriver", driver, IMMUTABLE)


def _fixed(driver: Object) -> Object:
    return {name: value for name, value in driver.items() if name != "allocatable"}


def _node_id(path: str, value: str) -> Iterator[Problem]:
    if not value:
        yield required(path)
    if len(value) > _NODE_ID_MAX:
        yield invalid_value(path, value, f"must be {_NODE_ID_MAX} characters or less")


def _keys(path: str, keys: list[str]) -> Iterator[Problem]:
    """Problems name the driver and all keys, as upstream's do."""
    seen: set[str] = set()
    for key in keys:
        if not key:
            yield required(path)
        if key in seen:
            yield duplicate(path, key)
        seen.add(key)
        yield from each(path, keys, names.qualified_name(key))


CSI_NODE = Kind(
    group="storage.k8s.io", version="v1", name="CSINode", plural="csinodes",
    namespaced=False,
    columns=(Column("Drivers", lambda found, _: len(found["spec"].get("drivers") or ()), type="integer"), AGE),
    defaults=defaults,
    validate=validate,
    judged_twice=True,
    unconditional_update=False,
    delete_returns_object=True,
)  # fmt: skip
