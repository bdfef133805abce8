"""Frame: the chains and rules of the table, which are the same whatever Services there are.

Shape: ``chains(family)`` gives every chain with its rules as bytes; ``affinity_rules`` those of one timeout.
docs/packet-flow.md explains what each chain is for and how a packet crosses them.
Rules for those who change it: everything between the hooks is reached by goto or jump with the leading word in
the packet's priority; a lookup that misses falls to the next rule; every chain that was entered with a word ends in a
verdict, and what must not leave the machine untranslated ends in drop.
Source: nft(8); linux/netfilter/nf_tables.h.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

from fairway.proxy import words
from fairway.proxy.dataplanes.nftables.expressions import (
    CT_DST_IP,
    CT_DST_IP6,
    CT_STATE,
    CT_STATUS,
    DELETE,
    DESTINATION_PORT,
    DROP,
    GOTO,
    JUMP,
    META_IIF,
    META_L4PROTO,
    META_OIF,
    NETWORK,
    NOT_EQUAL,
    ORIGINAL_PORT,
    PROTOCOL,
    REJECT_ICMP,
    REJECT_RESET,
    RETURN,
    SOURCE_PORT,
    UPDATE,
    WORD,
    Field,
    clear_word,
    compare,
    conntrack,
    destination_nat,
    dynamic,
    fib_type,
    hashed,
    key,
    lookup,
    lookup_verdict,
    mask,
    masquerade,
    meta,
    pack_host,
    payload,
    reject,
    set_word,
    verdict,
    word_masked,
)
from fairway.proxy.model import ADDRESS_BYTES, IPV4, TCP

RAW_PRIORITY: Final = -305
"""Before connection tracking defragments and looks."""
DNAT_PRIORITY: Final = -105
"""Before Docker, firewalld and kube-proxy (-100): who translates first ends the hook; after mangle (-150)."""
FILTER_PRIORITY: Final = -5
"""Before any filter at 0 accepts or refuses."""
SNAT_PRIORITY: Final = 95
"""Before others' masquerade (100), which would end the hook."""

TRIES: Final = 10
"""At worst every second slot is empty: after ten tries less than one packet in a thousand is left."""

_PREROUTING, _INPUT, _FORWARD, _OUTPUT, _POSTROUTING = range(5)
_LOCAL = pack_host(2)  # RTN_LOCAL
_LOOPBACK = pack_host(1)
_DESTINATION_NAT_DONE = 1 << 5  # IPS_DST_NAT
_INVALID = 1  # NF_CT_STATE_INVALID_BIT
_NETLINK_FAMILY = {IPV4: 2}
_INET6 = 10


class VerdictMap(NamedTuple):
    """The anonymous map of one rule: classes to (code, chain)."""

    verdicts: tuple[tuple[int, int, str], ...]


class Rule(NamedTuple):
    """The expressions of a rule; ``choices`` is looked up under the name and number that ``load`` gives it."""

    expressions: bytes
    choices: VerdictMap | None = None


class Hook(NamedTuple):
    """Where packets enter: chain type, hook and priority."""

    type: str
    number: int
    priority: int


class Chain(NamedTuple):
    """One chain; ``hook`` is ``None`` where only other chains lead to it."""

    name: str
    rules: tuple[Rule, ...]
    hook: Hook | None = None


def netlink_family(family: int) -> int:
    """AF_INET or AF_INET6."""
    return _NETLINK_FAMILY.get(family, _INET6)


def chains(family: int) -> tuple[Chain, ...]:
    """Every chain of one family's table, each after those that it names."""
    return tuple(_Frame(family).chains())


def affinity_rules(family: int, timeout_s: int) -> tuple[Rule, ...]:
    """The rules of the chain that binds a client to its endpoint for so long."""
    return _Frame(family).affinity(timeout_s)


def _rule(*parts: bytes) -> Rule:
    return Rule(b"".join(parts))


def _goto(chain: str) -> bytes:
    return verdict(GOTO, chain)


