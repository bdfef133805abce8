"""Words: the 32-bit values that lead a packet through the table, and the names of its maps and sets.

Shape: three kinds of word travel in the packet's priority field between the steps (docs/packet-flow.md draws them).

    frontend   bits 30..9 list number            bit 8 local list   bits 7..0 flags of the frontend
    list       bits 30..9 list number            bit 8 local list   bits 7..0 class
    affinity   bit 31 set, bits 30..14 affinity  bits 13..5 timeout number, bits 4..0 class
               number                        or  bits 13..0 endpoint number

Class 0 refuses, class 1 drops, class 2+k spreads over at most 2**k slots.  Pure.
"""

import struct
from typing import Final

# Flags of a frontend
INTERNAL: Final = 0x01
"""Masquerade unless the source is a pod."""
MASQUERADE: Final = 0x02
"""Masquerade always."""
EXTERNAL_LOCAL: Final = 0x04
"""externalTrafficPolicy Local: pods and the node itself use every endpoint all the same."""
HOST_PORT: Final = 0x08
"""Answers at every address of the machine, whatever the addresses of node ports."""
FIREWALL: Final = 0x80
"""Only the sources in ``source-ranges`` may pass."""
LOCAL_LIST: Final = 0x100
"""Use the list of this node's endpoints."""

FLAGS_MASK: Final = 0xFF
LIST_SHIFT: Final = 9
LIST_LIMIT: Final = 1 << 22
LIST_MASK: Final = 0xFFFFFF00
"""List number and LOCAL_LIST: the key of a list."""

REFUSE: Final = 0
DROP: Final = 1
SPREAD: Final = 2
MAX_POWER: Final = 14
MAX_ENDPOINTS: Final = (1 << MAX_POWER) - 1
"""As many as there are numbers for endpoints of a list with affinity."""

AFFINITY: Final = 1 << 31
AFFINITY_SHIFT: Final = 14
AFFINITY_LIMIT: Final = 1 << 17
AFFINITY_MASK: Final = 0xFFFFC000
"""The key of an affinity list."""
TIMEOUT_SHIFT: Final = 5
TIMEOUT_LIMIT: Final = 1 << 9
TIMEOUT_MASK: Final = 0x3FE0
CLASS_MASK: Final = 0x1F
NUMBER_LIMIT: Final = 1 << 14

# Maps and sets of the table, in the order in which elements are added
LIVE: Final = "live-endpoints"
ENDPOINTS: Final = "affinity-endpoints"
SLOTS: Final = "slots"
AFFINITY_SLOTS: Final = "affinity-slots"
TIMEOUTS: Final = "affinity-timeouts"
AFFINITY_LISTS: Final = "affinity-lists"
LISTS: Final = "lists"
CLUSTER_IPS: Final = "cluster-ips"
SOURCE_RANGES: Final = "source-ranges"
FRONTENDS: Final = "frontends"
NODE_PORTS: Final = "node-ports"
HAIRPIN: Final = "hairpin"
SERVICE_CIDRS: Final = "service-cidrs"
POD_CIDRS: Final = "pod-cidrs"
NODE_PORT_ADDRESSES: Final = "node-port-addresses"
BINDINGS: Final = "affinity-bindings"
"""Written by packets alone, never by the proxy."""

ORDER: Final = (
    SERVICE_CIDRS, POD_CIDRS, NODE_PORT_ADDRESSES, LIVE, ENDPOINTS, SLOTS, AFFINITY_SLOTS, TIMEOUTS, AFFINITY_LISTS,
    LISTS, SOURCE_RANGES, HAIRPIN, FRONTENDS, NODE_PORTS, CLUSTER_IPS,
)  # fmt: skip
"""What is pointed to comes before what points to it; deletes go the other way."""

Elements = dict[str, dict[bytes, bytes]]
"""Set or map -> key -> data (empty in a set).  The key of a range is its first and its last address."""

pack_word = struct.Struct("=I").pack
pack_words = struct.Struct("=II").pack
_unpack = struct.Struct("=I").unpack


def word_of(packed: bytes) -> int:
    """The number in the first four bytes."""
    number: int = _unpack(packed[:4])[0]
    return number


def class_of(count: int) -> int:
    """The class of a list of ``count`` endpoints, at least one."""
    return SPREAD + (count - 1).bit_length()
