"""Target: where the server behind an APIService is, or why there is none.

Pure.  Source: Kubernetes docs, "Configure the Aggregation Layer"; the reasons and texts of the condition Available.
"""

from collections.abc import Iterable
from typing import NamedTuple

from fairway.objects import Object


class Unavailable(Exception):
    """Nobody can be asked.  ``reason`` and text are those of the condition."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class Server(NamedTuple):
    """An address that answers, and the name that its certificate must bear."""

    host: str
    port: int
    name: str


def server_of(reference: Object, service: Object | None, slices: Iterable[Object], turn: int = 0) -> Server:
    """One of the ready endpoints, the ``turn``-th.  Raises: ``Unavailable``."""
    namespace, name = reference["namespace"], reference["name"]
    number, shown = reference.get("port") or 443, f'service/{name} in "{namespace}"'
    if service is None:
        raise Unavailable("ServiceNotFound", f"{shown} is not present")
    known_as = f"{name}.{namespace}.svc"
    spec = service["spec"]
    if spec.get("type") == "ExternalName":
        return Server(spec["externalName"], number, known_as)
    port = next((one for one in spec.get("ports") or () if one["port"] == number), None)
    if port is None:
        raise Unavailable("ServicePortError", f"{shown} is not listening on port {number}")
    found = sorted(_endpoints(slices, port.get("name") or ""))
    if not found:
        called = port.get("name") or ""
        raise Unavailable(
            "MissingEndpoints", f'endpoints for {shown} have no addresses with port name "{called}"'
        )  # fmt: skip
    host, target = found[turn % len(found)]
    return Server(host, target, known_as)


def _endpoints(slices: Iterable[Object], port_name: str) -> Iterable[tuple[str, int]]:
    for one in slices:
        numbers = [
            port["port"]
            for port in one.get("ports") or ()
            if (port.get("name") or "") == port_name and port.get("port")
        ]
        for endpoint in one.get("endpoints") or ():
            if (endpoint.get("conditions") or {}).get("ready") is not False:
                yield from ((address, number) for address in endpoint.get("addresses") or () for number in numbers)
