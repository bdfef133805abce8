"""Lex: the text of a template as tokens."""

import re
from collections.abc import Generator, Iterator
from dataclasses import dataclass


class TemplateError(Exception):
    """The template is not valid, or cannot be applied to the object; ``written`` is what came before."""

    written = ""


@dataclass(frozen=True, slots=True)
class Token:
    """``kind`` is ``text``, ``open`` and ``close`` of an action, or what stands in it; ``at`` is its place."""

    kind: str
    text: str
    at: int


_INSIDE = re.compile(
    r"""
    (?P<space>[ \t\r\n]+)
  | (?P<string>"(?:\\.|[^"\\\n])*")
  | (?P<raw>`[^`]*`)
  | (?P<char>'(?:\\.|[^'\\\n])*')
  | (?P<number>[+-]?(?:0[xX][0-9a-fA-F_]+|0[bB][01_]+|0[oO][0-7_]+|(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:[eE][+-]?\d+)?))
  | (?P<field>\.[A-Za-z_\u0080-\U0010ffff][\w]*)
  | (?P<variable>\$[\w]*)
  | (?P<dot>\.)
  | (?P<declare>:=)
  | (?P<assign>=)
  | (?P<word>[A-Za-z_\u0080-\U0010ffff][\w]*)
  | (?P<pipe>\|)
  | (?P<left>\()
  | (?P<right>\))
  | (?P<comma>,)
    """,
    re.VERBOSE,
)
_COMMENT = re.compile(r"\{\{(?:- )?/\*.*?\*/(?: -)?\}\}", re.DOTALL)
_SPACE = " \t\r\n"


def place_of(text: str, at: int) -> tuple[int, int]:
    """Line and column as Go tells them."""
    before = text[:at]
    return before.count("\n") + 1, len(before.encode()) - (len(before[: before.rfind("\n") + 1].encode()))


def tokens(text: str, name: str) -> Iterator[Token]:
    """The tokens; space inside actions is a token too."""
    at = 0
    while at < len(text):
        opening = text.find("{{", at)
        if opening < 0:
            yield Token("text", text[at:], at)
            return
        before = text[at:opening]
        inside = opening + 2
        if text[inside : inside + 1] == "-" and text[inside + 1 : inside + 2] in tuple(_SPACE):
            before = before.rstrip(_SPACE)
            inside += 2
        if before:
            yield Token("text", before, at)
        if comment := _COMMENT.match(text, opening):
            at = _after(text, comment.end(), is_trimmed=comment[0].endswith(" -}}"))
            continue
        yield Token("open", "{{", opening)
        at = yield from _action(text, inside, name)


def _after(text: str, at: int, *, is_trimmed: bool) -> int:
    while is_trimmed and text[at : at + 1] in tuple(_SPACE):
        at += 1
    return at


def _action(text: str, at: int, name: str) -> Generator[Token, None, int]:
    while True:
        if text.startswith("}}", at):
            yield Token("close", "}}", at)
            return at + 2
        if text[at : at + 1] in tuple(_SPACE) and text.startswith("-}}", at + 1):
            yield Token("close", " -}}", at)
            return _after(text, at + 4, is_trimmed=True)
        found = _INSIDE.match(text, at)
        if found is None:
            raise TemplateError(f"template: {name}:{place_of(text, at)[0]}: {_wrong(text, at)}")
        yield Token(str(found.lastgroup), found[0], at)
        at = found.end()


def _wrong(text: str, at: int) -> str:
    letter = text[at : at + 1]
    if not letter:
        return "unclosed action"
    if letter == '"':
        return "unterminated quoted string"
    if letter == "`":
        return "unterminated raw quoted string"
    if letter == "'":
        return "unterminated character constant"
    return (
        f"unexpected {letter!r} in command"
        if letter.isalnum()
        else f"unrecognized character in action: U+{ord(letter):04X} '{letter}'"
    )
