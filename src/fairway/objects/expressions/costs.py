"""Costs: how much an expression may cost at worst, counted as Kubernetes counts it.

Pure.  Shape: ``estimate(checked, size_of)`` gives the least and the most; ``size_of(path)`` says how many letters,
items or members the value at ``("self", "list", "@items")`` has, as far as its schema tells.
Source: Kubernetes docs, "Resource use by validation functions"; the numbers are those of the Go implementation, since
which rules a definition may have follows from them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import ceil
from typing import NamedTuple

from fairway.objects.expressions.checking import Checked
from fairway.objects.expressions.syntax import Call, Comprehension, Constant, Ident, ListOf, Node, Select, Struct
from fairway.objects.expressions.types import DYN, OPTIONAL, SIZED, Type

MOST = 2**64 - 1
_LETTER, _PATTERN = 0.1, 0.25
_LIST, _MAP, _MESSAGE = 10, 30, 40
_ACCUMULATORS = ("@result", "__result__")
Path = tuple[str, ...]


class Range(NamedTuple):
    """The least and the most of something."""

    least: int
    most: int

    def plus(self, other: "Range") -> "Range":
        """The sum."""
        return Range(min(self.least + other.least, MOST), min(self.most + other.most, MOST))

    def times(self, other: "Range") -> "Range":
        """The product."""
        return Range(min(self.least * other.least, MOST), min(self.most * other.most, MOST))

    def by(self, factor: float) -> "Range":
        """So much for each, rounded up."""
        return Range(_scaled(self.least, factor), _scaled(self.most, factor))

    def union(self, other: "Range") -> "Range":
        """From the lower least to the higher most."""
        return Range(min(self.least, other.least), max(self.most, other.most))


def _scaled(count: int, factor: float) -> int:
    return MOST if count >= MOST else min(ceil(count * factor), MOST)


NONE, ONE, UNKNOWN = Range(0, 0), Range(1, 1), Range(0, MOST)
SizeOf = Callable[[Path], Range | None]


class _Entries(NamedTuple):
    """The sizes of what is in a list or map."""

    kind: str
    key: Range
    value: Range

    def union(self, other: "_Entries | None") -> "_Entries | None":
        if other is None:
            return None
        return _Entries(self.kind, self.key.union(other.key), self.value.union(other.value))


class _Local(NamedTuple):
    path: Path
    size: Range | None
    entries: _Entries | None = None


class _Operand(NamedTuple):
    """What a function is called with."""

    node: Node
    path: Path
    type: Type
    size: Range | None


def estimate(found: Checked, size_of: SizeOf) -> Range:
    """What the whole expression costs."""
    return _Estimate(found, size_of).cost(found.tree.root)


@dataclass(slots=True)
class _Estimate:
    checked: Checked
    size_of: SizeOf
    paths: dict[int, Path] = field(default_factory=dict)
    locals: dict[str, list[_Local]] = field(default_factory=dict)
    sizes: dict[int, Range] = field(default_factory=dict)
    entries: dict[int, _Entries] = field(default_factory=dict)

    def cost(self, node: Node) -> Range:
        match node:
            case Constant():
                return NONE
            case Ident():
                local = self._local(node.name)
                self.paths[node.id] = local.path if local else (node.name,)
                return ONE
            case Select():
                return self._select(node)
            case Call():
                return self._call(node)
            case ListOf():
                return self._list(node)
            case Struct():
                return self._struct(node)
            case Comprehension():
                return self._bind(node) if _is_bind(node) else self._comprehension(node)

    def _local(self, name: str) -> _Local | None:
        found = self.locals.get(name)
        return found[-1] if found else None

    def _type(self, node: Node) -> Type:
        return self.checked.types.get(node.id, DYN)

    def _path(self, node: Node) -> Path:
        if isinstance(node, Ident) and (local := self._local(node.name)):
            return local.path
        return self.paths.get(node.id, ())

    def _select(self, node: Select) -> Range:
        if node.operand.id not in self.checked.types:  # a name with dots
            self.paths[node.id] = (node.field,)
            return ONE
        spent = self.cost(node.operand)
        if node.is_test:
            return spent
        kind = self._type(node.operand)
        if kind.name == "map" or kind.fields is not None:
            spent = spent.plus(ONE)
        self.paths[node.id] = (*self._path(node.operand), node.field)
        return spent

    def _operand(self, node: Node) -> _Operand:
        path = self._path(node)
        if path and path[0] in _ACCUMULATORS:
            path = ()
        return _Operand(node, path, self._type(node), self._size(node))

    def _call(self, node: Call) -> Range:
        if node.function == "dyn" and len(node.args) == 1:
            spent = self.cost(node.args[0]).plus(ONE)
            self._copy(node, node.args[0])
            return spent
        costs = [self.cost(one) for one in node.args]
        args = [self._operand(one) for one in node.args]
        overloads = self.checked.overloads.get(node.id, ())
        if not overloads:
            return NONE
        spent, target = NONE, None
        if node.target is not None:
            spent = self.cost(node.target)
            target = self._operand(node.target)
        function, size = Range(MOST, 0), None
        for overload in overloads:
            found, result = self._function(node, overload, target, args, costs)
            function = function.union(found)
            if result is not None:
                size = result if size is None else size.union(result)
            if overload in ("index_list", "index_map"):
                below = "@items" if overload == "index_list" else "@values"
                inside = self._entries(node.args[0])
                size = inside.value if inside else None
                self.paths[node.id] = (*self._path(node.args[0]), below)
            if size is None:
                size = self._size(node)
        if size is not None:
            self.sizes[node.id] = size
        return spent.plus(function)

    def _list(self, node: ListOf) -> Range:
        spent, item = Range(_LIST, _LIST), Range(MOST if node.elements else 0, 0)
        for one in node.elements:
            spent = spent.plus(self.cost(one))
            item = item.union(self._size(one) or UNKNOWN)
        self.entries[node.id] = _Entries("list", ONE, item)
        return spent

    def _struct(self, node: Struct) -> Range:
        base = _MESSAGE if node.name else _MAP
        spent = Range(base, base)
        key = value = Range(MOST if node.entries else 0, 0)
        for entry in node.entries:
            if not isinstance(entry.key, str):
                spent = spent.plus(self.cost(entry.key))
                key = key.union(self._size(entry.key) or UNKNOWN)
            spent = spent.plus(self.cost(entry.value))
            value = value.union(self._size(entry.value) or UNKNOWN)
        if not node.name:
            self.entries[node.id] = _Entries("map", key, value)
        return spent

    def _push(self, name: str, local: _Local) -> None:
        self.locals.setdefault(name, []).append(local)

    def _bind(self, node: Comprehension) -> Range:
        spent = self.cost(node.over).plus(self.cost(node.start))
        self._push(node.accumulator, _Local(self._path(node.start), self._size(node.start), self._entries(node.start)))
        spent = spent.plus(self.cost(node.result))
        self.locals[node.accumulator].pop()
        self._copy(node, node.result)
        return spent

    def _comprehension(self, node: Comprehension) -> Range:
        spent = self.cost(node.over).plus(self.cost(node.start))
        self._push(node.accumulator, _Local(self._path(node.start), self._size(node.start), self._entries(node.start)))
        inside, path = self._entries(node.over), self._path(node.over)
        kind = inside.kind if inside else self._type(node.over).name
        is_list = kind == "list"
        key = _Local((*path, "@indices" if is_list else "@keys"), inside.key if inside else None)
        value = _Local((*path, "@items" if is_list else "@values"), inside.value if inside else None)
        self._push(node.variable, key if node.second else (value if is_list else key))
        if node.second:
            self._push(node.second, value)
        turn = self.cost(node.condition).plus(self.cost(node.step))
        self.locals[node.variable].pop()
        if node.second:
            self.locals[node.second].pop()
        spent = spent.plus(self.cost(node.result))
        self.locals[node.accumulator].pop()
        count = self._size(node.over) or UNKNOWN
        if isinstance(node.start, Constant):
            if (size := self._size(node.start)) is not None:
                self.sizes[node.id] = size
        elif isinstance(node.start, ListOf | Struct):
            self.sizes[node.id] = count
            if (step := self._entries(node.step)) is not None:
                self.entries[node.id] = step
        return spent.plus(count.times(turn))

    def _copy(self, node: Node, source: Node) -> None:
        if (size := self._size(source)) is not None:
            self.sizes[node.id] = size
        if (inside := self._entries(source)) is not None:
            self.entries[node.id] = inside

    def _entries(self, node: Node) -> _Entries | None:
        if node.id in self.entries:
            return self.entries[node.id]
        local = self._local(node.name) if isinstance(node, Ident) else None
        return local.entries if local else None

    def _size(self, node: Node) -> Range | None:
        if node.id in self.sizes:
            return self.sizes[node.id]
        match node:
            case Constant():
                count = len(node.value) if isinstance(node.value, str | bytes) else 1
                return Range(count, count)
            case ListOf():
                return Range(len(node.elements), len(node.elements))
            case Struct() if not node.name:
                return Range(len(node.entries), len(node.entries))
        path = self._path(node)
        if path and (known := self.size_of(path)) is not None:
            self.sizes[node.id] = known
            return known
        if _is_sized(self._type(node)):
            return ONE
        local = self._local(node.name) if isinstance(node, Ident) else None
        return local.size if local else None

    def _function(
        self, node: Call, overload: str, target: _Operand | None, args: Sequence[_Operand], costs: Sequence[Range]
    ) -> tuple[Range, Range | None]:
        """(what a call costs with its arguments, how large its value is)"""
        spent = NONE
        for one in costs:
            spent = spent.plus(one)
        own = self._of_library(node.function, overload, target, args)
        if own is not None:
            return own[0].plus(spent), own[1]
        match overload:
            case "logical_or" | "logical_and":
                return Range(costs[0].least, costs[0].plus(costs[1]).most), None
            case "conditional":
                inside = self._entries(node.args[1])
                inside = inside.union(self._entries(node.args[2])) if inside else None
                if inside:
                    self.entries[node.id] = inside
                size = (args[1].size or UNKNOWN).union(args[2].size or UNKNOWN)
                return costs[0].plus(costs[1].union(costs[2])), size
            case "add_string" | "add_bytes" | "add_list":
                return self._added(node, overload, args, spent)
        found = _standard(overload, target, args)
        return (found[0] if found else ONE).plus(spent), found[1] if found else None

    def _added(self, node: Call, overload: str, args: Sequence[_Operand], spent: Range) -> tuple[Range, Range | None]:
        size = (args[0].size or UNKNOWN).plus(args[1].size or UNKNOWN)
        inside = self._entries(node.args[0])
        inside = inside.union(self._entries(node.args[1])) if inside else None
        if inside:
            self.entries[node.id] = inside
        return (ONE if overload == "add_list" else size.by(_LETTER)).plus(spent), size

    def _known(self, operand: _Operand) -> Range:
        if operand.size is not None:
            return operand.size
        return (self.size_of(operand.path) if operand.path else None) or UNKNOWN

    def _of_library(
        self, function: str, overload: str, target: _Operand | None, args: Sequence[_Operand]
    ) -> tuple[Range, Range | None] | None:
        """The same of Kubernetes' own functions, and of those that it counts in its own way."""
        if function == "check":
            return Range(350_000, 350_000), None
        if function in _NOMINAL:
            return ONE, None
        first = self._known(args[0]) if args else UNKNOWN
        if target is None:
            return (first.by(_LETTER), None) if function == "url" and len(args) == 1 else None
        size = self._known(target)
        if function in _TRAVERSING:
            return self._traversed(target, size), None
        if function == "join":
            found = self._joined(target, size, args)
            return found.by(_LETTER), found
        return self._of_texts(function, overload, size, args)

    def _of_texts(
        self, function: str, overload: str, size: Range, args: Sequence[_Operand]
    ) -> tuple[Range, Range | None] | None:
        """The same of methods of texts, addresses and forms, ``size`` large."""
        first = self._known(args[0]) if args else UNKNOWN
        match function:
            case "lowerAscii" | "upperAscii" | "substring" | "trim":
                return size.by(_LETTER), size
            case "replace" if len(args) >= 2:
                return size.by(2 * _LETTER), _replaced(size, first, self._known(args[1]))
            case "split":
                return size.by(2 * _LETTER), Range(0, _pieces(size, args))
            case "find" | "findAll":
                return size.plus(ONE).by(_LETTER).times(first.by(_PATTERN)), Range(0, size.most)
            case "containsIP" | "containsCIDR":
                return _contained(function, overload, first), None
            case "ip":
                return ONE, None
            case "validate":
                return first.plus(ONE).by(_LETTER).times(_FORM.by(_PATTERN)), None
        return None

    def _item(self, target: _Operand) -> Range | None:
        if not target.type.params:
            return None
        below = (*target.path, "@items") if target.path else ()
        return (self.size_of(below) if below else None) or UNKNOWN

    def _traversed(self, target: _Operand, size: Range) -> Range:
        if not target.type.params:
            return size.by(_LETTER)
        each = ONE
        if target.type.params[0].name in ("string", "bytes"):
            each = each.plus((self._item(target) or UNKNOWN).by(_LETTER))
        return size.times(each)

    def _joined(self, target: _Operand, size: Range, args: Sequence[_Operand]) -> Range:
        item = self._item(target)
        found = size.times(item) if item is not None else NONE
        if args:
            gaps = Range(max(size.least - 1, 0), max(size.most - 1, 0))
            found = found.plus(self._known(args[0]).times(gaps))
        return found


