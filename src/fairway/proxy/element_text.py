"""Element text: one element of a map or set as ``nft list`` prints it.

Shape: name, key and data as in ``words.Elements`` in, text such as ``10.96.0.17 . tcp . 80 : 0x00000201`` out.  Pure.
"""

import ipaddress
from collections.abc import Callable
from typing import Final

from fairway.proxy import words
from fairway.proxy.model import PROTOCOL_NAMES, address_text, frontend_parts
from fairway.proxy.words import word_of


def element_text(name: str, key: bytes, data: bytes) -> str:
    """One element of the map or set ``name``; a set's has no ``data``."""
    shown_key, shown_data = _TEXTS[name]
    return f"{shown_key(key)} : {shown_data(data)}" if shown_data is not None else shown_key(key)


def range_text(first: bytes, last: bytes) -> str:
    """``10.96.0.0/16``, a single address, or the first and last address with a dash where the range is no CIDR."""
    low, high = ipaddress.ip_address(first), ipaddress.ip_address(last)
    if low == high:
        return str(low)
    nets = list(ipaddress.summarize_address_range(low, high))
    return str(nets[0]) if len(nets) == 1 else f"{low}-{high}"


def _word(packed: bytes) -> str:
    return f"{word_of(packed):#010x}"


def _words(packed: bytes) -> str:
    return f"{_word(packed)} . {_word(packed[4:])}"


def _frontend(key: bytes) -> str:
    at, protocol, port = frontend_parts(key)
    parts = [address_text(at)] if at else []
    return " . ".join([*parts, PROTOCOL_NAMES.get(protocol, str(protocol)).lower(), str(port)])


def _endpoint(packed: bytes) -> str:
    return f"{address_text(packed[:-4])} . {int.from_bytes(packed[-4:-2], 'big')}"


def _pair(key: bytes) -> str:
    half = len(key) // 2
    return f"{address_text(key[:half])} . {address_text(key[half:])}"


def _range(key: bytes) -> str:
    half = len(key) // 2
    return range_text(key[:half], key[half:])


def _source_range(key: bytes) -> str:
    half = len(key) // 2
    size = (half - 8) // 2
    return f"{_frontend(key[: half - size])} . {range_text(key[half - size : half], key[-size:])}"


def _timeout(packed: bytes) -> str:
    return f"goto affinity-{word_of(packed)}s"


_TEXTS: Final[dict[str, tuple[Callable[[bytes], str], Callable[[bytes], str] | None]]] = {
    words.SERVICE_CIDRS: (_range, None),
    words.POD_CIDRS: (_range, None),
    words.NODE_PORT_ADDRESSES: (_range, None),
    words.LIVE: (_word, None),
    words.ENDPOINTS: (_word, _endpoint),
    words.SLOTS: (_words, _endpoint),
    words.AFFINITY_SLOTS: (_words, _word),
    words.TIMEOUTS: (_word, _timeout),
    words.AFFINITY_LISTS: (_word, _word),
    words.LISTS: (_word, _word),
    words.SOURCE_RANGES: (_source_range, None),
    words.HAIRPIN: (_pair, None),
    words.FRONTENDS: (_frontend, _word),
    words.NODE_PORTS: (_frontend, _word),
    words.CLUSTER_IPS: (address_text, None),
}
