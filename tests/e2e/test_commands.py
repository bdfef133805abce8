"""The commands of an operator on a real machine: the README's five minutes, changes of mind, crashes, a reboot."""

import json
import os
import re
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from fairway.cluster import processes

from .clients import ANSWER
from .conftest import HOUSE, IMAGE, Cluster, name_of, need_machine
from .test_faults import leftovers


def five_minutes() -> list[str]:
    """The commands of the README's section, comments and the set-up taken away."""
    section = (HOUSE / "README.md").read_text().partition("## Five minutes\n")[2].partition("\n## ")[0]
    block = section.partition("```\n")[2].partition("```")[0].replace("\\\n", " ")
    lines = [re.sub(r"\s+#.*", "", line).strip() for line in block.splitlines()]
    return [line for line in lines if line and not line.startswith("scripts/bootstrap")]


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Cluster]:
    need_machine()
    cluster = Cluster(name_of("own"), tmp_path)
    try:
        yield cluster
    finally:
        cluster.fairway("down", "--purge")


def shell(cluster: Cluster, line: str) -> subprocess.CompletedProcess[str]:
    """A line as a newcomer types it, but on a cluster of the test's own and without an endless end."""
    flags = f"--name {cluster.name} --data-dir {cluster.data_dir}"
    line = re.sub(r"^sudo fairway (\w+)", rf"fairway \1 {flags}", line)
    line = re.sub(r"^fairway logs (.*)-f", r"timeout --preserve-status 1 fairway logs \1-f", line)
    path = f"{HOUSE / '.venv/bin'}:{os.environ['PATH']}"
    return subprocess.run(
        ["bash", "-o", "pipefail", "-c", line],
        cwd=HOUSE, env={**cluster.environment, "PATH": path}, capture_output=True, text=True, timeout=90,
    )  # fmt: skip


def test_the_five_minutes_of_the_readme(own: Cluster) -> None:
    said: dict[str, str] = {}
    for line in five_minutes():
        if line.startswith("kubectl exec"):  # a newcomer is slower than a pod
            own.ready_pods("default", "app=kubia", 3)
            own.wait(lambda line=line: ANSWER.search(shell(own, line).stdout), "the Service answers")
        done = shell(own, line)
        assert "\x1b" not in done.stdout + done.stderr, "colour without a terminal"
        expected = (0, 143) if "-f" in line and "logs" in line else (3,) if line.startswith("fairway why") else (0,)
        assert done.returncode in expected, f"{line}: {done.stderr}"
        said[" ".join(line.split()[:3])] = done.stdout
    assert "imported docker.io/luksa/kubia:latest" in said["sudo fairway image"]
    assert said["sudo fairway up"].endswith("\nNext:  kubectl get svc\n")
    assert "did you mean  targetPort: http" in said["fairway why svc/kubia"]
    assert ANSWER.search(said["kubectl exec $(kubectl"])
    assert "✗" not in said["sudo fairway status"]
    assert "serving at https://127.0.0.1:" in said["sudo fairway logs"]
    assert "is down; its data stays in" in said["sudo fairway down"]
    assert not Path(own.environment["KUBECONFIG"]).exists()
    assert leftovers(own.name, own.data_dir) == [str(Path(own.data_dir, own.name))]


def listening(host: str, ports: range) -> socket.socket:
    """Another program on the first of the ports that is free."""
    for port in ports:
        found = socket.socket()
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            found.bind((host, port))
        except OSError:
            found.close()
            continue
        found.listen()
        return found
    raise AssertionError(f"all of {ports} are taken")


def status(cluster: Cluster) -> tuple[int, dict[str, bool], dict[str, object]]:
    """Exit code, which parts are well, and the settings."""
    done = cluster.fairway("status", "--json", check=False)
    found = json.loads(done.stdout)
    return done.returncode, {part["name"]: part["is_well"] for part in found["parts"]}, found["config"]


def test_other_settings_start_control_and_node_again_and_pods_go_on(own: Cluster) -> None:
    own.fairway("image", "import", str(IMAGE))
    own.fairway("up")
    assert "everything runs already" in own.fairway("up").stdout
    own.kubectl("create", "-f", "svc.yaml")
    before = [pod["status"]["containerStatuses"][0]["containerID"] for pod in own.ready_pods("default", "app=kubia", 3)]
    old = status(own)[2]["api_port"]
    with listening("127.0.0.1", range(15000, 16000)) as other:
        taken = other.getsockname()[1]
        refused = own.fairway("up", "--api-port", str(taken), check=False)
        assert (refused.returncode, refused.stdout) == (1, "")
        program = f"{Path('/proc/self/comm').read_text().strip()} (pid {os.getpid()})"
        assert f"error: API port {taken} is in use by {program}\n  fix: choose another" in refused.stderr
        assert status(own)[0] == 0, "a refused change leaves everything as it was"
    said = own.fairway("up", "--api-port", str(taken)).stdout
    assert "other settings than before (api_port): starting again; pods go on" in said
    after = [pod["status"]["containerStatuses"][0]["containerID"] for pod in own.ready_pods("default", "app=kubia", 3)]
    assert sorted(after) == sorted(before)
    code, parts, config = status(own)
    assert (code, set(parts.values()), config["api_port"], config["chosen"]) == (0, {True}, taken, ["api_port"])
    assert config["api_port"] != old


