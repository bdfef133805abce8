"""Target: what the name in a proxied path means, and which address it leads to.

Pure: chance is an argument.  Source: services.md 4.4 and 14.14; Kubernetes docs, "Access Services Running on Clusters".
"""

import ipaddress
import random
import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from fairway.objects import Object
from fairway.objects.errors import StatusError, bad_request, unavailable
from fairway.objects.label_syntax import integer

_SCHEMES = ("", "http", "https")
_PROXIED = re.compile(rb"/api/v1/(?:nodes/[^/?]+|namespaces/[^/?]+/(?:pods|services)/[^/?]+)/proxy(?:[/?]|$)")


class Id(NamedTuple):
    """``[scheme:]name[:port]`` taken apart; what was left out is empty."""

    scheme: str
    name: str
    port: str


class Target(NamedTuple):
    """Where a request goes.  ``port`` is text as the client gave it; empty: the scheme's own.

    ``node`` is set for a node's own API: the name that its certificate bears.
    """

    scheme: str
    host: str
    port: str
    node: str = ""


def parse(text: str, what: str) -> Id:
    """The parts of ``text``, which names a ``what``.  Raises: ``StatusError`` 400."""
    parts = text.split(":")
    if len(parts) == 1:
        found = Id("", parts[0], "")
    elif len(parts) == 2:
        found = Id("", *parts)
    elif len(parts) == 3:
        found = Id(*parts)
    else:
        found = Id("", "", "")
    if not found.name or found.scheme not in _SCHEMES:
        raise bad_request(f'invalid {what} request "{text}"')
    return found


def pod_target(asked: Id, pod: Object) -> Target:
    """The port asked for, or the first that the pod declares.  Raises: ``StatusError`` 400 without a usable address."""
    port = asked.port
    if not port:
        containers = pod["spec"].get("containers") or ()
        declared = next((one["ports"][0] for one in containers if one.get("ports")), None)
        port = str(declared["containerPort"]) if declared else ""
    host = (pod.get("status") or {}).get("podIP") or ""
    return Target(asked.scheme or "http", checked(host), port)


def node_target(asked: Id, host: str, own_port: int) -> Target:
    """The node's own API, or another port of its machine.  Raises: ``StatusError`` 400."""
    if asked.port in ("", str(own_port)):
        return Target("https", host, str(own_port), asked.name)
    return Target(asked.scheme or "http", checked(host), asked.port)


def checked(host: str) -> str:
    """An address that requests may be sent to.  Raises: ``StatusError`` 400 for those of machines themselves."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        raise bad_request("address not allowed") from None
    is_own = address.is_loopback or address.is_link_local or address.is_unspecified or address.is_multicast
    if is_own or host == "255.255.255.255":
        raise bad_request("address not allowed")
    return host


def port_name(asked: Id, service: Object) -> str:
    """The name of the port whose number is asked for.  Raises: ``StatusError`` 503 if there is none."""
    number = integer(asked.port)
    for port in service["spec"].get("ports") or ():
        if port["port"] == number:
            return str(port.get("name") or "")
    raise unavailable(f'no service port {number} found for service "{asked.name}"')


def service_target(
    asked: Id, text: str, port: str, endpoints: Object, pod_of: Callable[[str], Object | None], chance: random.Random
) -> Target:
    """A random ready address behind the port named ``port``; ``pod_of`` gives a pod of the Service's namespace by name.

    Raises: ``StatusError`` 503 if there is none; ``text`` is the name as it was asked for.
    """
    subsets = endpoints.get("subsets") or []
    if not subsets:
        raise none_available(asked.name)
    for subset in _turned(subsets, chance):
        addresses = subset.get("addresses") or []
        number = next((one["port"] for one in subset.get("ports") or () if (one.get("name") or "") == port), None)
        if number is None or not addresses:
            continue
        for address in _turned(addresses, chance):
            if _is_of_pod(address, endpoints["metadata"]["namespace"], pod_of):
                return Target(asked.scheme or "http", address["ip"], str(number))
    raise none_available(text)


def none_available(name: str) -> StatusError:
    """503."""
    return unavailable(f'no endpoints available for service "{name}"')


def _turned(items: list[Object], chance: random.Random) -> Iterator[Object]:
    """All of ``items``, from a random one on."""
    first = chance.randrange(len(items))
    for index in range(len(items)):
        yield items[(first + index) % len(items)]


def _is_of_pod(address: Object, namespace: str, pod_of: Callable[[str], Object | None]) -> bool:
    """Whether a pod of the namespace has this address: hand-written ones could lead anywhere."""
    reference = address.get("targetRef") or {}
    if reference.get("namespace") != namespace or not reference.get("name"):
        return False
    pod = pod_of(reference["name"])
    ips = () if pod is None else (pod.get("status") or {}).get("podIPs") or ()
    return any(one.get("ip") == address.get("ip") for one in ips)


def hands_on(target: bytes) -> bool:
    """Whether the body of a request is somebody else's affair, so that it may have any length."""
    return _PROXIED.match(target) is not None
