"""Which pods leave a node that is drained, and what speaks against it."""

from typing import Any

from fairway.cli.nodes.leaving import Rules, judged

Object = dict[str, Any]


def pod(name: str, owner: str = "", phase: str = "Running", *, has_data: bool = False, **annotations: str) -> Object:
    owners = [{"kind": owner, "name": "own", "controller": True}] if owner else []
    volumes = [{"name": "v", "emptyDir": {}}] if has_data else []
    return {
        "metadata": {"name": name, "namespace": "d", "ownerReferences": owners, "annotations": annotations},
        "spec": {"volumes": volumes}, "status": {"phase": phase},
    }  # fmt: skip


SETS = frozenset({("d", "own")})
ALONE = "cannot delete Pods that declare no controller (use --force to override)"
DATA = "cannot delete Pods with local storage (use --delete-emptydir-data to override)"
DAEMONS = "cannot delete DaemonSet-managed Pods (use --ignore-daemonsets to ignore)"


def test_only_what_comes_back_leaves_without_a_word() -> None:
    pods = [
        pod("made", "ReplicaSet"), pod("alone"), pod("data", "ReplicaSet", has_data=True), pod("daemon", "DaemonSet"),
        pod("ended", phase="Succeeded", has_data=True), pod("mirror", **{"kubernetes.io/config.mirror": "x"}),
    ]  # fmt: skip
    found = judged(pods, Rules(SETS))
    assert [each["metadata"]["name"] for each in found.going] == ["made", "ended"]
    assert found.refused == {ALONE: ["d/alone"], DATA: ["d/data"], DAEMONS: ["d/daemon"]}
    allowed = judged(pods, Rules(SETS, ignores_daemon_sets=True, deletes_data=True, is_forced=True))
    assert [each["metadata"]["name"] for each in allowed.going] == ["made", "alone", "data", "ended"]
    assert allowed.problems == []
    assert allowed.warnings == (
        "deleting Pods that declare no controller: d/alone; ignoring DaemonSet-managed Pods: d/daemon"
    )


def test_the_pod_of_a_daemon_set_that_is_gone_leaves_by_force_only() -> None:
    why = 'daemonsets.apps "own" not found'
    assert judged([pod("p", "DaemonSet")], Rules()).refused == {why: ["d/p"]}
    forced = judged([pod("p", "DaemonSet")], Rules(is_forced=True, ignores_daemon_sets=True))
    assert (len(forced.going), forced.warned) == (1, {why: ["d/p"]})
