"""The Node object: what this machine says of itself, and how little is written for it."""

from dataclasses import replace
from pathlib import Path

from fairway.node.node_object import node_object, node_patch, node_status, status_changes
from fairway.node.resources import memory_kibibytes, os_image
from fairway.node.runtimes.interface import Image
from fairway.node.settings import Settings
from fairway.objects import Object

SETTINGS = Settings(node_name="n1", node_ips=("192.0.2.1",), root_dir=Path("/x"), labels={"zone": "a"})
NOW = 1_700_000_000.0


def status(old: Object | None = None, problem: str = "", now_s: float = NOW) -> Object:
    images = [Image("sha256:1", ("a:1",), ("a@sha256:1",), 5), Image("sha256:2", ("b:1",), (), 9)]
    return node_status(SETTINGS, old or {}, {"cpu": "2", "pods": "250"}, {"kernelVersion": "6"}, images, problem, now_s)


def test_a_node_names_its_pod_range_and_its_labels() -> None:
    made = node_object(SETTINGS, "amd64")
    assert made["spec"] == {"podCIDR": "10.244.0.0/24", "podCIDRs": ["10.244.0.0/24"]}
    assert made["metadata"]["labels"]["kubernetes.io/hostname"] == "n1"
    assert made["metadata"]["labels"]["zone"] == "a"


def test_a_node_that_is_right_needs_no_patch() -> None:
    assert node_patch(node_object(SETTINGS, "amd64"), SETTINGS, "amd64") == {}


def test_labels_of_others_stay() -> None:
    found = node_object(SETTINGS, "amd64")
    found["metadata"]["labels"] = {"mine": "yes"}
    assert "mine" not in node_patch(found, SETTINGS, "amd64")["metadata"]["labels"]


def test_a_node_gets_the_annotations_it_was_told() -> None:
    told = replace(SETTINGS, annotations={"a": "1"})
    assert node_object(told, "amd64")["metadata"]["annotations"] == {"a": "1"}
    assert node_patch(node_object(SETTINGS, "amd64"), told, "amd64") == {"metadata": {"annotations": {"a": "1"}}}
    assert node_patch(node_object(told, "amd64"), told, "amd64") == {}


def test_a_ready_node_says_so() -> None:
    told = status()
    ready = told["conditions"][-1]
    assert (ready["type"], ready["status"], ready["message"]) == ("Ready", "True", "kubelet is posting ready status")
    assert told["addresses"][0] == {"type": "InternalIP", "address": "192.0.2.1"}
    assert [image["names"] for image in told["images"]] == [["b:1"], ["a@sha256:1", "a:1"]]


def test_what_others_say_that_a_node_has_can_be_allocated_until_they_take_it_back() -> None:
    old = {**status(), "capacity": {"cpu": "2", "pods": "250", "example.com/gpu": "4"}}
    new = status(old)
    assert status_changes(old, new) == {"allocatable": {"cpu": "2", "pods": "250", "example.com/gpu": "4"}}
    assert status_changes(new, status(new)) == {}
    taken = {**new, "capacity": {"cpu": "2", "pods": "250"}}
    assert status_changes(taken, status(taken))["allocatable"]["example.com/gpu"] is None


def test_a_node_of_two_families_tells_both_the_primary_first() -> None:
    settings = replace(SETTINGS, node_ips=("fd00::7", "192.0.2.1"), pod_cidrs=("fd00:244::/64", "10.244.0.0/24"))
    told = node_status(settings, {}, {}, {}, [], "", 0.0)["addresses"]
    assert [each["address"] for each in told] == ["fd00::7", "192.0.2.1", "n1"]
    assert node_object(settings, "amd64")["spec"] == {
        "podCIDR": "fd00:244::/64", "podCIDRs": ["fd00:244::/64", "10.244.0.0/24"],
    }  # fmt: skip


def test_a_runtime_that_does_not_answer_makes_the_node_not_ready() -> None:
    assert status(problem="crun is missing")["conditions"][-1]["status"] == "False"


def test_a_heartbeat_alone_is_no_change() -> None:
    before = status()
    assert status_changes(before, status(before, now_s=NOW + 60)) == {}


def test_a_changed_condition_keeps_those_of_others() -> None:
    before = status()
    before["conditions"].append({"type": "NetworkUnavailable", "status": "False"})
    changes = status_changes(before, status(before, problem="gone"))
    assert {entry["type"] for entry in changes["conditions"]} >= {"NetworkUnavailable", "Ready"}


def test_the_machine_is_read() -> None:
    assert memory_kibibytes("MemTotal:       24684040 kB\nMemFree: 1 kB\n") == 24684040
    assert os_image('NAME="Debian"\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n') == "Debian GNU/Linux 12 (bookworm)"
