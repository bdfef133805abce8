"""Schema: the maps and sets of the table, and how their elements look on the wire.

Shape: ``sets(family)`` names them in order; a ``SetCodec`` turns keys and data into elements and back.
Every key and every data has one fixed size per set, so that an element is a few bytes strings joined.
Source: linux/netfilter/nf_tables.h, "enum nft_set_attributes", "enum nft_set_elem_attributes".
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from fairway.proxy import words
from fairway.proxy.dataplanes.nftables.expressions import GOTO, verdict_data
from fairway.proxy.dataplanes.nftables.netlink import attribute, attributes, be32, nested, pack_be32, text
from fairway.proxy.model import IPV4

# nft's numbers of data types, for the eyes of `nft list`
_ADDRESS4, _ADDRESS6, _PROTOCOL, _PORT, _MARK = 7, 8, 12, 13, 19
_VERDICT = 0xFFFFFF00
_SIZES = {_ADDRESS4: 4, _ADDRESS6: 16, _PROTOCOL: 1, _PORT: 2, _MARK: 4}

INTERVAL, MAP, TIMEOUT, EVALUATED, CONCATENATED = 0x04, 0x08, 0x10, 0x20, 0x80
_INTERVAL_END = 1
_HOST_ORDER, _NETWORK_ORDER = 1, 2
_BINDINGS_LIMIT = 1 << 20
_ELEMENT, _KEY, _DATA, _FLAGS, _KEY_END = 1, 1, 2, 3, 10
_LIST_BYTES: Final = 65000
"""A list of elements is one attribute, whose length has 16 bits."""

_GOTO_AFFINITY = "affinity-{}s"


class SetSchema(NamedTuple):
    """One map or set: its nft data types, and whether its keys are ranges."""

    name: str
    key: tuple[int, ...]
    data: tuple[int, ...] = ()
    is_interval: bool = False
    is_verdict: bool = False
    is_dynamic: bool = False


def sets(family: int) -> tuple[SetSchema, ...]:
    """Every map and set of one family's table."""
    at = _ADDRESS4 if family == IPV4 else _ADDRESS6
    frontend = (at, _PROTOCOL, _PORT)
    endpoint = (at, _PORT)
    return (
        SetSchema(words.FRONTENDS, frontend, (_MARK,)),
        SetSchema(words.NODE_PORTS, (_PROTOCOL, _PORT), (_MARK,)),
        SetSchema(words.LISTS, (_MARK,), (_MARK,)),
        SetSchema(words.SLOTS, (_MARK, _MARK), endpoint),
        SetSchema(words.AFFINITY_LISTS, (_MARK,), (_MARK,)),
        SetSchema(words.AFFINITY_SLOTS, (_MARK, _MARK), (_MARK,)),
        SetSchema(words.ENDPOINTS, (_MARK,), endpoint),
        SetSchema(words.LIVE, (_MARK,)),
        SetSchema(words.BINDINGS, (_MARK, at), (_MARK,), is_dynamic=True),
        SetSchema(words.TIMEOUTS, (_MARK,), is_verdict=True),
        SetSchema(words.CLUSTER_IPS, (at,)),
        SetSchema(words.HAIRPIN, (at, at)),
        SetSchema(words.SOURCE_RANGES, (*frontend, at), is_interval=True),
        SetSchema(words.SERVICE_CIDRS, (at,), is_interval=True),
        SetSchema(words.POD_CIDRS, (at,), is_interval=True),
        SetSchema(words.NODE_PORT_ADDRESSES, (at,), is_interval=True),
    )


def affinity_chain(timeout_s: int) -> str:
    """The name of the chain that binds clients for so long."""
    return _GOTO_AFFINITY.format(timeout_s)


def affinity_timeout(chain: str) -> int:
    """The reverse of ``affinity_chain``; 0 for any other name."""
    number = chain.removeprefix("affinity-").removesuffix("s")
    return int(number) if number.isdigit() else 0


