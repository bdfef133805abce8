"""Host ports: holds the ports of the machine that Services ask for, so that no program loses or takes one unnoticed.

Shape: ``granted`` says which of a Service's host ports it may have; a port at which another program listens is told,
and tried again by ``run`` until it is free.  The kernel's rules translate before any socket is looked at, so a socket
here only keeps the number: it is bound and never listens, and others that want to listen there get EADDRINUSE.
"""

import asyncio
import errno
import logging
import socket
from collections.abc import Callable
from typing import Final, NamedTuple

from fairway.proxy.model import IPV4, SCTP, TCP, HostPort, Service, address_text, family_of
from fairway.reconcile.backoff import Backoff

log = logging.getLogger(__name__)

IN_USE: Final = "HostPortInUse"
"""Reason of the Event that names a port which another program has."""
_FIRST_DELAY_S, _MAX_DELAY_S = 0.5, 10.0
_AF = {4: socket.AF_INET, 6: socket.AF_INET6}
_EVERYWHERE = {4: "0.0.0.0", 6: "::"}
_LOOPBACK_V4, _LOOPBACK_V6 = b"\x7f", bytes(15) + b"\x01"


class Place(NamedTuple):
    """Where a socket keeps a number: ``address`` is empty for all addresses of the family."""

    family: int
    address: bytes
    protocol: int
    port: int


def places(host_port: HostPort, families: frozenset[int]) -> tuple[Place, ...]:
    """What must be free for a host port of a Service with cluster IPs of these families."""
    at = host_port.address
    wanted = (family_of(at),) if at else sorted(families)
    return tuple(Place(family, at, host_port.protocol, host_port.host_port) for family in wanted if family in families)


def loopback_families(host_port: HostPort, families: frozenset[int]) -> frozenset[int]:
    """The families in which a host port answers on localhost."""
    at = host_port.address
    if not at:
        return families
    is_loopback = at == _LOOPBACK_V6 or (len(at) == 4 and at[:1] == _LOOPBACK_V4)
    return families & {family_of(at)} if is_loopback else frozenset()


def in_use(node: str, host_port: HostPort, error: OSError) -> str:
    """What the Event says."""
    at = address_text(host_port.address) if host_port.address else "every address"
    what = f"node {node}: host port {host_port.host_port} at {at} is in use by another program"
    return f"{what} ({error.strerror}): end it, or take another port"


class HostPorts:
    """The host ports of all Services of this node.

    ``taken`` hears of a port that another program has; ``freed`` of a Service that may have more than before.
    """

    def __init__(self, taken: Callable[[str, HostPort, OSError], None], freed: Callable[[str], None]) -> None:
        self._taken = taken
        self._freed = freed
        self._wanted: dict[str, tuple[HostPort, ...]] = {}
        self._families: dict[str, frozenset[int]] = {}
        self._held: dict[Place, socket.socket | None] = {}
        self._refused: dict[str, set[HostPort]] = {}
        self._wake = asyncio.Event()
        self._backoff = Backoff(_FIRST_DELAY_S, _MAX_DELAY_S)
        self.is_trusting = False
        """Whether ports are granted without a look: for who compares, and is not the one that holds them."""
        self.changed = asyncio.Event()
        """Set whenever ``loopback`` may be another."""

    @property
    def loopback(self) -> frozenset[int]:
        """The families in which host ports answer on localhost."""
        return frozenset(
            family
            for service, wanted in self._wanted.items()
            for each in wanted
            for family in loopback_families(each, self._families[service])
        )

    def granted(self, key: str, service: Service | None) -> Service | None:
        """The Service with the host ports that it may have."""
        wanted = service.host_ports if service is not None else ()
        if not wanted and key not in self._wanted:
            return service
        if service is None or not wanted:
            del self._wanted[key], self._families[key]
        else:
            self._wanted[key], self._families[key] = wanted, frozenset(map(family_of, service.cluster_ips))
        self._let_go()
        self.changed.set()
        had = self._refused.pop(key, set())
        if service is None:
            return None
        refused = {each for each in wanted if not self._hold(key, each, is_told=each in had)}
        if refused:
            self._refused[key] = refused
            self._wake.set()
        return service._replace(host_ports=tuple(each for each in wanted if each not in refused))

    async def run(self) -> None:
        """Ask again for what was refused, until cancelled."""
        try:
            while True:
                await self._wake.wait()
                if not self._refused:
                    self._wake.clear()
                    self._backoff.reset()
                    continue
                await asyncio.sleep(self._backoff.next_delay_s())
                for key in [key for key, refused in self._refused.items() if self._is_freed(key, refused)]:
                    self._freed(key)
        finally:
            for held in self._held.values():
                if held is not None:
                    held.close()

    def _is_freed(self, key: str, refused: set[HostPort]) -> bool:
        return any(self._hold(key, each, is_told=True) for each in refused)

    def _let_go(self) -> None:
        wanted = {
            place for key, each in self._wanted.items() for one in each for place in places(one, self._families[key])
        }
        for place in [place for place in self._held if place not in wanted]:
            if (held := self._held.pop(place)) is not None:
                held.close()

    def _hold(self, key: str, host_port: HostPort, *, is_told: bool) -> bool:
        for place in places(host_port, self._families[key]):
            if place in self._held or self.is_trusting:
                continue
            try:
                self._held[place] = _bound(place)
            except OSError as error:
                if not is_told:
                    log.warning("host port is taken", extra={"service": key, "port": place.port, "error": str(error)})
                    self._taken(key, host_port, error)
                return False
        return True


def _bound(place: Place) -> socket.socket | None:
    """A socket that has the place; ``None`` where nobody can have it.  Raises: ``OSError`` where it is taken."""
    kind = socket.SOCK_STREAM if place.protocol in (TCP, SCTP) else socket.SOCK_DGRAM
    try:
        made = socket.socket(_AF[place.family], kind, SCTP if place.protocol == SCTP else 0)
    except OSError:  # no sockets of this protocol in this kernel, so nobody listens
        return None
    try:
        if place.family != IPV4:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        if kind == socket.SOCK_STREAM:
            # Connections that ended a moment ago are no hindrance; but who wants to listen from now on is told.
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((address_text(place.address) if place.address else _EVERYWHERE[place.family], place.port))
        if kind == socket.SOCK_STREAM:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 0)
    except OSError as error:
        made.close()
        if error.errno == errno.EADDRNOTAVAIL:  # the machine does not have the address, or not yet
            return None
        raise
    return made
