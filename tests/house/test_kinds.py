"""Every kind is proven: it has a row in the table that the tests of all kinds run over."""

import ast
from pathlib import Path

from fairway.kinds import ALL

TABLE = Path(__file__).resolve().parents[1] / "component" / "kind_objects.py"


def test_every_kind_has_a_small_object_to_be_tried_with() -> None:
    for node in ast.walk(ast.parse(TABLE.read_text())):
        if isinstance(node, ast.AnnAssign) and getattr(node.target, "id", "") == "MINIMAL":
            assert isinstance(node.value, ast.Dict)
            rows = {key.value for key in node.value.keys if isinstance(key, ast.Constant)}
    assert {kind.name for kind in ALL} - rows == set(), "add a row to tests/component/kind_objects.py"
