"""Listeners: at which TCP ports a container's network can be connected to, read from the kernel's own tables.

Source: proc(5), "/proc/net/tcp".
"""

from pathlib import Path

LISTEN = "0A"
LOOPBACK = frozenset({"0100007F", "00000000000000000000000001000000"})
"""127.0.0.1 and ::1 as a little-endian kernel shows them."""
TABLES = ("tcp", "tcp6")


def listening(pid: int) -> set[int]:
    """The ports of the network that process ``pid`` lives in; none once it has gone."""
    found: set[int] = set()
    for table in TABLES:
        try:
            found |= listening_ports(Path(f"/proc/{pid}/net/{table}").read_text())
        except OSError:
            continue
    return found


def listening_ports(table: str) -> set[int]:
    """The ports of one table at which others than the machine itself can connect.  Pure."""
    found = set()
    for line in table.splitlines()[1:]:
        words = line.split()
        address, _, port = words[1].rpartition(":")
        if words[3] == LISTEN and address not in LOOPBACK:
            found.add(int(port, 16))
    return found
