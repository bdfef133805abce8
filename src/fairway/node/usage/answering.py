"""Answering: what a node says of its usage when it is asked."""

import asyncio
import time
from collections.abc import Mapping

import orjson

from fairway.node.pod_view import Attempt
from fairway.node.pod_worker import PodWorker
from fairway.node.usage.machine import machine_usage
from fairway.node.usage.measuring import MACHINE, Counted, Key, Measured, Measuring
from fairway.node.usage.telling import Pods, exposition, shown, summary


class NodeUsage:
    """Of the node's machine and of ``workers``, its pods by uid."""

    def __init__(self, workers: Mapping[str, PodWorker]) -> None:
        self._workers = workers
        self._measuring = Measuring(self._look, time.time)

    async def summary(self, node_name: str) -> bytes:
        """In JSON."""
        measured = await self._measuring.measured()
        return orjson.dumps(summary(node_name, self._pods(measured), measured[MACHINE]))

    async def exposition(self) -> bytes:
        """As Prometheus reads it."""
        measured = await self._measuring.measured()
        return "".join(f"{line}\n" for line in exposition(self._pods(measured), measured[MACHINE])).encode()

    def _running(self) -> list[tuple[PodWorker, str, Attempt]]:
        return [
            (worker, name, record.current)
            for worker in self._workers.values()
            for name, record in worker.records.items()
            if record.is_running and record.current is not None and record.current.container_id
        ]

    async def _look(self) -> dict[Key, Counted]:
        running = self._running()
        usages = await asyncio.gather(
            *(worker.shared.runtime.usage(worker.uid, name) for worker, name, _ in running)
        )  # fmt: skip
        found = {
            Key(worker.uid, attempt.container_id): Counted(usage, attempt.started_s)
            for (worker, _, attempt), usage in zip(running, usages, strict=True)
            if usage is not None
        }
        return {**found, MACHINE: machine_usage()}

    def _pods(self, measured: Mapping[Key, Measured]) -> Pods:
        names: dict[str, dict[str, str]] = {}
        for worker, name, attempt in self._running():
            names.setdefault(worker.uid, {})[attempt.container_id] = name
        return shown(((self._workers[uid].pod, found) for uid, found in names.items()), measured)
