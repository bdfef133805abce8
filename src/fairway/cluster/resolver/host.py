"""Host: programs of this machine find the names of a cluster, until they are told otherwise or it goes down.

Shape: ``install`` and ``remove`` are what the commands do, ``renew`` is for ``up`` and ``sweep`` for ``down``.  That it
is wanted is kept in the cluster's folder, for a reboot takes away what systemd-resolved was told.
"""

import os
import socket
from collections.abc import Callable
from typing import Final

from fairway.cluster import processes
from fairway.cluster.config import Config
from fairway.cluster.errors import ClusterError
from fairway.cluster.resolver import places
from fairway.cluster.resolver.manners import Manner, choose, dnsmasq_conf, domains, remarks
from fairway.cluster.up import lock
from fairway.node.names import gateway_device

MARK: Final = "resolver-wanted"


def install(config: Config) -> list[str]:
    """Have this machine ask the cluster's DNS; lines that say what was done.  Raises: ``ClusterError``."""
    _need_root("install-resolver", config)
    if not processes.find("node", config.name, config.data_dir):
        raise ClusterError(f'cluster "{config.name}" is not up', f"start it: sudo fairway up{config.flags}")
    with lock(config):
        lines = _enter(config)
    if not resolves(config):
        lines.append(f"but {probe_name(config)} cannot be resolved yet; see: sudo fairway logs node{config.flags}")
    return lines


def remove(config: Config) -> list[str]:
    """Undo it; lines that say what was done.  Raises: ``ClusterError``."""
    _need_root("remove-resolver", config)
    with lock(config):
        found = sweep(config)
    return [f"taken out of {each}" for each in found] or [f'nothing of cluster "{config.name}" was entered']


def renew(config: Config) -> None:
    """Enter it again where it is wanted and something, such as a reboot, took it away.  Raises: ``ClusterError``."""
    if (config.state_dir / MARK).exists():
        _enter(config)


def sweep(config: Config) -> list[str]:
    """Take it out of every place; where it was.  Raises: ``ClusterError`` when all that can be done is done."""
    name, found, faults = config.name, [], []
    steps: list[tuple[str, Callable[[], bool]]] = [
        (str(places.RESOLV_CONF), lambda: places.take_block(name)),
        (Manner.NETWORK_MANAGER.value, lambda: places.take_conf(Manner.NETWORK_MANAGER, name)),
        (Manner.DNSMASQ.value, lambda: places.take_conf(Manner.DNSMASQ, name)),
        (Manner.RESOLVED.value, lambda: places.take_link(gateway_device(name))),
    ]
    for place, step in steps:
        try:
            found += [place] if step() else []
        except ClusterError as error:
            faults.append(error)
    (config.state_dir / MARK).unlink(missing_ok=True)
    if faults:
        raise ClusterError("; ".join(map(str, faults)), faults[0].fix)
    return found


def probe_name(config: Config) -> str:
    """A name that every cluster has."""
    return f"kubernetes.default.svc.{config.cluster_domain}"


def resolves(config: Config) -> bool:
    """Whether a program of this machine finds the cluster's names."""
    try:
        found = socket.getaddrinfo(probe_name(config), 443, type=socket.SOCK_STREAM)
    except OSError:
        return False
    return config.kubernetes_ip in {each[4][0] for each in found}


def _enter(config: Config) -> list[str]:
    host = places.look()
    manner = choose(host)
    address = config.dns_ips[0]
    wanted = domains(config.cluster_domain, (*config.service_cidrs, *config.pod_cidrs))
    if manner is Manner.RESOLVED:
        device = gateway_device(config.name)
        is_new = places.put_link(device, address, wanted)
        how = f"systemd-resolved asks {address} on {device} for {config.cluster_domain} and its addresses alone"
    elif manner is Manner.FILE:
        is_new = places.put_block(config.name, address, f"sudo fairway dns remove-resolver{config.flags}")
        how = f"nameserver {address} stands first in {host.target}"
    else:
        is_new = places.put_conf(manner, config.name, dnsmasq_conf(config.name, address, wanted))
        how = f"{manner.value} asks {address} for {config.cluster_domain} and its addresses"
    (config.state_dir / MARK).touch()
    return [how + ("" if is_new else " (as before)"), *remarks(host, manner)]


def _need_root(action: str, config: Config) -> None:
    if os.geteuid() != 0:
        raise ClusterError(f"fairway dns {action} needs root", f"run: sudo fairway dns {action}{config.flags}")
