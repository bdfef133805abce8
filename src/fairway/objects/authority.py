"""Authority: a host and a port as URLs, messages and flags have them.  Pure.

Source: RFC 3986, section 3.2.
"""


def authority(host: str, port: int | str = "") -> str:
    """``host:port``, an IPv6 address in brackets; without a port the host alone."""
    shown = f"[{host}]" if ":" in host else host
    return f"{shown}:{port}" if port else shown


def host_and_port(text: str, port: int) -> tuple[str, int]:
    """The two parts of ``HOST``, ``HOST:PORT``, ``IPv6`` or ``[IPv6]:PORT``; ``port`` where none is named.

    What stands for the host is not looked at.  Raises: ``ValueError``.
    """
    if text.startswith("["):
        host, bracket, rest = text[1:].partition("]")
        colon, number = rest[:1], rest[1:]
        if not bracket or colon not in ("", ":"):
            raise ValueError(f'"{text}" is no host with a port')
    elif text.count(":") == 1:
        host, colon, number = text.partition(":")
    else:
        return text, port
    if not colon:
        return host, port
    if not (number.isascii() and number.isdecimal()) or int(number) > 65535:
        raise ValueError("a port is a number between 1 and 65535")
    return host, int(number)