_TRAVERSING = frozenset(("isSorted", "sum", "max", "min", "indexOf", "lastIndexOf"))
_FORM = Range(30, 60)
"""Letters of the patterns behind most named forms."""
_NOMINAL = frozenset(
    (
        "serviceAccount", "path", "group", "resource", "subresource", "namespace", "name", "fieldSelector",
        "labelSelector", "allowed", "reason", "error", "errored", "masked", "prefixLength", "family", "isUnspecified",
        "isLoopback", "isLinkLocalMulticast", "isLinkLocalUnicast", "sign", "asInteger", "isInteger",
        "asApproximateFloat", "isGreaterThan", "isLessThan", "compareTo", "add", "sub", "major", "minor", "patch",
    )
)  # fmt: skip


def _is_bind(node: Comprehension) -> bool:
    return (
        isinstance(node.over, ListOf)
        and not node.over.elements
        and isinstance(node.condition, Constant)
        and node.condition.value is False
        and node.accumulator not in _ACCUMULATORS
    )


def _is_sized(kind: Type) -> bool:
    return kind.name in SIZED or (kind.name == OPTIONAL and bool(kind.params) and _is_sized(kind.params[0]))


def _pieces(size: Range, args: Sequence[_Operand]) -> int:
    limit = args[1].node if len(args) > 1 else None
    if isinstance(limit, Constant) and isinstance(limit.value, int) and limit.value >= 0:
        return limit.value
    return size.most


