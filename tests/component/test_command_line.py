"""The command line with wrong use, and with no cluster: exit codes, and sentences that name the cure."""

import gzip
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from fairway.cli.main import COMMANDS, run
from fairway.cluster.up import PROGRAMS
from fairway.node.path import find
from fairway.node.pod_network import nft

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


@pytest.fixture
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder without clusters, and a user without a kubeconfig."""
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("KUBECONFIG", "SUDO_UID", "SUDO_COMMAND"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "clusters"


def said(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    try:
        code = run(words)
    except SystemExit as ended:
        code = int(ended.code or 0)
    out, err = capsys.readouterr()
    return code, out, err


WRONG = [
    ("bogus", 'error: unknown command "bogus"\n  fix: see all commands: fairway --help\n'),
    ("statsu", 'error: unknown command "statsu"\n  fix: did you mean: fairway status\n'),
    (
        "up --bogus",
        "error: fairway up: unrecognized arguments: --bogus\n  fix: see how it is used: fairway up --help\n",
    ),
    ("up extra", "error: fairway up: unrecognized arguments: extra\n  fix: see how it is used: fairway up --help\n"),
    (
        "up --api 7",
        "--api 7\n  fix: did you mean: --api-port; all flags: fairway up --help\n",
    ),
    ("up --timeout x", "argument --timeout: 'x' is no number of seconds\n"),
    ("up --timeout 0", "argument --timeout: '0' is no number of seconds\n"),
    ("up --data-dir=", "argument --data-dir: it is empty; name a folder\n"),
    ("image list --data-dir=", "argument --data-dir: it is empty; name a folder\n"),
    ("up --timeout nan", "argument --timeout: 'nan' is no number of seconds\n"),
    ("down now", "error: fairway down: unrecognized arguments: now\n  fix: see how it is used: fairway down --help\n"),
    (
        "logs bogus --name x",
        "error: 'bogus' is no part: choose from control, node, node-2, ..., supervisor, ingress\n"
        "  fix: for the logs of a pod leave --name and --data-dir away\n",
    ),
    ("image", "the following arguments are required: {import,list,remove}\n"),
    ("image import", "the following arguments are required: file\n"),
    ("dns bogus", "invalid choice: 'bogus' (choose from 'install-resolver', 'remove-resolver')"),
    ("dns --metrics-port x", "argument --metrics-port: 'x' is no port\n"),
    ("ca", "the following arguments are required: {trust,untrust,show,issue}\n"),
    ("ca issue", "the following arguments are required: HOST\n"),
    ("ca issue app.localhost --days 0", "argument --days: '0' is no number of days between 1 and 825\n"),
    ("probe", "the following arguments are required: TARGET\n"),
    ("probe web --intervall 3", "fix: did you mean: --interval; all flags: fairway probe --help\n"),
    ("image lst", "fix: did you mean: fairway image list\n"),
    ("probe web --interval x", "argument --interval: 'x' is no number of seconds\n"),
]


@pytest.mark.parametrize(("line", "end"), WRONG, ids=[line for line, _ in WRONG])
def test_wrong_use_ends_with_2_and_says_what_is_wrong(
    line: str, end: str, empty: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = said(capsys, *line.split())
    assert (code, out) == (2, "")
    assert end in err
    assert err.startswith("error: ")
    assert "\n  fix: " in err
    assert "usage:" not in err


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_in_both_ways(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = said(capsys, command, "--help")
    assert (code, err) == (0, "")
    assert out.startswith(f"usage: fairway {command}")
    assert said(capsys, "help", command) == (0, out, "")


def test_the_overview_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = said(capsys, "--help")
    assert code == 0
    assert [line.split()[0] for line in out.splitlines() if line.startswith("  ")] == list(COMMANDS)
    assert said(capsys) == (2, out, "")
    assert said(capsys, "--version") == said(capsys, "version")


NO_CLUSTER = ["status", "status --json", "logs", "logs -f", "kubeconfig", "dns install-resolver", "dns remove-resolver"]
NO_CLUSTER += ["ca trust", "ca show", "ca show --pem", "ca status --json", "ca issue app.localhost"]


@pytest.mark.parametrize("line", NO_CLUSTER)
def test_without_a_cluster_the_way_to_one_is_told(line: str, empty: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = said(capsys, *line.split(), "--name", "none", "--data-dir", str(empty))
    assert (code, out) == (1, "")
    assert err == (
        f'error: there is no cluster "none" in {empty}\n'
        f"  fix: start one: sudo fairway up --name none --data-dir {empty}\n"
    )
    assert not empty.exists()


@pytest.mark.parametrize("line", ["up", "down", "down --purge", "status", "logs", "kubeconfig", "image list"])
@pytest.mark.parametrize("name", ["..", "", "a/b"])
def test_no_command_takes_a_name_that_leaves_the_folder(
    line: str, name: str, empty: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (empty / "cluster").mkdir(parents=True)
    code, _, err = said(capsys, *line.split(), "--name", name, "--data-dir", str(empty / "cluster"))
    assert (code, f'cluster name "{name}" is not valid' in err or "root" in err) == (1, True)
    assert (empty / "cluster").exists()


WHY_WRONG = [
    ("why", "error: what is asked about is missing: use svc/NAME, TYPE/NAME or an address\n"),
    ("why secret/x", 'error: "secret" can not be asked about: use one of svc, pod, ingress, deploy, rs, ds, sts, rc'),
    ("why svc/", 'error: "svc/" names no Service: use svc/NAME\n'),
    ("why a/b/c", 'error: "a" can not be asked about'),
    ("why svc a b", 'error: one thing at a time: "a" is one too many\n'),
    ("why svc/x -o table", 'error: no output format "table": use json or yaml\n'),
    ("why http://:80 --server http://127.0.0.1:9", "The connection to the server 127.0.0.1:9 was refused"),
    ("why svc/x --server http://127.0.0.1:9", "The connection to the server 127.0.0.1:9 was refused"),
]


@pytest.mark.parametrize(("line", "start"), WHY_WRONG, ids=[line for line, _ in WHY_WRONG])
def test_why_asks_back_where_it_cannot_answer(
    line: str, start: str, empty: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = said(capsys, *line.split())
    assert (code, out) == (1, "")
    assert err.startswith(start)


@needs_root
def test_images_without_a_cluster(empty: Path, capsys: pytest.CaptureFixture[str]) -> None:
    own = ("--name", "none", "--data-dir", str(empty))
    assert said(capsys, "image", "list", *own)[0] == 1
    assert not empty.exists()
    code, _, err = said(capsys, "image", "import", str(empty / "none.tar"), *own)
    assert (code, err) == (
        1,
        f"error: {empty}/none.tar cannot be imported: No such file or directory\n"
        "  fix: give an archive made by: docker save NAME -o FILE\n",
    )
    assert said(capsys, "image", *own, "list") == (0, "", "no images; import one: sudo fairway image import FILE\n")
    code, _, err = said(capsys, "image", "remove", "x", *own)
    assert (code, err) == (
        1,
        f'error: image "x" is not in the store\n  fix: see: sudo fairway image list --name none --data-dir {empty}\n',
    )


@needs_root
def test_up_with_a_data_folder_that_is_a_file(empty: Path, capsys: pytest.CaptureFixture[str]) -> None:
    empty.write_text("")
    for line in ("up", "status", "image list"):
        code, out, err = said(capsys, *line.split(), "--name", "none", "--data-dir", str(empty))
        assert (code, out) == (1, "")
        assert err == (
            f"error: {empty}/none/config.json cannot be read: Not a directory\n"
            "  fix: name another folder in --data-dir\n"
        )


def in_own_mounts(mounts: str, *words: str) -> subprocess.CompletedProcess[str]:
    """Run ``fairway WORDS`` where ``mounts``, a shell line, has changed the mounts for it alone.

    Whatever it starts goes with it, for it has processes and a network of its own, too.
    """
    namespaces = ["unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc"]
    line = [*namespaces, "sh", "-c", f'{mounts} && "$@"', "sh", *python(*words)]
    return subprocess.run(line, capture_output=True, text=True, stdin=subprocess.DEVNULL)


@needs_root
@pytest.mark.parametrize(("program", "package"), [("crun", "crun"), ("conmon", "conmon"), ("nft", "nftables")])
def test_up_without_a_program_names_its_package(program: str, package: str, empty: Path) -> None:
    hidden = f"mount --bind /dev/null {find(program)}"
    done = in_own_mounts(hidden, "up", "--name", "none", "--data-dir", str(empty), "--timeout", "5")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"error: missing on this machine: {package}\n  fix: run: sudo apt-get install -y {package}\n"
    assert not empty.exists()


@needs_root
def test_programs_of_the_administrator_are_found_without_sbin_in_the_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    assert "nftables" in nft.run(["--version"], "NetworkNotReady").stdout
    assert all(map(find, PROGRAMS))


@needs_root
def test_a_run_folder_that_cannot_be_written_is_told_with_its_cure(empty: Path) -> None:
    done = in_own_mounts("mount -t tmpfs -o ro none /run", "down", "--name", "none", "--data-dir", str(empty))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "error: /run/fairway: Read-only file system\n"
        "  fix: a running cluster lives there: make it writable, with room: df /run\n"
    )


@needs_root
def test_an_import_onto_a_full_disk_asks_for_room(empty: Path) -> None:
    archive = empty.parent / "archive.tar.gz"
    archive.write_bytes(gzip.compress(bytes(1 << 20)))
    empty.mkdir()
    mounts = f"mount -t tmpfs -o size=64k none {empty}"
    done = in_own_mounts(mounts, "image", "import", str(archive), "--name", "none", "--data-dir", str(empty))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        f"error: {archive} cannot be imported: No space left on device\n"
        f"  fix: make room in {empty}, or name another folder in --data-dir\n"
    )


@needs_root
def test_up_on_a_full_disk_says_how_much_is_free(tmp_path: Path) -> None:
    """In namespaces of its own, which go with the first process, and all that was started with them."""
    own = ("--name", "full", "--data-dir", str(tmp_path))
    up, down = shlex.join(python("up", *own)), shlex.join(python("down", *own, "--purge"))
    line = (
        f"mount -t tmpfs none /run && mount -t tmpfs -o size=100k none {tmp_path} && ip link set lo up && {up};"
        f" code=$?; {down}; exit $code"
    )
    namespaces = ["unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc"]
    done = subprocess.run([*namespaces, "sh", "-c", line], capture_output=True, text=True, stdin=subprocess.DEVNULL)
    assert done.returncode == 1
    assert " KiB are free in " in done.stderr
    assert f"fix: make room in {tmp_path}/full, or name another folder in --data-dir" in done.stderr


@needs_root
@pytest.mark.parametrize("flag", ["--node-ip", "--bind-address"])
def test_up_with_an_address_of_another_machine(flag: str, empty: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = said(capsys, "up", "--name", "none", "--data-dir", str(empty), flag, "203.0.113.9")
    assert (code, out) == (1, "")
    assert "203.0.113.9 is no address of this machine\n  fix: see which there are: ip address\n" in err
    assert not empty.exists()


@needs_root
def test_up_with_a_device_that_is_not_there(empty: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = said(capsys, "up", "--name", "none", "--data-dir", str(empty), "--load-balancer-announce", "nosuch0")
    assert code == 1
    assert "load balancer announce nosuch0 is no network device of this machine\n  fix: name one of: " in err
    assert not empty.exists()


@pytest.mark.parametrize("line", ["up", "down", "image list"])
def test_what_needs_root_says_so(
    line: str, empty: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    code, out, err = said(capsys, *line.split(), "--name", "none", "--data-dir", str(empty))
    assert (code, out) == (1, "")
    assert "root" in err.splitlines()[0]
    assert err.endswith(f"  fix: run: sudo fairway {line} --name none --data-dir {empty}\n")


def python(*words: str) -> list[str]:
    return [sys.executable, "-m", "fairway", *words]


def test_a_reader_that_leaves_costs_no_traceback() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(python("--help"), stdout=writing, stderr=subprocess.PIPE, text=True)
    os.close(writing)
    assert (done.returncode, done.stderr) == (141, "")


def test_a_full_disk_is_told_in_a_sentence() -> None:
    with open("/dev/full", "w") as full:
        done = subprocess.run(python("--help"), stdout=full, stderr=subprocess.PIPE, text=True)
    assert (done.returncode, done.stderr) == (
        1,
        "error: No space left on device\n  fix: make room where it is written: df -h\n",
    )


def test_help_imports_nothing_heavy() -> None:
    code = "import sys; from fairway.cli.main import run; run(['--help']); print(*sorted(sys.modules), file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    heavy = {"argparse", "asyncio", "cryptography", "dataclasses", "re", "ssl", "typing", "yaml"}
    assert heavy & set(done.stderr.split()) - preloaded() == set()


def preloaded() -> set[str]:
    """What the interpreter imports by itself here, for editable installs and their like."""
    code = "import sys; print(*sys.modules)"
    return set(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.split())
