"""Upstreams: which other servers are asked, and in which order.

Shape: ``servers_of`` (pure) reads a resolv.conf; ``Upstreams`` reads the file again when it has changed, which is seen
when a question is about to be forwarded, and puts servers that failed lately last.
Source: resolv.conf(5).
"""

import logging
import os
from collections.abc import Collection, Iterator
from ipaddress import ip_address
from pathlib import Path
from typing import Final

from fairway.dns.exchange import PORT, Upstream
from fairway.objects.authority import host_and_port

log = logging.getLogger(__name__)

REST_S: Final = 5.0
"""How long a server that failed is asked only after the others."""


def servers_of(text: str) -> Iterator[Upstream]:
    """The name servers of a resolv.conf."""
    for line in text.splitlines():
        words = line.split()
        if len(words) >= 2 and words[0] == "nameserver":
            try:
                ip_address(words[1])
            except ValueError:
                continue
            yield Upstream(words[1])


def upstream_of(text: str) -> Upstream:
    """The server that ``IP``, ``IP:port`` or ``[IPv6]:port`` names.  Raises: ``ValueError``."""
    return Upstream(*host_and_port(text, PORT))


class Upstreams:
    """The servers of a file, without ``own``, which are addresses of ours: asking there would never end."""

    def __init__(self, path: Path, *, fixed: Collection[Upstream] = (), own: Collection[Upstream] = ()) -> None:
        self._path = path
        self._fixed = tuple(fixed)
        self._own = frozenset(own)
        self._stamp: tuple[int, int] | None = None
        self._servers: tuple[Upstream, ...] = ()
        self._failed_s: dict[Upstream, float] = {}
        self._refused: set[Upstream] = set()

    def current(self) -> tuple[Upstream, ...]:
        """Those that may be asked now."""
        self._read()
        return tuple(each for each in self._servers if each not in self._refused)

    def ordered(self, now_s: float) -> list[Upstream]:
        """As they stand in the file, but those that failed lately last."""
        return sorted(self.current(), key=lambda each: now_s - self._failed_s.get(each, -REST_S) < REST_S)

    def failed(self, upstream: Upstream, now_s: float) -> None:
        """Remember that a server did not answer."""
        self._failed_s[upstream] = now_s

    def answered(self, upstream: Upstream) -> None:
        """Remember that a server is well."""
        self._failed_s.pop(upstream, None)

    def refuse(self, upstream: Upstream) -> None:
        """Never ask a server again: it asks us."""
        self._refused.add(upstream)

    def _read(self) -> None:
        if self._fixed:
            self._servers = tuple(each for each in self._fixed if each not in self._own)
            return
        try:
            found = os.stat(self._path)
            stamp = (found.st_mtime_ns, found.st_ino)
            if stamp == self._stamp:
                return
            servers = dict.fromkeys(servers_of(self._path.read_text(errors="replace")))
        except (OSError, ValueError) as error:
            log.debug("no resolver settings", extra={"path": str(self._path), "error": str(error)})
            servers, stamp = {}, (0, 0)
        self._stamp = stamp
        self._refused.clear()
        self._servers = tuple(each for each in servers if each not in self._own)
