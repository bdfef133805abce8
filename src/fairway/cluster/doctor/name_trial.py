"""Name trial: ask the cluster's DNS for a name that every cluster has.

Shape: ``question`` and ``trouble_in`` are pure; ``asked`` is the exchange.  Source: RFC 1035, section 4.
"""

import ipaddress
import os
import socket
import struct
from collections.abc import Sequence
from typing import Final

PATIENCE_S: Final = 1.0
A, AAAA, IN = 1, 28, 1
_RCODES: Final = {1: "FORMERR", 2: "SERVFAIL", 3: "NXDOMAIN", 4: "NOTIMP", 5: "REFUSED"}


def question(name: str, kind: int, number: int) -> bytes:
    """A query for one name, recursion wanted."""
    labels = b"".join(bytes((len(label),)) + label.encode() for label in name.split("."))
    return struct.pack(">6H", number, 0x0100, 1, 0, 0, 0) + labels + b"\0" + struct.pack(">2H", kind, IN)


def trouble_in(answer: bytes, name: str, address: str) -> str:
    """What is wrong with an answer that should hold ``address``; empty if nothing is."""
    if len(answer) < 12:
        return f"the answer for {name} is cut"
    code, count = answer[3] & 15, struct.unpack_from(">H", answer, 6)[0]
    if code:
        return f"it says {_RCODES.get(code, code)} for {name}"
    if not count or ipaddress.ip_address(address).packed not in answer:
        return f"it does not say {address} for {name}"
    return ""


def asked(servers: Sequence[str], domain: str, address: str) -> str:
    """The trouble with the first server that does not answer as it should; empty if all do."""
    name, number = f"kubernetes.default.svc.{domain}", int.from_bytes(os.urandom(2), "big")
    kind = AAAA if ":" in address else A
    for server in servers:
        family = socket.AF_INET6 if ":" in server else socket.AF_INET
        with socket.socket(family, socket.SOCK_DGRAM) as asking:
            asking.settimeout(PATIENCE_S)
            try:
                asking.connect((server, 53))
                asking.send(question(name, kind, number))
                answer = asking.recv(4096)
            except TimeoutError:
                return f"{server} does not answer within {PATIENCE_S:g} s"
            except OSError as error:
                return f"{server} does not answer: {error.strerror}"
        if trouble := trouble_in(answer, name, address):
            return f"{server} answers, but {trouble}"
    return ""
