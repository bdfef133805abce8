"""Syntax: an expression as a tree, read from and written to the form in which the library hands it out.

Pure.  Shape: ``tree_of(raw)`` gives a ``Tree``: its root, and where in the text each node stands; ``raw_of(node)``
gives bytes that the library takes back.  Macros are already comprehensions here.
Source: the CEL specification, ``cel/expr/syntax.proto``; the field numbers are its.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from fairway.objects.wire import BYTES, FIXED64, VARINT, delimited, fields, signed, tag, varint

UINT = "uint"
"""How a constant without a sign is marked: Python has but one kind of whole number."""


@dataclass(slots=True)
class Constant:
    """A literal; ``kind`` is the name of its CEL type."""

    id: int
    value: Any
    kind: str


@dataclass(slots=True)
class Ident:
    """A name."""

    id: int
    name: str


@dataclass(slots=True)
class Select:
    """``operand.field``, or ``has(operand.field)``."""

    id: int
    operand: "Node"
    field: str
    is_test: bool = False


@dataclass(slots=True)
class Call:
    """A function, an operator, or a method of ``target``."""

    id: int
    function: str
    args: list["Node"]
    target: "Node | None" = None


@dataclass(slots=True)
class ListOf:
    """``[a, ?b]``; ``optional`` are the places of those that may be missing."""

    id: int
    elements: list["Node"]
    optional: tuple[int, ...] = ()


@dataclass(slots=True)
class Entry:
    """One member: ``key`` is a name in a message, and an expression in a map."""

    id: int
    key: "str | Node"
    value: "Node"
    is_optional: bool = False


@dataclass(slots=True)
class Struct:
    """``{k: v}``, or a message ``Name{k: v}``."""

    id: int
    name: str
    entries: list[Entry]


@dataclass(slots=True)
class Comprehension:
    """A fold over a list or map: what every macro with a loop comes to."""

    id: int
    variable: str
    second: str
    over: "Node"
    accumulator: str
    start: "Node"
    condition: "Node"
    step: "Node"
    result: "Node"


Node = Constant | Ident | Select | Call | ListOf | Struct | Comprehension
_CONSTANTS = {1: "null", 2: "bool", 3: "int", 4: UINT, 5: "double", 6: "string", 7: "bytes"}
_NUMBERS = {kind: number for number, kind in _CONSTANTS.items()}


@dataclass(slots=True)
class Tree:
    """A whole expression."""

    root: Node
    text: str
    places: dict[int, int] = field(default_factory=dict)
    """Where a node stands: letters from the beginning, by its id."""

    def error(self, id_: int, message: str) -> str:
        """A mistake with its place, as users of CEL know it."""
        return pointed(self.text, self.places.get(id_, 0), message)


def pointed(text: str, at: int, message: str) -> str:
    """``message`` with the line it is about, and a pointer below."""
    line = text.count("\n", 0, at)
    column = at - (text.rfind("\n", 0, at) + 1)
    lines = text.split("\n")
    shown = (lines[line] if line < len(lines) else "").replace("\t", " ")
    dots = "".join("．" if ord(letter) > 0x7F else "." for letter in shown[:column])
    head = shown[column : column + 1]
    mark = "＾" if head and ord(head) > 0x7F else "^"
    return f"ERROR: <input>:{line + 1}:{column + 1}: {message}\n | {shown}\n | {dots.ljust(column, '.')}{mark}"


_TYPE = b"type.googleapis.com/cel.expr.ParsedExpr"


def tree_of(raw: bytes, text: str) -> Tree:
    """The tree of a parsed expression, as the library serializes it."""
    parsed = _texts(_texts(memoryview(raw))[2])
    return Tree(_node(parsed[2]), text, dict(_places(parsed.get(3, memoryview(b"")))))


def _places(source: memoryview) -> Iterator[tuple[int, int]]:
    for number, wire_type, value in fields(source):
        if number == 4 and wire_type == BYTES and not isinstance(value, int):
            pair = {inner: int(content) for inner, _, content in fields(value) if isinstance(content, int)}
            yield pair.get(1, 0), pair.get(2, 0)


def _node(raw: memoryview) -> Node:
    id_, made = 0, Constant(0, None, "null")
    found: Node = made
    for number, _, value in fields(raw):
        if isinstance(value, int):
            id_ = value if number == 2 else id_
        else:
            found = _READERS[number](value)
    found.id = id_
    return found


def _texts(raw: memoryview) -> dict[int, Any]:
    """The last value of each field."""
    return {number: value for number, _, value in fields(raw)}


def _text(value: Any) -> str:
    return str(value, "utf-8") if value is not None else ""


def _constant(raw: memoryview) -> Node:
    for number, wire_type, value in fields(raw):
        kind = _CONSTANTS.get(number, "null")
        if kind == "null":
            return Constant(0, None, kind)
        if kind == "bool":
            return Constant(0, bool(value), kind)
        if kind == "double" and wire_type == FIXED64 and not isinstance(value, int):
            return Constant(0, struct.unpack("<d", value)[0], kind)
        if isinstance(value, int):
            return Constant(0, signed(value) if kind == "int" else value, kind)
        return Constant(0, _text(value) if kind == "string" else bytes(value), kind)
    return Constant(0, None, "null")


def _select(raw: memoryview) -> Node:
    found = _texts(raw)
    return Select(0, _node(found[1]), _text(found.get(2)), bool(found.get(3)))


def _call(raw: memoryview) -> Node:
    target, function, args = None, "", []
    for number, _, value in fields(raw):
        if isinstance(value, int):
            continue
        if number == 1:
            target = _node(value)
        elif number == 2:
            function = _text(value)
        else:
            args.append(_node(value))
    return Call(0, function, args, target)


def _list(raw: memoryview) -> Node:
    elements, optional = [], []
    for number, _, value in fields(raw):
        if number == 1 and not isinstance(value, int):
            elements.append(_node(value))
        elif isinstance(value, int):
            optional.append(value)
        else:
            optional.extend(value)  # packed: places are small
    return ListOf(0, elements, tuple(optional))


def _struct(raw: memoryview) -> Node:
    name, entries = "", []
    for number, _, value in fields(raw):
        if isinstance(value, int):
            continue
        if number == 1:
            name = _text(value)
        else:
            found = _texts(value)
            key = _node(found[3]) if 3 in found else _text(found.get(2))
            entries.append(Entry(found.get(1, 0), key, _node(found[4]), bool(found.get(5))))
    return Struct(0, name, entries)


def _comprehension(raw: memoryview) -> Node:
    found = _texts(raw)
    return Comprehension(
        0, _text(found.get(1)), _text(found.get(8)), _node(found[2]), _text(found.get(3)),
        *(_node(found[number]) for number in (4, 5, 6, 7)),
    )  # fmt: skip


_READERS = {
    3: _constant, 4: lambda raw: Ident(0, _text(_texts(raw).get(1))), 5: _select, 6: _call, 7: _list, 8: _struct,
    9: _comprehension,
}  # fmt: skip


def raw_of(node: Node) -> bytes:
    """A parsed expression for the library."""
    return delimited(1, _TYPE) + delimited(2, delimited(2, _raw(node)) + delimited(3, b""))


def _raw(node: Node) -> bytes:
    match node:
        case Constant():
            number, content = 3, _constant_raw(node)
        case Ident():
            number, content = 4, delimited(1, node.name.encode())
        case Select():
            number = 5
            content = delimited(1, _raw(node.operand)) + delimited(2, node.field.encode()) + _flag(3, node.is_test)
        case Call():
            target = b"" if node.target is None else delimited(1, _raw(node.target))
            args = b"".join(delimited(3, _raw(one)) for one in node.args)
            number, content = 6, target + delimited(2, node.function.encode()) + args
        case ListOf():
            packed = b"".join(map(varint, node.optional))
            elements = b"".join(delimited(1, _raw(one)) for one in node.elements)
            number, content = 7, elements + (delimited(2, packed) if packed else b"")
        case Struct():
            entries = b"".join(delimited(2, _entry_raw(one)) for one in node.entries)
            number, content = 8, (delimited(1, node.name.encode()) if node.name else b"") + entries
        case Comprehension():
            number, content = 9, _comprehension_raw(node)
    return tag(2, VARINT) + varint(node.id) + delimited(number, content)


def _flag(number: int, value: bool) -> bytes:
    return tag(number, VARINT) + b"\x01" if value else b""


def _constant_raw(node: Constant) -> bytes:
    number = _NUMBERS[node.kind]
    match node.kind:
        case "null" | "bool" | "int" | "uint":
            return tag(number, VARINT) + varint(int(node.value or 0))
        case "double":
            return tag(number, FIXED64) + struct.pack("<d", node.value)
    return delimited(number, node.value.encode() if node.kind == "string" else node.value)


def _entry_raw(entry: Entry) -> bytes:
    key = delimited(2, entry.key.encode()) if isinstance(entry.key, str) else delimited(3, _raw(entry.key))
    id_ = tag(1, VARINT) + varint(entry.id)
    return id_ + key + delimited(4, _raw(entry.value)) + _flag(5, entry.is_optional)


def _comprehension_raw(node: Comprehension) -> bytes:
    names = ((1, node.variable), (3, node.accumulator), (8, node.second))
    below = ((2, node.over), (4, node.start), (5, node.condition), (6, node.step), (7, node.result))
    parts = [delimited(number, name.encode()) for number, name in names if name]
    return b"".join(parts + [delimited(number, _raw(one)) for number, one in below])


def children(node: Node) -> Iterator[Node]:
    """The nodes right below one."""
    match node:
        case Select():
            yield node.operand
        case Call():
            if node.target is not None:
                yield node.target
            yield from node.args
        case ListOf():
            yield from node.elements
        case Struct():
            for entry in node.entries:
                if not isinstance(entry.key, str):
                    yield entry.key
                yield entry.value
        case Comprehension():
            yield from (node.over, node.start, node.condition, node.step, node.result)


def walk(node: Node) -> Iterator[Node]:
    """A node and all below it."""
    yield node
    for below in children(node):
        yield from walk(below)
