"""Nodes are added and taken away, crash and are swept: nothing of them is left where nothing should be."""

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from fairway.cluster import processes
from fairway.node import names

from .clients import Traffic, hits
from .conftest import name_of, up
from .test_faults import leftovers
from .three_nodes import ThreeNodes


@pytest.fixture
def changing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ThreeNodes]:
    """A cluster whose number of nodes changes; it starts with two."""
    running = ThreeNodes(name_of("change"), tmp_path_factory.mktemp("change"))
    with up(running, "--nodes", "2"):
        yield running


def of_node(cluster: ThreeNodes, number: int) -> list[str]:
    """What of a further node is on the machine."""
    places = (Path("/run/fairway", cluster.name), Path(cluster.data_dir, cluster.name))
    found = [str(path) for place in places if (path := place / "nodes" / str(number)).exists()]
    found += [str(path) for path in Path("/sys/fs/cgroup").glob(f"**/fairway/{cluster.name}/node-{number}")]
    found += [
        line for line in Path("/proc/mounts").read_text().splitlines() if f"/{cluster.name}/nodes/{number}/" in line
    ]
    label = f"fairway {cluster.name} node {number}"
    found += [str(path) for path in Path("/sys/class/net").glob("*/ifalias") if path.read_text().strip() == label]
    found += [f"process {pid}" for pid in processes.find(f"node-{number}", cluster.name, cluster.data_dir)]
    return found


def container(cluster: ThreeNodes, name: str) -> str:
    found: str = cluster.get("pod", name)["status"]["containerStatuses"][0]["containerID"]
    return found


def test_a_cluster_grows_and_shrinks_and_the_pods_of_other_nodes_go_on(changing: ThreeNodes) -> None:
    changing.create(changing.pod("default", "stays", 1), changing.pod("default", "also", 2))
    changing.ready_pods("default", "app in (stays, also)", 2)
    before = [container(changing, name) for name in ("stays", "also")]
    changing.fairway("up", "--nodes", "3")
    changing.create(changing.pod("default", "goes", 3, tier="web"), changing.pod("default", "serves", 2, tier="web"))
    changing.ready_pods("default", "tier=web", 2)
    url = f"http://{changing.service('default', 'web', {'tier': 'web'})['clusterIP']}"
    changing.wait(lambda: set(hits([], url, times=8)) == {"goes", "serves"}, "both answer")
    assert len(of_node(changing, 3)) > 5
    with Traffic([], url) as here, Traffic(changing.inside(2), url) as there:
        told = changing.fairway("up", "--nodes", "2").stdout
    assert (here.failures, there.failures) == ([], [])
    assert "other settings than before (nodes)" in told
    assert f"{changing.node_name(3)} goes: waiting for the pods to leave" in told
    assert of_node(changing, 3) == []
    assert {node["metadata"]["name"] for node in changing.get("nodes")["items"]} == {
        changing.node_name(1), changing.node_name(2),
    }  # fmt: skip
    assert changing.run("get", "pod", "goes").returncode != 0
    assert [container(changing, name) for name in ("stays", "also")] == before
    address = changing.get("pod", "also")["status"]["podIP"]
    assert hits([], f"http://{address}:8080") == ["also"]
    assert "everything runs already" in changing.fairway("up").stdout


def test_after_a_crash_of_everything_up_adopts_what_runs_and_down_leaves_nothing(changing: ThreeNodes) -> None:
    changing.create(changing.pod("default", "there", 2))
    changing.ready_pods("default", "app=there", 1)
    before, address = container(changing, "there"), changing.get("pod", "there")["status"]["podIP"]
    for part in ("supervisor", "control", "node", "node-2"):
        os.kill(processes.find(part, changing.name, changing.data_dir)[0], signal.SIGKILL)
    assert hits([], f"http://{address}:8080") == ["there"]
    changing.fairway("up")
    assert container(changing, "there") == before
    os.kill(processes.find("supervisor", changing.name, changing.data_dir)[0], signal.SIGKILL)
    old = processes.find("node-2", changing.name, changing.data_dir)
    changing.fairway("up")
    assert processes.find("node-2", changing.name, changing.data_dir) == old, "adopted"
    for part in ("supervisor", "control", "node", "node-2"):
        os.kill(processes.find(part, changing.name, changing.data_dir)[0], signal.SIGKILL)
    changing.fairway("down", "--purge")
    assert leftovers(changing.name, changing.data_dir) == []
    assert of_node(changing, 2) == []


def test_nodes_get_other_addresses_and_a_link_that_was_lost_is_made_again(changing: ThreeNodes) -> None:
    changing.create(changing.pod("default", "there", 2))
    pod = changing.ready_pods("default", "app=there", 1)[0]["status"]["podIP"]
    changing.fairway("up", "--node-cidr", "10.199.7.0/28")
    assert changing.address(2) == "10.199.7.2"
    assert "node is ready" in changing.fairway("logs", "node-2").stdout
    inside = subprocess.run(
        [*changing.inside(2), "ip", "-4", "address", "show", "eth0"], capture_output=True, text=True
    )
    assert inside.stdout.count("inet ") == 1
    assert hits([], f"http://{pod}:8080") == ["there"]
    device = names.node_device(changing.name, 2)
    subprocess.run(["ip", "link", "del", device], check=True)
    assert hits([], f"http://{pod}:8080", patience_s=1) == []
    os.kill(processes.find("node-2", changing.name, changing.data_dir)[0], signal.SIGKILL)
    changing.wait(lambda: hits([], f"http://{pod}:8080", patience_s=1), "the pod is reached again")


def test_logs_and_wrong_parts_are_told(changing: ThreeNodes) -> None:
    assert "node is ready" in changing.fairway("logs", "node-2").stdout
    assert "==>" in changing.fairway("logs").stdout
    refused = changing.fairway("logs", "nodes", check=False)
    assert refused.returncode == 2
    assert "choose from control, node, node-2" in refused.stderr
