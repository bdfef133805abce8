"""Tables: ages as people read them, and rows of cells."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from fairway.objects import Object, ages, table
from fairway.objects.errors import StatusError


@dataclass
class Column:
    name: str
    cell: Callable[[Object, float], Any]
    type: str = "string"
    format: str = ""
    priority: int = 0
    description: str = ""


WEB = {"metadata": {"name": "web", "creationTimestamp": "2026-01-02T03:04:05Z"}, "spec": {"type": "ClusterIP"}}
NOW_S = 1767323045 + 130
COLUMNS = [Column("Type", lambda found, _: found["spec"]["type"]), Column("Age", table.object_age)]


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (-5, "<invalid>"), (-1, "0s"), (0, "0s"), (5.9, "5s"), (119, "119s"), (120, "2m"), (130, "2m10s"),
        (600, "10m"), (10799, "179m"), (10800, "3h"), (11100, "3h5m"), (8 * 3600, "8h"), (47 * 3600, "47h"),
        (48 * 3600, "2d"), (51 * 3600, "2d3h"), (8 * 86400, "8d"), (729 * 86400, "729d"), (730 * 86400, "2y"),
        (760 * 86400, "2y30d"), (8 * 365 * 86400, "8y"), (3651 * 86400, "10y"),
    ],
)  # fmt: skip
def test_a_length_of_time_has_at_most_two_units(seconds: float, shown: str) -> None:
    assert ages.duration(seconds) == shown


def test_an_age_without_a_stamp_is_unknown() -> None:
    assert ages.age(None, NOW_S) == "<unknown>"


def test_a_table_describes_its_columns_and_shows_cells() -> None:
    found = table.build(COLUMNS, [WEB], NOW_S, metadata={"resourceVersion": "7"})
    assert [column["name"] for column in found["columnDefinitions"]] == ["Name", "Type", "Age"]
    assert found["columnDefinitions"][1] == {
        "name": "Type", "type": "string", "format": "", "description": "", "priority": 0,
    }  # fmt: skip
    assert found["metadata"] == {"resourceVersion": "7"}
    assert found["rows"] == [
        {
            "cells": ["web", "ClusterIP", "2m10s"],
            "object": {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": WEB["metadata"]},
        }
    ]


@pytest.mark.parametrize(("include", "expected"), [("None", None), ("Object", WEB)])
def test_a_row_holds_what_was_asked_for(include: table.Include, expected: Object | None) -> None:
    assert table.row(WEB, COLUMNS, NOW_S, include)["object"] == expected


def test_later_events_of_a_watch_leave_the_columns_out() -> None:
    assert table.build(COLUMNS, [WEB], NOW_S, has_definitions=False)["columnDefinitions"] is None


def test_what_may_be_included_is_named() -> None:
    assert table.included("") == "Metadata"
    with pytest.raises(StatusError) as caught:
        table.included("Some")
    assert caught.value.message == (
        'Unable to convert to Table as requested: includeObject: Invalid value: "Some": '
        "must be 'Metadata', 'Object', 'None', or empty"
    )
