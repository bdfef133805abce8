"""Up: from settings to a cluster that serves, told in a few lines.

Steps: 1. settle what is taken, 2. folders and certificates, 3. the supervisor (or the one that runs), 4. wait on its
pipe until control and node say that they are ready, 5. the kubeconfig.
"""

import contextlib
import dataclasses
import fcntl
import os
import shutil
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from fairway.cluster import (
    certificates,
    ingress_process,
    kubeconfig,
    privileges,
    processes,
    retired,
    settling,
    start,
    surroundings,
)
from fairway.cluster.config import Config, locate
from fairway.cluster.doctor import examination
from fairway.cluster.errors import BrokenOffError, ClusterError, NoClusterError
from fairway.cluster.local_ca import trust
from fairway.cluster.nodes import check_room, nodes_of, parts
from fairway.cluster.start import say
from fairway.node.path import find

PROGRAMS = {"crun": "crun", "conmon": "conmon", "nft": "nftables"}
"""Program -> package of what a node cannot do without."""


def run(config: Config, *, timeout_s: float) -> None:
    """Start whatever of the cluster does not run, and start anew what runs with other settings.

    Raises: ``ClusterError``.
    """
    started_s = time.monotonic()
    _check_machine(config)
    _examine(config)
    with lock(config):
        try:
            config = _bring_up(config, started_s, timeout_s)
        except KeyboardInterrupt:
            raise BrokenOffError(
                f'broken off: cluster "{config.name}" may be up in part, or still be starting',
                f"go on: sudo fairway up{config.flags}; or stop it: sudo fairway down{config.flags}",
            ) from None
        except BrokenPipeError:
            raise
        except OSError as error:
            raise ClusterError(
                f"{error.filename or config.state_dir}: {error.strerror}", "name another folder in --data-dir"
            ) from error
        where = kubeconfig.merge(config)
        _renew(config)
    say(f'kubeconfig: context "{config.context}" in {where}', started_s)
    print(f"\nNext:  {_next_command()}", flush=True)


def _renew(config: Config) -> None:
    """A cluster that is up does not fail because this machine's resolver or its trust in the local CA does."""
    from fairway.cluster.resolver import host

    for renew in (host.renew, trust.renew):
        try:
            renew(config)
        except ClusterError as error:
            print(f"warning: {error}\n  fix: {error.fix}", file=sys.stderr, flush=True)


def _next_command() -> str:
    return f"{'kubectl' if shutil.which('kubectl') else 'fairway'} get svc"


def _bring_up(config: Config, started_s: float, timeout_s: float) -> Config:
    is_new, changed = _compare(config)
    is_running, wanted = _runs(config), config
    with _settling(config.run_dir.parent):
        if changed or not is_running:
            config = _settle(config, is_new=is_new, is_running=is_running)
        check_room(config)
        if changed and is_running:
            say(f"other settings than before ({', '.join(changed)}): starting again; pods go on", started_s)
            retired.drain(config, locate(config.name, config.data_dir), started_s)
            processes.end_all(config.name, config.data_dir)
        if not ingress_process.where(config):
            ingress_process.end(config)  # it would go on for ever: nobody looks after it any more
        _record(config)
    is_up = all(processes.find(part, config.name, config.data_dir) for part in parts(config))
    retired.stop(config)
    _make_certificates(config)
    say(f'cluster "{config.name}" in {config.state_dir}', started_s)
    _tell_ingress_ports(wanted, config, started_s)
    if is_up:
        start.wait_ready(config, started_s, timeout_s)
        say("everything runs already", started_s)
    else:
        start.run(config, started_s, timeout_s)
    retired.forget(config)
    return config


def _check_machine(config: Config) -> None:
    """Say at once what is missing.  Raises: ``ClusterError`` that names the cure."""
    if os.geteuid() != 0:
        raise ClusterError(
            "fairway up needs root: it makes network namespaces and kernel rules", f"run: sudo fairway up{config.flags}"
        )
    missing = [package for program, package in PROGRAMS.items() if find(program) is None]
    if missing:
        raise ClusterError(
            f"missing on this machine: {', '.join(missing)}", f"run: sudo apt-get install -y {' '.join(missing)}"
        )
    for name, addresses in (("node_ip", config.node_ips), ("bind_address", (config.bind_address,))):
        for address in addresses if name in config.chosen else ():
            if not surroundings.is_own_address(address):
                raise ClusterError(
                    f"{name.replace('_', ' ')} {address} is no address of this machine",
                    "see which there are: ip address",
                )
    for device in config.load_balancer_devices:
        if device not in (there := surroundings.devices()):
            raise ClusterError(
                f"load balancer announce {device} is no network device of this machine",
                f"name one of: {', '.join(there)}",
            )
    if any(map(surroundings.lacks_family, config.families)):
        raise ClusterError(
            f"ip family {config.ip_family} needs IPv6, which this machine's kernel lacks or was told not to speak",
            "run: sudo sysctl net.ipv6.conf.all.disable_ipv6=0 net.ipv6.conf.default.disable_ipv6=0; "
            "or choose --ip-family ipv4",
        )
    check_not_elsewhere(config, "up")


def _examine(config: Config) -> None:
    """The doctor's fatal checks, where nothing of the cluster runs yet.  Raises: ``ClusterError``."""
    if not _runs(config):
        for text in examination.check_before_up(config):
            print(f"warning: {text}", file=sys.stderr, flush=True)


