"""Retired: further nodes that are not wanted any more are stopped, and the API is told.

Shape: a node's folder of data is what says that there is one, so what was broken off is taken up at the next ``up``:
1. ``stop``, while no process of the cluster runs: pods, control groups, network; 2. ``forget``, once the API server
serves: the pods' objects, the Node, at last the folder.
"""

import asyncio
import os
import shutil

from fairway.cluster.config import Config
from fairway.cluster.errors import ClusterError
from fairway.cluster.nodes import node_of, strays


def stop(config: Config) -> None:
    """Remove from the machine what such nodes run.  Raises: ``ClusterError`` if something would not go."""
    if numbers := strays(config):
        asyncio.run(_stop(config, numbers))


async def _stop(config: Config, numbers: list[int]) -> None:
    from fairway.cluster.sweeping import sweep_node

    left = [text for number in numbers for text in await sweep_node(config, number)]
    if left:
        raise ClusterError("could not remove: " + "; ".join(left), f"run again: sudo fairway up{config.flags}")


def forget(config: Config) -> None:
    """Remove the objects of such nodes, then their folders.  Raises: ``ClusterError``."""
    numbers = strays(config)
    if not numbers:
        return
    asyncio.run(_forget(config, [node_of(config, number).name for number in numbers]))
    for number in numbers:
        shutil.rmtree(node_of(config, number).state_dir)
    if not any(os.scandir(folder := node_of(config, 2).state_dir.parent)):
        folder.rmdir()


async def _forget(config: Config, names: list[str]) -> None:
    from fairway.client.http import HttpClient
    from fairway.kinds import NODE, POD
    from fairway.objects.errors import StatusError
    from fairway.transport.tls import client_context

    pki = config.pki_dir
    context = client_context(pki / "ca.crt", pki / "admin.crt", pki / "admin.key")
    client = HttpClient(config.server, ssl_context=context, agent="fairway-up")
    try:
        for name in names:
            pods, _ = await client.list(POD, fields=f"spec.nodeName={name}")
            wanted = [(POD, pod["metadata"]["namespace"], pod["metadata"]["name"]) for pod in pods]
            for kind, namespace, each in [(NODE, None, name), *wanted]:
                try:
                    await client.delete(kind, namespace, each, options={"gracePeriodSeconds": 0})
                except StatusError as error:
                    if error.code != 404:
                        raise
    except (OSError, StatusError) as error:
        raise ClusterError(
            f"the API was not told that {', '.join(names)} is gone: {error}", "run the same again"
        ) from error
    finally:
        await client.close()