def declaration(schema: SetSchema, identifier: int) -> bytes:
    """The attributes that create a set (beside the table's name)."""
    flags = 0
    parts = [text(2, schema.name), be32(4, _type(schema.key)), be32(5, _size(schema.key))]
    described = b""
    if schema.is_interval:
        flags |= INTERVAL
    if schema.is_interval and len(schema.key) > 1:
        flags |= CONCATENATED
        described = nested(2, *(nested(1, be32(1, _SIZES[part])) for part in schema.key))
    if schema.data or schema.is_verdict:
        flags |= MAP
        size = 16 if schema.is_verdict else _size(schema.data)
        parts += [be32(6, _VERDICT if schema.is_verdict else _type(schema.data)), be32(7, size)]
    if schema.is_dynamic:
        flags |= TIMEOUT | EVALUATED
        described = be32(1, _BINDINGS_LIMIT)
    parts += [be32(3, flags), be32(10, identifier)]
    if described:
        parts.append(nested(9, described))
    parts.append(attribute(13, _byte_orders(schema)))
    return b"".join(parts)


def anonymous_map(identifier: int, size: int) -> bytes:
    """The attributes that create the verdict map of one rule."""
    anonymous, constant = 0x01, 0x02
    return b"".join((
        text(2, "__map%d"), be32(3, anonymous | constant | MAP), be32(4, _MARK), be32(5, 4), be32(6, _VERDICT),
        be32(7, 16), be32(10, identifier), nested(9, be32(1, size)),
        attribute(13, bytes((0, 4)) + words.pack_word(_HOST_ORDER)),
    ))  # fmt: skip


def verdict_element(key: bytes, code: int, chain: str) -> bytes:
    """An element of a verdict map."""
    return nested(_ELEMENT, nested(_KEY, attribute(1, key)), verdict_data(_DATA, code, chain))


def _type(parts: Sequence[int]) -> int:
    number = 0
    for part in parts:
        number = number << 6 | part
    return number


def _size(parts: Sequence[int]) -> int:
    """The bytes of a key: every part of a concatenation takes whole words."""
    if len(parts) == 1:
        return _SIZES[parts[0]]
    return sum((_SIZES[part] + 3) & ~3 for part in parts)


def _byte_orders(schema: SetSchema) -> bytes:
    """What `nft list` must know to print the elements right: type, length, value."""
    orders = [_HOST_ORDER if parts and parts[0] == _MARK else _NETWORK_ORDER for parts in (schema.key, schema.data)]
    return b"".join(bytes((kind, 4)) + words.pack_word(order) for kind, order in enumerate(orders))


