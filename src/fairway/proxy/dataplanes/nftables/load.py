"""Load: the messages that make the table, bring it up to date, and change its elements.

Shape: pure functions from frame, schema and transactions to a netlink batch.
The table carries a digest of its sets, the prerouting hook's rule one of all rules: so a newer proxy sees at a glance
whether to leave the frame, to write the rules anew in place, or to replace the table, each in one transaction.
"""

import hashlib
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Final

from fairway.proxy import words
from fairway.proxy.dataplanes.nftables import frame
from fairway.proxy.dataplanes.nftables.expressions import lookup_verdict
from fairway.proxy.dataplanes.nftables.frame import Chain, Rule, VerdictMap, netlink_family
from fairway.proxy.dataplanes.nftables.netlink import (
    F_APPEND,
    F_CREATE,
    NFTABLES,
    Batch,
    attribute,
    be32,
    message,
    nested,
    text,
)
from fairway.proxy.dataplanes.nftables.schema import (
    SetCodec,
    affinity_chain,
    anonymous_map,
    declaration,
    element_lists,
    sets,
    verdict_element,
)
from fairway.proxy.delta import Transaction

(NEW_TABLE, GET_TABLE, DELETE_TABLE, NEW_CHAIN, GET_CHAIN, DELETE_CHAIN, NEW_RULE, GET_RULE, DELETE_RULE, NEW_SET,
 GET_SET, DELETE_SET, NEW_ELEMENT, GET_ELEMENT, DELETE_ELEMENT, _, GET_GENERATION) = range(17)  # fmt: skip

DIGEST_CHAIN: Final = "nat-prerouting"
_COMMENT = 0


def nft_message(kind: int, flags: int, family: int, *parts: bytes) -> bytes:
    """A message of the nf_tables subsystem; ``family`` is 4 or 6."""
    return message(NFTABLES << 8 | kind, flags, netlink_family(family), b"".join(parts))


@cache
def codecs(family: int) -> dict[str, SetCodec]:
    """The codec of each set that the proxy writes."""
    return {schema.name: SetCodec(schema) for schema in sets(family) if not schema.is_dynamic}


@cache
def schema_digest(family: int) -> str:
    """Changes with any change of the sets."""
    return _digest(declaration(schema, number) for number, schema in enumerate(sets(family), 1))


@cache
def rules_digest(family: int) -> str:
    """Changes with any change of the chains and rules."""
    return _digest(
        repr(part).encode() for part in (*frame.chains(family), *frame.affinity_rules(family, 1))
    )  # fmt: skip


def comment(value: str) -> bytes:
    """User data that `nft list` shows as a comment."""
    packed = value.encode() + b"\0"
    return bytes((_COMMENT, len(packed))) + packed


def comment_text(user_data: bytes) -> str:
    """The reverse of ``comment``."""
    if len(user_data) < 2 or user_data[0] != _COMMENT:
        return ""
    return user_data[2 : 2 + user_data[1]].rstrip(b"\0").decode(errors="replace")


def table_comment(family: int) -> str:
    """What the table says of itself."""
    return f"fairway sets {schema_digest(family)}"


def rules_comment(family: int) -> str:
    """What the rules say of themselves."""
    return f"fairway rules {rules_digest(family)}"


def new_table(family: int, table: str) -> Batch:
    """A whole table without elements."""
    batch = [nft_message(NEW_TABLE, F_CREATE, family, text(1, table), attribute(6, comment(table_comment(family))))]
    for number, schema in enumerate(sets(family), 1):
        batch.append(nft_message(NEW_SET, F_CREATE, family, text(1, table), declaration(schema, number)))
    return batch + list(_chains_and_rules(family, table))


def delete_table(family: int, table: str) -> bytes:
    """The table and all in it."""
    return nft_message(DELETE_TABLE, 0, family, text(1, table))


