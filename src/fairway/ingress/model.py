"""Model: what the Ingress controller knows and wants, as small values.

Names: a *place* is where a request is looked up (host and path), a *route* is what is found there, a *backend* is one
port of one Service, an *upstream* is the servers behind it.  Objects are named ``namespace/name``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple

Table = Literal["exact", "prefix", "default"]
TABLES: Final[tuple[Table, ...]] = ("exact", "prefix", "default")
"""In the order in which they are asked."""

Protocol = Literal["http", "h2c", "https", "grpcs"]
"""How a server is spoken to: HTTP/1.1, HTTP/2 without TLS, HTTP/1.1 in TLS, HTTP/2 in TLS."""


class Place(NamedTuple):
    """Where a request is looked up: a host (``*.`` before it: any one label; empty: all) and a path, as one key.

    ``exact`` keys end as the path does, ``prefix`` keys with a slash; ``default`` keys are hosts alone.
    """

    table: Table
    key: str


class Backend(NamedTuple):
    """A port of a Service, by its name or its number in digits.  An empty ``service`` is one that cannot be served."""

    service: str
    port: str


class Route(NamedTuple):
    """What is found at a place; ``redirects`` sends plain HTTP to HTTPS first."""

    backend: Backend
    redirects: bool = False


class Server(NamedTuple):
    """Where a pod listens."""

    host: str
    port: int


class Upstream(NamedTuple):
    """The servers behind a backend; ``affinity_s`` keeps a client on its server so long, 0 does not.

    ``is_leaving``: all of them are terminating, and serve because there is no other.
    """

    protocol: Protocol = "http"
    affinity_s: int = 0
    servers: frozenset[Server] = frozenset()
    is_leaving: bool = False


class Problem(NamedTuple):
    """What keeps an Ingress, wholly or in part, from being served.  ``is_early`` may only mean that more is to come."""

    ingress: str
    reason: str
    message: str
    is_early: bool = False


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the engine should do.

    ``certificates`` are PEM texts (chain, then key) by host; under the empty host is the one for all others.
    """

    routes: Mapping[Place, Route] = field(default_factory=dict)
    upstreams: Mapping[Backend, Upstream] = field(default_factory=dict)
    certificates: Mapping[str, str] = field(default_factory=dict)
