"""Keeping: puts back the pods' tables when another program has taken them away (``systemctl restart nftables``).

The kernel is asked by name now and then, which costs microseconds.  Elements and rules deleted by hand are not noticed.
"""

import asyncio
import errno
import logging
import socket
import struct
from collections.abc import Awaitable, Callable

from fairway.node.machine import Machine
from fairway.node.names import masquerade_table
from fairway.node.pod_network import masquerade
from fairway.node.rtnetlink.connection import NETFILTER, Connection, RtnetlinkRefusal
from fairway.node.rtnetlink.messages import Request, attribute
from fairway.node.runtimes.interface import RuntimeFailure

log = logging.getLogger(__name__)

PERIOD_S = 5.0
_GET_TABLE = 10 << 8 | 1
_NAME = 1
_FAMILIES = {4: socket.AF_INET, 6: socket.AF_INET6}


def is_there(table: str, version: int) -> bool:
    """Whether the kernel has a table of that name for that version of IP.  Raises: ``OSError``."""
    general = struct.pack("=BBH", _FAMILIES[version], 0, 0)
    request = Request(_GET_TABLE, 0, general + attribute(_NAME, table.encode() + b"\0"), f"find table {table}")
    with Connection(NETFILTER) as connection:
        try:
            return bool(connection.dump(request))
        except RtnetlinkRefusal as refusal:
            if refusal.errno == errno.ENOENT:
                return False
            raise


async def keep(machine: Machine, repair: Callable[[], Awaitable[None]], period_s: float = PERIOD_S) -> None:
    """Work until cancelled; ``repair`` sees to the tables of others in this process."""
    while True:
        await asyncio.sleep(period_s)
        try:
            await asyncio.to_thread(_masquerade, machine)
            await repair()
        except (OSError, RuntimeFailure) as error:
            log.warning("tables of the pods' network not checked", extra={"error": str(error)})


def _masquerade(machine: Machine) -> None:
    versions = {6 if ":" in cidr else 4 for cidr in machine.pod_cidrs}
    if not all(is_there(masquerade_table(machine.cluster), version) for version in versions):
        masquerade.load(machine)
        log.warning("the masquerade table was gone and is back")
