"""ServiceCIDRs: a range gives addresses as soon as it is there, and goes when none of its addresses is in use.

Shape: ``is_held`` and ``told`` (pure) judge one range; ``ServiceCidrs`` acts on it whenever a range changes and, while
one waits to go, whenever an address does.
Source: KEP-1880, the life of a ServiceCIDR.
"""

from collections.abc import Iterable, Sequence
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING

from fairway.apiserver.settling import Settling
from fairway.kinds import IP_ADDRESS, SERVICE_CIDR
from fairway.kinds.service_cidr import FINALIZER
from fairway.objects import Object, meta
from fairway.objects.errors import StatusError

if TYPE_CHECKING:
    from fairway.apiserver.serve import Api

GRACE_S = 10.0
"""A range that is to go stays at least so long, as upstream has it."""
_RETRY_S = 5.0
_READY = ("True", "", "Kubernetes Service CIDR is ready")
_TERMINATING = (
    "False", "Terminating",
    "There are still IPAddresses referencing the ServiceCIDR, please remove them or create a new ServiceCIDR",
)  # fmt: skip


def is_held(ranges: Sequence[str], others: Sequence[str], addresses: Iterable[str]) -> bool:
    """Whether one of ``addresses`` lies in ``ranges`` and in none of the ``others``."""
    own, covering = [ip_network(each) for each in ranges], [ip_network(each) for each in others]
    return any(
        any(address in network for network in own) and not any(address in network for network in covering)
        for address in map(ip_address, addresses)
    )


def told(found: Object, now: str) -> Object | None:
    """The status of a range that may be used, or that is in use and should go; ``None`` if it says so already."""
    conditions = (found.get("status") or {}).get("conditions") or []
    status, reason, message = _TERMINATING if meta.is_deleting(found) else _READY
    if any(one["type"] == "Ready" and one["status"] == status for one in conditions):
        return None
    condition = {
        "type": "Ready", "status": status, "lastTransitionTime": now, "reason": reason, "message": message,
    }  # fmt: skip
    return {"conditions": [*(one for one in conditions if one["type"] != "Ready"), condition]}


class ServiceCidrs:
    """Says of every range whether it is ready, and lets those go that nobody needs."""

    def __init__(self, api: "Api") -> None:
        self._api = api
        self._ranges = api.cache.of(SERVICE_CIDR)
        self._addresses = api.cache.of(IP_ADDRESS)
        self._settling = Settling(self._ranges, self.settle, "ServiceCIDRs", retry_s=_RETRY_S)

    async def settle(self) -> None:
        """Do all that is due.  Raises: ``StatusError``."""
        present = [state.object for state in list(self._ranges.live.values())]
        waits = False
        for found in present:
            try:
                waits = await self._settle(found, present) or waits
            except StatusError as error:
                # Somebody was faster: there will be a change to tell.
                if error.code not in (404, 409):
                    raise
        self._settling.follow(self._addresses, wanted=waits)

    async def _settle(self, found: Object, present: Sequence[Object]) -> bool:
        """Whether the range waits for its addresses to go."""
        if not meta.is_deleting(found):
            await self._tell(found)
            return False
        metadata = found["metadata"]
        if FINALIZER not in (metadata.get("finalizers") or ()):
            return False
        others = [cidr for one in present if not meta.is_deleting(one) for cidr in one["spec"]["cidrs"]]
        names = (key[len(IP_ADDRESS.prefix) :] for key in self._addresses.live)
        if is_held(found["spec"]["cidrs"], others, names):
            await self._tell(found)
            return True
        left_s = meta.unix_seconds(metadata["deletionTimestamp"]) + GRACE_S - self._api.clock()
        if left_s > 0:
            self._settling.again_in(left_s)
            return False
        kept = [name for name in metadata["finalizers"] if name != FINALIZER]
        body = {**found, "metadata": {**metadata, "finalizers": kept}}
        await self._api.call("update", SERVICE_CIDR, name=metadata["name"], body=body)
        return False

    async def _tell(self, found: Object) -> None:
        status = told(found, meta.timestamp(self._api.clock()))
        if status is not None:
            name, body = found["metadata"]["name"], {**found, "status": status}
            await self._api.call("update", SERVICE_CIDR, name=name, subresource="status", body=body)

    async def keep(self) -> None:
        """Settle now, and whenever something changes; until cancelled."""
        await self._settling.keep()
