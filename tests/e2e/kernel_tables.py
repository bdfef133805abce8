"""Which nftables tables the kernel has, asked of the kernel itself.

``nft list tables`` reads everything there is and begins again whenever anybody changes anything: beside a busy cluster
it does not end.
"""

import errno
import socket

from fairway.proxy.dataplanes.nftables.netlink import (
    HEADER_BYTES,
    NFTABLES,
    NetlinkError,
    NetlinkSocket,
    first,
    message,
)

GET_TABLE, TABLE_NAME = NFTABLES << 8 | 1, 1
"""Source: linux/netfilter/nf_tables.h."""


def kernel_tables() -> list[str]:
    """The names of all tables of all families."""
    asking = NetlinkSocket()
    try:
        while True:
            try:
                answers = list(asking.dump(message(GET_TABLE, 0, socket.AF_UNSPEC, b"")))
            except NetlinkError as error:
                if error.errno == errno.EINTR:  # changed while it was read, which takes no time
                    continue
                raise
            names = (first(each, HEADER_BYTES, len(each), TABLE_NAME) for each in answers)
            return [name.rstrip(b"\0").decode() for name in names if name]
    finally:
        asking.close()
