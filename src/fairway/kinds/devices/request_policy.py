"""How much of a device's capacity one claim may take (KEP-5075): amounts that are listed, or steps of a range."""

from collections.abc import Iterator
from itertools import pairwise

from fairway.kinds.devices.lists import items
from fairway.objects import Object, quantity
from fairway.objects.errors import Problem, forbidden_value, invalid_value, required
from fairway.objects.quantity import Quantity

_VALUES_MAX = 10
_ONE_POLICY = 'exactly one policy can be specified, cannot specify "validValues" and "validRange" at the same time'


def policy_problems(path: str, capacity: str, policy: Object) -> Iterator[Problem]:
    """At most one of both ways, and an amount for whoever asks for none."""
    values, limits, default = policy.get("validValues") or [], policy.get("validRange"), policy.get("default")
    if values and limits is not None:
        yield forbidden_value(path, _ONE_POLICY)
        return
    field = "validValues" if values else "validRange"
    if not values and limits is None:
        return
    if default is None:
        yield required(f"{path}.default", f"required when {field} is defined")
        return
    try:
        if limits is None:
            yield from _values(f"{path}.{field}", values, quantity.parse(default), quantity.parse(capacity))
        else:
            yield from _range(f"{path}.{field}", limits, quantity.parse(default), quantity.parse(capacity))
    except ValueError as error:
        yield invalid_value(path, "<value omitted>", str(error))


def _values(path: str, values: list[str], default: Quantity, capacity: Quantity) -> Iterator[Problem]:
    amounts = [quantity.parse(value) for value in values]
    for index, (one, other) in enumerate(pairwise(amounts)):
        if one > other:
            yield invalid_value(f"{path}[{index + 1}]", str(other), "values must be sorted in ascending order")

    def within(here: str, amount: Quantity) -> Iterator[Problem]:
        if amount > capacity:
            yield invalid_value(here, str(amount), f"option is larger than capacity value: {capacity}")

    yield from items(path, amounts, within, most=_VALUES_MAX, key=lambda amount: str(amount.whole))
    if default not in amounts or len(amounts) > _VALUES_MAX:
        yield invalid_value(path, str(default), "default value is not valid according to the requestPolicy")


def _range(path: str, limits: Object, default: Quantity, capacity: Quantity) -> Iterator[Problem]:
    if limits.get("min") is None:
        yield required(f"{path}.min", "required when validRange is defined")
        return
    least = quantity.parse(limits["min"])
    most = None if limits.get("max") is None else quantity.parse(limits["max"])
    if least > capacity:
        yield invalid_value(f"{path}.min", str(least), f"min is larger than capacity value: {capacity}")
    if default < least:
        yield invalid_value(f"{path}.min", str(default), f"default is less than min: {least}")
    if most is not None:
        yield from _upper(f"{path}.max", least, most, default, capacity)
    if limits.get("step") is not None:
        yield from _step(f"{path}.step", quantity.parse(limits["step"]), least, capacity, (default, most))


def _upper(path: str, least: Quantity, most: Quantity, default: Quantity, capacity: Quantity) -> Iterator[Problem]:
    if least > most:
        yield invalid_value(path, str(least), f"min is larger than max: {most}")
    if most > capacity:
        yield invalid_value(path, str(most), f"max is larger than capacity value: {capacity}")
    if default > most:
        yield invalid_value(path, str(default), f"default is more than max: {most}")


def _step(
    path: str, step: Quantity, least: Quantity, capacity: Quantity, stops: tuple[Quantity | None, ...]
) -> Iterator[Problem]:
    if (first := least + step) > capacity:
        yield invalid_value(path, str(step), f"one step {first} is larger than capacity value: {capacity}")
    for amount in stops:
        if amount is not None and step.whole and (amount.whole - least.whole) % step.whole:
            text = f"value is not a multiple of a given step ({step}) from ({least})"
            yield invalid_value(path, str(amount), text)
