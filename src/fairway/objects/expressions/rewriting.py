"""Rewriting: an expression as the library can run it, when all that it cannot know has been checked.

Pure.  The library has no values of types that are not its own, and takes no moment inside of a map: quantities are maps
with one member; messages are maps; what came as a text is read where it is used.
"""

from collections.abc import Callable

from fairway.objects.expressions.checking import Checked
from fairway.objects.expressions.syntax import Call, Constant, Entry, Ident, Node, Select, Struct, children, walk

_READERS = {"timestamp": ("@moment", "timestamp"), "duration": ("@span", "duration"), "bytes": ("@bytes",)}
"""Types whose values are texts in JSON, and what reads them, one after the other."""
_RENAMED = {
    "ip_to_string": "@address_text", "cidr_to_string": "@network_text",
    "@mapInsert_map_map": "@insert", "@mapInsert_map_key_value": "@insert",
}  # fmt: skip
_OPTIONALS = {"format-validate": "@validate", "format-named": "@named"}
"""Functions that give a value or none, and those that give a list of one or none instead."""
MESSAGES = ("Object", "JSONPatch")


def runnable(found: Checked, optional: frozenset[str]) -> Node:
    """The tree to run; ``optional`` are variables that come as a list of one or none."""
    return _Rewrite(found, optional).node(found.tree.root)


def mismatched(root: Node) -> list[str]:
    """Messages whose names are not those of the fields that they stand in."""
    problems: list[str] = []

    def look(node: Node, path: str) -> None:
        if isinstance(node, Struct) and node.name and node.name.startswith("Object"):
            if path and node.name != path:
                problems.append(
                    f'unexpected type name "{node.name}", expected "{path}", which matches field name path from root '
                    "Object type"
                )
            for entry in node.entries:
                look(entry.value, f"{node.name}.{entry.key}")
            return
        for below in children(node):
            look(below, path if isinstance(node, Struct) or not isinstance(node, Call) else "")

    for one in walk(root):
        if isinstance(one, Struct) and one.name == "Object":
            look(one, "Object")
            break
    return problems


class _Rewrite:
    def __init__(self, found: Checked, optional: frozenset[str]) -> None:
        self._found = found
        self._optional = optional
        self._next = max(one.id for one in walk(found.tree.root)) + 1

    def _id(self) -> int:
        self._next += 1
        return self._next

    def _called(self, function: str, *args: Node) -> Node:
        return Call(self._id(), function, list(args))

    def _read(self, node: Node, kind: str) -> Node:
        for function in _READERS[kind]:
            node = self._called(function, node)
        return node

    def node(self, node: Node) -> Node:
        """A node and all below it."""
        kind = self._found.types.get(node.id)
        if isinstance(node, Call):
            return self._call(node)
        if isinstance(node, Struct):
            return self._struct(node)
        if isinstance(node, Ident) and node.name in self._optional:
            return self._lifted(lambda: Ident(self._id(), node.name))
        below(node, self.node)
        reads = isinstance(node, Ident) and not node.name.startswith("@")
        if kind is not None and kind.name in _READERS and (reads or (isinstance(node, Select) and not node.is_test)):
            return self._read(node, kind.name)
        return node

    def _call(self, node: Call) -> Node:
        overloads = self._found.overloads.get(node.id, ())
        kind = self._found.types.get(node.id)
        below(node, self.node)
        names = {_RENAMED.get(overload) for overload in overloads}
        if len(names) == 1 and (name := names.pop()):
            # Of a value that may be anything nobody knows before it is there.
            node.function = name
        for overload in overloads:
            if overload in _OPTIONALS:
                node.function = _OPTIONALS[overload]
                node.args = [*([node.target] if node.target else []), *node.args]
                node.target = None
                return self._lifted(lambda: node)
        if node.function == "_[_]" and kind is not None and kind.name in _READERS:
            return self._read(node, kind.name)
        return node

    def _lifted(self, value: Callable[[], Node]) -> Node:
        """An optional value of a list of one or none."""
        size = self._called("_>_", self._called("size", value()), Constant(self._id(), 0, "int"))
        first = self._called("_[_]", value(), Constant(self._id(), 0, "int"))
        return self._called("_?_:_", size, self._called("optional.of", first), self._called("optional.none"))

    def _struct(self, node: Struct) -> Node:
        below(node, self.node)
        if node.name:
            node.entries = [
                Entry(one.id, Constant(self._id(), one.key, "string"), one.value, one.is_optional)
                for one in node.entries
            ]
            node.name = ""
        return node


def below(node: Node, change: Callable[[Node], Node]) -> None:
    """Put in place of everything right below ``node`` what ``change`` makes of it."""
    if isinstance(node, Struct):
        for entry in node.entries:
            if not isinstance(entry.key, str):
                entry.key = change(entry.key)
            entry.value = change(entry.value)
        return
    for name in ("operand", "target", "over", "start", "condition", "step", "result"):
        inner = getattr(node, name, None)
        if inner is not None:
            setattr(node, name, change(inner))
    for name in ("args", "elements"):
        if (many := getattr(node, name, None)) is not None:
            setattr(node, name, [change(one) for one in many])
