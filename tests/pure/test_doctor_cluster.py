"""What the doctor says of a cluster and its clients: facts in, findings out, a row each."""

import datetime
import time
from collections.abc import Callable
from typing import Any

import pytest

from fairway.cluster.doctor import certificates, clients, health, name_trial, remains
from fairway.cluster.doctor.certificates import Certificate
from fairway.cluster.doctor.finding import FAILURE, OK, WARNING, Told, judged, warning
from fairway.cluster.doctor.log_lines import Trouble, restarts, troubles

NOW = datetime.datetime(2026, 6, 1, 12, tzinfo=datetime.UTC)
DAY = datetime.timedelta(days=1)
GOOD = Certificate("apiserver.crt", NOW - 30 * DAY, NOW + 300 * DAY)
CERTIFICATES = certificates.Facts(NOW, True, 0.0, (GOOD,), (), (), "/d/pki", True)
KNOWN = remains.Known("fairway", "/var/lib/fairway", ())
REMAINS = remains.Facts((KNOWN,), ("fairway-fairway", "fairway-fairway-pods"), ("fairway",), ("fairway",), (), ())
SERVER = "https://127.0.0.1:6443"
VIEW = {"current-context": "fairway", "clusters": [{"name": "fairway", "cluster": {"server": SERVER}}]}
CLIENTS = clients.Facts(
    (clients.Kubeconfig("/root/.kube/config"),), VIEW, "fairway", SERVER, True, {},
    ("10.96.0.0/16", "10.244.0.0/16"), ("192.0.2.53",), (), False, True, True,
)  # fmt: skip
READY = {"metadata": {"name": "vm"}, "status": {"conditions": [{"type": "Ready", "status": "True"}]}}
HEALTH = health.Facts(
    True, True, {"supervisor": 1, "control": 2, "node": 3}, health.Answers(nodes=(READY,)), "", "", (), (), ("vm",),
    SERVER, "/d/logs", True,
)  # fmt: skip


def view(**more: Any) -> clients.Facts:
    return CLIENTS._replace(view={**VIEW, **more})


def answers(**more: Any) -> health.Facts:
    return HEALTH._replace(answers=HEALTH.answers._replace(**more))


def node(*conditions: dict[str, str], **spec: Any) -> health.Facts:
    return answers(nodes=({"metadata": {"name": "vm"}, "spec": spec, "status": {"conditions": list(conditions)}},))


def certificate(**more: Any) -> certificates.Facts:
    return CERTIFICATES._replace(certificates=(GOOD._replace(**more),))


@pytest.mark.parametrize(
    ("module", "facts"),
    [(certificates, CERTIFICATES), (remains, REMAINS), (clients, CLIENTS), (health, HEALTH)],
    ids=["certificates", "remains", "clients", "health"],
)
def test_a_good_cluster_has_nothing_but_good_findings(module: Any, facts: Any) -> None:
    told = judged("group", module.CHECKS, facts)
    assert told
    assert [each.finding for each in told if each.finding.level != OK] == []


