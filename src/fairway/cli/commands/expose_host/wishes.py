"""Wishes: which host ports a command line asks for, and whether a Service may have them."""

from fairway.cli.failure import Failure
from fairway.kinds.rules.host_ports import HostPort, host_ports_of, parse_one, port_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

    from fairway.cli.call import Call

    Object = dict[str, Any]


def wanted(texts: "Sequence[str]", addresses: "Sequence[str]", service: "Object") -> list[HostPort]:
    """Every host port, at each address.  Raises: ``Failure``.  Pure."""
    name, spec = service["metadata"]["name"], service.get("spec") or {}
    if spec.get("type") == "ExternalName" or spec.get("clusterIP") == "None":
        kind = "ExternalName" if spec.get("type") == "ExternalName" else "headless"
        raise Failure(f"service/{name} is {kind}, so nothing leads to its pods: give it a cluster IP first")
    found: dict[HostPort, None] = {}
    for text in texts:
        one = _parsed(_completed(text, service))
        if port_of(one, spec.get("ports") or ()) is None:
            raise Failure(f"service/{name} has no port {one.port}/{one.protocol}: it has {_ports(service)}")
        for each in _at_addresses(one, addresses, service):
            found.setdefault(each)
    return list(found)


def left(
    texts: "Sequence[str]", addresses: "Sequence[str]", service: "Object", before: "Sequence[HostPort]"
) -> list[HostPort]:
    """What stays after a removal: ``8080``, ``8080:80``, ``127.0.0.1:8080:80``.  Raises: ``Failure``.  Pure."""
    name = service["metadata"]["name"]
    at = {address for text in addresses for address in _addresses(text, service, is_strict=False)}
    gone: set[HostPort] = set()
    for text in texts or [""]:
        found = {each for each in before if _is_named(text, each) and (not at or each.address in at)}
        if not found:
            has = ", ".join(each.where for each in before) or "none"
            raise Failure(f"service/{name} has no host port {text or 'to remove'}: it has {has}")
        gone |= found
    return [each for each in before if each not in gone]


def _is_named(text: str, host_port: HostPort) -> bool:
    if not text:
        return True
    bare, _, protocol = text.partition("/")
    if protocol and protocol.upper() != host_port.protocol:
        return False
    full = str(host_port).partition("/")[0]
    return bare in (str(host_port.host_port), host_port.where, full, f"{host_port.host_port}:{host_port.port}")


def _parsed(text: str) -> HostPort:
    try:
        return parse_one(text)
    except ValueError as error:
        raise Failure(str(error)) from None


def _completed(text: str, service: "Object") -> str:
    """``8080`` alone means the Service's only port, or its port of that number."""
    number, slash, protocol = text.partition("/")
    if not number.isdigit():
        return text
    ports = list((service.get("spec") or {}).get("ports") or ())
    if len(ports) == 1:
        return f"{number}:{ports[0]['port']}/{protocol or ports[0].get('protocol') or 'TCP'}"
    return f"{number}:{number}{slash}{protocol}"


def _at_addresses(one: HostPort, addresses: "Sequence[str]", service: "Object") -> "Iterator[HostPort]":
    if one.address and addresses:
        raise Failure(f"the address stands in {one.where} and in --address: name it once")
    if not addresses:
        _check_family(one.address, service)
        yield one
    for text in addresses:
        for address in _addresses(text, service):
            yield one._replace(address=address)


def _addresses(text: str, service: "Object", *, is_strict: bool = True) -> "Iterator[str]":
    if text == "localhost":
        yield from (each for each in ("127.0.0.1", "::1") if _has_family(each, service))
        return
    address = _parsed(f"[{text.strip('[]')}]:1:1").address
    if is_strict:
        _check_family(address, service)
    yield address


def _has_family(address: str, service: "Object") -> bool:
    ips = (service.get("spec") or {}).get("clusterIPs") or ()
    return any((":" in ip) == (":" in address) for ip in ips)


def _check_family(address: str, service: "Object") -> None:
    if address and not _has_family(address, service):
        family = "IPv6" if ":" in address else "IPv4"
        raise Failure(
            f"service/{service['metadata']['name']} has no {family} cluster IP, so {address} cannot lead to it: "
            "make it ipFamilyPolicy PreferDualStack on a cluster of both families, or leave the address away"
        )


def _ports(service: "Object") -> str:
    ports = (service.get("spec") or {}).get("ports") or ()
    shown = [f"{each['port']}/{each.get('protocol') or 'TCP'}" for each in ports]
    names = [f" ({each['name']})" if each.get("name") else "" for each in ports]
    return ", ".join(text + name for text, name in zip(shown, names, strict=True)) or "none"


def check_own(new: "Sequence[HostPort]", kept: "Sequence[HostPort]") -> None:
    """Raises: ``Failure`` if the Service's own host ports would collide."""
    for place, each in enumerate(new):
        for other in (*kept, *new[:place]):
            if each.collides(other):
                raise Failure(
                    f"host port {each.where} collides with {other.where} of the same Service: remove that first"
                )


def check_others(call: "Call", service: "Object", new: "Sequence[HostPort]") -> None:
    """Raises: ``Failure`` if another Service has a host port, or a node port, of the same number."""
    from fairway.client.blocking import ApiError

    try:
        others = call.session.api.get("/api/v1/services").get("items") or ()
    except ApiError as error:
        if error.code != 403:
            raise
        others = [service]
    for other in others:
        for each in new:
            if (text := _collision(each, other, is_same=_uid(other) == _uid(service))) is not None:
                meta = other["metadata"]
                raise Failure(
                    f"host port {each.where} is {text} of service/{meta['name']} (namespace {meta['namespace']})"
                )


def _uid(service: "Object") -> str:
    return str(service["metadata"].get("uid"))


def _collision(wish: HostPort, other: "Object", *, is_same: bool) -> str | None:
    for port in (other.get("spec") or {}).get("ports") or ():
        if port.get("nodePort") == wish.host_port and (port.get("protocol") or "TCP") == wish.protocol:
            return "the node port"
    if not is_same and any(wish.collides(each) for each in host_ports_of(other)):
        return "a host port"
    return None
