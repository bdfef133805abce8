"""Address ranges that are spelt first-last, such as ``192.168.1.200-192.168.1.220``.  Pure."""

import ipaddress

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def ends(text: str) -> tuple[Address, Address]:
    """First and last address of a range first-last.  Raises: ``ValueError``."""
    first, _, last = text.partition("-")
    start, end = ipaddress.ip_address(first.strip()), ipaddress.ip_address(last.strip())
    if start.version != end.version or int(end) < int(start):
        raise ValueError(f"{text}: the last address must be of the same family and not before the first")
    return start, end
