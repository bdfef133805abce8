"""Ports: which port of a pod is meant by ``8080:http``, for a pod and for a Service.  Pure.

Source: kubectl's rules and texts.
"""

from fairway.cli.failure import Failure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    Object = dict[str, Any]


class Forwarded:
    """A local port (0: any that is free) and what it leads to; ``wanted`` is the pod's or Service's port in words."""

    __slots__ = ("local", "remote", "wanted")

    def __init__(self, local: int, remote: int, wanted: str) -> None:
        self.local, self.remote, self.wanted = local, remote, wanted


def forwarded(texts: "Sequence[str]", pod: "Object", service: "Object | None") -> list[Forwarded]:
    """What the words of a command line mean.  Raises: ``Failure``."""
    for text in texts:
        _check_udp(_split(text)[1], pod, service)
    pairs = []
    for text in texts:
        local, wanted = _split(text)
        if service is not None and (number := service_port(service, wanted)) is not None:
            local = str(number) if local == wanted else local
        remote = remote_port(wanted, pod, service)
        local = str(remote) if service is None and local == wanted else local
        pairs.append((local, str(remote), wanted))
    return [Forwarded(_local(local), _remote(remote), wanted) for local, remote, wanted in pairs]


def check_service(texts: "Sequence[str]", service: "Object") -> None:
    """Every port that is asked for is one of the Service.  Raises: ``Failure``."""
    for text in texts:
        wanted = _split(text)[1]
        named, number = service_port(service, wanted), _number(wanted)
        _declared(service, number if named is None else named)


def _split(text: str) -> tuple[str, str]:
    parts = text.split(":")
    return parts[0], parts[1] if len(parts) > 1 else parts[0]


def _number(text: str) -> int | None:
    try:
        return int(text)
    except ValueError:
        return None


def service_port(service: "Object", wanted: str) -> int | None:
    """The number of a Service's port that is named; ``None`` if ``wanted`` is a number.  Raises: ``Failure``."""
    if _number(wanted) is not None:
        return None
    ports = (service.get("spec") or {}).get("ports") or ()
    for port in ports:
        if wanted and port.get("name") == wanted:
            return int(port["port"])
    raise Failure(f"Service '{service['metadata']['name']}' does not have a named port '{wanted}'")


def remote_port(wanted: str, pod: "Object", service: "Object | None") -> int:
    """The port of ``pod`` that is meant.  Raises: ``Failure``."""
    number = _number(wanted)
    if service is None:
        return _container_port(pod, wanted) if number is None else number
    if number is None:
        number = service_port(service, wanted)
    port = _declared(service, number)
    target = port.get("targetPort") or port["port"]
    if service["spec"].get("clusterIP") == "None":
        return int(port["port"])
    return _container_port(pod, target) if isinstance(target, str) else int(target)


def _declared(service: "Object", number: int | None) -> "Object":
    """The port of a Service with this number.  Raises: ``Failure``."""
    for port in (service.get("spec") or {}).get("ports") or ():
        if port["port"] == number:
            found: Object = port
            return found
    raise Failure(f"Service {service['metadata']['name']} does not have a service port {number}")


def _container_port(pod: "Object", name: str) -> int:
    for container in pod["spec"]["containers"]:
        for port in container.get("ports") or ():
            if name and port.get("name") == name:
                return int(port["containerPort"])
    raise Failure(f"Pod '{pod['metadata']['name']}' does not have a named port '{name}'")


def _check_udp(wanted: str, pod: "Object", service: "Object | None") -> None:
    """Ports of UDP alone cannot be forwarded.  Raises: ``Failure``."""
    number = _number(wanted)
    if service is not None:
        declared = [(each["port"], each.get("protocol")) for each in (service.get("spec") or {}).get("ports") or ()]
        number = service_port(service, wanted) if number is None else number
    else:
        found = [each for container in pod["spec"]["containers"] for each in container.get("ports") or ()]
        declared = [(each["containerPort"], each.get("protocol")) for each in found]
        number = _container_port(pod, wanted) if number is None else number
    protocols = {protocol or "TCP" for port, protocol in declared if port == number}
    if "UDP" in protocols and "TCP" not in protocols:
        raise Failure(f"UDP protocol is not supported for {wanted}")


def _local(text: str) -> int:
    return _parsed(text or "0", "local")


def _remote(text: str) -> int:
    number = _parsed(text, "remote")
    if not number:
        raise Failure("remote port must be > 0")
    return number


def _parsed(text: str, side: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise Failure(f"error parsing {side} port '{text}': strconv.ParseUint: parsing \"{text}\": invalid syntax")
    if int(text) > 65535:
        raise Failure(f"error parsing {side} port '{text}': strconv.ParseUint: parsing \"{text}\": value out of range")
    return int(text)
