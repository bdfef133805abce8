"""Rows of Tables as bytes say what the cells of the columns say, at any time, for objects of every kind."""

import orjson
import pytest

from component.kind_objects import MINIMAL
from fairway.apiserver.rows import Rows, included
from fairway.apiserver.stored import Stored, encode, splice
from fairway.kinds import ALL
from fairway.kinds.kind import Kind
from fairway.objects import Object, table
from fairway.objects.meta import unix_seconds

CREATED = "2026-01-02T03:04:05Z"
LATER_S = (0, 5, 130, 3 * 3600, 20 * 86400, 9 * 365 * 86400)
RESTARTED = {
    "kind": "Pod", "apiVersion": "v1", "metadata": {"name": "a", "namespace": "n", "creationTimestamp": CREATED},
    "spec": {"containers": [{"name": "c", "image": "i"}]},
    "status": {"phase": "Running", "containerStatuses": [
        {"name": "c", "restartCount": 3, "ready": True, "lastState": {"terminated": {"finishedAt": CREATED}}},
    ]},
}  # fmt: skip
(POD,) = (kind for kind in ALL if kind.name == "Pod")


def stored(kind: Kind, given: Object) -> Stored:
    metadata = {"name": 'a"b', "namespace": "n", "creationTimestamp": CREATED, **given.get("metadata", {})}
    found = {**given, "kind": kind.name, "apiVersion": kind.api_version, "metadata": metadata}
    kind.defaults(found)
    return Stored("/k", 7, splice(encode(found), 7))


@pytest.mark.parametrize(
    ("kind", "given"),
    [(kind, MINIMAL[kind.name]) for kind in ALL if kind.name in MINIMAL] + [(POD, RESTARTED)],
    ids=lambda value: value.name if isinstance(value, Kind) else "",
)
def test_a_row_is_what_its_cells_say_now_and_later(kind: Kind, given: Object) -> None:
    one = stored(kind, given)
    for after_s in LATER_S:
        now_s = unix_seconds(CREATED) + after_s
        for include in ("Metadata", "None", "Object"):
            shown = included(include, kind.api_version, is_own_version=True)
            made = Rows(kind.columns, now_s, shown, leads_with_name=kind.leads_with_name).row(one)
            wanted = table.row(one.object, kind.columns, now_s, include, leads_with_name=kind.leads_with_name)
            assert orjson.loads(made) == orjson.loads(orjson.dumps(wanted))


def test_a_row_is_made_once_and_can_be_let_go() -> None:
    one = stored(POD, RESTARTED)
    Rows(POD.columns, 0.0, lambda _: b"null", leads_with_name=True).row(one)
    assert one.row is not None and not one.is_decoded
    one.forget_shown()
    assert one.row is None
