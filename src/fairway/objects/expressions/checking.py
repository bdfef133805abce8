"""Checking: which type every part of an expression has, and what cannot be.

Pure.  The library checks too, and knows neither Kubernetes' types nor schemas; so it is given expressions that were
checked here.
Source: the CEL language definition, "Gradual Type Checking"; the texts are those of the Go implementation.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from fairway.objects.expressions import Fields
from fairway.objects.expressions.declarations import Overload, functions
from fairway.objects.expressions.syntax import (
    Call,
    Comprehension,
    Constant,
    Ident,
    ListOf,
    Node,
    Select,
    Struct,
    Tree,
)
from fairway.objects.expressions.types import (
    BOOL,
    DYN,
    ERROR,
    INT,
    OPTIONAL,
    SIMPLE,
    STRING,
    Type,
    list_of,
    map_of,
    optional_of,
)
from fairway.objects.expressions.unifying import Bindings, instance

_TYPE_NAMES = frozenset(SIMPLE) - {"dyn", "!error!", "null", "timestamp", "duration"}
_NAMED_TYPES = {
    "list": "list(dyn)", "map": "map(dyn, dyn)", "null_type": "null", "type": "type",
    "google.protobuf.Timestamp": "timestamp", "google.protobuf.Duration": "duration", "optional_type": "optional_type",
}  # fmt: skip
_MIXING = frozenset({"format"})
OPAQUE = (
    "kubernetes.URL", "kubernetes.Quantity", "kubernetes.Semver", "kubernetes.NamedFormat", "net.IP", "net.CIDR",
    "kubernetes.Image",
)  # fmt: skip


@dataclass(slots=True)
class Checked:
    """What is known of an expression; ``types`` and ``overloads`` by the id of the node."""

    tree: Tree
    types: dict[int, Type]
    overloads: dict[int, tuple[str, ...]]
    mistakes: list[str]

    @property
    def type(self) -> Type:
        """What the whole of it gives."""
        return self.types[self.tree.root.id]


def checked(tree: Tree, variables: Mapping[str, Type], messages: Mapping[str, Fields] | None = None) -> Checked:
    """The types of everything in ``tree``, whose names of functions in namespaces are made one.

    ``messages`` are the types that expressions may make, by the first part of their names.
    """
    work = _Check(tree, dict(variables), messages or {})
    work.check(tree.root)
    types = {id_: work.bindings.settled(found) for id_, found in work.types.items()}
    placed = sorted(work.mistakes.items(), key=lambda one: (tree.places.get(one[0], 0), one[0]))
    return Checked(tree, types, work.overloads, [tree.error(id_, text) for id_, text in placed])


def qualified(node: Node) -> str | None:
    """``a.b.c`` as one name, if a node is only that."""
    if isinstance(node, Ident):
        return node.name
    if isinstance(node, Select) and not node.is_test:
        inner = qualified(node.operand)
        return None if inner is None else f"{inner}.{node.field}"
    return None


@dataclass(slots=True)
class _Check:
    tree: Tree
    variables: dict[str, Type]
    messages: Mapping[str, Fields]
    bindings: Bindings = field(default_factory=Bindings)
    types: dict[int, Type] = field(default_factory=dict)
    overloads: dict[int, tuple[str, ...]] = field(default_factory=dict)
    mistakes: dict[int, str] = field(default_factory=dict)
    mixing: int = 0
    """How many calls are around whose lists may hold anything."""

    def check(self, node: Node) -> Type:
        """Note the type of ``node`` and of all below it."""
        found = self._type(node)
        self.types[node.id] = found
        return found

    def _type(self, node: Node) -> Type:
        match node:
            case Constant():
                return SIMPLE[node.kind]
            case Ident():
                return self._ident(node)
            case Select():
                return self._select(node)
            case Call():
                return self._call(node)
            case ListOf():
                return list_of(self._joined(self._elements(node)))
            case Struct():
                return self._message(node) if node.name else self._map(node)
            case Comprehension():
                return self._comprehension(node)

    def _fail(self, node: Node, text: str) -> Type:
        self.mistakes.setdefault(node.id, text)
        return ERROR

    def _undeclared(self, node: Node, name: str) -> Type:
        return self._fail(node, f"undeclared reference to '{name}' (in container '')")

    def _named(self, name: str) -> Type | None:
        name = name.removeprefix(".")
        if name in self.variables:
            return self.variables[name]
        if name in _TYPE_NAMES or name in OPAQUE:
            return Type("type", (SIMPLE.get(name) or Type(name),))
        return Type("type", (DYN,)) if name in _NAMED_TYPES else None

    def _ident(self, node: Ident) -> Type:
        return self._named(node.name) or self._undeclared(node, node.name)

    def _select(self, node: Select) -> Type:
        name = qualified(node)
        if name is not None and (found := self._named(name)) is not None:
            return found
        found = self._field(node, node.operand, node.field, is_optional=False)
        return BOOL if node.is_test else self.bindings.resolved(found)

    def _field(self, node: Node, operand: Node, name: str, *, is_optional: bool) -> Type:
        owner = self.bindings.resolved(self.check(operand))
        is_optional = is_optional or owner.name == OPTIONAL
        if owner.name == OPTIONAL:
            owner = owner.params[0]
        found = DYN
        if owner.name == "map" and owner.params:
            found = owner.params[1]
        elif owner.fields is not None:
            found = owner.fields.get(name) or self._fail(node, f"undefined field '{name}'")
        elif (made := self._maker(owner.name)) is not None:
            found = made(owner.name, name) or self._fail(node, f"undefined field '{name}'")
        elif owner.is_param:
            self.bindings.assign(DYN, owner)
        elif not owner.is_open:
            self._fail(node, f"type '{owner}' does not support field selection")
        return optional_of(found) if is_optional else found

    def _maker(self, name: str) -> Fields | None:
        return self.messages.get(name.partition(".")[0])

    def _call(self, node: Call) -> Type:
        if node.function == "_?._":
            operand, chosen = node.args
            self.types[chosen.id] = STRING
            self.overloads[node.id] = ("select_optional_field",)
            name = chosen.value if isinstance(chosen, Constant) else ""
            return self._field(node, operand, str(name), is_optional=True)
        self.mixing += node.function in _MIXING
        args = [self.check(one) for one in node.args]
        self.mixing -= node.function in _MIXING
        if node.target is None:
            overloads = functions().get(node.function)
            if overloads is None:
                return self._undeclared(node, node.function)
            return self._resolved(node, overloads, args, is_member=False)
        prefix = qualified(node.target)
        if prefix is not None and (overloads := functions().get(f"{prefix}.{node.function}")):
            node.function, node.target = f"{prefix}.{node.function}", None
            return self._resolved(node, overloads, args, is_member=False)
        target = self.check(node.target)
        overloads = functions().get(node.function)
        if overloads is None:
            return self._undeclared(node, node.function)
        return self._resolved(node, overloads, [target, *args], is_member=True)

    def _resolved(self, node: Call, overloads: Iterable[Overload], args: list[Type], *, is_member: bool) -> Type:
        gives: Type | None = None
        taken = []
        for overload in overloads:
            if overload.is_member is not is_member:
                continue
            takes, result = instance(overload, self.bindings)
            if not self.bindings.assign_all(args, takes):
                continue
            taken.append(overload.id)
            found = self.bindings.resolved(result)
            if gives is None:
                gives = found
            elif gives != DYN and found != gives:
                gives = DYN
        if gives is None:
            shown = [str(self.bindings.settled(one)) for one in args]
            applied = f"{shown[0]}.({', '.join(shown[1:])})" if is_member else f"({', '.join(shown)})"
            return self._fail(node, f"found no matching overload for '{node.function}' applied to '{applied}'")
        self.overloads[node.id] = tuple(taken)
        return gives

    def _elements(self, node: ListOf) -> list[tuple[Node, Type]]:
        return [
            (one, self._unwrapped(one, is_optional=place in node.optional)) for place, one in enumerate(node.elements)
        ]

    def _unwrapped(self, node: Node, *, is_optional: bool) -> Type:
        found = self.check(node)
        if not is_optional:
            return found
        if found.name == OPTIONAL:
            return found.params[0]
        if not found.is_open:
            return self._fail(node, f"expected type 'optional_type({found})' but found '{found}'")
        return found

    def _joined(self, members: list[tuple[Node, Type]]) -> Type:
        """The one type that all have."""
        before: Type | None = None
        for node, found in members:
            if before is None:
                before = found
            elif self.bindings.assign(before, found):
                before = self.bindings.general(before, found)
            elif self.mixing:
                before = DYN
            else:
                self._mismatch(node, before, found)
                before = ERROR
        return before or self.bindings.fresh()

    def _mismatch(self, node: Node, wanted: Type, found: Type) -> None:
        self._fail(node, f"expected type '{self.bindings.shown(wanted)}' but found '{self.bindings.shown(found)}'")

    def _map(self, node: Struct) -> Type:
        keys, values = [], []
        for entry in node.entries:
            assert not isinstance(entry.key, str)
            keys.append((entry.key, self.check(entry.key)))
            values.append((entry.value, self._unwrapped(entry.value, is_optional=entry.is_optional)))
        return map_of(self._joined(keys), self._joined(values))

    def _message(self, node: Struct) -> Type:
        maker = self._maker(node.name)
        if maker is None:
            for entry in node.entries:
                self.check(entry.value)
            return self._undeclared(node, node.name)
        for entry in node.entries:
            given = self._unwrapped(entry.value, is_optional=entry.is_optional)
            wanted = maker(node.name, str(entry.key))
            if wanted is None:
                self.mistakes.setdefault(entry.id, f"undefined field '{entry.key}'")
            elif not self.bindings.assign(wanted, given):
                self.mistakes.setdefault(
                    entry.id,
                    f"expected type of field '{entry.key}' is '{wanted}' but provided type is "
                    f"'{self.bindings.shown(given)}'",
                )
        return Type(node.name)

    def _comprehension(self, node: Comprehension) -> Type:
        first, second = self._variables(node)
        accumulator = self.check(node.start)
        outside = dict(self.variables)
        self.variables[node.accumulator] = accumulator
        inside = dict(self.variables)
        self.variables[node.variable] = first
        if node.second:
            self.variables[node.second] = second
        self._must_be(node.condition, BOOL)
        self._must_be(node.step, accumulator)
        self.variables = inside
        found = self.check(node.result)
        self.variables = outside
        return self.bindings.resolved(found)

    def _variables(self, node: Comprehension) -> tuple[Type, Type]:
        """The types of one or two variables of a loop."""
        over = self.bindings.resolved(self.check(node.over))
        if over.name == "list":
            return (INT, over.params[0]) if node.second else (over.params[0], DYN)
        if over.name == "map":
            return over.params[0], over.params[1]
        if over.is_param:
            self.bindings.assign(DYN, over)
        elif not over.is_open:
            found = self._fail(
                node.over,
                f"expression of type '{over}' cannot be range of a comprehension (must be list, map, or dynamic)",
            )
            return found, found
        return DYN, DYN

    def _must_be(self, node: Node, wanted: Type) -> None:
        found = self.check(node)
        if not self.bindings.assign(wanted, found):
            self._mismatch(node, wanted, found)


__all__ = ["OPAQUE", "Checked", "checked", "qualified"]
