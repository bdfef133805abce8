"""Retired: further nodes that are not wanted any more are drained and stopped, and the API is told.

Shape: a node's folder of data is what says that there is one, so what was broken off is taken up at the next ``up``:
1. ``drain``, while the cluster still runs: no new pods, and those that are there leave as any pod does; 2. ``stop``,
while no process of the cluster runs: what is left of pods, control groups, network; 3. ``forget``, once the API server
serves: the objects, at last the folder.
"""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Sequence
from typing import TYPE_CHECKING

from fairway.cluster.config import Config
from fairway.cluster.errors import ClusterError
from fairway.cluster.nodes import node_of, strays
from fairway.cluster.start import say
from fairway.node import trees

if TYPE_CHECKING:
    from fairway.client.interface import Client

DRAIN_S = 30.0
"""The longest that pods may take to leave; it is the grace period that a pod has by default."""


def drain(config: Config, before: Config, started_s: float) -> None:
    """Let the pods of such nodes leave in peace.  ``before`` are the settings that the cluster still runs with.

    A cluster that cannot be asked any more has nobody to move its pods: they are stopped with their node.
    """
    if names := [node_of(before, number).name for number in strays(config)]:
        say(f"{', '.join(names)} {'goes' if len(names) == 1 else 'go'}: waiting for the pods to leave", started_s)
        with contextlib.suppress(OSError, TimeoutError):
            asyncio.run(asyncio.wait_for(_drain(before, names), DRAIN_S))


async def _drain(config: Config, names: Sequence[str]) -> None:
    from fairway.client.interface import MERGE_PATCH
    from fairway.kinds import NODE, POD
    from fairway.objects.errors import StatusError
    from fairway.reconcile.informer import Informer

    async with _administrator(config) as client:
        followed = []
        for name in names:
            with contextlib.suppress(StatusError):
                cordon = {"spec": {"unschedulable": True}}
                await client.patch(NODE, None, name, cordon, content_type=MERGE_PATCH)
            pods = Informer(client, POD, fields=f"spec.nodeName={name}")
            followed.append((pods, asyncio.create_task(pods.run())))
        try:
            for pods, _ in followed:
                await pods.wait_synced()
                for pod in pods.items():
                    with contextlib.suppress(StatusError):
                        await client.delete(POD, pod["metadata"]["namespace"], pod["metadata"]["name"])
            for pods, _ in followed:
                await pods.wait_until(lambda pods=pods: not len(pods))  # type: ignore[misc]
        finally:
            for _, following in followed:
                following.cancel()
            await asyncio.gather(*(following for _, following in followed), return_exceptions=True)


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
        trees.remove(node_of(config, number).state_dir)
    if not any(os.scandir(folder := node_of(config, 2).state_dir.parent)):
        folder.rmdir()


async def _forget(config: Config, names: Sequence[str]) -> None:
    from fairway.kinds import NODE, POD
    from fairway.objects.errors import StatusError

    try:
        async with _administrator(config) as client:
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
            f"the API was not told that {', '.join(names)} is gone: {error}",
            f"run again: sudo fairway up{config.flags}",
        ) from error


@contextlib.asynccontextmanager
async def _administrator(config: Config) -> AsyncIterator["Client"]:
    """A client with all rights."""
    from fairway.client.http import HttpClient
    from fairway.transport.tls import client_context

    pki = config.pki_dir
    context = client_context(pki / "ca.crt", pki / "admin.crt", pki / "admin.key")
    client = HttpClient(config.server, ssl_context=context, agent="fairway-up")
    try:
        yield client
    finally:
        await client.close()
