"""Names: domain names as they are on the wire, in lower case: length-prefixed labels with a zero at the end.

Shape: bytes and label tuples in and out.  Pure.
Source: RFC 1035 sections 3.1, 4.1.4; RFC 3596 section 2.5.
"""

import socket
from typing import Final

Labels = tuple[str, ...]

ROOT: Final = b"\0"
MAX_NAME: Final = 255
MAX_LABEL: Final = 63
_IPV4_TREE: Final = ("in-addr", "arpa")
_IPV6_TREE: Final = ("ip6", "arpa")


class NameFault(ValueError):
    """Bytes or text that are no domain name."""


def wire_name(text: str) -> bytes:
    """The wire form of a name as people write it; the last dot may be missing.  Raises: ``NameFault``."""
    try:
        parts = [label.encode("ascii") for label in text.lower().rstrip(".").split(".")] if text.strip(".") else []
    except UnicodeEncodeError as fault:
        raise NameFault(f'"{text}" is not a domain name') from fault
    return from_labels(parts)


def from_labels(parts: list[bytes]) -> bytes:
    """The wire form of some labels.  Raises: ``NameFault``."""
    if any(not 0 < len(part) <= MAX_LABEL for part in parts):
        raise NameFault("a label has 1 to 63 bytes")
    made = b"".join(bytes((len(part),)) + part for part in parts) + ROOT
    if len(made) > MAX_NAME:
        raise NameFault("a name has at most 255 bytes")
    return made


def labels_of(name: bytes) -> Labels:
    """The labels of a wire name without compression, leftmost first, each byte as one character."""
    found = []
    at = 0
    while length := name[at]:
        found.append(name[at + 1 : at + 1 + length].decode("latin-1"))
        at += 1 + length
    return tuple(found)


def name_text(name: bytes) -> str:
    """A name as people write it, with the last dot."""
    return ".".join(labels_of(name)) + "."


def skip_name(message: bytes, at: int) -> int:
    """Where an uncompressed name that starts at ``at`` ends.  Raises: ``NameFault``, ``IndexError``."""
    start = at
    while length := message[at]:
        if length > MAX_LABEL:
            raise NameFault("a question has no compressed name")
        at += 1 + length
    if at + 1 - start > MAX_NAME:
        raise NameFault("a name has at most 255 bytes")
    return at + 1


def read_name(message: bytes, at: int) -> tuple[bytes, int]:
    """The uncompressed name that starts at ``at``, its letters as they are, and where what follows it starts.

    Pointers must lead backward, so that reading ends.  Raises: ``NameFault``, ``IndexError``.
    """
    parts: list[bytes] = []
    after = -1
    size, limit = 1, at
    while length := message[at]:
        if length >= 0xC0:
            target = (length & 0x3F) << 8 | message[at + 1]
            if after < 0:
                after = at + 2
            if target >= limit:
                raise NameFault("a pointer must lead backward")
            at = limit = target
            continue
        if length > MAX_LABEL or at + 1 + length >= len(message):
            raise NameFault("a label has at most 63 bytes")
        size += 1 + length
        if size > MAX_NAME:
            raise NameFault("a name has at most 255 bytes")
        parts.append(message[at : at + 1 + length])
        at += 1 + length
    return b"".join(parts) + ROOT, after if after >= 0 else at + 1


def reverse_prefix(labels: Labels) -> bytes | tuple[int, ...] | None:
    """What a name below ``in-addr.arpa`` or ``ip6.arpa`` stands for; ``None`` for any other name.

    A whole address is given packed; a part of one as its octets, or nibbles, from the left; nonsense as an empty tuple.
    """
    if labels[-2:] == _IPV4_TREE:
        octets = labels[-3::-1] if len(labels) > 2 else ()
        if len(octets) > 4 or not all(_is_octet(text) for text in octets):
            return ()
        numbers = tuple(int(text) for text in octets)
        return bytes(numbers) if len(numbers) == 4 else numbers
    if labels[-2:] == _IPV6_TREE:
        nibbles = labels[-3::-1] if len(labels) > 2 else ()
        if len(nibbles) > 32 or not all(len(text) == 1 and text in "0123456789abcdef" for text in nibbles):
            return ()
        return bytes.fromhex("".join(nibbles)) if len(nibbles) == 32 else tuple(int(text, 16) for text in nibbles)
    return None


def _is_octet(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 3 and str(int(text)) == text and int(text) < 256


def reverse_name(packed: bytes) -> str:
    """The name under which an address is looked up."""
    if len(packed) == 4:
        return ".".join(str(octet) for octet in reversed(packed)) + ".in-addr.arpa."
    return ".".join(reversed(packed.hex())) + ".ip6.arpa."


def packed_address(text: str) -> bytes | None:
    """An IP address in network byte order; ``None`` if ``text`` is none."""
    try:
        return socket.inet_pton(socket.AF_INET6 if ":" in text else socket.AF_INET, text)
    except (OSError, ValueError):
        return None


def dashed(packed: bytes) -> str:
    """An address as a label: ``10-244-0-5``, ``fd00--5``."""
    if len(packed) == 4:
        return "-".join(map(str, packed))
    return socket.inet_ntop(socket.AF_INET6, packed).replace(":", "-")


def undashed(label: str) -> bytes | None:
    """The address that a label of a pod stands for; ``None`` if none."""
    if label.count("-") == 3 and "--" not in label:
        return packed_address(label.replace("-", "."))
    return packed_address(label.replace("-", ":"))
