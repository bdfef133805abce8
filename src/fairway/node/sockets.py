"""Sockets: what listens inside a pod, read in its network namespace.

Source: proc_net(5) (``/proc/net/tcp``: addresses in hexadecimal, words in the machine's byte order); setns(2).
"""

import os
import socket
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from fairway.node.syscalls import CLONE_NEWNET, setns

_LISTENS, _UNCONNECTED = "0A", "07"
_FILES = (
    ("tcp", "TCP", _LISTENS),
    ("tcp6", "TCP", _LISTENS),
    ("udp", "UDP", _UNCONNECTED),
    ("udp6", "UDP", _UNCONNECTED),
)
# A thread may be in a namespace of its own, so it must ask for what *it* sees.
_PLACE = Path("/proc/thread-self/net")


class Listening(NamedTuple):
    """One socket that takes connections, or datagrams of anybody."""

    protocol: str
    address: str
    port: int


def listening(netns: str) -> list[Listening]:
    """What listens in the namespace at ``netns``; on the machine's own network if that is empty.

    Blocks for the length of a few reads.  Raises: ``OSError``.
    """
    found: list[Listening] = []
    failed: list[OSError] = []

    def read() -> None:
        try:
            if netns:
                descriptor = os.open(netns, os.O_RDONLY | os.O_CLOEXEC)
                try:
                    setns(descriptor, CLONE_NEWNET)
                finally:
                    os.close(descriptor)
            for file, protocol, state in _FILES:
                path = _PLACE / file
                if path.exists():  # a machine without IPv6 has no tcp6
                    found.extend(parse(path.read_text(), protocol, state))
        except OSError as error:
            failed.append(error)

    thread = threading.Thread(target=read)
    thread.start()
    thread.join()
    if failed:
        raise failed[0]
    return sorted(set(found))


def parse(table: str, protocol: str, state: str) -> Iterator[Listening]:
    """The sockets of one file that are in ``state``.  Pure."""
    for line in table.splitlines()[1:]:
        _, local, _, found, *_ = line.split()
        if found == state:
            address, _, port = local.partition(":")
            yield Listening(protocol, _address(address), int(port, 16))


def _address(text: str) -> str:
    """``0100007F`` is 127.0.0.1 where the least significant byte comes first."""
    words = bytes.fromhex(text)
    if sys.byteorder == "little":
        words = b"".join(words[place : place + 4][::-1] for place in range(0, len(words), 4))
    return socket.inet_ntop(socket.AF_INET if len(words) == 4 else socket.AF_INET6, words)
