"""Evaluate: a template applied to an object."""

from typing import Any

from fairway.cli.printers.go_template.functions import COUNTS, FUNCTIONS, MISSING, truth
from fairway.cli.printers.go_template.lex import TemplateError, place_of
from fairway.cli.printers.go_template.nodes import Action, Branch, Command, Leave, Operand, Pipe, Text, Use
from fairway.cli.printers.go_template.parse import parse
from fairway.cli.printers.go_values import go_type, text_of


class _Left(Exception):
    """A loop is left, or its next turn begun."""

    def __init__(self, kind: str) -> None:
        self.kind = kind


class Template:
    """A parsed template.  ``allows_missing``: a member that is not there prints as ``<no value>``."""

    def __init__(self, text: str, name: str = "output", *, allows_missing: bool = True) -> None:
        self._text, self._name, self._allows_missing = text, name, allows_missing
        self._nodes, self._defined = parse(text, name)

    def render(self, data: Any) -> str:
        """The text for ``data``; a failure holds what was written before it."""
        run = _Run(self._text, self._name, self._defined, self._allows_missing, data)
        try:
            run.nodes(self._nodes, run.root)
        except TemplateError as error:
            error.written = "".join(run.parts)
            raise
        return "".join(run.parts)


class _Run:
    def __init__(self, text: str, name: str, defined: dict[str, list[Any]], allows_missing: bool, root: Any) -> None:
        self._text, self._name, self._defined, self._allows_missing = text, name, defined, allows_missing
        self.root = root
        self.parts: list[str] = []
        self._variables: list[tuple[str, Any]] = [("$", root)]

    def _wrong(self, operand: Operand, why: str, source: str = "") -> TemplateError:
        while operand.kind == "pipe":
            operand = operand.value.commands[-1].operands[-1]  # Go tells what it looked at last
        line, column = place_of(self._text, operand.at)
        where = f'{self._name}:{line}:{column}: executing "{self._name}" at <{source or operand.source}>'
        return TemplateError(f"template: {where}: {why}")

    def nodes(self, nodes: list[Any], dot: Any) -> None:
        """Run ``nodes`` with ``dot``."""
        for node in nodes:
            match node:
                case Text():
                    self.parts.append(node.text)
                case Action():
                    value = self._pipe(node.pipe, dot)
                    if not node.pipe.names:
                        self.parts.append("<no value>" if value is MISSING or value is None else text_of(value))
                case Branch():
                    self._branch(node, dot)
                case Leave():
                    raise _Left(node.kind)
                case Use():
                    self._use(node, dot)

    def _use(self, node: Use, dot: Any) -> None:
        if node.name not in self._defined:
            line, column = place_of(self._text, node.at)
            raise TemplateError(
                f'template: {self._name}:{line}:{column}: executing "{self._name}" at '
                f'<{{{{template "{node.name}"}}}}>: template "{node.name}" not defined'
            )
        data = self._pipe(node.pipe, dot) if node.pipe else None
        outer, self._variables = self._variables, [("$", data)]
        self.nodes(self._defined[node.name], data)
        self._variables = outer

    def _branch(self, node: Branch, dot: Any) -> None:
        scope = len(self._variables)
        if node.kind == "range":
            self._range(node, dot)
        else:
            value = self._pipe(node.pipe, dot)
            if truth(value):
                self.nodes(node.body, value if node.kind == "with" else dot)
            else:
                self.nodes(node.other, dot)
        del self._variables[scope:]

    def _range(self, node: Branch, dot: Any) -> None:
        names, node.pipe.names = node.pipe.names, []
        try:
            value = self._pipe(node.pipe, dot)
        finally:
            node.pipe.names = names
        turns = self._turns(node, value)
        if not turns:
            self.nodes(node.other, dot)
        for key, item in turns:
            scope = len(self._variables)
            self._set_turn(node.pipe, key, item)
            try:
                self.nodes(node.body, item)
            except _Left as left:
                if left.kind == "break":
                    break
            finally:
                del self._variables[scope:]

    def _turns(self, node: Branch, value: Any) -> list[tuple[Any, Any]]:
        if value is MISSING or value is None:
            return []
        if isinstance(value, dict):
            return [(name, value[name]) for name in sorted(value)]
        if isinstance(value, list):
            return list(enumerate(value))
        raise self._wrong(node.pipe.commands[0].operands[0], f"range can't iterate over {text_of(value)}")

    def _set_turn(self, pipe: Pipe, key: Any, item: Any) -> None:
        values = {1: (item,), 2: (key, item)}.get(len(pipe.names), ())
        for name, value in zip(pipe.names, values, strict=True):
            self._set(name, value, is_new=pipe.is_new)

    def _set(self, name: str, value: Any, *, is_new: bool) -> None:
        if is_new:
            self._variables.append((name, value))
            return
        for place in range(len(self._variables) - 1, -1, -1):
            if self._variables[place][0] == name:
                self._variables[place] = (name, value)
                return

    def _pipe(self, pipe: Pipe, dot: Any) -> Any:
        value: Any = None
        for place, command in enumerate(pipe.commands):
            value = self._command(command, dot, *((value,) if place else ()))
        for name in pipe.names:
            self._set(name, value, is_new=pipe.is_new)
        return value

    def _command(self, command: Command, dot: Any, *piped: Any) -> Any:
        first, *others = command.operands
        if first.kind == "function":
            return self._function(first, others, dot, piped)
        if others or piped:
            if first.kind in ("dot", "variable", "pipe") and first.fields:
                raise self._wrong(first, f"{first.fields[-1]} is not a method but has arguments")
            raise self._wrong(first, f"can't give argument to non-function {first.source}")
        if first.kind == "nil":
            raise self._wrong(first, "nil is not a command")
        return self._value(first, dot)

    def _function(self, operand: Operand, others: list[Operand], dot: Any, piped: tuple[Any, ...]) -> Any:
        name = operand.value
        least, most = COUNTS.get(name, (0, -1))
        count = len(others) + len(piped)
        if count < least or (most >= 0 and count > most):
            want = f"{least}" if most >= 0 else f"at least {least}"
            raise self._wrong(operand, f"wrong number of args for {name}: want {want} got {count}")
        if name in ("and", "or"):
            return self._short(name, others, dot, piped)
        values = [self._value(other, dot) for other in others]
        try:
            found = FUNCTIONS[name](*values, *piped)
        except (ValueError, TypeError) as error:
            source = " ".join(each.source for each in (operand, *others))
            raise self._wrong(operand, f"error calling {name}: {error}", source) from None
        return self._fielded(operand, found, operand.fields)

    def _short(self, name: str, others: list[Operand], dot: Any, piped: tuple[Any, ...]) -> Any:
        """``and`` and ``or`` look no further than they must."""
        value: Any = None
        for other in others:
            value = self._value(other, dot)
            if truth(value) is (name == "or"):
                return value
        return piped[0] if piped else value

    def _value(self, operand: Operand, dot: Any) -> Any:
        match operand.kind:
            case "dot":
                found = dot
            case "variable":
                found = next(value for name, value in reversed(self._variables) if name == operand.value)
            case "pipe":
                found = self._pipe(operand.value, dot)
            case "function":
                found = self._function(operand, [], dot, ())
            case _:
                return operand.value
        return self._fielded(operand, found, operand.fields)

    def _fielded(self, operand: Operand, value: Any, fields: list[str]) -> Any:
        for place, field in enumerate(fields):
            if value is MISSING:
                return MISSING
            if value is None:
                raise self._wrong(operand, f"nil pointer evaluating interface {{}}.{field}")
            if not isinstance(value, dict):
                name = go_type(value) if place == 0 and operand.kind != "dot" else "interface {}"
                raise self._wrong(operand, f"can't evaluate field {field} in type {name}")
            if field not in value and not self._allows_missing:
                raise self._wrong(operand, f'map has no entry for key "{field}"')
            value = value.get(field, MISSING)
        return value
