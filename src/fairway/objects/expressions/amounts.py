"""Amount functions: Kubernetes quantities, such as ``500m`` and ``1Gi``."""

from typing import Any

from fairway.objects.expressions.lists import Function
from fairway.objects.quantity import Quantity, parse

_AMOUNT = "quantity"
_ONE = 10**9
Amount = dict[str, Any]


def _amount(text: str) -> Amount:
    return _made(parse(text))


def _made(found: Quantity) -> Amount:
    return {_AMOUNT: str(found.nano)}


def is_amount(found: Any) -> bool:
    """Whether a value of an expression is an amount."""
    return isinstance(found, dict) and found.keys() == {_AMOUNT}


def nano(found: Any) -> int:
    """Its billionths; a number counts as so many.  Raises: ``TypeError``."""
    if is_amount(found):
        return int(found[_AMOUNT])
    if isinstance(found, int) and not isinstance(found, bool):
        return found * _ONE
    raise TypeError("no such overload")


def _is_quantity(text: str) -> bool:
    try:
        parse(text)
    except ValueError:
        return False
    return True


def _as_integer(found: Amount) -> int:
    whole, rest = divmod(nano(found), _ONE)
    if rest:
        raise ValueError("cannot convert value to integer")
    return whole


FUNCTIONS: tuple[Function, ...] = (
    ("quantity", False, ("string",), "dyn", _amount),
    ("isQuantity", False, ("string",), "bool", _is_quantity),
    ("sign", True, ("dyn",), "int", lambda found: (nano(found) > 0) - (nano(found) < 0)),
    ("isInteger", True, ("dyn",), "bool", lambda found: nano(found) % _ONE == 0),
    ("asInteger", True, ("dyn",), "int", _as_integer),
    ("asApproximateFloat", True, ("dyn",), "double", lambda found: nano(found) / _ONE),
    ("add", True, ("dyn", "dyn"), "dyn", lambda one, two: _made(Quantity(nano(one) + nano(two)))),
    ("sub", True, ("dyn", "dyn"), "dyn", lambda one, two: _made(Quantity(nano(one) - nano(two)))),
)
