"""Every kind is proven: it has a row in the table that the tests of all kinds run over."""

import ast
import re
import subprocess
from pathlib import Path

from fairway.kinds import ALL

HOUSE = Path(__file__).resolve().parents[2]
TABLE = HOUSE / "tests" / "component" / "kind_objects.py"


def test_every_kind_has_a_small_object_to_be_tried_with() -> None:
    for node in ast.walk(ast.parse(TABLE.read_text())):
        if isinstance(node, ast.AnnAssign) and getattr(node.target, "id", "") == "MINIMAL":
            assert isinstance(node.value, ast.Dict)
            rows = {key.value for key in node.value.keys if isinstance(key, ast.Constant)}
    assert {kind.name for kind in ALL} - rows == set(), "add a row to tests/component/kind_objects.py"


def test_the_page_of_compatibility_follows_the_kinds_and_names_tests_that_exist() -> None:
    told = subprocess.run([HOUSE / "scripts" / "compatibility", "--check"], capture_output=True, text=True)
    assert told.returncode == 0, told.stderr
    named = set(re.findall(r"(?m)^\d+\. `([^`]+)`$", (HOUSE / "docs" / "compatibility.md").read_text()))
    assert named
    missing = [test for test in named if not _exists(*test.partition("::")[::2])]
    assert missing == []


def _exists(file: str, test: str) -> bool:
    path = HOUSE / "tests" / file
    return path.exists() and (not test or f"def {test}(" in path.read_text())
