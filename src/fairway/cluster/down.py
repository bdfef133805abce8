"""Down: end a cluster's processes and remove whatever it made, also after a crash.

Steps: 1. this machine's resolver, 2. the supervisor, then control and nodes if it had lost them, then HAProxy, 3. pods
and their network, 4. the further nodes' namespaces and the proxy's kernel table, 5. the run folder and the kubeconfig's
context, 6. with ``purge`` this machine's trust in the local CA, and the data.
"""

import asyncio
import contextlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from fairway.cluster import ingress_process, kubeconfig, processes
from fairway.cluster.config import DEFAULT_DATA_DIR, Config, locate
from fairway.cluster.errors import ClusterError
from fairway.cluster.local_ca import trust
from fairway.cluster.resolver import host
from fairway.cluster.sweeping import remove_tree, sweep
from fairway.cluster.up import check_not_elsewhere, lock
from fairway.cluster.values import cluster_name


class Outcome(NamedTuple):
    """What was done: whether there was anything of the cluster, and whether its data is removed."""

    name: str
    dataDir: str
    wasThere: bool
    isPurged: bool
    text: str


def run(name: str, data_dir: str, *, purge: bool) -> Outcome:
    """Stop and sweep.  Raises: ``ClusterError`` if something could not be removed."""
    config = _known(name, data_dir)
    if os.geteuid() != 0:
        raise ClusterError("fairway down needs root", f"run: sudo fairway down{config.flags}")
    check_not_elsewhere(config, "down")
    with lock(config):
        was_there = config.state_dir.exists() or config.run_dir.exists()
        left = _try(lambda: host.sweep(config))  # first, so that no program asks a server that has gone
        was_there |= processes.end_all(name, data_dir)
        was_there |= ingress_process.end(config)
        left += asyncio.run(sweep(config))
        left += _try(lambda: kubeconfig.remove(config))
        left += remove_tree(config.run_dir)
        if purge:
            left += _try(lambda: trust.sweep(config)) or remove_tree(config.state_dir)
        if left:
            raise ClusterError("could not remove: " + "; ".join(left), f"run again: sudo fairway down{config.flags}")
        _remove_last_folders(config)
    text = _summary(config, was_there=was_there, purge=purge)
    return Outcome(config.name, config.data_dir, was_there, purge, text)


def _summary(config: Config, *, was_there: bool, purge: bool) -> str:
    if not was_there:
        return f'there is no cluster "{config.name}" in {config.data_dir}, and nothing of it on this machine'
    if purge:
        return f'cluster "{config.name}" is down, its data is removed'
    kept = f'cluster "{config.name}" is down; its data stays in {config.state_dir}'
    return (
        f"{kept}\n  up again: sudo fairway up{config.flags}   remove its data: sudo fairway down{config.flags} --purge"
    )


def _known(name: str, data_dir: str) -> Config:
    """The cluster's settings; where they are lost its name is enough to sweep by.  Raises: ``ClusterError``."""
    config = Config(name=cluster_name(name), data_dir=data_dir)
    with contextlib.suppress(ClusterError):
        config = locate(name, data_dir)
    return config


def _try(step: Callable[[], object]) -> list[str]:
    """What went wrong in a step, as a list for all that is left."""
    try:
        step()
    except ClusterError as error:
        return [str(error)]
    return []


def _remove_last_folders(config: Config) -> None:
    """The lock, and the folders that all clusters share if this was the last one."""
    folders = [config.run_dir.parent]
    if config.data_dir == DEFAULT_DATA_DIR:
        folders.append(Path(config.data_dir))
    (config.run_dir.parent / f".{config.name}.lock").unlink(missing_ok=True)
    for folder in folders:
        with contextlib.suppress(OSError):
            folder.rmdir()
