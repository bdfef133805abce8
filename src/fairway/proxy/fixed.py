"""Fixed: the elements that follow from settings and the Node and not from any Service.

Shape: settings and the Node in, the ranges of one family out.  Pure.
"""

from collections.abc import Iterable
from typing import Final

from fairway.proxy import words
from fairway.proxy.model import (
    IPV4,
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

_BUT_LOOPBACK: Final = {
    True: [Range(bytes(4), b"\x7e\xff\xff\xff"), Range(b"\x80\0\0\0", b"\xff" * 4)],
    False: [Range(bytes(15) + b"\x02", b"\xff" * 16)],
}


def fixed_elements(family: int, node: NodeView, settings: Settings) -> Elements:
    """Service CIDRs, pod CIDRs and the addresses at which node ports answer."""
    if settings.nodeport_addresses:
        texts = [text for text in settings.nodeport_addresses if text != PRIMARY]
        at_node_ports = _ranges(family, texts)
        if PRIMARY in settings.nodeport_addresses:
            mine = [at for at in node.addresses if family_of(at) == family][:1]
            at_node_ports += [Range(at, at) for at in mine]
    else:
        at_node_ports = _BUT_LOOPBACK[family == IPV4]
    wanted = {
        words.SERVICE_CIDRS: _ranges(family, settings.service_cidrs),
        words.POD_CIDRS: _ranges(family, pod_cidrs(node, settings)),
        words.NODE_PORT_ADDRESSES: at_node_ports,
    }
    return {name: {first + last: b"" for first, last in merged(ranges)} for name, ranges in wanted.items() if ranges}


def _ranges(family: int, cidrs: Iterable[str]) -> list[Range]:
    found = []
    for cidr in cidrs:
        try:
            found.append(address_range(cidr))
        except AddressError:
            continue
    return [each for each in found if family_of(each.first) == family]
