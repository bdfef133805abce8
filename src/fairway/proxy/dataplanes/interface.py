"""The Dataplane seam: whatever makes packets to a Service reach its endpoints.

Shape: the proxy decides what the maps and sets hold (``delta``); a dataplane holds it, and its rules, which never
change with the Services, read it (docs/packet-flow.md).
Rules for drivers: a commit is atomic for packets and for failures; what stands in the dataplane outlives the process;
nothing that belongs to others is read or changed.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from fairway.proxy.delta import FlowRule, Transaction
from fairway.proxy.words import Elements


class DataplaneError(Exception):
    """The dataplane refused; what was in force is still in force.  The text says what was tried and answered."""


class Found(NamedTuple):
    """What a dataplane held when it was opened, per family that the machine has.

    ``is_fresh``: nothing at all was in force, so there is no packet that a load in parts could harm.
    """

    elements: dict[int, Elements]
    is_fresh: bool


class Dataplane(Protocol):
    """Families are 4 and 6.  Drivers: nftables, memory."""

    async def open(self) -> Found:
        """Take hold of what is there and tell which elements it holds.

        Rules of another version are replaced with the first commit, in one step with it.  Raises: ``DataplaneError``.
        """

    async def commit(self, transactions: Mapping[int, Transaction]) -> None:
        """All of it or nothing.  Raises: ``DataplaneError``, also if an element to delete is not there."""

    async def dump(self) -> dict[int, Elements]:
        """What is there now, after doubt.  Raises: ``DataplaneError``."""

    async def forget_flows(self, rules: Mapping[int, Sequence[FlowRule]]) -> int:
        """End the connectionless flows that a rule no longer allows, and tell how many.  Raises: ``DataplaneError``."""

    async def disturbed(self) -> None:
        """Return when another hand has taken away what was committed.  Raises: ``DataplaneError``."""

    async def remove(self) -> None:
        """Take everything away, without a trace."""

    def close(self) -> None:
        """Let go; what was committed stays in force."""
