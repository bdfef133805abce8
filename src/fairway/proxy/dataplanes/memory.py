"""MemoryDataplane: a dataplane that is a dictionary, with the kernel's manners.

Shape: as ``NftablesDataplane``; a delete of what is not there and a changed value without delete are refused, whole.
For tests of the proxy without a kernel.
"""

import asyncio
from collections.abc import Mapping, Sequence

from fairway.proxy.dataplanes.interface import DataplaneError, Found
from fairway.proxy.delta import FlowRule, Transaction
from fairway.proxy.model import FAMILIES
from fairway.proxy.words import Elements


class MemoryDataplane:
    """Holds elements per family; ``commits`` are all transactions that were taken, ``forgotten`` all flow rules."""

    def __init__(self) -> None:
        self.held: dict[int, Elements] = {family: {} for family in FAMILIES}
        self.commits: list[Mapping[int, Transaction]] = []
        self.forgotten: list[FlowRule] = []
        self.refusals = 0
        """How many of the next commits to refuse."""
        self.disturbance = asyncio.Event()

    async def open(self) -> Found:
        """See ``Dataplane``."""
        held = await self.dump()
        return Found(held, is_fresh=not any(held.values()))

    async def commit(self, transactions: Mapping[int, Transaction]) -> None:
        """See ``Dataplane``."""
        if self.refusals:
            self.refusals -= 1
            raise DataplaneError("refused as asked for")
        after = await self.dump()
        for family, change in transactions.items():
            _apply(after[family], change)
        if any(change.size for change in transactions.values()):
            self.held = after
            self.commits.append(transactions)

    async def dump(self) -> dict[int, Elements]:
        """See ``Dataplane``."""
        return {
            family: {name: dict(held) for name, held in elements.items() if held}
            for family, elements in self.held.items()
        }

    async def forget_flows(self, rules: Mapping[int, Sequence[FlowRule]]) -> int:
        """See ``Dataplane``."""
        self.forgotten += [rule for mine in rules.values() for rule in mine]
        return 0

    async def disturbed(self) -> None:
        """See ``Dataplane``."""
        await self.disturbance.wait()
        self.disturbance.clear()

    async def remove(self) -> None:
        """See ``Dataplane``."""
        self.held = {family: {} for family in FAMILIES}

    def close(self) -> None:
        """See ``Dataplane``."""


def _apply(held: Elements, change: Transaction) -> None:
    for name, gone in change.deletes.items():
        for key in gone:
            if key not in held.get(name, {}):
                raise DataplaneError(f"{name}: no element {key.hex()}")
            del held[name][key]
    for name, new in change.adds.items():
        known = held.setdefault(name, {})
        for key, value in new.items():
            if known.setdefault(key, value) != value:
                raise DataplaneError(f"{name}: element {key.hex()} exists with another value")
