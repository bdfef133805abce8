"""Expressions: the instructions of an nftables rule, as the kernel takes them.

Shape: every function gives the bytes of one expression or of a few; ``rule`` in ``frame`` joins them.
Registers are counted in words of four bytes, 0 to 15; a key of several fields lies in words that follow each other.
Source: linux/netfilter/nf_tables.h; nft(8), "EXPRESSIONS", "STATEMENTS".
"""

import struct
from collections.abc import Callable
from typing import Final, NamedTuple

from fairway.proxy.dataplanes.nftables.netlink import attribute, be32, nested, pack_be64, text

_FIRST_WORD = 8  # NFT_REG32_00
_VERDICT = 0

META_PRIORITY, META_IIF, META_OIF, META_L4PROTO = 2, 4, 5, 16
NETWORK, TRANSPORT = 1, 2
CT_STATE, CT_STATUS, CT_PROTO_DST, CT_DST_IP, CT_DST_IP6 = 0, 2, 12, 20, 22
EQUAL, NOT_EQUAL = 0, 1
DROP, ACCEPT, JUMP, GOTO, RETURN = 0, 1, -3, -4, -5
UPDATE, DELETE = 1, 2
REJECT_ICMP, REJECT_RESET = 0, 1

pack_host = struct.Struct("=I").pack


def register(word: int) -> int:
    """The kernel's number of a register."""
    return _FIRST_WORD + word


def expression(name: str, *inner: bytes) -> bytes:
    """One expression of a rule."""
    return nested(1, text(1, name), nested(2, *inner))


def data(kind: int, value: bytes) -> bytes:
    """A constant."""
    return nested(kind, attribute(1, value))


def meta(key: int, word: int) -> bytes:
    """Load something known of the packet."""
    return expression("meta", be32(2, key), be32(1, register(word)))


def set_meta(key: int, word: int) -> bytes:
    """Set something known of the packet."""
    return expression("meta", be32(2, key), be32(3, register(word)))


def payload(base: int, offset: int, size: int, word: int) -> bytes:
    """Load bytes of the packet."""
    return expression("payload", be32(1, register(word)), be32(2, base), be32(3, offset), be32(4, size))


def conntrack(key: int, word: int, *, original: bool = True) -> bytes:
    """Load something of the connection; ``original``: of the direction that began it."""
    direction = attribute(3, b"\0") if original else b""
    return expression("ct", be32(1, register(word)), be32(2, key), direction)


def fib_type(word: int, *, source: bool = False) -> bytes:
    """Load the routing type of the destination (or source) address."""
    return expression("fib", be32(1, register(word)), be32(2, 3), be32(3, 1 if source else 2))


def mask(word: int, bits: int) -> bytes:
    """Keep these bits of a word."""
    return expression(
        "bitwise", be32(1, register(word)), be32(2, register(word)), be32(3, 4),
        data(4, pack_host(bits)), data(5, bytes(4)),
    )  # fmt: skip


def compare(word: int, value: bytes, operator: int = EQUAL) -> bytes:
    """Go on with the rule only if a register holds (or does not hold) this."""
    return expression("cmp", be32(1, register(word)), be32(2, operator), data(3, value))


def immediate(word: int, value: bytes) -> bytes:
    """Load a constant."""
    return expression("immediate", be32(1, register(word)), data(2, value))


def verdict_data(kind: int, code: int, chain: str = "") -> bytes:
    """A verdict as data of an expression or of an element."""
    return nested(kind, nested(2, be32(1, code), text(2, chain) if chain else b""))


def verdict(code: int, chain: str = "") -> bytes:
    """End the rule with a verdict."""
    return expression("immediate", be32(1, _VERDICT), verdict_data(2, code, chain))


def lookup(name: str, word: int, into: int | None = None, *, anonymous: int = 0, inverted: bool = False) -> bytes:
    """Look a key up; go on only if it is there (or, inverted, is not), with the data in ``into``."""
    return expression(
        "lookup", text(1, name), be32(2, register(word)),
        be32(3, register(into)) if into is not None else b"",
        be32(4, anonymous) if anonymous else b"",
        be32(5, 1) if inverted else b"",
    )  # fmt: skip


def lookup_verdict(name: str, word: int, *, anonymous: int = 0) -> bytes:
    """Look a key up in a verdict map and do what it says."""
    return expression(
        "lookup", text(1, name), be32(2, register(word)), be32(3, _VERDICT),
        be32(4, anonymous) if anonymous else b"",
    )  # fmt: skip


def hashed(source: int, size: int, into: int, modulus: int) -> bytes:
    """A number below ``modulus`` that follows from a register's bytes; the kernel draws a secret seed per rule."""
    return expression(
        "hash", be32(1, register(source)), be32(2, register(into)), be32(3, size), be32(4, modulus), be32(7, 0)
    )


def dynamic(name: str, operation: int, key: int, value: int, timeout_s: int = 0) -> bytes:
    """Let the packet update or delete an element."""
    return expression(
        "dynset", text(1, name), be32(3, operation), be32(4, register(key)), be32(5, register(value)),
        attribute(6, pack_be64(timeout_s * 1000)) if timeout_s else b"",
    )  # fmt: skip


def destination_nat(netlink_family: int, word: int, address_words: int) -> bytes:
    """Send the connection to the address and the port in the registers."""
    return expression(
        "nat", be32(1, 1), be32(2, netlink_family), be32(3, register(word)), be32(5, register(word + address_words))
    )


def masquerade() -> bytes:
    """Give the connection the outgoing interface's address and a random port as its source."""
    return expression("masq", be32(1, 1 << 4))


def reject(kind: int, code: int = 0) -> bytes:
    """Refuse, so that the client learns it at once."""
    return expression("reject", be32(1, kind), attribute(2, bytes((code,))))


class Field(NamedTuple):
    """A part of a key: how many words it takes and how it is loaded into the register at a word.

    ``load`` gets that word and the first word after the whole key, which it may use as scratch space.
    """

    words: int
    load: Callable[[int, int], bytes]


def key(*fields: Field, at: int = 0) -> bytes:
    """Load fields one after the other."""
    scratch = at + sum(field.words for field in fields)
    loads = []
    for field in fields:
        loads.append(field.load(at, scratch))
        at += field.words
    return b"".join(loads)


def plain(words: int, load: Callable[[int], bytes]) -> Field:
    """A field that needs no scratch space."""
    return Field(words, lambda word, _: load(word))


WORD: Final = plain(1, lambda word: meta(META_PRIORITY, word))
PROTOCOL: Final = plain(1, lambda word: meta(META_L4PROTO, word))
SOURCE_PORT: Final = plain(1, lambda word: payload(TRANSPORT, 0, 2, word))
DESTINATION_PORT: Final = plain(1, lambda word: payload(TRANSPORT, 2, 2, word))
ORIGINAL_PORT: Final = plain(1, lambda word: conntrack(CT_PROTO_DST, word))


def word_masked(bits: int) -> Field:
    """Some bits of the leading word."""
    return plain(1, lambda word: meta(META_PRIORITY, word) + mask(word, bits))


def set_word(word: int = 0) -> bytes:
    """Make a register the leading word."""
    return set_meta(META_PRIORITY, word)


def clear_word() -> bytes:
    """Leave nothing behind in the packet's priority."""
    return immediate(0, bytes(4)) + set_meta(META_PRIORITY, 0)
