"""Fixed: the elements that follow from settings and the Node and not from any Service.

Shape: settings and the Node in, the ranges of one family out.  Pure.
"""

from collections.abc import Iterable, Iterator
from typing import Final

from fairway.proxy import words
from fairway.proxy.model import (
    FAMILIES,
    IPV4,
    IPV6,
    PRIMARY,
    AddressError,
    NodeView,
    Range,
    Settings,
    address_range,
    family_of,
    merged,
)
from fairway.proxy.resolve import pod_cidrs
from fairway.proxy.words import Elements

_LOOPBACK: Final = {
    IPV4: Range(b"\x7f\0\0\0", b"\x7f\xff\xff\xff"),
    IPV6: Range(bytes(15) + b"\x01", bytes(15) + b"\x01"),
}
_EVERYTHING: Final = {IPV4: Range(bytes(4), b"\xff" * 4), IPV6: Range(bytes(15) + b"\x02", b"\xff" * 16)}


def fixed_elements(family: int, node: NodeView, settings: Settings) -> Elements:
    """Service CIDRs, pod CIDRs and the addresses at which node ports answer."""
    wanted = {
        words.SERVICE_CIDRS: ranges(family, settings.service_cidrs),
        words.POD_CIDRS: ranges(family, pod_cidrs(node, settings)),
        words.NODE_PORT_ADDRESSES: list(_at_node_ports(family, node, settings)),
    }
    return {name: {first + last: b"" for first, last in merged(held)} for name, held in wanted.items() if held}


def loopback_families(settings: Settings) -> tuple[int, ...]:
    """The families in which node ports answer on localhost, for which the kernel needs more than our rules."""
    return tuple(family for family in FAMILIES if any(
        _LOOPBACK[family].first <= each.first and each.last <= _LOOPBACK[family].last
        for each in ranges(family, settings.nodeport_addresses)
    ))  # fmt: skip


def _at_node_ports(family: int, node: NodeView, settings: Settings) -> Iterator[Range]:
    """Loopback has to be named: a range that is wider, such as 0.0.0.0/0, leaves it out.

    Any part of 127.0.0.0/8 stands for all of it, since the guard against outsiders must cover all of it.
    """
    loopback = _LOOPBACK[family]
    if not settings.nodeport_addresses:
        yield from _without(_EVERYTHING[family], loopback)
        return
    for each in ranges(family, settings.nodeport_addresses):
        if loopback.first <= each.first and each.last <= loopback.last:
            yield loopback
        else:
            yield from _without(each, loopback)
    if PRIMARY in settings.nodeport_addresses:
        yield from (Range(at, at) for at in node.primary_addresses if family_of(at) == family)


def _without(each: Range, hole: Range) -> Iterator[Range]:
    """What is left of a range."""
    if each.last < hole.first or hole.last < each.first:
        yield each
        return
    if each.first < hole.first:
        yield Range(each.first, _moved(hole.first, -1))
    if hole.last < each.last:
        yield Range(_moved(hole.last, 1), each.last)


def _moved(at: bytes, step: int) -> bytes:
    return (int.from_bytes(at, "big") + step).to_bytes(len(at), "big")


def ranges(family: int, cidrs: Iterable[str]) -> list[Range]:
    """The ranges of one family; what is no CIDR, as ``primary`` is none, is left out."""
    found = []
    for cidr in cidrs:
        try:
            found.append(address_range(cidr))
        except AddressError:
            continue
    return [each for each in found if family_of(each.first) == family]
