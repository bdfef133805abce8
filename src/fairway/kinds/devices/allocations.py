"""The status of a claim: the devices that it got, who uses them, and what drivers tell of them.

Source: KEP-4381; KEP-4817 (what drivers tell of devices).
"""

import re
from collections.abc import Iterator
from ipaddress import ip_interface

from fairway.kinds.devices.binding import binding_problems
from fairway.kinds.devices.configurations import CONFIGURATIONS_MAX, configuration, raw
from fairway.kinds.devices.lists import items
from fairway.kinds.devices.naming import pool_name
from fairway.kinds.devices.requests import Known, known_requests, reference, references
from fairway.kinds.rules.driver_name import driver_name
from fairway.kinds.rules.pod_spec.scheduling import node_selector
from fairway.kinds.rules.values import IMMUTABLE, dns_label, one_of
from fairway.objects import Object
from fairway.objects.errors import Problem, forbidden_value, invalid_value, required, too_long, too_many

_CONSUMERS_MAX, _RESULTS_MAX, _CONDITIONS_MAX, _ADDRESSES_MAX = 256, 32, 8, 16
_INTERFACE_MAX, _HARDWARE_MAX = 256, 128
_is_uid = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}").fullmatch
_UID_FORM = (
    "uid must be in RFC 4122 normalized form, `xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx` with lowercase hexadecimal"
    " characters"
)
_NOT_AN_ADDRESS = "must be a valid address in CIDR form, (e.g. 10.9.8.7/24 or 2001:db8::1/64)"


def status_problems(claim: Object, old: Object) -> Iterator[Problem]:
    """Every broken rule of a claim's new status."""
    status, was = claim.get("status") or {}, old.get("status") or {}
    allocation, users = status.get("allocation"), status.get("reservedFor") or []
    yield from items("status.reservedFor", users, _user, most=_CONSUMERS_MAX, key=lambda user: user.get("uid") or "")
    got = {_device(result) for result in ((allocation or {}).get("devices") or {}).get("results") or ()}

    def told(path: str, found: Object) -> Iterator[Problem]:
        return _told(path, found, got)

    yield from items("status.devices", status.get("devices"), told, key=_device)
    if users and allocation is None:
        yield forbidden_value("status.reservedFor", "may not be specified when `allocated` is not set")
    elif claim["metadata"].get("deletionTimestamp") and any(
        user not in (was.get("reservedFor") or ()) for user in users
    ):
        text = "new entries may not be added while `deallocationRequested` or `deletionTimestamp` are set"
        yield forbidden_value("status.reservedFor", text)
    if allocation is not None and was.get("allocation") is None:
        yield from _allocation("status.allocation", allocation, known_requests(claim["spec"].get("devices") or {}))
    elif allocation is not None and allocation != was["allocation"]:
        yield invalid_value("status.allocation", allocation, IMMUTABLE)


def _device(found: Object) -> str:
    """Which device it is about, and which share of it."""
    parts = (found.get("driver"), found.get("pool"), found.get("device"), found.get("shareID"))
    return "/".join(part or "" for part in parts).removesuffix("/")


def _user(path: str, user: Object) -> Iterator[Problem]:
    return (required(f"{path}.{field}") for field in ("resource", "name", "uid") if not user.get(field))


def _allocation(path: str, found: Object, known: Known) -> Iterator[Problem]:
    def result(here: str, one: Object) -> Iterator[Problem]:
        yield from reference(f"{here}.request", one.get("request") or "", known)
        yield from _named(here, one)
        yield from binding_problems(here, one)

    def setting(here: str, one: Object) -> Iterator[Problem]:
        yield from one_of(f"{here}.source", one.get("source") or "", ("FromClaim", "FromClass"))
        yield from references(f"{here}.requests", one.get("requests"), known)
        yield from configuration(here, one)

    devices = found.get("devices") or {}
    yield from items(f"{path}.devices.results", devices.get("results"), result, most=_RESULTS_MAX)
    yield from items(f"{path}.devices.config", devices.get("config"), setting, most=2 * CONFIGURATIONS_MAX)
    if (selector := found.get("nodeSelector")) is not None:
        yield from node_selector(f"{path}.nodeSelector", selector)


def _named(path: str, found: Object) -> Iterator[Problem]:
    """Driver, pool and device; the share of it."""
    yield from driver_name(f"{path}.driver", found.get("driver") or "")
    yield from pool_name(f"{path}.pool", found.get("pool") or "")
    yield from dns_label(f"{path}.device", found.get("device") or "")
    share = found.get("shareID")
    if share is not None and not _is_uid(share):
        text = _UID_FORM if len(share) == 36 else f"error validating uid: invalid UUID length: {len(share)}"
        yield invalid_value(f"{path}.shareID", share, text)


def _told(path: str, found: Object, got: set[str]) -> Iterator[Problem]:
    yield from _named(path, found)
    if _device(found) not in got:
        yield invalid_value(path, _device(found), "must be an allocated device in the claim")
    if (count := len(found.get("conditions") or ())) > _CONDITIONS_MAX:
        yield too_many(f"{path}.conditions", count, _CONDITIONS_MAX)
    if found.get("data") is not None:
        yield from raw(f"{path}.data", found["data"])
    network, here = found.get("networkData") or {}, f"{path}.networkData"
    for field, limit in (("interfaceName", _INTERFACE_MAX), ("hardwareAddress", _HARDWARE_MAX)):
        if len((network.get(field) or "").encode()) > limit:
            yield too_long(f"{here}.{field}", limit)
    yield from items(f"{here}.ips", network.get("ips"), _address, most=_ADDRESSES_MAX, key=str)


def _address(path: str, text: str) -> Iterator[Problem]:
    """An address with the length of its network's prefix."""
    try:
        wanted = str(ip_interface(text)) if "/" in text else ""
    except ValueError:
        wanted = ""
    if not wanted:
        yield invalid_value(path, text, _NOT_AN_ADDRESS)
    elif wanted != text:
        yield invalid_value(path, text, f'must be in canonical form ("{wanted}")')
