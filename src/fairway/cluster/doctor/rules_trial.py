"""Rules trial: give the kernel the Service proxy's own rules, and where it refuses, find out which of them.

Shape: ``proxy_rules`` is a trial (see ``trials``); what it gives tells refused from accepted parts, by the names that
the kernel has for them, such as ``fib`` or ``chain type nat``.
"""

from collections.abc import Iterator
from typing import Any

from fairway.node.syscalls import CLONE_NEWNET, unshare
from fairway.proxy.dataplanes.nftables import load
from fairway.proxy.dataplanes.nftables.netlink import HEADER_BYTES, NetlinkError, NetlinkSocket, attributes, first

TABLE = "fairway-trial"


def proxy_rules(families: tuple[int, ...]) -> dict[str, Any]:
    """``refused``: what the kernel said to the whole table, empty if it took it; ``parts``: those that it refused.

    In a child.
    """
    unshare(CLONE_NEWNET)
    socket = NetlinkSocket()
    for family in families:
        try:
            socket.commit(load.new_table(family, TABLE))
        except NetlinkError as error:
            return {"refused": error.strerror, "family": family, "parts": _refused_parts(socket, family)}
    return {"refused": "", "parts": []}


def _refused_parts(socket: NetlinkSocket, family: int) -> list[str]:
    """What occurs in refused messages and in no message that was accepted."""
    accepted: set[str] = set()
    refused: set[str] = set()
    for batch in _steps(load.new_table(family, f"{TABLE}-2")):
        names = {name for message in batch for name in parts_of(message)}
        try:
            socket.commit(batch)
            accepted |= names
        except NetlinkError:
            refused |= names
    return sorted(refused - accepted)


def _steps(batch: list[bytes]) -> Iterator[list[bytes]]:
    """The table's messages, each for itself; a rule with the anonymous map that it looks in."""
    waiting: list[bytes] = []
    for message in batch:
        waiting.append(message)
        is_anonymous = b"__map%d\0" in message and _kind(message) != load.NEW_RULE
        if not is_anonymous:
            yield waiting
            waiting = []


def _kind(message: bytes) -> int:
    return int.from_bytes(message[4:5], "little")


def parts_of(message: bytes) -> set[str]:
    """What a message needs the kernel to know: expressions of a rule, the type of a hooked chain, sets.

    Source: linux/netfilter/nf_tables.h.
    """
    kind, end = _kind(message), len(message)
    if kind == load.NEW_RULE:
        return {name for begin, stop in _lists(message, 4) for name in _names(message, begin, stop)}
    if kind == load.NEW_CHAIN:
        type_ = first(message, HEADER_BYTES, end, 7)
        return {f"chain type {_text(type_)}"} if type_ else {"chains"}
    return {"sets"} if kind in (load.NEW_SET, load.NEW_ELEMENT) else {"tables"}


def _lists(message: bytes, wanted: int) -> Iterator[tuple[int, int]]:
    for kind, begin, stop in attributes(message, HEADER_BYTES, len(message)):
        if kind == wanted:
            for _, inner, inner_stop in attributes(message, begin, stop):
                yield inner, inner_stop


def _names(message: bytes, begin: int, stop: int) -> Iterator[str]:
    if name := first(message, begin, stop, 1):
        yield _text(name)


def _text(value: bytes) -> str:
    return value.rstrip(b"\0").decode(errors="replace")
