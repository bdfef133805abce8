"""Up: from settings to a cluster that serves, told in a few lines.

Steps: 1. settle what is taken, 2. folders and certificates, 3. the supervisor (or the one that runs), 4. wait on its
pipe until control and node say that they are ready, 5. the kubeconfig.
"""

import contextlib
import dataclasses
import fcntl
import os
import select
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from fairway.cluster import certificates, kubeconfig, privileges, processes, surroundings
from fairway.cluster.config import Config
from fairway.cluster.errors import ClusterError

PROGRAMS = {"crun": "crun", "conmon": "conmon"}
"""Program -> package of what a node cannot do without."""


def run(config: Config, chosen: set[str], *, timeout_s: float) -> None:
    """Start whatever of the cluster does not run.  Raises: ``ClusterError``."""
    started_s = time.monotonic()
    _check_machine(config)
    with lock(config):
        is_up = all(processes.find(role, config.name, config.data_dir) for role in processes.ROLES)
        config = _prepare(config, chosen)
        _say(f'cluster "{config.name}" in {config.state_dir}', started_s)
        if is_up:
            _say("everything runs already", started_s)
        else:
            _start(config, started_s, timeout_s)
        where = kubeconfig.merge(config)
    _say(f'kubeconfig: context "{config.context}" in {where}', started_s)
    print("\nNext:  kubectl get svc")


def _check_machine(config: Config) -> None:
    """Say at once what is missing.  Raises: ``ClusterError`` that names the cure."""
    if os.geteuid() != 0:
        raise ClusterError(
            "fairway up needs root: it makes network namespaces and kernel rules", "run: sudo fairway up"
        )
    missing = [package for program, package in PROGRAMS.items() if shutil.which(program) is None]
    if missing:
        raise ClusterError(
            f"missing on this machine: {', '.join(missing)}", f"run: sudo apt-get install -y {' '.join(missing)}"
        )
    for other in surroundings.running():
        if other.name == config.name and other.data_dir != config.data_dir and _runs(other):
            raise ClusterError(
                f'a cluster "{config.name}" runs already with its data in {other.data_dir}',
                f"name that folder (--data-dir {other.data_dir}) or choose another --name",
            )


def _runs(config: Config) -> bool:
    return any(processes.find(role, config.name, config.data_dir) for role in processes.ROLES)


@contextlib.contextmanager
def lock(config: Config) -> Iterator[None]:
    """One ``up`` or ``down`` of a cluster at a time.  Raises: ``ClusterError`` if another is at work."""
    config.run_dir.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    with open(config.run_dir.parent / f".{config.name}.lock", "w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ClusterError(
                f'another fairway up or down of cluster "{config.name}" is at work', "wait for it, then try again"
            ) from None
        yield


def _prepare(config: Config, chosen: set[str]) -> Config:
    """Settle the settings and make folders and certificates."""
    is_new = not (config.state_dir / "config.json").exists()
    if not _runs(config):
        taken = surroundings.look(config, is_new=is_new)
        config = surroundings.settle(config, chosen, taken, is_new=is_new, free_port=surroundings.free_ports())
        if "node_ip" not in chosen:
            config = dataclasses.replace(config, node_ip=surroundings.default_address() or config.gateway)
    for folder, mode in ((config.state_dir, 0o755), (config.log_dir, 0o755), (config.run_dir, 0o755)):
        folder.mkdir(mode=mode, parents=True, exist_ok=True)
    config.save()
    shutil.copyfile(config.state_dir / "config.json", config.run_dir / "config.json")
    _make_certificates(config)
    return config


def _make_certificates(config: Config) -> None:
    addresses = ["127.0.0.1", "::1", config.bind_address, config.kubernetes_ip, config.gateway, config.node_ip]
    wanted = certificates.identities(
        node_name=config.node_name,
        cluster_domain=config.cluster_domain,
        addresses=[address for address in addresses if address not in ("0.0.0.0", "::")],
    )
    certificates.ensure(config.pki_dir, wanted)
    account = privileges.user()
    store = config.state_dir / "store"
    store.mkdir(mode=0o700, exist_ok=True)
    _give(store, account.pw_uid, account.pw_gid)
    for key in ("apiserver.key", "apiserver-kubelet-client.key"):
        os.chown(config.pki_dir / key, account.pw_uid, account.pw_gid)


def _give(folder: Path, uid: int, gid: int) -> None:
    """Let the control process own its store, also one that root wrote before."""
    for path in (folder, *folder.iterdir()):
        os.chown(path, uid, gid)


def _start(config: Config, started_s: float, timeout_s: float) -> None:
    """Start the supervisor and wait for ``control ready`` and ``node ready`` on its pipe."""
    for pid in processes.find("supervisor", config.name, config.data_dir):
        processes.end(pid, grace_s=15.0)  # one that lost a child and waits: start afresh
    reading, writing = os.pipe()
    os.set_inheritable(writing, True)
    words = [*processes.command("supervisor", config.name, config.data_dir), "--ready-fd", str(writing)]
    with open(config.log_dir / "supervisor.log", "ab") as log:
        subprocess.Popen(
            words,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=(writing,),
            start_new_session=True,
            cwd="/",
        )
    os.close(writing)
    waiting = {"control": f"API server at {config.server}", "node": f'node "{config.node_name}"'}
    for line in _lines(reading, started_s + timeout_s):
        part, _, news = line.partition(" ")
        if news not in ("ready", "adopted"):
            raise _failed(config, f"{part}: {news}")
        if part in waiting:
            _say(f"{waiting.pop(part)} is {'ready' if news == 'ready' else 'running'}", started_s)
        if not waiting:
            os.close(reading)
            return
    late = " and ".join(waiting)
    raise _failed(config, f"{late} did not come up within {timeout_s:.0f} s{_last_words(config, *waiting)}")


def _failed(config: Config, what: str) -> ClusterError:
    flags = "" if config.name == "fairway" else f" --name {config.name}"
    return ClusterError(what, f"look at: fairway logs{flags}; then: sudo fairway down{flags}")


def _last_words(config: Config, *parts: str) -> str:
    """The last line that each part wrote, for the sentence about its failure."""
    found = []
    for part in parts:
        with contextlib.suppress(OSError):
            lines = (config.log_dir / f"{part}.log").read_text(errors="replace").split("\n")
            found += [f"\n  {part} wrote: {line}" for line in lines if line.strip()][-1:]
    return "".join(found)


def _lines(descriptor: int, deadline_s: float) -> Iterator[str]:
    """Lines from a pipe until ``deadline_s`` (monotonic) or its end."""
    rest = b""
    while (wait_s := deadline_s - time.monotonic()) > 0:
        if not select.select([descriptor], [], [], wait_s)[0]:
            return
        piece = os.read(descriptor, 4096)
        if not piece:
            return
        *lines, rest = (rest + piece).split(b"\n")
        yield from (line.decode() for line in lines)


def _say(text: str, started_s: float) -> None:
    print(f"  {time.monotonic() - started_s:5.2f} s  {text}", flush=True, file=sys.stdout)
