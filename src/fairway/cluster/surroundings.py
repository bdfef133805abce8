"""Surroundings: what of the machine is there, and what is taken already.

Shape: ``look`` reads what ``settling`` decides by; the rest are single questions to the kernel.
"""

import contextlib
import errno
import ipaddress
import socket
import struct
from collections.abc import Iterable
from pathlib import Path

from fairway.cluster import families
from fairway.cluster.config import RUN_ROOT, Config, read
from fairway.cluster.settling import INGRESS_PORTS, PORTS, ROUTE, Taken, used_ranges
from fairway.cluster.values import Network, address_blocks


def look(config: Config, *, is_new: bool, own_ports: Iterable[int] = ()) -> Taken:
    """What others hold: routes of the machine, listening programs, and the other clusters.

    ``own_ports`` are those that this cluster's own processes listen on at the moment.
    """
    others = [other for other in running() if other.name != config.name]
    # Routes inside the ranges of a cluster that existed before are its own, left by a crash; wider ones are older.
    own = [] if is_new else _networks(config)
    routes = [route for route in _routes() if not any(route.overlaps(mine) for mine in own)]
    networks = [(route, ROUTE) for route in routes]
    networks += [(network, f'cluster "{other.name}"') for other in others for network in _networks(other)]
    siblings = _recorded(config) if is_new else []
    held = {getattr(other, name) for other in others for name in PORTS}
    hosts = {"127.0.0.1", config.bind_address, *config.node_ips}

    def is_free(port: int, hosts: Iterable[str] = hosts) -> bool:
        return port not in held and (port in own_ports or all(_can_listen(host, port) for host in hosts))

    def is_free_everywhere(port: int) -> bool:
        return is_free(port, ("0.0.0.0", *(() if lacks_family(6) else ("::",))))

    def is_taken(name: str) -> bool:
        port = getattr(config, name)
        return port != 0 and not (is_free_everywhere if name in INGRESS_PORTS else is_free)(port)

    def owner(port: int) -> str:
        from fairway.cluster.doctor.sockets import listening

        cluster = next((other.name for other in others for name in PORTS if getattr(other, name) == port), "")
        if cluster:
            return f'the cluster "{cluster}"'
        return next((each.owner for each in listening() if each.port == port and each.owner), "another program")

    return Taken(
        tuple(networks),
        tuple((other.node_ports, f'cluster "{other.name}"') for other in others),
        tuple(network for other in siblings for network in _networks(other)),
        frozenset(getattr(config, name) for name in PORTS if is_taken(name)),
        is_free,
        is_free_everywhere,
        owner,
    )


def _networks(config: Config) -> list[Network]:
    texts = [text for name in used_ranges(config) for text in families.parts(getattr(config, name))]
    return [block for text in texts for block in address_blocks(text)]


def running() -> list[Config]:
    """The clusters that are up on this machine, or were when it lost them."""
    return _read_all(RUN_ROOT.glob("*/config.json"))


def _recorded(config: Config) -> list[Config]:
    """The other clusters of the same data folder, also those that are down."""
    found = _read_all(Path(config.data_dir).glob("*/config.json"))
    return [other for other in found if other.name != config.name]


def _read_all(paths: Iterable[Path]) -> list[Config]:
    found = []
    for path in sorted(paths):
        with contextlib.suppress(OSError, ValueError, TypeError):
            found.append(read(path))
    return found


IPV6_ADDR_PREFERENCES, PREFER_SRC_PUBLIC = 72, 0x2
"""Source: RFC 5014; linux/in6.h."""
_BEYOND = {4: "192.0.2.1", 6: "2001:db8::1"}
"""Addresses that nobody has, on the way out; source: RFC 5737, RFC 3849."""


def default_address(family: int) -> str:
    """This machine's address on the way out, or empty where there is no such way.  Sends nothing."""
    with contextlib.suppress(OSError), socket.socket(_socket_family(_BEYOND[family]), socket.SOCK_DGRAM) as probe:
        if family == 6:
            # Not the temporary address that hides a client: it would be gone within days.
            probe.setsockopt(socket.IPPROTO_IPV6, IPV6_ADDR_PREFERENCES, PREFER_SRC_PUBLIC)
        probe.connect((_BEYOND[family], 9))
        address = ipaddress.ip_address(probe.getsockname()[0])
        return "" if address.is_loopback or address.is_link_local else str(address)
    return ""


def lacks_family(family: int) -> bool:
    """Whether the kernel does not speak IPv4 or IPv6, or was told not to."""
    if family == 4:
        return False
    try:
        # "default" is what the devices that we make start with.
        return any(Path(f"/proc/sys/net/ipv6/conf/{of}/disable_ipv6").read_text() != "0\n" for of in ("all", "default"))
    except OSError:
        return True


def _socket_family(address: str) -> int:
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def devices() -> list[str]:
    """The network devices of this machine, the loopback apart."""
    return [name for _, name in socket.if_nameindex() if name != "lo"]


def is_own_address(address: str) -> bool:
    """Whether a device of this machine has the address."""
    return _can_listen(address, 0)


def _can_listen(host: str, port: int) -> bool:
    """Whether nothing listens there, and for port 0 whether the address is this machine's."""
    with socket.socket(_socket_family(host)) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            return port != 0 and error.errno != errno.EADDRINUSE
    return True


def _routes() -> list[Network]:
    """Networks that the machine routes, the default routes apart."""
    return [*_routes_4(), *_routes_6()]


def _routes_4() -> Iterable[Network]:
    """Source: proc(5), /proc/net/route."""
    for line in Path("/proc/thread-self/net/route").read_text().splitlines()[1:]:
        fields = line.split()
        address, mask = (struct.pack("<I", int(fields[i], 16)) for i in (1, 7))
        if mask != b"\0\0\0\0":
            prefix = int.from_bytes(mask, "big").bit_count()
            yield ipaddress.IPv4Network((int.from_bytes(address, "big"), prefix))


def _routes_6() -> Iterable[Network]:
    """Source: proc(5), /proc/net/ipv6_route, which lists the machine's own addresses too."""
    with contextlib.suppress(FileNotFoundError):
        for line in Path("/proc/thread-self/net/ipv6_route").read_text().splitlines():
            fields = line.split()
            network = ipaddress.IPv6Network((int(fields[0], 16), int(fields[1], 16)))
            if network.prefixlen and not network.is_link_local and not network.is_multicast:
                yield network
