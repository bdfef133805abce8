"""Host ports of Services: ports of the machine that lead to a Service, as an annotation of the Service lists them.

Shape: text to records and back.  ``8080:80``, ``127.0.0.1:8443:https`` and ``[::1]:5353:53/UDP``, several with commas:
an address of the machine (left out: every address, localhost among them), its port, and the Service's port by number
or name.  Pure.
"""

import ipaddress
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from fairway.objects import Object
from fairway.objects.errors import Problem, invalid_value

ANNOTATION: Final = "fairway.dev/host-ports"
_PROTOCOLS: Final = ("TCP", "UDP", "SCTP")
_FORM: Final = "[ADDRESS:]HOST-PORT:SERVICE-PORT[/PROTOCOL], such as 8080:80 or 127.0.0.1:8443:https"


class HostPort(NamedTuple):
    """A port of the machine; ``address`` is empty for all of its addresses, ``port`` is a number or a name in text."""

    address: str
    host_port: int
    port: str
    protocol: str = "TCP"

    def __str__(self) -> str:
        ending = "" if self.protocol == "TCP" else f"/{self.protocol}"
        return f"{self.where}:{self.port}{ending}"

    @property
    def where(self) -> str:
        """Address and port of the machine: ``8080``, ``127.0.0.1:8080``, ``[::1]:8080``."""
        if not self.address:
            return str(self.host_port)
        return f"[{self.address}]:{self.host_port}" if ":" in self.address else f"{self.address}:{self.host_port}"

    def collides(self, other: "HostPort") -> bool:
        """Whether no machine can have both."""
        return (self.host_port, self.protocol) == (other.host_port, other.protocol) and (
            not self.address or not other.address or self.address == other.address
        )


def parse_one(text: str) -> HostPort:
    """One host port.  Raises: ``ValueError``, whose text says what is wrong."""
    rest, slash, protocol = text.strip().partition("/")
    if slash and protocol.upper() not in _PROTOCOLS:
        raise ValueError(f'"{protocol}" is no protocol: TCP, UDP or SCTP')
    address, rest = _address(rest)
    host, colon, port = rest.partition(":")
    if not colon or not port or ":" in port:
        raise ValueError(f'"{text.strip()}" must be {_FORM}')
    return HostPort(address, _number(host), _service_port(port), protocol.upper() or "TCP")


def parse(text: str) -> tuple[HostPort, ...]:
    """All host ports of an annotation's value.  Raises: ``ValueError``."""
    return tuple(parse_one(part) for part in text.split(",") if part.strip())


def readable(text: str) -> Iterator[HostPort]:
    """Those that can be read: one that is odd does not take the others out of service."""
    for part in text.split(","):
        try:
            yield parse_one(part)
        except ValueError:
            continue


def text_of(host_ports: Iterable[HostPort]) -> str:
    """An annotation's value."""
    return ",".join(map(str, host_ports))


def host_ports_of(service: Object) -> tuple[HostPort, ...]:
    """What a Service asks for, as far as it can be read."""
    text = (service["metadata"].get("annotations") or {}).get(ANNOTATION)
    return tuple(readable(text)) if text else ()


def port_of(host_port: HostPort, ports: Sequence[Object]) -> Object | None:
    """The entry of ``spec.ports`` that is meant."""
    for port in ports:
        is_named = host_port.port in (str(port.get("port")), port.get("name"))
        if is_named and (port.get("protocol") or "TCP") == host_port.protocol:
            return port
    return None


def problems(annotations: Object) -> Iterator[Problem]:
    """What is wrong with the annotation of a Service."""
    text = annotations.get(ANNOTATION)
    if text is None:
        return
    path = f"metadata.annotations[{ANNOTATION}]"
    try:
        found = parse(text)
    except ValueError as error:
        yield invalid_value(path, text, str(error))
        return
    for index, each in enumerate(found):
        if any(each.collides(other) for other in found[:index]):
            yield invalid_value(path, text, f"host port {each.where} stands in it twice")


def warnings(service: Object) -> Iterator[str]:
    """What is legal and leads nowhere."""
    spec = service["spec"]
    for each in host_ports_of(service):
        if port_of(each, spec.get("ports") or ()) is None:
            yield f"host port {each.where} leads nowhere: the Service has no port {each.port}/{each.protocol}"
        elif spec.get("clusterIP") == "None":
            yield f"host port {each.where} leads nowhere: a headless Service is not proxied"


def _address(text: str) -> tuple[str, str]:
    """The address, in its shortest form, and what comes after it."""
    if text.startswith("["):
        inner, _, rest = text[1:].partition("]")
        return _canonical(inner), rest.removeprefix(":")
    if text.count(":") == 2:
        at, _, rest = text.partition(":")
        return _canonical(at), rest
    return "", text


def _canonical(text: str) -> str:
    try:
        found = ipaddress.ip_address(text)
    except ValueError:
        raise ValueError(f'"{text}" is not an IP address') from None
    if found.is_multicast:
        raise ValueError(f"{text} is a multicast address, which no machine has")
    return "" if found.is_unspecified else str(found)


def _number(text: str) -> int:
    if text.isascii() and text.isdigit() and 1 <= int(text) <= 65535:
        return int(text)
    raise ValueError(f'host port "{text}" must be a number between 1 and 65535')


def _service_port(text: str) -> str:
    if text.isascii() and text.isdigit():
        if 1 <= int(text) <= 65535:
            return str(int(text))
    elif all(each.isalnum() or each == "-" for each in text):
        return text
    raise ValueError(f'Service port "{text}" must be a number between 1 and 65535, or the name of a port')
