"""KeptConnections: connections to other servers that nobody uses now, kept for the next request to the same place."""

import asyncio
from collections.abc import Hashable
from time import monotonic
from typing import NamedTuple


class Connection(NamedTuple):
    """One that is open."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter


class KeptConnections:
    """By where they lead and whom they trust; at most ``most`` a place, none longer than ``idle_s``."""

    def __init__(self, idle_s: float, most: int) -> None:
        self._idle_s, self._most = idle_s, most
        self._idle: dict[Hashable, list[tuple[float, Connection]]] = {}

    def take(self, place: Hashable) -> Connection | None:
        """One that was left open there, as far as can be seen from here."""
        while idle := self._idle.get(place):
            since, found = idle.pop()
            if monotonic() - since < self._idle_s and not found.reader.at_eof() and not found.writer.is_closing():
                return found
            found.writer.close()
        self._idle.pop(place, None)
        return None

    def give(self, place: Hashable, connection: Connection) -> None:
        """Keep one that may be used again."""
        idle = self._idle.setdefault(place, [])
        if len(idle) < self._most:
            idle.append((monotonic(), connection))
        else:
            connection.writer.close()

    def close(self) -> None:
        """Close whatever is open."""
        for idle in self._idle.values():
            for _, connection in idle:
                connection.writer.close()
        self._idle.clear()
