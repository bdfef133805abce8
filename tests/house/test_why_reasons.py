"""Every reason that `why` gives is in its page, and the page has no others."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

HOUSE = Path(__file__).resolve().parents[2]
MAKERS = {"Cause", "State", "Silence", "Reach", "Advice", "_cause"}
OF_CONTAINERS = {
    "CrashLoopBackOff", "ImagePullBackOff", "ProbeFails", "Crashed", "Initializing", "ReadinessGate", "NodeLost",
    "reason",
}  # fmt: skip
"""What the functions in `pods.py` give as pairs."""
_is_reason = re.compile(r"(?:[A-Z][a-z]*)+").fullmatch


def given() -> Iterator[str]:
    for file in (HOUSE / "src/fairway/why").glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in MAKERS:
                values = [each.value for each in node.args[:6] if isinstance(each, ast.Constant)]
                yield from (value for value in values if isinstance(value, str) and _is_reason(value))


def test_the_reasons_of_why_are_those_of_its_page() -> None:
    page = (HOUSE / "docs/why.md").read_text().partition("## Reasons")[2].partition("\n## ")[0]
    shown = re.findall(r"`(\w+)`", page)
    assert sorted(shown) == sorted(set(shown)), "twice"
    assert set(given()) - set(shown) == set()
    assert set(shown) - set(given()) <= OF_CONTAINERS