def test_a_name_in_use_elsewhere_is_not_touched(own: Cluster, tmp_path: Path) -> None:
    own.fairway("up")
    stranger = Cluster(own.name, tmp_path / "other")
    stranger.environment = own.environment
    for command in ("up", "down"):
        refused = stranger.fairway(command, check=False)
        assert refused.returncode == 1
        assert f"runs already with its data in {own.data_dir}\n  fix: name that folder: sudo fairway {command}" in (
            refused.stderr
        )
    assert status(own)[0] == 0


def test_two_at_once_and_one_broken_off(own: Cluster) -> None:
    words = ["fairway", "up", "--name", own.name, "--data-dir", own.data_dir]
    words[0] = str(HOUSE / ".venv/bin/fairway")
    first = subprocess.Popen(words, env=own.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert first.stdout and first.stderr
    assert f'cluster "{own.name}" in' in first.stdout.readline()
    second = own.fairway("up", check=False)
    assert second.returncode == 1
    assert f'another fairway up or down of cluster "{own.name}" is at work' in second.stderr
    first.send_signal(signal.SIGINT)
    _, told = first.communicate(timeout=60)
    assert first.returncode in (0, 130)
    assert first.returncode == 0 or f"fix: go on: sudo fairway up --name {own.name}" in told
    own.fairway("up")
    assert status(own)[0] == 0


def test_three_started_at_the_same_time_share_the_machine(tmp_path: Path) -> None:
    need_machine()
    three = [Cluster(name_of(f"of-three-{number}"), tmp_path) for number in range(3)]
    words = [str(HOUSE / ".venv/bin/fairway"), "up", "--data-dir", three[0].data_dir, "--name"]
    try:
        starting = [subprocess.Popen([*words, each.name], env=each.environment) for each in three]
        assert [process.wait(timeout=60) for process in starting] == [0, 0, 0]
        found = [status(each)[2] for each in three]
        for key in ("service_cidr", "pod_cidr", "load_balancer_cidr", "node_port_range", "api_port", "node_api_port"):
            assert len({config[key] for config in found}) == 3, key
        assert {status(each)[0] for each in three} == {0}
    finally:
        for each in three:
            each.fairway("down", "--purge")
    assert not Path(three[0].environment["KUBECONFIG"]).exists()


def test_half_a_cluster_is_told_and_made_whole(own: Cluster) -> None:
    own.fairway("up")
    for role in ("supervisor", "node"):
        os.kill(processes.find(role, own.name, own.data_dir)[0], signal.SIGKILL)
    code, parts, _ = status(own)
    assert code == 1
    assert [name for name in processes.ROLES if not parts[name]] == ["supervisor", "node"]
    assert "control" in own.fairway("status", check=False).stdout
    own.fairway("up")
    assert status(own)[0] == 0


def test_what_runs_but_does_not_serve_is_waited_for(own: Cluster) -> None:
    own.fairway("up")
    control = processes.find("control", own.name, own.data_dir)[0]
    os.kill(control, signal.SIGSTOP)
    try:
        late = own.fairway("up", "--timeout", "2", check=False)
    finally:
        os.kill(control, signal.SIGCONT)
    assert late.returncode == 1
    assert late.stderr.startswith("error: control and node run, but were not ready within 2 s\n")
    assert "everything runs already" in own.fairway("up").stdout


def test_a_part_that_keeps_ending_is_told_at_once_with_its_last_words(own: Cluster) -> None:
    own.fairway("up")
    own.fairway("down")
    store = Path(own.data_dir, own.name, "store")
    for file in store.iterdir():
        file.write_bytes(b"no database at all" * 1000)
    started_s = time.monotonic()
    failed = own.fairway("up", check=False)
    assert time.monotonic() - started_s < 30
    assert failed.returncode == 1
    assert "error: control keeps ending\n  control wrote: " in failed.stderr
    assert "file is not a database" in failed.stderr
    assert f"fix: look at: fairway logs --name {own.name} --data-dir {own.data_dir}; then: " in failed.stderr


def test_down_of_nothing_says_so(tmp_path: Path) -> None:
    need_machine()
    nothing = Cluster(name_of("none"), tmp_path)
    for _ in range(2):
        done = nothing.fairway("down", "--purge")
        assert done.stdout == (
            f'there is no cluster "{nothing.name}" in {nothing.data_dir}, and nothing of it on this machine\n'
        )
    assert not Path(nothing.data_dir).exists()
    assert not Path(f"/run/fairway/.{nothing.name}.lock").exists()
