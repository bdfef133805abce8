"""Listening: the local ports.

Source: what kubectl does with ``--address``: ``localhost`` is both 127.0.0.1 and ::1, and one of them is enough.
"""

import ipaddress
import os
import socket
import sys

from fairway.cli.commands.port_forward.ports import Forwarded
from fairway.cli.failure import Failure
from fairway.objects.authority import authority

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_BACKLOG = 128


def addresses(texts: "Iterable[str]") -> list[tuple[str, bool]]:
    """Each address, and whether it may fail as long as another does not, in order.  Raises: ``Failure``.  Pure."""
    found: dict[str, bool] = {}
    for text in texts:
        if text == "localhost":
            found |= {"127.0.0.1": True, "::1": True}
            continue
        try:
            found.setdefault(str(ipaddress.ip_address(text)), False)
        except ValueError:
            raise Failure(f"{text} is not a valid IP") from None
    return sorted(found.items())


def listen(ports: "Sequence[Forwarded]", at: "Sequence[tuple[str, bool]]") -> list[tuple[Forwarded, socket.socket]]:
    """All listeners; says where each is, and what could not be had.  Raises: ``Failure`` if there is none."""
    made: list[tuple[Forwarded, socket.socket]] = []
    has_any = False
    for port in ports:
        opened, errors = _listen(port, at)
        made += opened
        if errors:
            what = f"Listeners failed to create with the following errors: [{' '.join(errors)}]"
            print(f"Unable to listen on port {port.local}: {what}", file=sys.stderr)
        else:
            has_any = True
    if not has_any:
        shown = " ".join(f"{{{port.local} {port.remote}}}" for port in ports)
        raise Failure(f"unable to listen on any of the requested ports: [{shown}]")
    return made


def _listen(
    port: Forwarded, at: "Sequence[tuple[str, bool]]"
) -> tuple[list[tuple[Forwarded, socket.socket]], list[str]]:
    made, errors, has_lenient, lenient_failures, strict_failures = [], [], False, 0, 0
    for address, is_lenient in at:
        try:
            listener = _listener(address, port.local)
        except OSError as error:
            family = "tcp6" if ":" in address else "tcp4"
            why = os.strerror(error.errno or 0).lower()
            errors.append(
                f"unable to create listener: Error listen {family} {authority(address, port.local)}: bind: {why}"
            )
            lenient_failures += is_lenient
            strict_failures += not is_lenient
            continue
        port.local = listener.getsockname()[1]
        print(f"Forwarding from {authority(address, port.local)} -> {port.remote}", flush=True)
        has_lenient |= is_lenient
        made.append((port, listener))
    is_failed = strict_failures or (lenient_failures and not has_lenient)
    return made, errors if is_failed else []


def _listener(address: str, port: int) -> socket.socket:
    made = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if made.family == socket.AF_INET6:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        made.bind((address, port))
        made.listen(_BACKLOG)
        made.setblocking(False)
    except BaseException:
        made.close()
        raise
    return made
