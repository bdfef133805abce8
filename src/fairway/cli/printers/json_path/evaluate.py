"""Evaluate: what a JSONPath template finds in an object, as values or as text."""

from collections.abc import Iterator, Sequence
from typing import Any

from fairway.cli.printers.go_values import compact_json, go_type, text_of
from fairway.cli.printers.json_path.parse import (
    Field,
    Filter,
    JsonPathError,
    List,
    Literal,
    Recursive,
    Slice,
    Text,
    Union,
    Wildcard,
    Word,
    parse,
)

_OPEN = -1
"""Where a range ends that has no end."""
_OPERATORS = ("<", ">", "==", "!=", "<=", ">=")


class Template:
    """A parsed template.  ``allows_missing``: a member that is not there is nothing, and no failure."""

    def __init__(self, text: str, *, allows_missing: bool = True) -> None:
        self._nodes = parse(text)
        self._allows_missing = allows_missing

    def find(self, data: Any) -> list[list[Any]]:
        """What each part of the template found, in order."""
        found, _ = self._block(data, 0, is_inside=False)
        return found

    def render(self, data: Any) -> str:
        """The text: the values of one part are separated by spaces."""
        return "".join(" ".join(map(_text, values)) for values in self.find(data))

    def _block(self, data: Any, start: int, *, is_inside: bool) -> tuple[list[list[Any]], int]:
        """The results from node ``start`` to the end of the range, and where that is."""
        found: list[list[Any]] = []
        place = start
        while place < len(self._nodes):
            node = self._nodes[place]
            place += 1
            match _word(node):
                case "range":
                    values, after = self._walk([data], _without_word(node)), _OPEN
                    for value in values:
                        inner, after = self._block(value, place, is_inside=True)
                        found += inner
                    if not values:
                        _, after = self._block(None, place, is_inside=True)
                    # A range without end goes on once more, outside, as it does with kubectl.
                    place = place if after == _OPEN else after
                case "end":
                    if not is_inside:
                        raise JsonPathError("not in range, nothing to end")
                    return found, place
                case "":
                    found.append(self._walk([data], node))
                case other:
                    raise JsonPathError(f"unrecognized identifier {other}")
        return found, _OPEN if is_inside else place

    def _walk(self, values: list[Any], node: Any) -> list[Any]:
        if isinstance(node, Literal):
            return [node.value for _ in values]
        if isinstance(node, List):
            for each in node.nodes:
                values = self._walk(values, each)
            return values
        match node:
            case Text():
                return [node.text]
            case Field():
                return self._field(values, node)
            case Wildcard():
                return [each for value in values for each in _members(value)]
            case Recursive():
                return list(_below(values))
            case Slice():
                return [each for value in values if value is not None for each in _sliced(value, node)]
            case Union():
                return [each for part in node.parts for each in self._walk(values, part)]
        return [each for value in values if value is not None for each in self._filtered(value, node)]

    def _field(self, values: list[Any], node: Field) -> list[Any]:
        found = [value[node.name] for value in values if isinstance(value, dict) and node.name in value]
        if not found and not self._allows_missing:
            raise JsonPathError(f"{node.name} is not found")
        return found

    def _filtered(self, value: Any, node: Filter) -> Iterator[Any]:
        if not isinstance(value, list):
            raise JsonPathError(f"{_shown(value)} is not array or slice and cannot be filtered")
        for item in value:
            lefts = self._walk([item], node.left)
            if node.operator == "exists":
                if lefts:
                    yield item
                continue
            if not lefts:
                continue
            if len(lefts) > 1:
                raise JsonPathError("can only compare one element at a time")
            rights = self._walk([item], node.right)
            if not rights:
                continue
            if len(rights) > 1:
                raise JsonPathError("can only compare one element at a time")
            if _holds(lefts[0], rights[0], node.operator):
                yield item


def _word(node: Any) -> str:
    nodes = node.nodes if isinstance(node, List) else ()
    return next((each.name for each in nodes if isinstance(each, Word)), "")


def _without_word(node: List) -> List:
    return List([each for each in node.nodes if not isinstance(each, Word)])


def _members(value: Any) -> Sequence[Any]:
    if isinstance(value, dict):
        return [value[name] for name in sorted(value)]
    return value if isinstance(value, list) else ()


def _below(values: Sequence[Any]) -> Iterator[Any]:
    for value in values:
        members = _members(value)
        if members or (isinstance(value, str) and value):
            yield value
            yield from _below(members)


def _sliced(value: Any, node: Slice) -> Sequence[Any]:
    if not isinstance(value, list):
        raise JsonPathError(f"{go_type(value)} is not array or slice")
    length = len(value)
    first = 0 if node.first is None else node.first
    last = (first + 1) if node.is_one else (length if node.last is None else node.last)
    is_derived_zero = node.is_one and last == 0
    first += length if first < 0 else 0
    if last < 0 or is_derived_zero:
        last += length
    if first == last:
        return ()
    if not 0 <= first < length:
        raise JsonPathError(f"array index out of bounds: index {first}, length {length}")
    if not 0 <= last <= length:
        raise JsonPathError(f"array index out of bounds: index {last - 1}, length {length}")
    if first > last:
        raise JsonPathError(f"starting index {first} is greater than ending index {last}")
    if node.step is not None and node.step <= 0:
        raise JsonPathError("step must be > 0")
    return value[first : last : node.step or 1]


def _holds(left: Any, right: Any, operator: str) -> bool:
    if operator not in _OPERATORS:
        raise JsonPathError(f"unrecognized filter operator {operator}")
    if _family(left) != _family(right) or _family(left) is None:
        raise JsonPathError("incompatible types for comparison")
    if operator in ("==", "!="):
        return (left == right) is (operator == "==")
    if _family(left) == "bool":
        raise JsonPathError("invalid type for comparison")
    is_less = bool(left < right)
    return {"<": is_less, "<=": is_less or left == right, ">": not is_less and left != right, ">=": not is_less}[
        operator
    ]


def _family(value: Any) -> str | None:
    return {bool: "bool", int: "int", float: "float", str: "string"}.get(type(value))


def _text(value: Any) -> str:
    return compact_json(value) if isinstance(value, dict | list) else text_of(value)


def _shown(value: Any) -> str:
    return text_of(value)
