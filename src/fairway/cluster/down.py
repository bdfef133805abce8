"""Down: end a cluster's processes and remove whatever it made, also after a crash.

Steps: 1. the supervisor, then control and node if it had lost them, 2. pods and their network, 3. the proxy's kernel
table, 4. the run folder and the kubeconfig's context, 5. with ``purge`` the data.
"""

import asyncio
import os
import shutil

from fairway.cluster import kubeconfig, processes
from fairway.cluster.config import DEFAULT_NAME, Config, locate
from fairway.cluster.errors import ClusterError
from fairway.cluster.machine import machine_of
from fairway.cluster.up import lock

GRACE_S = 20.0


def run(name: str, data_dir: str, *, purge: bool) -> None:
    """Stop and sweep.  Raises: ``ClusterError`` if something could not be removed."""
    flags = "" if name == DEFAULT_NAME else f" --name {name}"
    if os.geteuid() != 0:
        raise ClusterError("fairway down needs root", f"run: sudo fairway down{flags}")
    config = _known(name, data_dir)
    with lock(config):
        _end_processes(config)
        left = asyncio.run(_sweep(config))
        kubeconfig.remove(config.context)
        shutil.rmtree(config.run_dir, ignore_errors=True)
        if left:
            raise ClusterError("could not remove: " + "; ".join(left), f"run again: sudo fairway down{flags}")
        if purge:
            shutil.rmtree(config.state_dir, ignore_errors=True)
    print(
        f'cluster "{name}" is down' + (", its data is removed" if purge else f"; its data stays in {config.state_dir}")
    )


def _known(name: str, data_dir: str) -> Config:
    """The cluster's settings; where they are lost its name is enough to sweep by."""
    try:
        return locate(name, data_dir)
    except ClusterError:
        return Config(name=name, data_dir=data_dir)


def _end_processes(config: Config) -> None:
    """The supervisor first, or it would start again what ends."""
    for role in processes.ROLES:
        for pid in processes.find(role, config.name, config.data_dir):
            processes.end(pid, grace_s=GRACE_S)


async def _sweep(config: Config) -> list[str]:
    """Pods, network and kernel tables; what could not be removed."""
    from fairway.node.runtimes.crun import sweep
    from fairway.proxy.dataplanes.interface import DataplaneError
    from fairway.proxy.dataplanes.nftables import NftablesDataplane

    swept = await sweep(machine_of(config))
    left = list(swept.left)
    dataplane = NftablesDataplane(config.name)
    try:
        await dataplane.remove()
    except DataplaneError as error:
        left.append(str(error))
    finally:
        dataplane.close()
    return left
