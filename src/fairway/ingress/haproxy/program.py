"""Program: what HAProxy should hold, in its own terms.  Pure.

Shape: a *slot* is one of HAProxy's backends, made beforehand and empty; ``Slots`` gives one to each backend of ours and
to each affinity, and asks for more where there are none left.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from fairway.ingress.model import TABLES, Backend, Route, Server, Table, Upstream, Wanted

FIRST_SLOTS: Final = {0: 64}
"""How many slots of each affinity there are at first."""
FEWEST_SLOTS: Final = 8
_WORDS: Final[Mapping[str, str]] = {
    "http": "",
    "h2c": "proto h2",
    "https": "ssl verify none alpn http/1.1 sni var(txn.host)",
    "grpcs": "ssl verify none alpn h2 sni var(txn.host)",
}
"""How a server is spoken to.  Certificates of pods are not checked, as other controllers do not check them."""
_POOL: Final = "pool-purge-delay 1s pool-max-conn -1"
"""How idle connections are kept, to be used again.  Without these words a server that is added later keeps none; and a
second is less than what pods' own servers close idle connections after, Node.js after five.
"""
NOWHERE: Final = "nowhere"
"""The slot of what can not be served; it has no servers, so it answers 503."""


class Line(NamedTuple):
    """One server of HAProxy: its name within the slot, where it is, and the words behind that."""

    name: str
    at: str
    words: str

    @property
    def text(self) -> str:
        """Address and words."""
        return f"{self.at} pool-purge-delay 500ms {self.words}".rstrip()


@dataclass(frozen=True, slots=True)
class Program:
    """What HAProxy should hold: keys and values of its maps, servers by slot, certificates by host."""

    capacity: Mapping[int, int]
    maps: Mapping[Table, Mapping[str, str]]
    servers: Mapping[str, Mapping[str, Line]]
    certificates: Mapping[str, str]


@dataclass(slots=True)
class Slots:
    """Which slots there are, and whose they are: ``given`` is by (service, port, affinity)."""

    capacity: dict[int, int] = field(default_factory=lambda: dict(FIRST_SLOTS))
    given: dict[tuple[str, str, int], str] = field(default_factory=dict)

    def assign(self, upstreams: Mapping[Backend, Upstream], busy: Collection[str] = ()) -> bool:
        """Give a slot to each, none that is ``busy`` with another's last requests; whether there were too few."""
        needed = {(*backend, upstream.affinity_s) for backend, upstream in upstreams.items()}
        self.given = {key: slot for key, slot in self.given.items() if key in needed}
        has_grown = False
        for key in sorted(needed - self.given.keys()):
            affinity_s, taken = key[2], set(self.given.values())
            free = next((slot for slot in self.names(affinity_s) if slot not in taken and slot not in busy), None)
            if free is None:
                self.capacity[affinity_s] = max(FEWEST_SLOTS, 2 * self.capacity.get(affinity_s, 0))
                has_grown = True
                free = next(slot for slot in self.names(affinity_s) if slot not in taken)
            self.given[key] = free
        return has_grown

    def names(self, affinity_s: int) -> Iterable[str]:
        """The slots of one affinity."""
        return (slot_name(affinity_s, number) for number in range(self.capacity.get(affinity_s, 0)))

    def program(self, wanted: Wanted) -> Program:
        """``wanted`` in HAProxy's terms; ``assign`` has been called with its upstreams."""
        slots = {backend: self.given[(*backend, up.affinity_s)] for backend, up in wanted.upstreams.items()}
        maps: dict[Table, dict[str, str]] = {table: {} for table in TABLES}
        for place, route in wanted.routes.items():
            maps[place.table][_map_key(place.table, place.key)] = value(slots, route)
        servers = {
            slots[backend]: {line.name: line for line in lines(upstream)}
            for backend, upstream in wanted.upstreams.items()
            if upstream.servers
        }
        return Program(dict(self.capacity), maps, servers, dict(wanted.certificates))


def slot_name(affinity_s: int, number: int) -> str:
    """What a slot is called in HAProxy."""
    return f"sticky-{affinity_s}-{number}" if affinity_s else f"plain-{number}"


def _map_key(table: Table, key: str) -> str:
    """A key of a map is never empty; a host is never ``*`` alone."""
    return key or "*" if table == "default" else key


def value(slots: Mapping[Backend, str], route: Route) -> str:
    """What a map says: the slot, and whether plain HTTP is sent to HTTPS."""
    return f"{slots.get(route.backend, NOWHERE)}:{'redirect' if route.redirects else 'serve'}"


def lines(upstream: Upstream) -> Iterable[Line]:
    """The servers of an upstream.  How one is spoken to is in its name, since that cannot be changed later."""
    for server in sorted(upstream.servers):
        yield Line(
            server_name(upstream.protocol, server), address(server), f"{_WORDS[upstream.protocol]} {_POOL}".lstrip()
        )


def server_name(protocol: str, server: Server) -> str:
    """Tells the address and the protocol."""
    return f"{protocol}_{server.host}_{server.port}"


def address(server: Server) -> str:
    """As HAProxy reads it."""
    return f"[{server.host}]:{server.port}" if ":" in server.host else f"{server.host}:{server.port}"
