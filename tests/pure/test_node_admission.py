"""What a node refuses to run: more than it has, beside what runs already."""

from typing import Any

import pytest

from fairway.node.admission import refusal
from fairway.objects import Object

HAS = {"cpu": "2", "memory": "1Gi", "pods": "3"}


def pod(cpu: str = "", phase: str = "Running", **amounts: str) -> Object:
    requests = {**amounts, **({"cpu": cpu} if cpu else {})}
    containers: list[Any] = [{"name": "c", "resources": {"requests": requests}}]
    return {"metadata": {"name": "p"}, "spec": {"containers": containers}, "status": {"phase": phase}}


def test_what_fits_is_taken() -> None:
    assert refusal(pod("1"), [pod("500m"), pod("500m")], HAS) is None
    assert refusal(pod("2"), [pod("2", "Succeeded")], HAS) is None
    assert refusal(pod("0"), [pod("2")], HAS) is None
    assert refusal(pod(**{"example.com/gpu": "1"}), [], HAS) is None


@pytest.mark.parametrize(
    ("wanted", "there", "reason", "about"),
    [
        (pod("1000"), [], "OutOfcpu", "cpu, requested: 1000000, used: 0, capacity: 2000"),
        (pod("1500m"), [pod("600m")], "OutOfcpu", "cpu, requested: 1500, used: 600, capacity: 2000"),
        (
            pod(memory="1Gi"), [pod(memory="1")], "OutOfmemory",
            "memory, requested: 1073741824, used: 1, capacity: 1073741824",
        ),
        (pod(), [pod()] * 3, "OutOfpods", "pods, requested: 1, used: 3, capacity: 3"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused_in_the_kubelets_words(
    wanted: Object, there: list[Object], reason: str, about: str
) -> None:
    refused = refusal(wanted, there, HAS)
    assert refused is not None
    assert (refused.reason, refused.message) == (reason, f"Node didn't have enough resource: {about}")
