"""Wrapping: text in lines of a certain length, broken at spaces."""

import re

_PIECES = re.compile(r"(\s*)(\S*)")


def wrapped(text: str, limit: int) -> str:
    """``text`` in lines of at most ``limit`` signs; a longer word has a line of its own, spaces at a break are gone."""
    return "\n".join(_wrapped(line, limit) for line in text.split("\n"))


def _wrapped(line: str, limit: int) -> str:
    out, length = "", 0
    for spaces, word in _PIECES.findall(line):
        if not word:
            out += spaces if length + len(spaces) <= limit else ""
            continue
        if length + len(spaces) + min(len(word), limit - 1) > limit:
            out, length, spaces = f"{out}\n", 0, ""
        out += spaces + word
        length += len(spaces) + len(word)
    return out


def indented(text: str, amount: int) -> str:
    """Every line of ``text`` behind ``amount`` spaces."""
    pad = " " * amount
    return pad + text.replace("\n", f"\n{pad}")
