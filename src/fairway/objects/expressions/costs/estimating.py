"""Estimating: how much an expression may cost at worst, counted as Kubernetes counts it.

Pure.  Shape: ``estimate(checked, size_of)`` gives the least and the most; ``size_of(path)`` says how many letters,
items or members the value at ``("self", "list", "@items")`` has, as far as its schema tells.
Source: Kubernetes docs, "Resource use by validation functions"; the numbers are those of the Go implementation, since
which rules a definition may have follows from them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from fairway.objects.expressions.checking import Checked
from fairway.objects.expressions.costs.functions import (
    LETTER,
    NOMINAL,
    TRAVERSING,
    Cost,
    Operand,
    Path,
    of_texts,
    standard,
)
from fairway.objects.expressions.costs.ranges import MOST, NONE, ONE, UNKNOWN, Range
from fairway.objects.expressions.syntax import Call, Comprehension, Constant, Ident, ListOf, Node, Select, Struct
from fairway.objects.expressions.types import DYN, OPTIONAL, SIZED, Type

_LIST, _MAP, _MESSAGE = 10, 30, 40
_ACCUMULATORS = ("@result", "__result__")
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

    def _operand(self, node: Node) -> Operand:
        path = self._path(node)
        if path and path[0] in _ACCUMULATORS:
            path = ()
        return Operand(node, path, self._type(node), self._size(node))

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
        self, node: Call, overload: str, target: Operand | None, args: Sequence[Operand], costs: Sequence[Range]
    ) -> Cost:
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
        found = standard(overload, target, args)
        return (found[0] if found else ONE).plus(spent), found[1] if found else None

    def _added(self, node: Call, overload: str, args: Sequence[Operand], spent: Range) -> Cost:
        size = (args[0].size or UNKNOWN).plus(args[1].size or UNKNOWN)
        inside = self._entries(node.args[0])
        inside = inside.union(self._entries(node.args[1])) if inside else None
        if inside:
            self.entries[node.id] = inside
        return (ONE if overload == "add_list" else size.by(LETTER)).plus(spent), size

    def _known(self, operand: Operand) -> Range:
        if operand.size is not None:
            return operand.size
        return (self.size_of(operand.path) if operand.path else None) or UNKNOWN

    def _of_library(self, function: str, overload: str, target: Operand | None, args: Sequence[Operand]) -> Cost | None:
        """The same of Kubernetes' own functions, and of those that it counts in its own way."""
        if function == "check":
            return Range(350_000, 350_000), None
        if function in NOMINAL:
            return ONE, None
        first = self._known(args[0]) if args else UNKNOWN
        if target is None:
            return (first.by(LETTER), None) if function == "url" and len(args) == 1 else None
        size = self._known(target)
        if function in TRAVERSING:
            return self._traversed(target, size), None
        if function == "join":
            found = self._joined(target, size, args)
            return found.by(LETTER), found
        return of_texts(function, overload, size, args, [self._known(one) for one in args])

    def _item(self, target: Operand) -> Range | None:
        if not target.type.params:
            return None
        below = (*target.path, "@items") if target.path else ()
        return (self.size_of(below) if below else None) or UNKNOWN

    def _traversed(self, target: Operand, size: Range) -> Range:
        if not target.type.params:
            return size.by(LETTER)
        each = ONE
        if target.type.params[0].name in ("string", "bytes"):
            each = each.plus((self._item(target) or UNKNOWN).by(LETTER))
        return size.times(each)

    def _joined(self, target: Operand, size: Range, args: Sequence[Operand]) -> Range:
        item = self._item(target)
        found = size.times(item) if item is not None else NONE
        if args:
            gaps = Range(max(size.least - 1, 0), max(size.most - 1, 0))
            found = found.plus(self._known(args[0]).times(gaps))
        return found


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