def _jump(chain: str) -> bytes:
    return verdict(JUMP, chain)


_DROP = verdict(DROP)
_RETURN = verdict(RETURN)


def _has(flag: int) -> bytes:
    return key(word_masked(flag)) + compare(0, pack_host(flag))


def _translated() -> bytes:
    return conntrack(CT_STATUS, 0, original=False) + mask(0, _DESTINATION_NAT_DONE) + compare(0, bytes(4), NOT_EQUAL)


def _unplaced() -> bytes:
    """A packet that connection tracking cannot place is not translated back either."""
    return conntrack(CT_STATE, 0, original=False) + mask(0, _INVALID) + compare(0, bytes(4), NOT_EQUAL)


def moduli(power: int) -> tuple[int, ...]:
    """What to draw below, try by try, for a list of at most 2**power slots.

    The tail, the lower half and then slot 0, always holds an endpoint; it also covers a lookup during a commit.
    """
    if power < 2:
        return (*((1 << power,) * 2), 1, 1)
    return (*((1 << power,) * TRIES), 1 << (power - 1), 1, 1)


class _Frame:
    """The chains of one family."""

    def __init__(self, family: int) -> None:
        size = ADDRESS_BYTES[family]
        self._is_ipv4 = family == IPV4
        self._address_words = size // 4
        self._netlink_family = netlink_family(family)
        source, destination = (12, 16) if self._is_ipv4 else (8, 24)
        original = CT_DST_IP if self._is_ipv4 else CT_DST_IP6
        self._source = Field(self._address_words, lambda word, _: payload(NETWORK, source, size, word))
        self._destination = Field(self._address_words, lambda word, _: payload(NETWORK, destination, size, word))
        self._original = Field(self._address_words, lambda word, _: conntrack(original, word))

    def chains(self) -> Iterator[Chain]:
        """Every chain, each after those that it names."""
        yield self._refuse()
        for power in range(words.MAX_POWER + 1):
            yield self._spread(power)
            yield self._bind(power)
        yield from self._affinity_lookup()
        yield self._pick()
        yield from self._policies()
        yield from self._frontends()
        yield from self._masquerading()
        yield from self._hooks()

    def affinity(self, timeout_s: int) -> tuple[Rule, ...]:
        """Find or choose the client's endpoint, remember it for so long, and send the connection there."""
        binding = key(word_masked(words.AFFINITY_MASK), self._source, WORD)
        return (
            _rule(_jump("affinity-find")),
            _rule(binding, dynamic(words.BINDINGS, UPDATE, 0, 1 + self._address_words, timeout_s)),
            _rule(key(WORD), lookup(words.ENDPOINTS, 0, 0), self._send()),
            _rule(_DROP),
        )

    def _send(self) -> bytes:
        return destination_nat(self._netlink_family, 0, self._address_words)

    def _drawn(self, modulus: int) -> Field:
        """A number that follows from client address and port.

        Not a random one: two packets of one socket in the same moment, such as a resolver's A and AAAA, must go to
        one endpoint, or connection tracking drops the second.
        """

        def load(word: int, scratch: int) -> bytes:
            client = key(self._source, SOURCE_PORT, at=scratch)
            return client + hashed(scratch, 4 * self._address_words + 4, word, modulus)

        return Field(1, load)

    def _refuse(self) -> Chain:
        unreachable = reject(REJECT_ICMP, 3 if self._is_ipv4 else 4)
        is_tcp = meta(META_L4PROTO, 0) + compare(0, bytes((TCP,)))
        return Chain("refuse", (_rule(is_tcp, reject(REJECT_RESET)), _rule(unreachable)))

    def _spread(self, power: int) -> Chain:
        tries = [
            _rule(key(word_masked(words.LIST_MASK), self._drawn(modulus)), lookup(words.SLOTS, 0, 0), self._send())
            for modulus in moduli(power)
        ]
        return Chain(f"spread-{1 << power}", (*tries, _rule(_DROP)))

    def _bind(self, power: int) -> Chain:
        tries = [
            _rule(
                key(word_masked(words.AFFINITY_MASK), self._drawn(modulus)),
                lookup(words.AFFINITY_SLOTS, 0, 0), set_word(), _RETURN,
            )
            for modulus in moduli(power)
        ]  # fmt: skip
        return Chain(f"bind-{1 << power}", (*tries, _rule(_DROP)))

    def _affinity_lookup(self) -> Iterator[Chain]:
        powers = range(words.MAX_POWER + 1)
        choices = VerdictMap(tuple((words.SPREAD + power, GOTO, f"bind-{1 << power}") for power in powers))
        yield Chain("affinity-choose", (Rule(key(word_masked(words.CLASS_MASK)), choices), _rule(_DROP)))
        binding = key(word_masked(words.AFFINITY_MASK), self._source, WORD)
        yield Chain("affinity-check", (
            _rule(key(WORD), lookup(words.LIVE, 0), _RETURN),
            _rule(binding, dynamic(words.BINDINGS, DELETE, 0, 1 + self._address_words)),
            _rule(
                key(word_masked(words.AFFINITY_MASK)), lookup(words.AFFINITY_LISTS, 0, 0),
                set_word(), _goto("affinity-choose"),
            ),
            _rule(_DROP),
        ))  # fmt: skip
        yield Chain("affinity-find", (
            _rule(
                key(word_masked(words.AFFINITY_MASK), self._source), lookup(words.BINDINGS, 0, 0),
                set_word(), _goto("affinity-check"),
            ),
            _rule(_goto("affinity-choose")),
        ))  # fmt: skip

    def _pick(self) -> Chain:
        powers = range(words.MAX_POWER + 1)
        choices = VerdictMap((
            (words.REFUSE, GOTO, "refuse"),
            (words.DROP, DROP, ""),
            *((words.SPREAD + power, GOTO, f"spread-{1 << power}") for power in powers),
        ))  # fmt: skip
        return Chain("pick", (
            _rule(_has(words.AFFINITY), key(word_masked(words.TIMEOUT_MASK)), lookup_verdict(words.TIMEOUTS, 0)),
            Rule(key(word_masked(words.FLAGS_MASK)), choices),
            _rule(_DROP),
        ))  # fmt: skip

    def _policies(self) -> Iterator[Chain]:
        every_endpoint = key(word_masked(0xFFFFFFFF & ~words.LOCAL_LIST)) + set_word()
        yield Chain("short-circuit", (
            _rule(key(self._source), lookup(words.POD_CIDRS, 0), every_endpoint, _RETURN),
            _rule(fib_type(0, source=True), compare(0, _LOCAL), every_endpoint),
        ))  # fmt: skip
        yield Chain("source-check", (
            _rule(
                key(self._destination, PROTOCOL, DESTINATION_PORT, self._source),
                lookup(words.SOURCE_RANGES, 0), _RETURN,
            ),
            _rule(_DROP),
        ))  # fmt: skip

    def _frontends(self) -> Iterator[Chain]:
        yield Chain("found", (
            _rule(_has(words.FIREWALL), _jump("source-check")),
            _rule(_has(words.EXTERNAL_LOCAL), _jump("short-circuit")),
            _rule(key(word_masked(words.LIST_MASK)), lookup(words.LISTS, 0, 0), set_word(), _goto("pick")),
            _rule(_DROP),
        ))  # fmt: skip
        yield Chain("node-port", (
            _rule(_has(words.HOST_PORT), _goto("found")),
            _rule(key(self._destination), lookup(words.NODE_PORT_ADDRESSES, 0), _goto("found")),
            _rule(clear_word()),
        ))  # fmt: skip
        yield Chain("node-ports", (
            _rule(
                key(PROTOCOL, DESTINATION_PORT), lookup(words.NODE_PORTS, 0, 0), set_word(), _goto("node-port"),
            ),
        ))  # fmt: skip
        yield Chain("services", (
            _rule(
                key(self._destination, PROTOCOL, DESTINATION_PORT),
                lookup(words.FRONTENDS, 0, 0), set_word(), _goto("found"),
            ),
            _rule(key(self._destination), lookup(words.CLUSTER_IPS, 0), _goto("refuse")),
            _rule(key(self._destination), lookup(words.SERVICE_CIDRS, 0), _DROP),
            _rule(fib_type(0), compare(0, _LOCAL), _goto("node-ports")),
        ))  # fmt: skip

    def _masquerading(self) -> Iterator[Chain]:
        disguise = clear_word() + masquerade()
        from_loopback = (
            meta(META_OIF, 0), compare(0, _LOOPBACK, NOT_EQUAL), payload(NETWORK, 12, 1, 0), compare(0, b"\x7f"),
            masquerade(),
        )  # fmt: skip
        looped = key(self._source, self._destination) + lookup(words.HAIRPIN, 0)
        yield Chain("masquerade-rest", (
            _rule(clear_word()),
            _rule(looped, masquerade()),
            *((_rule(*from_loopback),) if self._is_ipv4 else ()),
        ))  # fmt: skip
        outside = key(self._source) + lookup(words.POD_CIDRS, 0, inverted=True)
        from_node = fib_type(0, source=True) + compare(0, _LOCAL)
        yield Chain("masquerade-flags", (
            _rule(_has(words.MASQUERADE), disguise),
            _rule(_has(words.INTERNAL), outside, disguise),
            _rule(_has(words.EXTERNAL_LOCAL), from_node, disguise),
            _rule(_goto("masquerade-rest")),
        ))  # fmt: skip
        yield Chain("masquerading", (
            _rule(
                key(self._original, PROTOCOL, ORIGINAL_PORT),
                lookup(words.FRONTENDS, 0, 0), set_word(), _goto("masquerade-flags"),
            ),
            _rule(
                key(PROTOCOL, ORIGINAL_PORT),
                lookup(words.NODE_PORTS, 0, 0), set_word(), _goto("masquerade-flags"),
            ),
            _rule(_goto("masquerade-rest")),
        ))  # fmt: skip

    def _hooks(self) -> Iterator[Chain]:
        to_services = (_rule(_goto("services")),)
        if self._is_ipv4:
            strange = (
                meta(META_IIF, 0), compare(0, _LOOPBACK, NOT_EQUAL), payload(NETWORK, 16, 1, 0), compare(0, b"\x7f"),
                _DROP,
            )  # fmt: skip
            yield Chain("raw-prerouting", (_rule(*strange),), Hook("filter", _PREROUTING, RAW_PRIORITY))
        yield Chain("nat-prerouting", to_services, Hook("nat", _PREROUTING, DNAT_PRIORITY))
        yield Chain("nat-output", to_services, Hook("nat", _OUTPUT, DNAT_PRIORITY))
        yield Chain("nat-input", (_rule(_translated(), clear_word()),), Hook("nat", _INPUT, SNAT_PRIORITY))
        yield Chain(
            "nat-postrouting", (_rule(_translated(), _goto("masquerading")),),
            Hook("nat", _POSTROUTING, SNAT_PRIORITY),
        )  # fmt: skip
        untranslated = key(self._destination) + lookup(words.SERVICE_CIDRS, 0) + _DROP
        # The other side would take a stray packet for a stranger's and answer with a reset, which the pod believes.
        from_pod, to_pod = (
            _rule(_unplaced(), key(side), lookup(words.POD_CIDRS, 0), _DROP)
            for side in (self._source, self._destination)
        )
        yield Chain("filter-input", (from_pod,), Hook("filter", _INPUT, FILTER_PRIORITY))
        yield Chain(
            "filter-forward", (from_pod, to_pod, _rule(untranslated)), Hook("filter", _FORWARD, FILTER_PRIORITY)
        )
