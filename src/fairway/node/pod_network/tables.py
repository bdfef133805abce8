"""Tables: whether the kernel has an nftables table, asked by netlink, which costs microseconds."""

import errno
import socket
import struct

from fairway.node.rtnetlink.connection import NETFILTER, Connection, RtnetlinkRefusal
from fairway.node.rtnetlink.messages import Request, attribute

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
