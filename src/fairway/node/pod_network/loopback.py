"""Loopback: lets answers to connections from [::1] in, by whatever device they come; for node ports there.

IPv4 has the setting ``route_localnet`` for this.  IPv6 takes a packet for ::1, which is what an answer is once it has
been translated back, only where the device has a local route to ::1 of its own.  Packets that outsiders address to ::1
are dropped by the kernel before any routing (RFC 4291, section 2.5.3), so these routes let nobody in.
"""

import asyncio
import zlib
from typing import Final

from fairway.node.machine import Machine
from fairway.node.rtnetlink.connection import Connection
from fairway.node.rtnetlink.link_changes import LinkChanges
from fairway.node.rtnetlink.messages import Link, add_local, del_local

LOCALHOST: Final = "::1"
_LOOPBACK_INDEX: Final = 1


def metric_of(cluster: str, link: Link) -> int:
    """A route's key holds no device, so each has a metric of its own; it tells the clusters of a machine apart, too."""
    return (zlib.crc32(cluster.encode()) & 0x7FFF) << 16 | 1 << 31 | link.index & 0xFFFF


def open_loopback(connection: Connection, cluster: str) -> None:
    """Every device that is there and up takes answers from now on; repeating it is harmless."""
    connection.run([add_local(LOCALHOST, link.index, metric_of(cluster, link)) for link in _devices(connection)])


def close_loopback(connection: Connection, cluster: str) -> None:
    """No device does any more, as far as this cluster has asked for it."""
    connection.run([del_local(LOCALHOST, link.index, metric_of(cluster, link)) for link in _devices(connection)])


def _devices(connection: Connection) -> list[Link]:
    return [link for link in connection.links() if link.index != _LOOPBACK_INDEX]


async def keep_loopback(machine: Machine) -> None:
    """Work until cancelled, if node ports answer at [::1]: devices come with pods and lose their routes when down."""
    changed = asyncio.Event()
    with Connection() as connection:
        if 6 not in machine.loopback:
            close_loopback(connection, machine.cluster)
            await asyncio.get_running_loop().create_future()
        changes = LinkChanges(changed.set)
        try:
            while True:
                open_loopback(connection, machine.cluster)
                await changed.wait()
                changed.clear()
        finally:
            changes.close()
