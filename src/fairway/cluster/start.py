"""Start: the supervisor as a process of its own, and the wait until control and node are ready."""

import contextlib
import os
import re
import select
import shutil
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from fairway.cluster import processes
from fairway.cluster.config import Config
from fairway.cluster.errors import ClusterError
from fairway.cluster.nodes import nodes_of, parts

if TYPE_CHECKING:
    from fairway.reconcile.informer import Change

PATIENCE = 3
"""A part that ends so often before it was ready will not get there by itself."""

ROOM_BYTES = 1 << 20
"""With less left a file system is full for the store, whose log alone may grow by more at once."""

_TAIL_BYTES = 16 << 10
_FAILURE = re.compile(r"^[\s|+-]*((?:\w+\.)*\w*(?:Error|Failure|Exception|Exit)\b.*)")


def run(config: Config, started_s: float, timeout_s: float) -> None:
    """Start the supervisor and wait for ``control ready`` and the nodes' ``ready`` on its pipe.

    Raises: ``ClusterError``.
    """
    for pid in processes.find("supervisor", config.name, config.data_dir):
        processes.end(pid, grace_s=15.0)  # one that lost a child and waits: start afresh
    reading, writing = os.pipe()
    try:
        _spawn(config, writing)
    finally:
        os.close(writing)
    try:
        was_adopted = _wait(config, reading, started_s, timeout_s)
    finally:
        os.close(reading)
    if was_adopted:
        wait_ready(config, started_s, timeout_s)


def wait_ready(config: Config, started_s: float, timeout_s: float) -> None:
    """Wait until processes that run already serve, for they may be a moment old.  Raises: ``ClusterError``."""
    import asyncio
    import logging

    # That the server is not there yet is what is waited for, and no news.
    logging.getLogger("fairway").addHandler(logging.NullHandler())
    try:
        asyncio.run(asyncio.wait_for(_nodes_ready(config), max(0.1, started_s + timeout_s - time.monotonic())))
    except TimeoutError:
        late = _last_words(config, *parts(config)[1:])
        raise _failed(config, f"control and node run, but were not ready within {timeout_s:g} s{late}") from None


async def _nodes_ready(config: Config) -> None:
    """Follow the Nodes until all say that they are ready, however late the API server comes."""
    import asyncio

    from fairway.client.http import HttpClient
    from fairway.kinds import NODE
    from fairway.objects.conditions import is_true
    from fairway.reconcile.informer import Informer
    from fairway.transport.tls import client_context

    pki = config.pki_dir
    context = client_context(pki / "ca.crt", pki / "admin.crt", pki / "admin.key")
    client = HttpClient(config.server, ssl_context=context, agent="fairway-up")
    nodes, is_ready = Informer(client, NODE), asyncio.Event()
    waiting = {node.name for node in nodes_of(config)}

    def look(change: "Change") -> None:
        if change.new is not None and is_true(change.new, "Ready"):
            waiting.discard(change.object["metadata"]["name"])
        if not waiting:
            is_ready.set()

    nodes.subscribe(look)
    following = asyncio.create_task(nodes.run())
    try:
        await is_ready.wait()
    finally:
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)
        await client.close()


def _spawn(config: Config, writing: int) -> None:
    words = processes.command("supervisor", config.name, config.data_dir)
    words += ["--nodes", str(config.nodes), "--ready-fd", str(writing)]
    with open(os.open(config.log_dir / "supervisor.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o640), "ab") as log:
        subprocess.Popen(
            words,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=(writing,),
            start_new_session=True,
            cwd="/",
        )


def _wait(config: Config, reading: int, started_s: float, timeout_s: float) -> bool:
    """Wait for all parts; whether one of them was running before."""
    waiting = {"control": f"API server at {config.server}"}
    waiting |= {node.part: f'node "{node.name}"' for node in nodes_of(config)}
    ends: Counter[str] = Counter()
    was_adopted = False
    for line in _lines(reading, started_s + timeout_s):
        part, _, news = line.partition(" ")
        if news in ("ready", "adopted"):
            was_adopted |= news == "adopted"
            if part in waiting:
                say(f"{waiting.pop(part)} is {'ready' if news == 'ready' else 'running'}", started_s)
            if not waiting:
                return was_adopted
        elif news.startswith("ended"):
            ends[part] += 1
            if ends[part] >= PATIENCE:
                raise _failed(config, f"{part} keeps ending{_last_words(config, part)}")
        else:
            raise _failed(config, f"{part}: {news}")
    late = " and ".join(waiting)
    if time.monotonic() < started_s + timeout_s:
        raise _failed(config, f"the supervisor ended{_last_words(config, 'supervisor', *waiting)}")
    raise _failed(config, f"{late} did not come up within {timeout_s:g} s{_last_words(config, *waiting)}")


def _failed(config: Config, what: str) -> ClusterError:
    free = shutil.disk_usage(config.state_dir).free
    if free < ROOM_BYTES:
        return ClusterError(
            f"{what}\n  only {free >> 10} KiB are free in {config.state_dir}",
            f"make room in {config.state_dir}, or name another folder in --data-dir, and run again: sudo fairway up",
        )
    return ClusterError(
        what,
        f"look at: fairway logs{config.flags}; then: sudo fairway down{config.flags}; "
        f"what is wrong here: sudo fairway doctor{config.flags}",
    )


def _last_words(config: Config, *parts: str) -> str:
    """What each part wrote last, for the sentence about its failure."""
    found = []
    for part in parts:
        with contextlib.suppress(OSError):
            text = last_word(_tail(config.log_dir / f"{part}.log"))
            found += [f"\n  {part} wrote: {text}"] if text else []
    return "".join(found)


def _tail(path: Path) -> str:
    with open(path, "rb") as file:
        file.seek(max(0, path.stat().st_size - _TAIL_BYTES))
        return file.read().decode(errors="replace")


def last_word(text: str) -> str:
    """The last exception of a log, or its last line.  Pure."""
    lines = [line.rstrip() for line in text.split("\n") if line.strip()]
    failures = [found[1] for line in lines if (found := _FAILURE.match(line)) and "ExceptionGroup" not in line]
    return (failures or lines or [""])[-1]


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


def say(text: str, started_s: float) -> None:
    """A line of progress with the seconds since the start."""
    print(f"  {time.monotonic() - started_s:5.2f} s  {text}", flush=True)