Row = tuple[Callable[[Any], Any], Any, str, str, str]
ROWS: list[Row] = [
    (certificates.clock, CERTIFICATES._replace(now=NOW.replace(year=1970)), FAILURE, "1970-06-01", "timedatectl"),
    (certificates.clock, CERTIFICATES._replace(newest_s=7200.0), WARNING, "120 minutes later", "timedatectl"),
    (certificates.files, CERTIFICATES._replace(missing=("admin.key",)), FAILURE, "missing in /d/pki: admin.key",
     "sudo fairway down && sudo fairway up"),
    (certificates.files, CERTIFICATES._replace(open_keys=("admin.key",)), WARNING, "admin.key can be read",
     "chmod 600"),
    (certificates.certificates, certificate(not_after=NOW - DAY), FAILURE, "apiserver.crt is out of date since"
     " 2026-05-31", "rm /d/pki/apiserver.crt"),
    (certificates.certificates, certificate(not_before=NOW + DAY), FAILURE, "valid from 2026-06-02", "timedatectl"),
    (certificates.certificates, certificate(not_after=NOW + 5 * DAY), WARNING, "ends on 2026-06-06", "fairway up"),
    (certificates.certificates, certificate(is_signed=False), FAILURE, "not signed by", "rm /d/pki/apiserver.crt"),
    (certificates.certificates, certificate(is_for_key=False), FAILURE, "the key beside it", "sudo rm"),
    (certificates.certificates, certificate(trouble="it is no certificate"), FAILURE, "no certificate", "sudo rm"),
    (certificates.certificates, certificate(file="ca.crt", not_after=NOW - DAY), FAILURE, "ca.crt", "/d/pki/*.crt"),
    (remains.crashed, REMAINS._replace(clusters=(KNOWN._replace(missing=("control", "node")),)), FAILURE,
     'of cluster "fairway" control, node do not run', "sudo fairway up; or clear away: sudo fairway down"),
    (remains.crashed, REMAINS._replace(clusters=(remains.Known("old", "/data", ("node",), False),)), FAILURE,
     "/data/old is gone", "sudo fairway down --name old --data-dir /data"),
    (remains.left_behind, REMAINS._replace(tables=("fairway-fairway", "fairway-gone-pods", "fairway-gone")), WARNING,
     'kernel rules of a cluster "gone"', "sudo fairway down --name gone"),
    (remains.left_behind, REMAINS._replace(groups=("fairway", "gone")), WARNING, "control groups", "--name gone"),
    (remains.left_behind, REMAINS._replace(folders=("gone",)), WARNING, "folders in /run/fairway", "--name gone"),
    (remains.stray_processes, REMAINS._replace(strays=((77, "x", "/d"),)), FAILURE, "process 77",
     "sudo fairway down --name x --data-dir /d"),
    (remains.settings_files, REMAINS._replace(damaged=(("/d/x/config.json", "no JSON"),)), FAILURE,
     "is damaged: no JSON",
     "sudo cp /run/fairway/x/config.json /d/x/config.json"),
    (clients.kubeconfig_files, CLIENTS._replace(files=(clients.Kubeconfig("/k", 0o600, "no YAML"),)), FAILURE,
     "/k: no YAML", "mv /k /k.broken"),
    (clients.kubeconfig_files, CLIENTS._replace(files=(clients.Kubeconfig("/k", 0o644),)), WARNING, "mode 0644",
     "chmod 600 /k"),
    (clients.context, view(clusters=[]), WARNING, 'no kubeconfig has the context "fairway"', "sudo fairway up"),
    (clients.context, view(clusters=[{"name": "fairway", "cluster": {"server": "https://127.0.0.1:7000"}}]), FAILURE,
     "leads to https://127.0.0.1:7000", "sudo fairway up"),
    (clients.context, CLIENTS._replace(is_ca_ours=False), FAILURE, "trusts another authority", "sudo fairway up"),
    (clients.context, view(**{"current-context": "prod"}), WARNING, '"prod", not "fairway"', "use-context fairway"),
    (clients.proxies, CLIENTS._replace(environment={"http_proxy": "http://p:3128"}), WARNING,
     "NO_PROXY leaves out 10.96.0.0/16, 10.244.0.0/16", "export NO_PROXY=10.96.0.0/16,10.244.0.0/16,.cluster.local"),
    (clients.proxies, CLIENTS._replace(environment={"https_proxy": "http://p", "no_proxy": "10.96.0.0/12"}), WARNING,
     "leaves out 10.244.0.0/16", "NO_PROXY=10.96.0.0/12,10.244.0.0/16"),
    (clients.name_servers, CLIENTS._replace(name_servers=()), WARNING, "names no name server", "--dns-upstreams"),
    (clients.name_servers, CLIENTS._replace(deaf=("127.0.0.53",)), WARNING, "nothing answers at 127.0.0.53",
     "systemd-resolved"),
    (health.parts_running, HEALTH._replace(pids={"supervisor": 0, "control": 2}), FAILURE, "supervisor does not run",
     "sudo fairway up"),
    (health.parts_running, HEALTH._replace(pids={"control": 0}), FAILURE, "control does not run", "logs control"),
    (health.ends, HEALTH._replace(restarts=(("node", 3),)), WARNING, "node ended 3 times", "fairway logs node"),
    (health.api, answers(trouble="Connection refused"), FAILURE, "does not answer: Connection refused", "fairway up"),
    (health.api, answers(failed=("etcd",)), FAILURE, "is not ready: etcd", "df -h"),
    (health.api, answers(late_s=2.5), WARNING, "took 2.5 s", "top"),
    (health.store, HEALTH._replace(store_trouble="/d/s: malformed"), FAILURE, "/d/s: malformed", "--purge"),
    (health.nodes, answers(nodes=()), FAILURE, 'knows no node "vm"', "sudo fairway down && sudo fairway up"),
    (health.nodes, node({"type": "Ready", "status": "False", "message": "no runtime"}), FAILURE, "no runtime", "logs"),
    (health.nodes, node({"type": "Ready", "status": "True"}, {"type": "DiskPressure", "status": "True"}), WARNING,
     "DiskPressure", "df -h"),
    (health.nodes, node({"type": "Ready", "status": "True"}, unschedulable=True), WARNING, "cordoned", "uncordon vm"),
    (health.names, HEALTH._replace(name_trouble="10.96.0.10 does not answer"), FAILURE, "does not answer", "logs node"),
    (health.kernel_table, answers(differences=("- frontends a", "+ frontends b")), FAILURE, "differ in 2 elements",
     "end the node process"),
    (health.kernel_table, answers(table_trouble="no netlink"), FAILURE, "cannot be read: no netlink", "logs node"),
    (health.recent_errors, HEALTH._replace(errors=(Trouble("control", 2, "store: full"),)), WARNING,
     "control logged 2 errors in the last 10 minutes, lastly: store: full", "fairway logs control"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("check", "facts", "level", "what", "cure"), ROWS, ids=[f"{row[0].__name__}-{i}" for i, row in enumerate(ROWS)]
)
def test_what_is_wrong_is_named_with_its_cure(
    check: Callable[[Any], Any], facts: Any, level: str, what: str, cure: str
) -> None:
    found = [finding for finding in check(facts) if finding.level != OK]
    assert len(found) == 1, found
    assert found[0].level == level
    assert what in found[0].what
    assert cure in found[0].fix
    assert found[0].why


def test_a_cluster_that_is_down_is_asked_nothing() -> None:
    down = HEALTH._replace(is_running=False, pids={"control": 0}, answers=health.Answers())
    assert [told.check for told in judged("health", health.CHECKS, down)] == ["cluster", "store"]


@pytest.mark.parametrize("passed", ["*", "10.0.0.0/8", "10.96.0.0/16, 10.244.0.0/16"])
def test_no_proxy_may_name_wider_ranges(passed: str) -> None:
    facts = CLIENTS._replace(environment={"http_proxy": "http://p", "no_proxy": passed})
    assert [each.level for each in clients.proxies(facts)] == [OK]


def test_a_table_belongs_to_the_longest_name() -> None:
    both = (KNOWN, remains.Known("fairway-pods", "/d", ()))
    assert list(remains.left_behind(REMAINS._replace(clusters=both, tables=("fairway-fairway-pods-pods",)))) == []


def test_the_shape_of_json() -> None:
    told = Told("ports", "own-ports", warning("a", "b", "c"))
    assert told.as_dict() == {"check": "ports/own-ports", "level": "warning", "what": "a", "why": "b", "fix": "c"}


def at(seconds_ago: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.localtime(time.time() - seconds_ago))


def test_errors_in_logs_are_counted_by_their_time() -> None:
    text = f"{at(7200)}.100 ERROR node: old\n{at(60)}.100 ERROR node: first\n"
    text += f"{at(30)}.2 INFO node: x\n{at(5)}.1 ERROR node: y"
    assert troubles("node", text, time.time() - 600) == [Trouble("node", 2, "node: y")]
    assert troubles("node", "", 0.0) == []


def test_ends_are_counted_by_part() -> None:
    text = f"{at(7200)} supervisor: node, pid 1, ended: exit code 1\n"
    text += f"{at(9)} supervisor: control, pid 2, ended: killed by SIGKILL"
    assert restarts(text, time.time() - 600) == {"control": 1}


def test_a_question_and_what_may_be_wrong_with_its_answer() -> None:
    asked = name_trial.question("a.bc", 1, 7)
    assert asked == b"\0\x07\x01\0\0\x01\0\0\0\0\0\0\x01a\x02bc\0\0\x01\0\x01"
    good = b"\0\x07\x81\x80\0\x01\0\x01\0\0\0\0" + asked[12:] + b"\xc0\x0c\0\x01\0\x01\0\0\0\x1e\0\x04\x0a\x60\0\x01"
    assert name_trial.trouble_in(good, "a.bc", "10.96.0.1") == ""
    assert "does not say 10.96.0.2" in name_trial.trouble_in(good, "a.bc", "10.96.0.2")
    assert "NXDOMAIN" in name_trial.trouble_in(good[:3] + b"\x83" + good[4:], "a.bc", "10.96.0.1")
    assert "cut" in name_trial.trouble_in(b"\0", "a.bc", "10.96.0.1")


def test_what_works_with_another_root_is_not_left_behind() -> None:
    facts = REMAINS._replace(
        tables=("fairway-outer", "fairway-outer-pods"), groups=("outer",), elsewhere=frozenset({"outer"})
    )
    assert list(remains.left_behind(facts)) == []