def _replaced(size: Range, before: Range, after: Range) -> Range:
    """How large a text can be when parts of it are replaced."""
    most_count, most_kept = 0, 0
    if before.least == 0:
        most_count, most_kept = min(size.most + 1, MOST), size.most
    elif after.most <= before.least:
        most_kept = size.most
    else:
        most_count = ceil(size.most / before.least)
    least_count, least_kept = 0, 0
    if before.most == 0:
        least_count, least_kept = size.least + 1, size.least
    elif before.most <= after.least:
        least_kept = size.least
    else:
        least_count = ceil(size.least / before.most)
    return Range(least_count, most_count).times(after).plus(Range(least_kept, most_kept))


_ADDRESS = Range(4, 16)


def _contained(function: str, overload: str, other: Range) -> Range:
    found = _ADDRESS.plus(_ADDRESS).by(_LETTER)
    if function == "containsCIDR":
        found = found.plus(_ADDRESS.by(_LETTER)).plus(ONE)
    return found.plus(other.by(_LETTER)) if overload.endswith("_string") else found


def _standard(overload: str, target: _Operand | None, args: Sequence[_Operand]) -> tuple[Range, Range | None] | None:
    """What the language's own functions cost whose cost depends on sizes."""
    first = (args[0].size or UNKNOWN) if args else UNKNOWN
    own = (target.size or UNKNOWN) if target else UNKNOWN
    if overload in ("equals", "not_equals") or overload in _COMPARED:
        most = min(first.most, (args[1].size or UNKNOWN).most)
        return Range(1 if most else 0, most).by(_LETTER), None
    match overload:
        case "string_format":
            return own.by(_LETTER), None
        case "starts_with_string" | "ends_with_string":
            return first.by(_LETTER), None
        case "in_list":
            return args[1].size or UNKNOWN, None
        case "matches_string":
            return own.plus(ONE).by(_LETTER).times(first.by(_PATTERN)), None
        case "contains_string":
            return own.by(_LETTER).times(first.by(_LETTER)), None
    return _converted(overload, first)


def _converted(overload: str, size: Range) -> tuple[Range, Range | None] | None:
    match overload:
        case "string_to_bytes":
            return size.by(_LETTER), Range(size.least, min(size.most * 4, MOST))
        case "bytes_to_string":
            return size.by(_LETTER), Range(size.least // 4, size.most)
        case "int64_to_string" | "uint64_to_string" | "double_to_string" | "bool_to_string":
            return ONE, Range(0, 32)  # upstream knows no bound, so that a message with a number would be too dear
        case "strings_quote":
            return size.by(_LETTER), Range(size.least + 2, min(size.most * 2 + 2, MOST))
    return None


_COMPARED = frozenset(
    f"{word}_{kind}" for word in ("less", "less_equals", "greater", "greater_equals") for kind in ("string", "bytes")
)
