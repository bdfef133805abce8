"""The doctor at a real cluster: well, then broken in one way after the other."""

import json
import os
import re
import resource
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from fairway.cluster import certificates, processes

from .conftest import Cluster, name_of, need_machine

Findings = list[dict[str, str]]
RANGES = (
    "--service-cidr", "172.29.0.0/20", "--pod-cidr", "172.29.16.0/20", "--load-balancer-cidr", "172.29.32.0/20",
    "--node-port-range", "61500-61599",
)  # fmt: skip
"""Where no other cluster goes by itself: one that starts while this one is down would take a default."""


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    need_machine()
    cluster = Cluster(name_of("doctor"), tmp_path_factory.mktemp("doctor"))
    try:
        cluster.fairway("up", *RANGES)
        yield cluster
    finally:
        cluster.fairway("down", "--purge")


def findings(cluster: Cluster) -> Findings:
    done = cluster.fairway("doctor", "--json", check=False)
    found: Findings = json.loads(done.stdout)["findings"]
    assert done.returncode == int(any(each["level"] == "failure" for each in found))
    return found


def failures(found: Findings) -> dict[str, dict[str, str]]:
    """By check; those of a machine where others work, too, are left away."""
    return {
        each["check"]: each
        for each in found
        if each["level"] == "failure" and each["check"].partition("/")[0] in ("health", "certificates", "clients")
    }


def pid_of(cluster: Cluster, part: str) -> int:
    return processes.find(part, cluster.name, cluster.data_dir)[0]


def test_a_cluster_that_is_well(own: Cluster) -> None:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    found = findings(own)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    assert used_s < 2, "of a processor; 0.6 s on an idle machine, whose clock says the same"
    assert failures(found) == {}
    told = {each["check"]: each["what"] for each in found if each["check"].startswith("health/")}
    assert told["health/kernel-table"] == "the kernel's table agrees with the API"
    assert told["health/names"] == "cluster DNS answers"
    assert re.search(r"context \"fairway-\S+\" is current", str([each["what"] for each in found]))


def test_host_ports_that_the_node_holds_are_no_difference(own: Cluster) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other, socket.create_server(("127.0.0.1", 0)) as free:
        taken, port = other.getsockname()[1], free.getsockname()[1]
        free.close()
        own.kubectl("create", "service", "clusterip", "hosted", "--tcp=80")
        own.kubectl("annotate", "svc", "hosted", f"fairway.dev/host-ports={taken}:80,127.0.0.1:{port}:80")
        own.wait(lambda: "HostPortInUse" in own.kubectl("get", "events"), "one is taken")
        assert failures(findings(own)) == {}
    own.kubectl("delete", "svc", "hosted")


def test_an_element_that_another_hand_took_away(own: Cluster) -> None:
    table = f"fairway-{own.name}"
    listed = subprocess.run(["nft", "-j", "list", "map", "ip", table, "frontends"], capture_output=True, check=True)
    key, _ = json.loads(listed.stdout)["nftables"][1]["map"]["elem"][0]
    words = " . ".join(map(str, key["concat"]))
    subprocess.run(["nft", "delete", "element", "ip", table, "frontends", f"{{ {words} }}"], check=True)
    told = failures(findings(own))["health/kernel-table"]
    assert "differ in " in told["what"]
    os.kill(pid_of(own, "node"), signal.SIGTERM)  # the cure
    own.wait(lambda: "health/kernel-table" not in failures(findings(own)), "the table is put right")


def test_a_server_that_hangs(own: Cluster) -> None:
    control = pid_of(own, "control")
    os.kill(control, signal.SIGSTOP)
    try:
        told = failures(findings(own))
    finally:
        os.kill(control, signal.SIGCONT)
    assert "does not answer: no answer from https://" in told["health/api"]["what"]


def test_parts_that_are_gone(own: Cluster) -> None:
    for part in ("supervisor", "node"):
        os.kill(pid_of(own, part), signal.SIGKILL)
    found = findings(own)
    told = [each["what"] for each in found if each["check"] == "health/parts-running"]
    assert told == ["supervisor does not run", "node does not run"]
    crashed = [each for each in found if each["check"] == "remains/crashed" and f'"{own.name}"' in each["what"]]
    assert [each["level"] for each in crashed] == ["failure"]
    assert f"sudo fairway up --name {own.name}" in crashed[0]["fix"]
    own.fairway("up")
    assert failures(findings(own)) == {}


def test_a_kubeconfig_that_leads_elsewhere(own: Cluster) -> None:
    own.kubectl("config", "set-cluster", f"fairway-{own.name}", "--server=https://127.0.0.1:1")
    told = failures(findings(own))["clients/context"]
    assert "leads to https://127.0.0.1:1" in told["what"]
    own.fairway("up")  # the cure
    assert failures(findings(own)) == {}


def test_a_certificate_out_of_date_and_a_damaged_store(own: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    own.fairway("down")
    pki = Path(own.data_dir, own.name, "pki")
    monkeypatch.setattr(certificates, "LEAF_DAYS", -1 / 48)
    authority = certificates._authority(pki)
    certificates._issue(pki, certificates.Identity("admin", "kubernetes-admin", "system:masters"), *authority)
    told = failures(findings(own))["certificates/certificates"]
    assert "certificate admin.crt is out of date since" in told["what"]
    cure = told["fix"].partition("sudo rm ")[2].partition(" ")[0]
    assert cure == str(pki / "admin.crt")
    Path(cure).unlink()
    store = Path(own.data_dir, own.name, "store", "fairway.db")
    whole = store.read_bytes()
    store.write_bytes(b"no database at all" * 1000)
    assert "file is not a database" in failures(findings(own))["health/store"]["what"]
    store.write_bytes(whole)
    own.fairway("up")
    assert failures(findings(own)) == {}
