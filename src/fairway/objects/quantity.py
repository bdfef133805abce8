"""Quantity: amounts such as ``500m``, ``1.5Gi`` and ``3e6``, held as a whole number of billionths.

Shape: ``parse`` gives a ``Quantity``; its text is canonical (no fraction, the largest suffix that leaves a whole
number), in the notation that it came in.  Amounts finer than a billionth are rounded away from zero, those larger than
2^63-1 are capped.
Source: Kubernetes docs, "Quantity" in the API reference; Kubernetes' resource model.
"""

import re
from dataclasses import dataclass
from functools import lru_cache, total_ordering

BINARY, DECIMAL, EXPONENT = "BinarySI", "DecimalSI", "DecimalExponent"
FORMAT_WRONG = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
SUFFIX_WRONG = "unable to parse quantity's suffix"

_NANO = 10**9
_LIMIT = (2**63 - 1) * _NANO
_SHAPE = re.compile(r"([+-]?)([0-9]*)(?:\.([0-9]*))?([eEinumkKMGTP]*[-+]?[0-9]*)", re.ASCII)
_DECIMAL_SUFFIXES = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY_SUFFIXES = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}
_DECIMAL_NAMES = {power: suffix for suffix, power in _DECIMAL_SUFFIXES.items()}
_BINARY_NAMES = ("", *_BINARY_SUFFIXES)
_MAX_EXPONENT = 10**4
_LONGEST = 1024
"""Characters of an amount; what is longer is far beyond the largest one, and is neither read nor remembered."""


@total_ordering
@dataclass(frozen=True, slots=True)
class Quantity:
    """An amount.  Equal amounts are equal whatever their notation."""

    nano: int
    notation: str = DECIMAL

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Quantity) and self.nano == other.nano

    def __hash__(self) -> int:
        return hash(self.nano)

    def __lt__(self, other: "Quantity") -> bool:
        return self.nano < other.nano

    def __bool__(self) -> bool:
        return self.nano != 0

    def __add__(self, other: "Quantity") -> "Quantity":
        return Quantity(self.nano + other.nano, self.notation if self.nano else other.notation)

    def __sub__(self, other: "Quantity") -> "Quantity":
        return Quantity(self.nano - other.nano, self.notation if self.nano else other.notation)

    def __neg__(self) -> "Quantity":
        return Quantity(-self.nano, self.notation)

    @property
    def milli(self) -> int:
        """Thousandths, rounded away from zero: how CPU is counted."""
        return _rounded_away(self.nano, 10**6)

    @property
    def whole(self) -> int:
        """Units, rounded away from zero: how memory is counted, in bytes."""
        return _rounded_away(self.nano, _NANO)

    def __str__(self) -> str:
        if not self.nano:
            return "0"
        number, fraction = divmod(self.nano, _NANO)
        if self.notation == BINARY and not fraction and abs(number) >= 1024:
            return _shown_binary(number)
        return _shown_decimal(self.nano, is_exponent=self.notation == EXPONENT)


def _shown_binary(number: int) -> str:
    place = 0
    while number % 1024 == 0 and place < len(_BINARY_NAMES) - 1:
        number //= 1024
        place += 1
    return f"{number}{_BINARY_NAMES[place]}"


def _shown_decimal(nano: int, *, is_exponent: bool) -> str:
    power = -9
    while nano % 1000 == 0 and power < 18:
        nano //= 1000
        power += 3
    if is_exponent:
        return f"{nano}e{power}" if power else str(nano)
    return f"{nano}{_DECIMAL_NAMES[power]}"


def _scale(suffix: str) -> tuple[int, int, str]:
    """(base, power, notation) of a suffix.  Raises: ``ValueError``."""
    if suffix in _DECIMAL_SUFFIXES:
        return 10, _DECIMAL_SUFFIXES[suffix], DECIMAL
    if suffix in _BINARY_SUFFIXES:
        return 2, _BINARY_SUFFIXES[suffix], BINARY
    if re.fullmatch("[eE][+-]?[0-9]+", suffix):
        return 10, max(-_MAX_EXPONENT, min(int(suffix[1:]), _MAX_EXPONENT)), EXPONENT
    raise ValueError(SUFFIX_WRONG)


def _rounded_away(numerator: int, denominator: int) -> int:
    return numerator // denominator if numerator < 0 else -(-numerator // denominator)


def parse(text: str) -> Quantity:
    """The amount that ``text`` names.  Raises: ``ValueError`` with upstream's text."""
    if len(text) > _LONGEST:
        raise ValueError(FORMAT_WRONG)
    return _parse(text)


@lru_cache(1024)
def _parse(text: str) -> Quantity:
    found = _SHAPE.fullmatch(text)
    if found is None or not (found[2] or found[3]):
        raise ValueError(FORMAT_WRONG)
    sign, number, fraction, suffix = found[1], found[2], found[3] or "", found[4]
    base, power, notation = _scale(suffix)
    digits = int((number + fraction) or "0")
    numerator, denominator = digits * _NANO, 10 ** len(fraction)
    if power >= 0:
        numerator *= base**power
    else:
        denominator *= base**-power
    nano = min(_rounded_away(numerator, denominator), _LIMIT)
    return Quantity(-nano if sign == "-" else nano, notation)


def canonical(text: str) -> str:
    """``text`` in its one canonical form.  Raises: ``ValueError``."""
    return str(parse(text))


def milli(text: str) -> int:
    """Thousandths of ``text``, rounded away from zero.  Raises: ``ValueError``."""
    return parse(text).milli


def whole(text: str) -> int:
    """Units of ``text``, rounded away from zero.  Raises: ``ValueError``."""
    return parse(text).whole


ZERO = Quantity(0)
"""Nothing."""
