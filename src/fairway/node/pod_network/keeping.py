"""Keeping: puts back the pods' tables and the gateway device when another program has taken them away.

Tables go with ``systemctl restart nftables``.  The kernel is asked by name now and then, which costs microseconds.
Elements, rules and addresses deleted by hand are not noticed.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from fairway.node.machine import Machine
from fairway.node.names import gateway_device, masquerade_table
from fairway.node.pod_network import masquerade
from fairway.node.pod_network.node import gateway_up
from fairway.node.pod_network.tables import is_there
from fairway.node.rtnetlink.connection import Connection
from fairway.node.runtimes.interface import RuntimeFailure

log = logging.getLogger(__name__)

PERIOD_S = 5.0


async def keep(machine: Machine, repair: Callable[[], Awaitable[None]], period_s: float = PERIOD_S) -> None:
    """Work until cancelled; ``repair`` sees to the tables of others in this process."""
    while True:
        await asyncio.sleep(period_s)
        try:
            await asyncio.to_thread(_gateway, machine)
            await asyncio.to_thread(_masquerade, machine)
            await repair()
        except (OSError, RuntimeFailure) as error:
            log.warning("the pods' network not checked", extra={"error": str(error)})


def _gateway(machine: Machine) -> None:
    with Connection() as connection:
        if connection.link(gateway_device(machine.cluster)) is None:
            gateway_up(machine, connection)
            log.warning("the gateway device was gone and is back")


def _masquerade(machine: Machine) -> None:
    versions = {6 if ":" in cidr else 4 for cidr in machine.pod_cidrs}
    if not all(is_there(masquerade_table(machine.cluster), version) for version in versions):
        masquerade.load(machine)
        log.warning("the masquerade table was gone and is back")
