"""Every failure of an operator's command names the cause, and what to do or to run."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from own_network import needs

SOURCES = Path(__file__).resolve().parents[2] / "src"
NOBODY = ("setpriv", "--reuid", "65534", "--clear-groups", "--inh-caps=-all")
KUBECONFIG = """
apiVersion: v1
kind: Config
current-context: c
clusters: [{name: c, cluster: {server: "http://127.0.0.1:9"}}]
contexts: [{name: c, context: {cluster: c, user: ""}}]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "kubeconfig").write_text(KUBECONFIG)
    (tmp_path / "text.tar").write_text("no archive")
    (tmp_path / "bad.toml").write_text("api_port = ")
    (tmp_path / "odd.toml").write_text('colour = "blue"')
    (tmp_path / "damaged" / "none").mkdir(parents=True)
    (tmp_path / "damaged" / "none" / "config.json").write_text("{")
    return tmp_path


def failed(folder: Path, line: str, *, before: tuple[str, ...] = ()) -> tuple[int, str]:
    words = line.replace("$D", str(folder)).split()
    environment = {**os.environ, "PYTHONPATH": str(SOURCES), "HOME": str(folder), "KUBECONFIG": str(folder / "none")}
    done = subprocess.run(
        [*before, sys.executable, "-m", "fairway", *words],
        env=environment, capture_output=True, text=True, timeout=30, stdin=subprocess.DEVNULL, check=False,
    )  # fmt: skip
    assert "Traceback" not in done.stderr
    return done.returncode, done.stderr


HERE = "--name none --data-dir $D/data"
ROWS = [
    ("up --bogus", 2, "unrecognized arguments: --bogus", "fairway up --help"),
    ("up --purge", 2, "unrecognized arguments: --purge", "fairway up --help"),
    ("down --purg", 2, "unrecognized arguments: --purg", "did you mean: --purge"),
    ("statsu", 2, 'unknown command "statsu"', "fairway status"),
    (f"up {HERE} --api-port 0", 1, "a port is a number between 1 and 65535", "fairway up --help"),
    (f"up {HERE} --service-cidr 10.0.0.0/30", 1, "the prefix must be between /12 and /28", "fairway up --help"),
    (f"up {HERE} --config $D/nothing", 1, "No such file or directory", "docs/settings.md"),
    (f"up {HERE} --config $D/bad.toml", 1, "is not valid TOML", "docs/settings.md"),
    (f"up {HERE} --config $D/odd.toml", 1, "unknown setting 'colour'", "known settings: api_port"),
    (f"up {HERE} --node-ip 203.0.113.9", 1, "203.0.113.9 is no address of this machine", "ip address"),
    ("up --name none --data-dir /dev/null", 1, "Not a directory", "--data-dir"),
    ("up --name A_B", 1, 'cluster name "A_B" is not valid', "--name demo"),
    (f"status {HERE}", 1, 'there is no cluster "none"', "sudo fairway up --name none --data-dir"),
    ("status --name none --data-dir $D/damaged", 1, "config.json is damaged", "sudo fairway down --name none"),
    (f"logs {HERE}", 1, 'there is no cluster "none"', "sudo fairway up --name none"),
    (f"kubeconfig {HERE}", 1, 'there is no cluster "none"', "sudo fairway up --name none"),
    (f"ca show {HERE}", 1, 'there is no cluster "none"', "sudo fairway up --name none"),
    (f"dns install-resolver {HERE}", 1, 'there is no cluster "none"', "sudo fairway up --name none"),
    (f"image import $D/nothing {HERE}", 1, "No such file or directory", "docker save NAME -o FILE"),
    (f"image import $D/text.tar {HERE}", 1, "it is no tar archive", "docker save NAME -o FILE"),
    (f"image import $D {HERE}", 1, "Is a directory", "docker save NAME -o FILE"),
    (f"image remove nothing {HERE}", 1, 'there is no cluster "none"', "sudo fairway up --name none"),
    ("image lst", 2, "invalid choice: 'lst'", "fairway image list"),
    ("service-proxy --config $D/nothing", 1, "No such file or directory", "kube-proxy's --config"),
    ("service-proxy --kubeconfig $D/nothing", 1, "there is no kubeconfig", "--kubeconfig FILE"),
    ("service-proxy --proxy-mode iptables", 2, "invalid choice: 'iptables'", "fairway service-proxy --help"),
    ("service-proxy --kubeconfig $D/kubeconfig --dry-run", 1, "127.0.0.1:9", "is the API server up"),
    ("dns --kubeconfig $D/nothing", 1, "there is no kubeconfig", "--kubeconfig FILE"),
    ("dns --kubeconfig $D/kubeconfig --listen nowhere", 1, '"nowhere" is no address', "[IPv6]:PORT"),
    ("dns --metrics-port x", 2, "'x' is no port", "fairway dns --help"),
    ("probe 127.0.0.1:9 --count 1 --metrics-port 0", 1, "nothing at 127.0.0.1:9 has answered", "fairway why svc/NAME"),
    ("probe a/b", 1, '"a/b" with path "/" is no target', "HOST:PORT"),
    ("doctor --data-dir=", 2, "it is empty; name a folder", "fairway doctor --help"),
]


@needs("setpriv")
@pytest.mark.parametrize(("line", "code", "cause", "cure"), ROWS, ids=[row[0] for row in ROWS])
def test_a_failure_names_its_cause_and_its_cure(folder: Path, line: str, code: int, cause: str, cure: str) -> None:
    found, said = failed(folder, line)
    assert found == code, said
    error, _, fix = said.rpartition("  fix: ")
    assert "error: " in error, said
    assert cause in error, said
    assert cure in fix, said


@needs("setpriv")
@pytest.mark.parametrize(
    "line", ["up", "down", "down --purge", "image list", "service-proxy --cleanup", "service-proxy --dry-run"]
)
def test_without_root_it_says_how_to_get_it(folder: Path, line: str) -> None:
    found, said = failed(folder, line, before=NOBODY)
    assert found == 1
    assert "root" in said.partition("\n")[0] or "kubeconfig" in said
    assert f"sudo fairway {line.removesuffix(' --purge')}" in said or "--kubeconfig" in said


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as held:
        held.bind(("127.0.0.1", 0))
        yield int(held.getsockname()[1])


def test_a_dns_that_cannot_listen_names_the_address_and_how_to_find_who_does(folder: Path, taken: int) -> None:
    command = [
        sys.executable,
        "-m",
        "fairway",
        "dns",
        "--kubeconfig",
        str(folder / "kubeconfig"),
        "--metrics-port",
        "0",
    ]
    with subprocess.Popen(
        [*command, "--listen", f"127.0.0.1:{taken}"],
        env={**os.environ, "PYTHONPATH": str(SOURCES)}, stderr=subprocess.PIPE, text=True,
    ) as running:  # fmt: skip
        assert running.stderr is not None
        said = next(line for line in running.stderr if "cannot listen" in line)
        running.terminate()
        running.stderr.close()
    assert f"at=127.0.0.1:{taken} error='Address already in use'" in said
    assert "fix='see who listens there: ss -lntup'" in said
