"""When a ServiceCIDR is ready, and what holds one that is to go."""

import pytest

from fairway.apiserver.service_cidrs import is_held, told
from fairway.objects import Object

NOW, LATER = "2026-01-01T00:00:00Z", "2026-01-01T00:00:09Z"


def cidr(**metadata: str) -> Object:
    return {"metadata": {"name": "extra", **metadata}, "spec": {"cidrs": ["10.1.0.0/29"]}}


def test_a_range_is_ready_once() -> None:
    status = told(cidr(), NOW)
    assert status == {
        "conditions": [
            {
                "type": "Ready", "status": "True", "lastTransitionTime": NOW, "reason": "",
                "message": "Kubernetes Service CIDR is ready",
            }
        ]
    }  # fmt: skip
    assert told({**cidr(), "status": status}, LATER) is None


def test_a_range_in_use_says_why_it_stays() -> None:
    before = {"conditions": [{"type": "Mine", "status": "True"}, {"type": "Ready", "status": "True"}]}
    going = {**cidr(deletionTimestamp=NOW), "status": before}
    status = told(going, LATER)
    assert status is not None
    mine, ready = status["conditions"]
    assert (mine["type"], ready["status"], ready["reason"], ready["lastTransitionTime"]) == (
        "Mine", "False", "Terminating", LATER,
    )  # fmt: skip
    assert told({**going, "status": status}, LATER) is None


@pytest.mark.parametrize(
    ("others", "addresses", "held"),
    [
        ([], [], False),
        ([], ["10.1.0.3"], True),
        ([], ["10.2.0.3", "fd00::1"], False),
        (["10.1.0.0/24"], ["10.1.0.3"], False),
        (["10.1.0.0/30"], ["10.1.0.3", "10.1.0.5"], True),
        (["fd00::/64"], ["10.1.0.3"], True),
    ],
)
def test_a_range_is_held_by_addresses_that_no_other_covers(others: list[str], addresses: list[str], held: bool) -> None:
    assert is_held(["10.1.0.0/29", "fd01::/112"], others, addresses) is held
