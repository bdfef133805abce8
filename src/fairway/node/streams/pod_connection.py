"""Pod connection: a TCP connection to a port as seen from inside a pod, ``localhost`` included.

A socket belongs for ever to the network namespace in which it was made: so a thread of its own enters the pod's
namespace, makes the socket and ends.  Source: setns(2), network_namespaces(7).
"""

import asyncio
import os
import socket
import threading

from fairway.node.syscalls import CLONE_NEWNET, setns

CONNECT_TIMEOUT_S = 30.0
LOOPBACKS = ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1"))


def _made_inside(netns: str, family: int) -> socket.socket:
    """A socket of the namespace at ``netns``.  Blocks for the length of a few system calls.  Raises: ``OSError``."""
    made: list[socket.socket] = []
    failed: list[OSError] = []

    def make() -> None:
        try:
            descriptor = os.open(netns, os.O_RDONLY | os.O_CLOEXEC)
            try:
                setns(descriptor, CLONE_NEWNET)
            finally:
                os.close(descriptor)
            made.append(socket.socket(family, socket.SOCK_STREAM))
        except OSError as error:
            failed.append(error)

    thread = threading.Thread(target=make)
    thread.start()
    thread.join()
    if failed:
        raise failed[0]
    return made[0]


async def connect(netns: str, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Connect to ``localhost:port`` inside the pod; ``netns`` is empty for a pod on the machine's own network.

    Raises: ``OSError`` of the first family if none answers.
    """
    first: OSError | None = None
    for family, address in LOOPBACKS:
        try:
            return await _connect(netns, family, address, port)
        except OSError as error:
            first = first or error
    assert first is not None
    raise first


async def _connect(
    netns: str, family: int, address: str, port: int
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    made = _made_inside(netns, family) if netns else socket.socket(family, socket.SOCK_STREAM)
    try:
        made.setblocking(False)
        async with asyncio.timeout(CONNECT_TIMEOUT_S):
            await asyncio.get_running_loop().sock_connect(made, (address, port))
        return await asyncio.open_connection(sock=made)
    except BaseException:
        made.close()
        raise
