"""Runs a test in a network namespace of its own, so that nothing of the machine is touched and nothing is left."""

import asyncio
import os
import secrets
import shutil
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import pytest
import uvloop

from fairway.node.machine import Machine
from fairway.node.propagation import unbind
from fairway.node.rtnetlink.connection import Connection
from fairway.node.rtnetlink.messages import set_up
from fairway.node.runtimes.crun import sweep
from fairway.node.syscalls import CLONE_NEWNET, unshare

T = TypeVar("T")
LIMIT_S = 60.0


def needs(*programs: str) -> pytest.MarkDecorator:
    """Skip, saying what is missing."""
    missing = [program for program in programs if shutil.which(program) is None]
    if os.geteuid() != 0:
        missing.insert(0, "root")
    return pytest.mark.skipif(bool(missing), reason=f"needs {', '.join(missing)}")


def in_own_network(scenario: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run to the end on a thread in a new network namespace; threads it starts are there too."""
    outcome: list[T] = []
    failure: list[BaseException] = []

    def work() -> None:
        try:
            unshare(CLONE_NEWNET)
            with Connection() as connection:
                connection.run([set_up(1)])
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                outcome.append(runner.run(_limited(scenario())))
        except BaseException as error:
            failure.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    if failure:
        raise failure[0]
    return outcome[0]


async def _limited(scenario: Coroutine[Any, Any, T]) -> T:
    async with asyncio.timeout(LIMIT_S):
        return await scenario


@contextmanager
def machine_in(folder: Path, **fields: Any) -> Iterator[Machine]:
    """A cluster's share of this machine, swept at the end; use inside ``in_own_network``."""
    cluster = f"t{secrets.token_hex(4)}"
    run = folder / "run" / cluster
    run.mkdir(parents=True)
    (folder / "data").mkdir(exist_ok=True)
    known = {"pod_cidrs": ("10.213.0.0/24",), "cluster_cidrs": ("10.213.0.0/16",), "gateways": ("10.213.0.1",)}
    service = {"service_cidrs": ("10.212.0.0/16",)}
    machine = Machine(cluster=cluster, data_dir=folder / "data", run_dir=run, **(known | service | fields))
    try:
        yield machine
    finally:
        unbind(machine.run_path)


async def swept(machine: Machine) -> None:
    """Remove everything, and check that it could be."""
    found = await sweep(machine)
    assert found.left == []