class SetCodec:
    """Elements of one set, to and from the wire."""

    def __init__(self, schema: SetSchema) -> None:
        self.schema = schema
        self._key_bytes = _size(schema.key)
        has_data = bool(schema.data)
        data_bytes = self._data_bytes = _size(schema.data) if has_data else 0
        sample = nested(
            _ELEMENT,
            nested(_KEY, attribute(1, bytes(self._key_bytes))),
            nested(_DATA, attribute(1, bytes(data_bytes))) if has_data else b"",
        )
        self._before = sample[:12]
        self._between = sample[12 + self._key_bytes :][:8] if has_data else b""
        self._dumped_before = _without_flags(self._before)
        self._dumped_between = _without_flags(self._between)

    def added(self, held: Mapping[bytes, bytes]) -> list[bytes]:
        """The elements that add these."""
        if self.schema.is_verdict:
            return [verdict_element(key, GOTO, affinity_chain(words.word_of(seconds))) for key, seconds in held.items()]
        if self.schema.is_interval:
            return self._ranges(held)
        before, between = self._before, self._between
        return [before + key + between + value for key, value in held.items()]

    def deleted(self, keys: Iterable[bytes]) -> list[bytes]:
        """The elements that delete these."""
        if self.schema.is_interval:
            return self._ranges(keys)
        return [nested(_ELEMENT, nested(_KEY, attribute(1, key))) for key in keys]

    def _ranges(self, keys: Iterable[bytes]) -> list[bytes]:
        size = self._key_bytes
        if len(self.schema.key) > 1:
            return [
                nested(_ELEMENT, nested(_KEY, attribute(1, key[:size])), nested(_KEY_END, attribute(1, key[size:])))
                for key in keys
            ]
        found = []
        for key in keys:
            found.append(nested(_ELEMENT, nested(_KEY, attribute(1, key[:size]))))
            after = int.from_bytes(key[size:], "big") + 1
            if after < 1 << 8 * size:
                found.append(
                    nested(_ELEMENT, attribute(_FLAGS, pack_be32(_INTERVAL_END)),
                           nested(_KEY, attribute(1, after.to_bytes(size, "big"))))
                )  # fmt: skip
        return found

    def parsed(self, messages: Iterable[bytes]) -> dict[bytes, bytes]:
        """The elements in the messages of a dump."""
        if not self.schema.is_verdict and not self.schema.is_interval:
            held: dict[bytes, bytes] = {}
            for each in messages:
                self._parse(each, held)
            return held
        found = [element for each in messages for element in _elements(each)]
        if self.schema.is_verdict:
            return {key: words.pack_word(affinity_timeout(chain_of(value))) for key, value, _, _ in found}
        if len(self.schema.key) > 1:
            return {key + end: b"" for key, _, end, _ in found}
        return _paired([(key, flags) for key, _, _, flags in found], self._key_bytes)

    def _parse(self, each: bytes, into: dict[bytes, bytes]) -> None:
        """The elements of one message of a map or set without ranges, which all have one form; else the slow way."""
        before, between = self._dumped_before, self._dumped_between
        key_at, key_end = len(before), len(before) + self._key_bytes
        value_at = key_end + len(between)
        stride = value_at + self._data_bytes
        for kind, at, end in attributes(each, 20, len(each)):
            if kind != 3:
                continue
            while each[at : at + key_at] == before and each[at + key_end : at + value_at] == between:
                into[each[at + key_at : at + key_end]] = each[at + value_at : at + stride]
                at += stride
            if at != end:
                into.update((key, value) for key, value, _, _ in _elements(each))


def _without_flags(head: bytes) -> bytes:
    """Attribute headers as the kernel writes them: without the mark of being nested."""
    return b"".join(
        head[at : at + 3] + bytes((head[at + 3] & 0x7F,)) for at in range(0, len(head), 4)
    )  # fmt: skip


def _paired(borders: Iterable[tuple[bytes, int]], size: int) -> dict[bytes, bytes]:
    """Ranges of the starts and ends that an interval set is made of."""
    found: dict[bytes, bytes] = {}
    start: bytes | None = None
    for border, flags in sorted(borders):
        if start is not None:
            found[start + (int.from_bytes(border, "big") - 1).to_bytes(size, "big")] = b""
        start = None if flags & _INTERVAL_END else border
    if start is not None:
        found[start + b"\xff" * size] = b""
    return found


def _elements(each: bytes) -> Iterator[tuple[bytes, bytes, bytes, int]]:
    """Key, data, last key and flags of each element in a message."""
    for kind, begin, end in attributes(each, 20, len(each)):
        if kind != 3:
            continue
        for _, element_begin, element_end in attributes(each, begin, end):
            key = value = last = b""
            flags = 0
            for part, at, stop in attributes(each, element_begin, element_end):
                if part == _KEY:
                    key = each[at + 4 : stop]
                elif part == _DATA:
                    value = each[at + 4 : stop]
                elif part == _KEY_END:
                    last = each[at + 4 : stop]
                elif part == _FLAGS:
                    flags = int.from_bytes(each[at:stop], "big")
            yield key, value, last, flags


def chain_of(verdict: bytes) -> str:
    """The chain that a verdict goes to: the attributes within NFTA_DATA_VERDICT."""
    for kind, begin, end in attributes(verdict, 0, len(verdict)):
        if kind == 2:
            return verdict[begin:end].rstrip(b"\0").decode(errors="replace")
    return ""


def element_lists(elements: Sequence[bytes]) -> Iterator[bytes]:
    """The elements as attributes that are short enough."""
    start = size = 0
    for position, each in enumerate(elements):
        if size + len(each) > _LIST_BYTES:
            yield nested(3, *elements[start:position])
            start, size = position, 0
        size += len(each)
    if size:
        yield nested(3, *elements[start:])
