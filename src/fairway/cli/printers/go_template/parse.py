"""Parse: tokens as nodes."""

from typing import Any

from fairway.cli.printers.go_template.functions import FUNCTIONS
from fairway.cli.printers.go_template.lex import TemplateError, Token, place_of, tokens
from fairway.cli.printers.go_template.nodes import Action, Branch, Command, Leave, Operand, Pipe, Text, Use
from fairway.cli.printers.go_values import Constant
from fairway.cli.printers.json_path.parse import unquoted

_BRANCHES = ("if", "range", "with")
_KEYWORDS = (*_BRANCHES, "else", "end", "define", "template", "block", "break", "continue")


def parse(text: str, name: str) -> tuple[list[Any], dict[str, list[Any]]]:
    """The nodes of the template, and those of the templates that it defines."""
    parser = _Parser(text, name)
    nodes, ended = parser.nodes()
    if ended:
        raise parser.wrong(f"unexpected {{{{{ended}}}}}")
    return nodes, parser.defined


class _Parser:
    def __init__(self, text: str, name: str) -> None:
        self._text, self._name = text, name
        self._tokens = list(tokens(text, name))
        self._place = 0
        self._variables: list[str] = ["$"]
        self._loops = 0
        self.defined: dict[str, list[Any]] = {}

    def wrong(self, why: str, at: int | None = None) -> TemplateError:
        """The failure ``why``, with its line."""
        at = self._tokens[min(self._place, len(self._tokens)) - 1].at if at is None and self._tokens else at or 0
        return TemplateError(f"template: {self._name}:{place_of(self._text, at)[0]}: {why}")

    def _peek(self) -> Token:
        if self._place >= len(self._tokens):
            raise self.wrong("unexpected EOF")
        return self._tokens[self._place]

    def _next(self) -> Token:
        token = self._peek()
        self._place += 1
        return token

    def _skip_space(self) -> Token:
        while self._peek().kind == "space":
            self._place += 1
        return self._peek()

    def nodes(self, *, is_block: bool = False) -> tuple[list[Any], str]:
        """Nodes until ``end`` or ``else``, which is told and whose action stays open, or the end of the text."""
        found: list[Any] = []
        while is_block or self._place < len(self._tokens):
            token = self._next()
            if token.kind == "text":
                found.append(Text(token.text))
                continue
            token = self._skip_space()
            if token.kind == "word" and token.text in _KEYWORDS:
                self._place += 1
                if token.text in ("end", "else"):
                    if token.text == "end":
                        self._close("end")
                    return found, token.text
                self._keyword(token, found)
            else:
                found.append(Action(self._pipe("command")))
        return found, ""

    def _keyword(self, token: Token, found: list[Any]) -> None:
        match token.text:
            case "if" | "range" | "with":
                found.append(self._branch(token.text))
            case "define":
                name = self._string("define clause")
                self._close("define clause")
                self.defined[name] = self._inner()
            case "template" | "block":
                at = self._skip_space().at
                name = self._string(f"{token.text} clause")
                pipe = None if self._skip_space().kind == "close" else self._pipe(f"{token.text} clause")
                if pipe is None:
                    self._close("template clause")
                if token.text == "block":
                    self.defined[name] = self._inner()
                found.append(Use(name, pipe, at))
            case _:
                if not self._loops:
                    raise self.wrong(f"{{{{{token.text}}}}} outside {{{{range}}}}")
                self._close(token.text)
                found.append(Leave(token.text))

    def _inner(self) -> list[Any]:
        outer, self._variables = self._variables, ["$"]
        nodes, ended = self.nodes(is_block=True)
        if ended != "end":
            raise self.wrong(f"unexpected {{{{{ended}}}}} in define clause")
        self._variables = outer
        return nodes

    def _branch(self, kind: str) -> Branch:
        scope = len(self._variables)
        pipe = self._pipe(kind)
        self._loops += kind == "range"
        body, ended = self.nodes(is_block=True)
        other: list[Any] = []
        if ended == "else":
            token = self._skip_space()
            if token.kind == "word" and token.text == kind and kind in ("if", "with"):
                self._place += 1
                other = [self._branch(kind)]
            else:
                self._close("else")
                other, ended = self.nodes(is_block=True)
                if ended != "end":
                    raise self.wrong(f"expected end; found {{{{{ended}}}}}")
        self._loops -= kind == "range"
        del self._variables[scope:]
        return Branch(kind, pipe, body, other)

    def _close(self, where: str) -> None:
        token = self._skip_space()
        if token.kind != "close":
            raise self.wrong(f"unexpected {_shown(token)} in {where}", token.at)
        self._place += 1

    def _string(self, where: str) -> str:
        token = self._skip_space()
        if token.kind not in ("string", "raw"):
            raise self.wrong(f"unexpected {_shown(token)} in {where}", token.at)
        self._place += 1
        return token.text[1:-1] if token.kind == "raw" else unquoted(token.text[1:-1])

    def _pipe(self, where: str, end: str = "close") -> Pipe:
        at = self._skip_space().at
        names, is_new = self._declared(where)
        commands = [self._command(where, end)]
        while self._next().kind == "pipe":
            if self._skip_space().kind == end:
                continue
            commands.append(self._command(where, end))
        for command in commands[1:]:
            first = command.operands[0]
            if first.kind in ("value", "nil", "dot") and not first.fields:
                raise self.wrong(f"non executable command in pipeline stage {commands.index(command) + 1}", first.at)
        return Pipe(commands, names, is_new, at)

    def _declared(self, where: str) -> tuple[list[str], bool]:
        """The variables before ``:=`` or ``=``; nothing is taken where there is neither."""
        start, names = self._place, list[str]()
        while self._skip_space().kind == "variable":
            names.append(self._next().text)
            token = self._skip_space()
            if token.kind == "comma" and where == "range":
                self._place += 1
                continue
            if token.kind in ("declare", "assign"):
                self._place += 1
                if token.kind == "declare":
                    self._variables += names
                return names, token.kind == "declare"
            break
        self._place = start
        return [], False

    def _command(self, where: str, end: str) -> Command:
        operands: list[Operand] = []
        while True:
            token = self._skip_space()
            if token.kind in ("pipe", end):
                break
            operands.append(self._operand(where))
            following = self._peek()
            if following.kind not in ("space", "pipe", end):
                raise self.wrong(f"unexpected {_shown(following)} in operand", following.at)
        if not operands:
            raise self.wrong(f"missing value for {where}" if self._peek().kind == "close" else "empty command")
        return Command(operands)

    def _operand(self, where: str) -> Operand:
        token = self._next()
        found = self._first(token, where)
        if self._peek().kind == "field":
            if found.kind in ("value", "nil"):
                raise self.wrong(f"unexpected . after term {token.text}", token.at)
            found.at = self._peek().at
        while self._peek().kind == "field":
            following = self._next()
            found.fields.append(following.text[1:])
            found.source += following.text
        return found

    def _first(self, token: Token, where: str) -> Operand:
        match token.kind:
            case "field":
                return Operand("dot", None, token.at, token.text, [token.text[1:]])
            case "dot":
                return Operand("dot", None, token.at, ".")
            case "variable":
                if token.text not in self._variables:
                    raise self.wrong(f'undefined variable "{token.text}"', token.at)
                return Operand("variable", token.text, token.at, token.text)
            case "string" | "raw" | "char" | "number":
                return Operand("value", _constant(token), token.at, token.text)
            case "left":
                pipe = self._pipe("parenthesized pipeline", "right")
                source = self._text[token.at : self._tokens[self._place - 1].at + 1]
                return Operand("pipe", pipe, token.at, source)
            case "word":
                return self._word(token)
        raise self.wrong(f"unexpected {_shown(token)} in {where}", token.at)

    def _word(self, token: Token) -> Operand:
        if token.text in ("true", "false"):
            return Operand("value", token.text == "true", token.at, token.text)
        if token.text == "nil":
            return Operand("nil", None, token.at, "nil")
        if token.text not in FUNCTIONS:
            raise self.wrong(f'function "{token.text}" not defined', token.at)
        return Operand("function", token.text, token.at, token.text)


def _constant(token: Token) -> Any:
    if token.kind == "number":
        return _number(token.text)
    if token.kind == "raw":
        return token.text[1:-1]
    text = unquoted(token.text[1:-1])
    return Constant(ord(text)) if token.kind == "char" else text


def _number(text: str) -> int | float:
    plain = text.replace("_", "")
    try:
        return Constant(int(plain, 0))
    except ValueError:
        return float(plain)


def _shown(token: Token) -> str:
    if token.kind in ("word", "field", "variable", "string", "number"):
        return (
            f"<{token.text}>"
            if token.text in _KEYWORDS
            else f'"{token.text}"'
            if token.kind != "string"
            else token.text
        )
    return f'"{token.text.strip()}"'
