"""Literals: texts that stand in an expression and must mean something else: durations, moments, patterns.

Pure.  Source: the Go implementation's validators, which Kubernetes has on.
"""

import re
from collections.abc import Callable, Iterator
from datetime import datetime

from fairway.objects.expressions.syntax import Call, Constant, Tree, walk

_is_duration = re.compile(r"[-+]?(?:0|(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+").fullmatch
_is_moment = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)").fullmatch


def _moment(text: str) -> bool:
    if not _is_moment(text):
        return False
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def wrong_literals(tree: Tree, *, is_pattern: Callable[[str], bool]) -> list[str]:
    """Every one that means nothing, with its place."""
    rules: dict[str, Callable[[str], object]] = {
        "duration": _is_duration, "timestamp": _moment, "matches": is_pattern,
    }  # fmt: skip
    return [
        tree.error(literal.id, f"invalid {name} argument")
        for name, literal in _literals(tree)
        if not rules[name](str(literal.value))
    ]


def _literals(tree: Tree) -> Iterator[tuple[str, Constant]]:
    for node in walk(tree.root):
        if isinstance(node, Call) and node.function in ("duration", "timestamp", "matches") and node.args:
            last = node.args[-1]
            if isinstance(last, Constant) and last.kind == "string":
                yield node.function, last
