"""One Service with ten thousand endpoints in the real kernel."""

import secrets
from collections.abc import Iterator
from typing import Any

import pytest
from programmed_table import ProgrammedTable, service
from service_network import Namespace, needs_root_and_namespaces

from fairway.proxy import words

pytestmark = needs_root_and_namespaces
ENDPOINTS, SLICE = 10_000, 100


@pytest.fixture
def where() -> Iterator[Namespace]:
    made = Namespace(f"fwt-{secrets.token_hex(3)}")
    yield made
    made.remove()


def part(number: int, first: str = "10.200") -> dict[str, Any]:
    """One slice; the first of its endpoints begins with ``first``."""
    places = range(number * SLICE, (number + 1) * SLICE)
    ips = [f"{first if at % SLICE == 0 else '10.200'}.{at >> 8}.{at & 255}" for at in places]
    return {
        "metadata": {
            "namespace": "default", "name": f"big-{number}", "labels": {"kubernetes.io/service-name": "big"},
        },
        "addressType": "IPv4", "ports": [{"port": 8080}],
        "endpoints": [{"addresses": [ip], "nodeName": "there", "conditions": {}} for ip in ips],
    }  # fmt: skip


@pytest.mark.parametrize("affinity", ["None", "ClientIP"])
def test_ten_thousand_endpoints_are_spread_over_and_changed_one_by_one(where: Namespace, affinity: str) -> None:
    table = ProgrammedTable(where)
    table.put(service("big", "10.96.0.1", sessionAffinity=affinity), *map(part, range(ENDPOINTS // SLICE)))
    slots = words.SLOTS if affinity == "None" else words.AFFINITY_SLOTS
    assert len(table.tables[4].elements()[slots]) == ENDPOINTS
    assert table.put(part(7, first="10.201")) <= 6, "one endpoint gave way to another"
    assert table.restart() == 0, "the kernel holds what it should"
    assert table.remove("big-8") <= 3 * 2 * SLICE
    assert table.restart() == 0
    table.dataplane.close()
