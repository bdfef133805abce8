"""Authority: a host and a port as URLs and messages have them.  Pure.

Source: RFC 3986, section 3.2.
"""


def authority(host: str, port: int | str = "") -> str:
    """``host:port``, an IPv6 address in brackets; without a port the host alone."""
    shown = f"[{host}]" if ":" in host else host
    return f"{shown}:{port}" if port else shown