def check_not_elsewhere(config: Config, command: str) -> None:
    """Raises: ``ClusterError`` if the cluster of that name has its data in another folder: its parts would be hit."""
    for other in surroundings.running():
        if other.name == config.name and other.data_dir != config.data_dir and _exists(other):
            raise ClusterError(
                f'a cluster "{config.name}" runs already with its data in {other.data_dir}',
                f"name that folder: sudo fairway {command}{other.flags}; or choose another --name",
            )


def _exists(config: Config) -> bool:
    return (config.state_dir / "config.json").exists() or _runs(config)


def _runs(config: Config) -> bool:
    return bool(processes.find_all(config.name, config.data_dir))


@contextlib.contextmanager
def lock(config: Config) -> Iterator[None]:
    """One ``up`` or ``down`` of a cluster at a time.  Raises: ``ClusterError`` if another is at work."""
    path = config.run_dir.parent / f".{config.name}.lock"
    while (descriptor := _locked(path, config.name)) < 0:
        pass
    try:
        yield
    finally:
        os.close(descriptor)


def _locked(path: Path, name: str) -> int:
    """A descriptor that holds the lock, or -1 where a `down` took the file away meanwhile, as its last deed."""
    try:
        path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except FileNotFoundError:
        return -1
    except OSError as error:
        raise ClusterError(
            f"{path.parent}: {error.strerror}",
            f"a running cluster lives there: make it writable, with room: df {path.parents[1]}",
        ) from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.path.samestat(os.fstat(descriptor), os.stat(path)):
            return descriptor
    except BlockingIOError:
        os.close(descriptor)
        raise ClusterError(
            f'another fairway up or down of cluster "{name}" is at work', "wait for it, then try again"
        ) from None
    except FileNotFoundError:
        pass
    os.close(descriptor)
    return -1


def _compare(config: Config) -> tuple[bool, list[str]]:
    """Whether the cluster is new, and which settings differ from those it was last started with."""
    try:
        return False, config.changed(locate(config.name, config.data_dir))
    except NoClusterError:
        return True, []


def _settle(config: Config, *, is_new: bool, is_running: bool) -> Config:
    """Every default that is taken moved aside.  Raises: ``ClusterError`` where the user chose what is taken."""
    own_ports: set[int] = set()
    if not is_new:
        before = locate(config.name, config.data_dir)
        names = settling.PORTS if is_running else settling.INGRESS_PORTS if ingress_process.find(config) else ()
        own_ports = {getattr(before, name) for name in names}
    found = {} if "node_ip" in config.chosen else {at: surroundings.default_address(at) for at in config.families}
    if found:
        config = dataclasses.replace(config, node_ip=",".join(filter(None, found.values())))
    config = settling.settle(config, surroundings.look(config, is_new=is_new, own_ports=own_ports), is_new=is_new)
    if found:
        # A machine without a way out is known by its address in the pod network.
        gateways = dict(zip(config.families, config.gateways, strict=True))
        config = dataclasses.replace(config, node_ip=",".join(at or gateways[family] for family, at in found.items()))
    return config


def _tell_ingress_ports(wanted: Config, config: Config, started_s: float) -> None:
    """Say where Ingresses are reached if that is not where browsers look by themselves."""
    for name, protocol in zip(settling.INGRESS_PORTS, ("HTTP", "HTTPS"), strict=True):
        if (port := getattr(wanted, name)) != (found := getattr(config, name)):
            say(f"port {port} is taken: Ingresses are reached by {protocol} at port {found}", started_s)


@contextlib.contextmanager
def _settling(folder: Path) -> Iterator[None]:
    """Clusters that start at the same time choose their ranges and ports one after the other.  Locks the folder."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _record(config: Config) -> None:
    """Where the cluster's processes, the next ``up`` and other clusters find the settings."""
    for folder in (config.state_dir, config.log_dir, config.run_dir):
        folder.mkdir(mode=0o755, parents=True, exist_ok=True)
    config.save()
    shutil.copyfile(config.state_dir / "config.json", config.run_dir / "config.json")


_KEYS_OF_CONTROL = ("ca.key", "apiserver.key", "apiserver-kubelet-client.key", "front-proxy-client.key", "sa.key")


def _make_certificates(config: Config) -> None:
    addresses = ["127.0.0.1", "::1", config.bind_address, config.kubernetes_ip]
    addresses += [*config.gateways, *config.node_ips]
    wanted = certificates.identities(
        node_name=config.node_name,
        cluster_domain=config.cluster_domain,
        addresses=[address for address in addresses if address not in ("0.0.0.0", "::")],
        others=[
            certificates.node_identity(node.part, node.name, ("127.0.0.1", "::1", *node.addresses, *node.gateways))
            for node in nodes_of(config)[1:]
        ],
    )
    certificates.ensure(config.pki_dir, wanted)
    certificates.ensure_token_key(config.pki_dir)
    trust.ensure(config)
    account = privileges.user()
    store = config.state_dir / "store"
    store.mkdir(mode=0o700, exist_ok=True)
    _give(store, account.pw_uid, account.pw_gid)
    for key in _KEYS_OF_CONTROL:
        os.chown(config.pki_dir / key, account.pw_uid, account.pw_gid)


def _give(folder: Path, uid: int, gid: int) -> None:
    """Let the control process own its store, also one that root wrote before."""
    for path in (folder, *folder.iterdir()):
        os.chown(path, uid, gid)
