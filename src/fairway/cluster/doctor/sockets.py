"""Sockets: who listens on which port of this machine, and its routes with their devices, as /proc tells them.

Shape: ``listening`` gives every listener with its owner's name; ``parse_listeners`` is the pure part.
Source: proc_net(5).
"""

import contextlib
import ipaddress
import os
import re
import struct
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

_TABLES = (("tcp", "tcp", "0A"), ("tcp", "tcp6", "0A"), ("udp", "udp", "07"), ("udp", "udp6", "07"))
CLUSTER = "the cluster"
"""What the owner's name begins with where a process belongs to a cluster of ours."""
NET = Path("/proc/thread-self/net")


class Listener(NamedTuple):
    """One listening socket.  ``owner`` is the program's name and pid, empty if it is not known."""

    protocol: str
    address: str
    port: int
    inode: str
    owner: str = ""
    pid: int = 0

    @property
    def is_everywhere(self) -> bool:
        """Whether it listens on all addresses of the machine."""
        return self.address in ("0.0.0.0", "::")


def parse_listeners(protocol: str, state: str, table: str) -> Iterator[Listener]:
    """The listeners in one of the tables, without owners.  Pure."""
    for line in table.splitlines()[1:]:
        fields = line.split()
        if len(fields) > 9 and fields[3] == state:
            address, _, port = fields[1].partition(":")
            yield Listener(protocol, _address(address), int(port, 16), fields[9])


def _address(text: str) -> str:
    words = [int(text[i : i + 8], 16) for i in range(0, len(text), 8)]
    return str(ipaddress.ip_address(b"".join(struct.pack("=I", word) for word in words)))


def listening() -> list[Listener]:
    """All listeners of this network, with owners as far as we may see them."""
    found: list[Listener] = []
    for protocol, name, state in _TABLES:
        with contextlib.suppress(OSError):
            found += parse_listeners(protocol, state, (NET / name).read_text())
    return _owned(found)


def _owned(found: list[Listener]) -> list[Listener]:
    owners = dict(_socket_owners({each.inode for each in found}))
    return [each._replace(pid=(pid := owners.get(each.inode, 0)), owner=_owner(pid) if pid else "") for each in found]


def _socket_owners(wanted: set[str]) -> Iterator[tuple[str, int]]:
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with contextlib.suppress(OSError):
                for descriptor in os.scandir(folder / "fd"):
                    with contextlib.suppress(OSError):
                        found = re.fullmatch(r"socket:\[(\d+)\]", os.readlink(descriptor.path))
                        if found and found[1] in wanted:
                            yield found[1], int(folder.name)


def name_of(pid: int) -> str:
    """The program's name of a process; empty if it has gone."""
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return ""


def _owner(pid: int) -> str:
    """How people call a process; one of ours by its cluster."""
    with contextlib.suppress(OSError):
        words = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
        if any(word.startswith("fairway.cluster.") for word in words) and "--name" in words[:-1]:
            return f'{CLUSTER} "{words[words.index("--name") + 1]}" (pid {pid})'
    return f"{name_of(pid)} (pid {pid})"


def program_names() -> dict[str, int]:
    """The names of all running programs, each with a pid."""
    return {name: int(folder.name) for folder in Path("/proc").iterdir() if folder.name.isdigit()
            if (name := name_of(int(folder.name)))}  # fmt: skip


class Route(NamedTuple):
    """Where a network leads; the default route is 0.0.0.0/0."""

    network: ipaddress.IPv4Network | ipaddress.IPv6Network
    device: str


def parse_routes(table: str) -> Iterator[Route]:
    """The routes of /proc/net/route.  Pure."""
    for line in table.splitlines()[1:]:
        fields = line.split()
        address, mask = (struct.pack("<I", int(fields[i], 16)) for i in (1, 7))
        prefix = int.from_bytes(mask, "big").bit_count()
        yield Route(ipaddress.IPv4Network((int.from_bytes(address, "big"), prefix)), fields[0])


def parse_routes_6(table: str) -> Iterator[Route]:
    """The routes of /proc/net/ipv6_route, the machine's own and link-local ones apart.  Pure."""
    for line in table.splitlines():
        fields = line.split()
        network = ipaddress.IPv6Network((int(fields[0], 16), int(fields[1], 16)))
        is_plain = not network.is_link_local and not network.is_multicast and fields[9] != "lo"
        if is_plain and not int(fields[8], 16) & 0x80000000:  # RTF_LOCAL
            yield Route(network, fields[9])


def routes() -> list[Route]:
    """All routes of both families."""
    found: list[Route] = []
    with contextlib.suppress(OSError):
        found += parse_routes((NET / "route").read_text())
    with contextlib.suppress(OSError):
        found += parse_routes_6((NET / "ipv6_route").read_text())
    return found


def defaults(found: Iterable[Route], family: int) -> list[Route]:
    """The default routes of a family."""
    return [each for each in found if each.network.version == family and each.network.prefixlen == 0]
