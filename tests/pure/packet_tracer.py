"""What the table's rules do with the first packet of a connection, followed step by step over its elements.

A second, slow statement of what ``dataplanes/nftables/frame.py`` says, to hold against the model and the kernel.
"""

from typing import NamedTuple

from fairway.proxy import words
from fairway.proxy.model import ADDRESS_BYTES, Endpoint, family_of, frontend_key
from fairway.proxy.words import Elements, pack_word, pack_words, word_of


class Packet(NamedTuple):
    """The first packet; ``from_node`` and ``to_node``: that address is one of the node's own."""

    source: bytes
    destination: bytes
    protocol: int
    port: int
    from_node: bool = False
    to_node: bool = False


class Fate(NamedTuple):
    """``pass``, ``refuse``, ``drop``, or ``send`` to one of ``endpoints``; who of them sees a masqueraded source."""

    verdict: str
    endpoints: frozenset[Endpoint] = frozenset()
    masqueraded: frozenset[Endpoint] = frozenset()
    affinity_s: int = 0


def fate(elements: Elements, packet: Packet) -> Fate:
    """Follow the packet through ``services``."""
    key = frontend_key(packet.destination, packet.protocol, packet.port)
    word = elements.get(words.FRONTENDS, {}).get(key)
    if word is None:
        if packet.destination in elements.get(words.CLUSTER_IPS, {}):
            return Fate("refuse")
        if _within(elements, words.SERVICE_CIDRS, packet.destination):
            return Fate("drop")
        if packet.to_node:
            word = elements.get(words.NODE_PORTS, {}).get(frontend_key(b"", packet.protocol, packet.port))
            is_host_port = word is not None and word_of(word) & words.HOST_PORT
            if not is_host_port and not _within(elements, words.NODE_PORT_ADDRESSES, packet.destination):
                word = None
    if word is None:
        return Fate("pass")
    return _found(elements, packet, key, word_of(word))


def _found(elements: Elements, packet: Packet, key: bytes, word: int) -> Fate:
    from_pod = _within(elements, words.POD_CIDRS, packet.source)
    if word & words.FIREWALL and not _allowed(elements, key, packet.source):
        return Fate("drop")
    target = word & words.LIST_MASK
    if word & words.EXTERNAL_LOCAL and (from_pod or packet.from_node):
        target &= ~words.LOCAL_LIST
    listed = elements.get(words.LISTS, {}).get(pack_word(target))
    if listed is None:
        return Fate("drop")
    endpoints, affinity_s, verdict = _listed(elements, word_of(listed))
    if verdict != "send":
        return Fate(verdict)
    always = bool(
        word & words.MASQUERADE
        or (word & words.INTERNAL and not from_pod)
        or (word & words.EXTERNAL_LOCAL and packet.from_node)
    )
    looped = {
        at for at in endpoints
        if at[:-4] == packet.source and packet.source * 2 in elements.get(words.HAIRPIN, {})
    }  # fmt: skip
    return Fate("send", endpoints, endpoints if always else frozenset(looped), affinity_s)


def _listed(elements: Elements, word: int) -> tuple[frozenset[Endpoint], int, str]:
    if not word & words.AFFINITY:
        count_class = word & words.FLAGS_MASK
        if count_class < words.SPREAD:
            return frozenset(), 0, ("refuse", "drop")[count_class]
        base = word & words.LIST_MASK
        slots = elements.get(words.SLOTS, {})
        return _drawn([slots.get(pack_words(base, slot)) for slot in range(1 << (count_class - 2))]), 0, "send"
    base = word & words.AFFINITY_MASK
    packed = elements[words.AFFINITY_LISTS][pack_word(base)]
    assert word_of(packed) == word
    numbers = elements[words.AFFINITY_SLOTS]
    bound = [numbers.get(pack_words(base, slot)) for slot in range(1 << ((word & words.CLASS_MASK) - 2))]
    assert all(each is None or each in elements[words.LIVE] for each in bound)
    seconds = word_of(elements[words.TIMEOUTS][pack_word(word & words.TIMEOUT_MASK)])
    return _drawn([each and elements[words.ENDPOINTS][each] for each in bound]), seconds, "send"


def _drawn(slots: list[bytes | None]) -> frozenset[Endpoint]:
    """Every second slot at most may be empty, and none among the lower half."""
    half = max(1, len(slots) // 2)
    assert all(slot is not None for slot in slots[:half])
    filled = [Endpoint(slot) for slot in slots if slot is not None]
    assert None not in slots[: len(filled)]
    assert len(set(filled)) == len(filled)
    return frozenset(filled)


def _within(elements: Elements, name: str, at: bytes) -> bool:
    size = ADDRESS_BYTES[family_of(at)]
    return any(key[:size] <= at <= key[size:] for key in elements.get(name, {}))


def _allowed(elements: Elements, frontend: bytes, source: bytes) -> bool:
    size = len(source)
    return any(
        key[: len(frontend)] == frontend and key[len(frontend) :][:size] <= source <= key[-size:]
        for key in elements.get(words.SOURCE_RANGES, {})
    )


def everything_is_used(elements: Elements) -> bool:
    """Whether each list, slot and endpoint is reached from a frontend."""
    reached: set[tuple[str, bytes]] = set()
    pointers = [*elements.get(words.FRONTENDS, {}).values(), *elements.get(words.NODE_PORTS, {}).values()]
    for number in {word_of(each) & ~words.FLAGS_MASK & ~words.LOCAL_LIST for each in pointers}:
        for target in (number, number | words.LOCAL_LIST):
            listed = elements.get(words.LISTS, {}).get(pack_word(target))
            if listed is None:
                continue
            reached.add((words.LISTS, pack_word(target)))
            base = pack_word(word_of(listed) & words.AFFINITY_MASK)
            if word_of(listed) & words.AFFINITY:
                reached.add((words.AFFINITY_LISTS, base))
            for name, prefix in ((words.SLOTS, pack_word(target)), (words.AFFINITY_SLOTS, base)):
                reached |= {(name, key) for key in elements.get(name, {}) if key[:4] == prefix}
    for key in elements.get(words.AFFINITY_SLOTS, {}).values():
        reached |= {(words.ENDPOINTS, key), (words.LIVE, key)}
    names = (words.LISTS, words.SLOTS, words.AFFINITY_LISTS, words.AFFINITY_SLOTS, words.ENDPOINTS, words.LIVE)
    return {(name, key) for name in names for key in elements.get(name, {})} == reached
