"""Packing: the bytes of objects of which there are many are kept small.

Objects of one kind are much alike: with some of them as a dictionary Zstandard makes a tenth of the next, or less, and
gives it back within two microseconds.  Few objects stay as they are, and nothing is imported for them.
Shape: ``Packing.keep`` runs for ever, a little in each round of the loop.
Source: Zstandard's docs, "The case for Small Data compression" (dictionaries).
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from weakref import WeakKeyDictionary

from fairway.apiserver.collection import Collection
from fairway.apiserver.stored import PACKED_BYTES, Stored

PERIOD_S = 10.0
"""Between two looks: a write that had to ask whether it is time would pay for what happens once in an hour."""
LEAST_BYTES = 2 * 1024 * 1024
"""Of a collection: less is not worth the library."""
_DICTIONARY_BYTES = 32 * 1024
_SAMPLES, _LEAST_SAMPLES = 300, 100
_LEVEL = 3
_AT_ONCE = 64
_WORSE, _SLACK = 1.5, 0.01


class ZstandardCodec:
    """Packs and unpacks objects that are like some samples.  ``ratio`` is what is left of those."""

    def __init__(self, samples: Sequence[bytes]) -> None:
        # Not at module level: a cluster with few objects never needs it.
        import zstandard

        known = zstandard.train_dictionary(_DICTIONARY_BYTES, list(samples), level=_LEVEL)
        known.precompute_compress(level=_LEVEL)
        compress = zstandard.ZstdCompressor(
            level=_LEVEL, dict_data=known, write_checksum=False, write_content_size=True, write_dict_id=False
        ).compress
        # The library's own result holds the memory of the worst case, however short it is.
        self.pack: Callable[[bytes], bytes] = lambda wire: bytes(memoryview(compress(wire)))
        self.unpack: Callable[[bytes], bytes] = zstandard.ZstdDecompressor(dict_data=known).decompress
        self.ratio = sum(len(self.pack(one)) for one in samples) / sum(map(len, samples))


class Packing:
    """One for a server.  Once a collection has a codec, its cache packs what comes; this finds when it needs one.

    Objects change as time goes by (a pod gets its status): where the codec does them much worse than those that it
    was made of, it is made anew.
    """

    def __init__(self, collections: Callable[[], Iterable[Collection]]) -> None:
        self._collections = collections
        self._codecs: WeakKeyDictionary[Collection, ZstandardCodec] = WeakKeyDictionary()
        self._looked: WeakKeyDictionary[Collection, int] = WeakKeyDictionary()
        """The last change of a collection when it was looked at."""

    async def keep(self) -> None:
        """Look at everything now and then, until cancelled."""
        while True:
            if await self.once():
                trim()
            await asyncio.sleep(PERIOD_S)

    async def once(self) -> int:
        """Pack what has become much or is packed badly; how many objects that was."""
        packed = 0
        for collection in list(self._collections()):
            if self._looked.get(collection) == collection.changed:
                continue
            self._looked[collection] = collection.changed
            samples = _samples(collection)
            if self._needs_codec(collection, samples):
                codec = await asyncio.to_thread(ZstandardCodec, [state.wire for state in samples])
                self._codecs[collection] = collection.codec = codec
                packed += await _pack(collection, codec)
        return packed

    def _needs_codec(self, collection: Collection, samples: Sequence[Stored]) -> bool:
        if len(samples) < _LEAST_SAMPLES:
            return False
        size = sum(state.size for state in samples)
        codec = self._codecs.get(collection)
        if codec is None:
            return size / len(samples) * len(collection.live) >= LEAST_BYTES
        return sum(state.packed_size for state in samples) > size * (codec.ratio * _WORSE + _SLACK)


def _samples(collection: Collection) -> list[Stored]:
    """Some of all, from the first to the last."""
    found = [state for state in collection.live.values() if state.size <= PACKED_BYTES]
    return found[:: max(1, len(found) // _SAMPLES)][:_SAMPLES]


async def _pack(collection: Collection, codec: ZstandardCodec) -> int:
    states = list(collection.live.values())
    for place, state in enumerate(states, 1):
        state.pack(codec)
        if place % _AT_ONCE == 0:
            await asyncio.sleep(0)
    return len(states)


def trim() -> None:
    """Give the kernel back what is free."""
    # Not at module level, as above: it takes milliseconds of every start.
    import ctypes

    found = getattr(ctypes.CDLL(None), "malloc_trim", None)  # glibc has it
    if found is not None:
        found(0)