def new_rules(family: int, table: str, found_chains: Iterable[str], timeouts: Iterable[int]) -> Batch:
    """The rules of a table whose sets are right, written anew in place; connections and elements stay.

    Chains that are no longer part of the frame go; those of the affinity timeouts are part of it.
    """
    found = set(found_chains)
    batch = [
        nft_message(DELETE_RULE, 0, family, text(1, table), text(2, name)) for name in sorted(found)
    ]  # fmt: skip
    batch += _chains_and_rules(family, table)
    for timeout_s in timeouts:
        batch += affinity_chain_messages(family, table, timeout_s)
    wanted = {chain.name for chain in frame.chains(family)} | {affinity_chain(seconds) for seconds in timeouts}
    batch += [
        nft_message(DELETE_CHAIN, 0, family, text(1, table), text(3, name)) for name in sorted(found - wanted)
    ]  # fmt: skip
    return batch


def affinity_chain_messages(family: int, table: str, timeout_s: int) -> Batch:
    """The chain that binds clients for so long; whatever it held before is replaced."""
    name = affinity_chain(timeout_s)
    return [
        nft_message(NEW_CHAIN, F_CREATE, family, text(1, table), text(3, name)),
        nft_message(DELETE_RULE, 0, family, text(1, table), text(2, name)),
        *(_rule(family, table, name, rule) for rule in frame.affinity_rules(family, timeout_s)),
    ]


def changed_elements(family: int, table: str, change: Transaction) -> Iterator[bytes]:
    """All deletes, then all adds, each in the order that keeps what is pointed to."""
    known = codecs(family)
    for name in reversed(words.ORDER):
        if gone := change.deletes.get(name):
            yield from _elements(DELETE_ELEMENT, 0, family, table, name, known[name].deleted(gone))
    for name in words.ORDER:
        if new := change.adds.get(name):
            if name == words.TIMEOUTS:
                for seconds in new.values():
                    yield from affinity_chain_messages(family, table, words.word_of(seconds))
            yield from _elements(NEW_ELEMENT, F_CREATE, family, table, name, known[name].added(new))


def _elements(kind: int, flags: int, family: int, table: str, name: str, elements: list[bytes]) -> Iterator[bytes]:
    for each in element_lists(elements):
        yield nft_message(kind, flags, family, text(1, table), text(2, name), each)


def _chains_and_rules(family: int, table: str) -> Iterator[bytes]:
    known = frame.chains(family)
    for chain in known:
        yield _chain(family, table, chain)
    number = 1000
    for chain in known:
        for position, rule in enumerate(chain.rules):
            note = rules_comment(family) if chain.name == DIGEST_CHAIN and position == 0 else ""
            expressions = rule.expressions
            if rule.choices is not None:
                number += 1
                yield from _verdict_map(family, table, number, rule.choices)
                expressions += lookup_verdict("__map%d", 0, anonymous=number)
            yield _rule(family, table, chain.name, Rule(expressions), note)


def _chain(family: int, table: str, chain: Chain) -> bytes:
    hook = b""
    if chain.hook is not None:
        place = nested(4, be32(1, chain.hook.number), be32(2, chain.hook.priority))
        hook = place + text(7, chain.hook.type)
    return nft_message(NEW_CHAIN, F_CREATE, family, text(1, table), text(3, chain.name), hook)


def _rule(family: int, table: str, chain: str, rule: Rule, note: str = "") -> bytes:
    return nft_message(
        NEW_RULE, F_CREATE | F_APPEND, family, text(1, table), text(2, chain), nested(4, rule.expressions),
        attribute(7, comment(note)) if note else b"",
    )  # fmt: skip


def _verdict_map(family: int, table: str, number: int, choices: VerdictMap) -> Iterator[bytes]:
    yield nft_message(NEW_SET, F_CREATE, family, text(1, table), anonymous_map(number, len(choices.verdicts)))
    elements = [verdict_element(words.pack_word(value), code, chain) for value, code, chain in choices.verdicts]
    for each in element_lists(elements):
        yield nft_message(NEW_ELEMENT, F_CREATE, family, text(1, table), text(2, "__map%d"), each, be32(4, number))


def _digest(parts: Iterable[bytes]) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part)
    return digest.hexdigest()[:16]
