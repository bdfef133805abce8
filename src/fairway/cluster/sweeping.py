"""Sweeping: remove what a cluster, or one of its further nodes, has made on this machine, also after a crash.

Rules: no process of the cluster runs.  May be repeated; what could not be removed is told, and the rest goes on.
"""

import asyncio
from pathlib import Path

from fairway.cluster.config import Config
from fairway.cluster.machine import machine_of
from fairway.cluster.nodes import found, node_of
from fairway.node import trees


async def sweep(config: Config) -> list[str]:
    """Nodes, pods, network and kernel tables; what could not be removed."""
    from fairway.node.runtimes.crun import sweep as sweep_machine
    from fairway.proxy.dataplanes.interface import DataplaneError
    from fairway.proxy.dataplanes.nftables import NftablesDataplane

    left = [text for number in found(config) for text in await sweep_node(config, number)]
    swept = await sweep_machine(machine_of(config))
    left += swept.left
    dataplane = NftablesDataplane(config.name)
    try:
        await dataplane.remove()
    except DataplaneError as error:
        left.append(str(error))
    finally:
        dataplane.close()
    return left


async def sweep_node(config: Config, number: int) -> list[str]:
    """All of a further node but its folder of data; what could not be removed."""
    from fairway.node.runtimes.crun import sweep as sweep_machine
    from fairway.node.uplink import remove

    node = node_of(config, number)
    swept = await sweep_machine(machine_of(config, node))
    left = list(swept.left)
    try:
        await asyncio.to_thread(remove, config.name, number, node.netns)
    except OSError as error:
        left.append(f"network of node {number}: {error}")
    return left + remove_tree(node.run_dir)


def remove_tree(folder: Path) -> list[str]:
    """Remove a folder; what of it would not go."""
    try:
        trees.remove(folder)
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        return [f"{error.filename}: {error.strerror}"]
    return []
