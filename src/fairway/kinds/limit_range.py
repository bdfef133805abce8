"""LimitRange (core/v1): what one pod, container or claim of a namespace may ask for, and what it asks for by default.

Source: Kubernetes docs, "Limit Ranges"; Kubernetes API reference, "LimitRange v1 core".
"""

from collections.abc import Iterator

from fairway.kinds.kind import Column, Kind
from fairway.kinds.rules.cells import at
from fairway.kinds.rules.quantities import canonical_amounts, container_resource_name, resource_name, whole_amount
from fairway.kinds.rules.values import child, drop_null, qualified_name
from fairway.objects import Object
from fairway.objects.errors import Problem, duplicate, forbidden_value, invalid_value, required
from fairway.objects.quantity import Quantity, parse

CONTAINER, POD, CLAIM = "Container", "Pod", "PersistentVolumeClaim"
_FIELDS = ("max", "min", "default", "defaultRequest", "maxLimitRequestRatio")
_ONE = parse("1")


def defaults(new: Object) -> None:
    """A limit of containers that is left out is the largest; a request that is left out is the limit, or the least."""
    for item in child(new, "spec").get("limits") or ():
        drop_null(item, *_FIELDS)
        for field in _FIELDS:
            drop_null(item.get(field) or {}, *(item.get(field) or ()))
            canonical_amounts(item.get(field))
        if item.get("type") == CONTAINER:
            _fill(item, "default", item.get("max"))
            _fill(item, "defaultRequest", item.get("default"))
            _fill(item, "defaultRequest", item.get("min"))
    new["spec"].setdefault("limits", None)


def _fill(item: Object, field: str, source: Object | None) -> None:
    for name, value in (source or {}).items():
        item.setdefault(field, {}).setdefault(name, value)


def validate(new: Object, old: Object | None) -> Iterator[Problem]:
    """Each type once, resources that it can have, and bounds that leave something between them."""
    seen: set[str] = set()
    for place, item in enumerate(new["spec"].get("limits") or ()):
        path, type_ = f"spec.limits[{place}]", item.get("type") or ""
        yield from _type(f"{path}.type", type_)
        if type_ in seen:
            yield duplicate(f"{path}.type", type_)
        seen.add(type_)
        faults = [*_amounts(path, item, type_)]
        yield from faults
        if not faults:
            for name in sorted({name for field in _FIELDS for name in item.get(field) or ()}):
                yield from _bounds(path, name, item)


def _type(path: str, type_: str) -> Iterator[Problem]:
    faults = [*qualified_name(path, type_)]
    yield from faults
    if not faults and "/" not in type_ and type_ not in (CONTAINER, POD, CLAIM):
        yield invalid_value(path, type_, "must be a standard limit type or fully qualified")


def _amounts(path: str, item: Object, type_: str) -> Iterator[Problem]:
    for field in _FIELDS:
        if type_ == POD and field.startswith("default"):
            if item.get(field):
                yield forbidden_value(f"{path}.{field}", "may not be specified when `type` is 'Pod'")
            continue
        for name, value in (item.get(field) or {}).items():
            rule = container_resource_name if type_ in (POD, CONTAINER) else resource_name
            yield from rule(f"{path}.{field}[{name}]", name)
            yield from whole_amount(f"{path}.{field}[{name}]", name, value)
    if type_ == CLAIM and not any("storage" in (item.get(field) or ()) for field in ("min", "max")):
        yield required(
            f"{path}.limits", "either minimum or maximum storage value is required, but neither was provided"
        )


def _bounds(path: str, name: str, item: Object) -> Iterator[Problem]:
    """The order of the amounts of one resource."""
    found = {field: parse(str(item[field][name])) for field in _FIELDS if name in (item.get(field) or ())}
    least, most = found.get("min"), found.get("max")
    limit, request, ratio = found.get("default"), found.get("defaultRequest"), found.get("maxLimitRequestRatio")
    rows = (
        (least, most, "min", least, "min value {} is greater than max value {}"),
        (least, request, "defaultRequest", request, "min value {} is greater than default request value {}"),
        (request, most, "defaultRequest", request, "default request value {} is greater than max value {}"),
        (request, limit, "defaultRequest", request, "default request value {} is greater than default limit value {}"),
        (least, limit, "default", least, "min value {} is greater than default value {}"),
        (limit, most, "default", most, "default value {} is greater than max value {}"),
    )
    for low, high, field, shown, text in rows:
        if low is not None and high is not None and low > high:
            yield invalid_value(f"{path}.{field}[{name}]", str(shown), text.format(low, high))
    if ratio is not None:
        yield from _ratio(f"{path}.maxLimitRequestRatio[{name}]", ratio, least, most)
    if limit is not None and request is not None and limit != request and not _may_be_overcommitted(name):
        detail = f"default value {limit} must equal to defaultRequest value {request} in {name}"
        yield invalid_value(f"{path}.defaultRequest[{name}]", str(request), detail)


def _ratio(path: str, ratio: Quantity, least: Quantity | None, most: Quantity | None) -> Iterator[Problem]:
    if ratio < _ONE:
        yield invalid_value(path, str(ratio), f"ratio {ratio} is less than 1")
    if not least or most is None:
        return
    widest = most.nano / least.nano
    if ratio.nano / _ONE.nano > widest:
        yield invalid_value(path, str(ratio), f"ratio {ratio} is greater than max/min = {widest:f}")


def _may_be_overcommitted(name: str) -> bool:
    is_native = "/" not in name or "kubernetes.io/" in name
    return is_native and not name.startswith("hugepages-")


LIMIT_RANGE = Kind(
    group="", version="v1", name="LimitRange", plural="limitranges",
    short_names=("limits",),
    columns=(Column("Created At", at("metadata", "creationTimestamp"), type="date"),),
    defaults=defaults,
    validate=validate,
    create_on_update=True,
)  # fmt: skip
