"""OperatorParser: the flags of a command for the cluster's operator; wrong use is told with its cure."""

import argparse
import re
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

USAGE = 2


class OperatorParser(argparse.ArgumentParser):
    """One for each command; its sub-commands have the same manners."""

    def __init__(self, **settings: Any) -> None:
        settings.setdefault("formatter_class", argparse.RawDescriptionHelpFormatter)
        super().__init__(**{**settings, "allow_abbrev": False})

    def error(self, message: str) -> NoReturn:
        """Say what is wrong and what to type, and end with exit code 2."""
        print(f"error: {self.prog}: {message}\n  fix: {_cure(self, message)}", file=sys.stderr)
        raise SystemExit(USAGE)


def _cure(parser: argparse.ArgumentParser, message: str) -> str:
    help_ = f"{parser.prog} --help"
    if found := re.match(r"unrecognized arguments: (-\S+)", message):
        near = nearest(found[1].partition("=")[0], list(parser._option_string_actions))
        if near:
            return f"did you mean: {near}; all flags: {help_}"
    if found := re.search(r"invalid choice: '(\S*)' \(choose from (.*)\)", message):
        near = nearest(found[1], re.findall(r"[\w-]+", found[2]))
        if near and not message.startswith("argument -"):
            return f"did you mean: {parser.prog} {near}"
    return f"see how it is used: {help_}"


def nearest(word: str, known: Sequence[str]) -> str:
    """The word that was probably meant; empty if none is near."""
    from difflib import get_close_matches

    return next(iter(get_close_matches(word, known, n=1, cutoff=0.6)), "")
