"""Many first packets at once: what each client meets at each address, as the kernel answers it."""

import errno
import selectors
import socket
import time
from collections.abc import Iterable
from typing import NamedTuple

from service_network import Namespace

from fairway.proxy.model import TCP

_DENIED = (errno.EPERM, errno.EACCES)


class Probe(NamedTuple):
    """One client, one target; ``source`` is the address that the client has to bind, if not the obvious one."""

    where: Namespace
    at: str
    port: int
    protocol: int
    source: str = ""


class Met(NamedTuple):
    """``send`` with who answers and which client he sees; ``refuse``; ``drop`` for silence.

    ``denied`` is what a program on the node itself gets for a packet of UDP that is dropped or rejected.
    """

    verdict: str
    name: str = ""
    seen: str = ""


SILENCE = Met("drop")


def ask_all(probes: Iterable[Probe], *, timeout_s: float = 0.3) -> dict[Probe, Met]:
    """Every probe at the same time; what has not answered ``timeout_s`` after the last answer counts as dropped."""
    met: dict[Probe, Met] = {}
    with selectors.DefaultSelector() as waiting:
        for probe in probes:
            met[probe] = SILENCE
            _begin(probe, waiting, met)
        try:
            deadline = time.monotonic() + timeout_s
            while waiting.get_map() and (left_s := deadline - time.monotonic()) > 0:
                for key, _ in waiting.select(left_s):
                    if _go_on(key, waiting, met):
                        deadline = time.monotonic() + timeout_s
        finally:
            for key in list(waiting.get_map().values()):
                key.fileobj.close()  # type: ignore[union-attr]
    return met


def ask_again(probe: Probe, *, timeout_s: float = 30.0) -> Met:
    """One probe with patience."""
    return ask_all([probe], timeout_s=timeout_s)[probe]


def _begin(probe: Probe, waiting: selectors.BaseSelector, met: dict[Probe, Met]) -> None:
    kind = socket.SOCK_STREAM if probe.protocol == TCP else socket.SOCK_DGRAM
    with probe.where.entered():
        made = socket.socket(socket.AF_INET6 if ":" in probe.at else socket.AF_INET, kind)
    made.setblocking(False)
    try:
        if probe.source:
            made.bind((probe.source, 0))
        code = made.connect_ex((probe.at, probe.port))
        if kind == socket.SOCK_DGRAM and not code:
            made.send(b"?")
    except OSError as error:
        code = error.errno or 0
    if code in (0, errno.EINPROGRESS):
        is_stream = kind == socket.SOCK_STREAM
        waiting.register(made, selectors.EVENT_WRITE if is_stream else selectors.EVENT_READ, probe)
        return
    made.close()
    met[probe] = Met("denied" if code in _DENIED else "refuse" if code == errno.ECONNREFUSED else errno.errorcode[code])


def _go_on(key: selectors.SelectorKey, waiting: selectors.BaseSelector, met: dict[Probe, Met]) -> bool:
    """Whether the probe is at its end."""
    made: socket.socket = key.fileobj  # type: ignore[assignment]
    code = made.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    if not code and key.events & selectors.EVENT_WRITE:
        waiting.modify(made, selectors.EVENT_READ, key.data)
        return False
    if not code:
        try:
            name, seen = made.recv(200).decode().split()
            met[key.data] = Met("send", name, seen)
        except OSError as error:
            code = error.errno or 0
    if code:
        met[key.data] = Met("refuse" if code == errno.ECONNREFUSED else errno.errorcode[code])
    waiting.unregister(made)
    made.close()
    return True
