"""Unifying: what the parameters of types stand for, as an expression's parts tell.

Pure.  Source: the CEL language definition, "Gradual Type Checking".
"""

from dataclasses import dataclass, field

from fairway.objects.expressions.declarations import Overload
from fairway.objects.expressions.types import DYN, Type

_NULLABLE = frozenset({"timestamp", "duration", "null"})


@dataclass(slots=True)
class Bindings:
    """Parameters and what they stand for."""

    found: dict[str, Type] = field(default_factory=dict)
    _count: int = 0

    def fresh(self) -> Type:
        """A parameter that nobody has used."""
        self._count += 1
        return Type(f"T#{self._count}")

    def resolved(self, one: Type) -> Type:
        """A type with what its parameters are known to stand for."""
        if one.is_param and one.name in self.found:
            return self.resolved(self.found[one.name])
        if one.params:
            return Type(one.name, tuple(map(self.resolved, one.params)), one.fields)
        return one

    def settled(self, one: Type) -> Type:
        """The same, and what is not known may be anything."""
        one = self.resolved(one)
        if one.is_param:
            return DYN
        return Type(one.name, tuple(map(self.settled, one.params)), one.fields) if one.params else one

    def shown(self, one: Type) -> str:
        """How messages name it."""
        return str(self.settled(one))

    def assign(self, one: Type, two: Type) -> bool:
        """Whether both can be the same; if so, what that says of their parameters is kept."""
        return self.assign_all((one,), (two,))

    def assign_all(self, ones: "list[Type] | tuple[Type, ...]", twos: tuple[Type, ...]) -> bool:
        """The same of as many types as there are."""
        if len(ones) != len(twos):
            return False
        before = dict(self.found)
        if all(self._fits(one, two) for one, two in zip(ones, twos, strict=True)):
            return True
        self.found = before
        return False

    def _fits(self, one: Type, two: Type) -> bool:
        if two.is_param:
            is_valid, is_known = self._stands_for(one, two)
            if is_valid:
                return True
            if is_known:
                return False
        if one.is_param:
            return self._stands_for(two, one)[0]
        if one.is_open or two.is_open:
            return True
        if "null" in (one.name, two.name):
            other = two if one.name == "null" else one
            return other.name in _NULLABLE or other.fields is not None or "." in other.name or other.name[0].isupper()
        if one.name != two.name:
            return False
        if one.name == "type":
            return True
        return len(one.params) == len(two.params) and all(map(self._fits, one.params, two.params))

    def _stands_for(self, one: Type, param: Type) -> tuple[bool, bool]:
        """(whether ``param`` may stand for ``one``, whether something was known of it)"""
        if one == param:
            return True, True
        known = self.found.get(param.name)
        if known is not None:
            if one == known:
                return True, True
            if self._fits(one, known):
                better = self.general(one, known)
                if not self._mentions(better, param):
                    self.found[param.name] = better
                return True, True
            return False, True
        if not self._mentions(one, param):
            self.found[param.name] = one
            return True, False
        return False, False

    def _mentions(self, one: Type, param: Type) -> bool:
        if one == param:
            return True
        known = self.found.get(one.name) if one.is_param else None
        if known is not None:
            return self._mentions(known, param)
        return any(self._mentions(inner, param) for inner in one.params)

    def general(self, one: Type, two: Type) -> Type:
        """The one of both that says less."""
        return one if _says_less(one, two) else two


def _says_less(one: Type, two: Type) -> bool:
    if one.name == "dyn" or one.is_param:
        return True
    if two.name == "dyn" or two.is_param or one.name != two.name:
        return False
    return one.name == "type" or (len(one.params) == len(two.params) and all(map(_says_less, one.params, two.params)))


def instance(overload: Overload, bindings: Bindings) -> tuple[tuple[Type, ...], Type]:
    """What an overload takes and gives, with parameters of its own for this call."""
    names: dict[str, Type] = {}

    def own(one: Type) -> Type:
        if one.is_param:
            if one.name not in names:
                names[one.name] = bindings.fresh()
            return names[one.name]
        return Type(one.name, tuple(map(own, one.params)), one.fields) if one.params else one

    return tuple(map(own, overload.takes)), own(overload.gives)
