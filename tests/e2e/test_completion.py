"""Completion as a user has it: the real shells, with the script that ``fairway completion`` prints."""

import os
import pty
import re
import select
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from .conftest import Cluster, three_pods

NAMESPACE = "completion"
BIN = str(Path(sys.executable).parent)
BASH = """
source <(fairway completion bash)
COMP_LINE="$1" COMP_POINT=${#1} COMP_TYPE=9
IFS=' ' read -ra plain <<< "$1"
COMP_WORDS=()
for word in "${plain[@]}"; do
    while [[ "$word" =~ ^([^:=]*)([:=])(.*)$ ]]; do  # as readline parts them
        [[ -n "${BASH_REMATCH[1]}" ]] && COMP_WORDS+=("${BASH_REMATCH[1]}")
        COMP_WORDS+=("${BASH_REMATCH[2]}")
        word="${BASH_REMATCH[3]}"
    done
    [[ -n "$word" ]] && COMP_WORDS+=("$word")
done
[[ "$1" == *" " || "$1" == *[:=] ]] && COMP_WORDS+=("")
COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
__start_fairway
printf '%s\\n' "${COMPREPLY[@]}"
"""


@pytest.fixture(scope="module")
def world(cluster: Cluster) -> Iterator[Cluster]:
    with three_pods(cluster, NAMESPACE):
        cluster.kubectl("config", "set-context", "--current", f"--namespace={NAMESPACE}")
        yield cluster
        cluster.kubectl("config", "set-context", "--current", "--namespace=")


def environment(world: Cluster) -> dict[str, str]:
    return {**world.environment, "PATH": f"{BIN}:{os.environ['PATH']}", "TERM": "dumb"}


def bash(world: Cluster, line: str) -> list[str]:
    done = subprocess.run(
        ["bash", "--norc", "-c", BASH, "bash", line], env=environment(world), capture_output=True, text=True, timeout=60
    )
    assert done.stderr == "", done.stderr
    return done.stdout.split("\n")[:-1]


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("fairway port-", ["port-forward"]),
        ("fairway -n kube-sys", ["kube-system"]),
        ("fairway get svc ku", ["kubia"]),
        ("fairway get svc/", ["svc/kubia"]),
        ("fairway get endpointsl", ["endpointslices.discovery.k8s.io"]),
        ("fairway get deploy", ["deployments.apps"]),
        ("fairway get -o wi", ["wide"]),
        ("fairway get --output=wi", ["wide"]),
        ("fairway get --no-h", ["--no-headers"]),
        ("fairway port-forward svc/kub", ["svc/kubia"]),
        ("fairway port-forward svc/kubia 8080:ht", ["http"]),
        ("fairway expose-host svc/kubia 8080:", ["http", "80"]),
        ("fairway why svc/", ["svc/kubia"]),
        ("fairway completion ", ["bash", "zsh", "fish"]),
        ("fairway up --node-port-a", ["--node-port-addresses="]),
        ("fairway image li", ["list"]),
        ("fairway get svc kubia ", []),
        ("fairway bogus ", []),
    ],
)
def test_bash(world: Cluster, line: str, wanted: list[str]) -> None:
    assert [each for each in bash(world, line) if each] == wanted


def test_bash_knows_pods_containers_and_contexts(world: Cluster) -> None:
    pods = [pod["metadata"]["name"] for pod in world.ready_pods(NAMESPACE, "app=kubia", 3)]
    assert bash(world, "fairway logs ku") == sorted(pods)
    assert bash(world, f"fairway exec {pods[0]} -c ") == ["kubia"]
    context = world.kubectl("config", "current-context").strip()
    assert bash(world, f"fairway --context {context[:4]}") == [context]
    assert bash(world, f"fairway get svc --context={context[:4]}") == [context]


def typed(world: Cluster, words: list[str], begin: str, line: str, end: re.Pattern[str]) -> str:
    """What stands on a terminal after ``line`` and a tab were typed into a shell."""
    pid, terminal = pty.fork()
    if not pid:
        os.execvpe(words[0], words, {**environment(world), "TERM": "xterm", "COLUMNS": "200"})
    try:
        seen = ""
        os.write(terminal, f"{begin}\n".encode())
        seen = _until(terminal, re.compile(r"re[a]dy-\d"), seen)
        os.write(terminal, f"{line}\t".encode())
        return _until(terminal, end, "")
    finally:
        os.close(terminal)
        os.waitpid(pid, 0)


def _until(terminal: int, end: re.Pattern[str], seen: str) -> str:
    deadline = time.monotonic() + 60
    while not end.search(seen):
        ready, _, _ = select.select([terminal], [], [], max(0.0, deadline - time.monotonic()))
        assert ready, seen
        seen += os.read(terminal, 4096).decode(errors="replace")
    return seen


@pytest.mark.parametrize("line", ["fairway get svc ku", "fairway port-forward svc/kub"])
def test_zsh(world: Cluster, line: str) -> None:
    if shutil.which("zsh") is None:
        pytest.skip("needs zsh (apt install zsh)")
    begin = "autoload -Uz compinit; compinit -u -D; source <(fairway completion zsh); echo ready-$((1))"
    typed(world, ["zsh", "-f", "-i"], begin, line, re.compile(r"kubia"))


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("fairway get svc ku", "kubia"),
        ("fairway port-forward svc/kubia 8080:ht", "8080:http"),
        ("fairway -n kube-sys", "kube-system"),
        ("fairway port-", "port-forward"),
        ("fairway get --output=wi", "--output=wide"),
    ],
)
def test_fish(world: Cluster, line: str, wanted: str) -> None:
    if shutil.which("fish") is None:
        pytest.skip("needs fish (apt install fish)")
    script = f"fairway completion fish | source; complete -C '{line}'"
    done = subprocess.run(["fish", "--no-config", "-c", script], env=environment(world), capture_output=True, text=True)
    assert [each.partition("\t")[0] for each in done.stdout.splitlines()] == [wanted], done.stderr
