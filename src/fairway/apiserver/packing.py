"""Packing: the bytes of objects of which there are many are kept small.

Objects of one kind are much alike: with some of them as a dictionary Zstandard makes a tenth of the next, or less, and
gives it back within two microseconds.  Few objects stay as they are, and nothing is imported for them.
Shape: ``Packing.keep`` runs for ever, a little in each round of the loop.
Source: Zstandard's docs, "The case for Small Data compression" (dictionaries).
"""

import asyncio
import ctypes
from collections.abc import Callable, Iterable, Sequence
from weakref import WeakKeyDictionary

from fairway.apiserver.collection import Collection
from fairway.apiserver.stored import Stored

PERIOD_S = 10.0
LEAST_BYTES = 2 * 1024 * 1024
"""Of a collection: less is not worth the library."""
SAMPLE_BYTES = 32 * 1024
_DICTIONARY_BYTES = 16 * 1024
_SAMPLES, _LEAST_SAMPLES = 200, 100
_LEVEL = 3
_AT_ONCE = 64
_OUTGROWN = 4
"""A collection that has grown so much gets another codec."""


class ZstandardCodec:
    """Packs and unpacks objects that are like some samples."""

    def __init__(self, samples: Sequence[bytes]) -> None:
        # Not at module level: a cluster with few objects never needs it.
        import zstandard

        self._known = zstandard.train_dictionary(_DICTIONARY_BYTES, list(samples), level=_LEVEL)
        self._known.precompute_compress(level=_LEVEL)
        self.pack: Callable[[bytes], bytes] = zstandard.ZstdCompressor(
            level=_LEVEL, dict_data=self._known, write_checksum=False, write_content_size=True, write_dict_id=False
        ).compress
        self.unpack: Callable[[bytes], bytes] = zstandard.ZstdDecompressor(dict_data=self._known).decompress


class Packing:
    """One for a server.  Once a collection has a codec, its cache packs what comes; this finds when it needs one."""

    def __init__(self, collections: Callable[[], Iterable[Collection]]) -> None:
        self._collections = collections
        self._made_of: WeakKeyDictionary[Collection, int] = WeakKeyDictionary()
        """How many objects there were when a collection got its codec."""

    async def keep(self) -> None:
        """Look at everything now and then, until cancelled."""
        while True:
            await asyncio.sleep(PERIOD_S)
            if await self.once():
                trim()

    async def once(self) -> int:
        """Pack what has become much; how many objects that was."""
        packed = 0
        for collection in list(self._collections()):
            if len(collection.live) > _OUTGROWN * self._made_of.get(collection, 0):
                packed += await self._pack(collection)
        return packed

    async def _pack(self, collection: Collection) -> int:
        """What is packed already stays as it is; a new codec is for what comes."""
        found = [state for state in collection.live.values() if state.size <= SAMPLE_BYTES]
        if len(found) < _LEAST_SAMPLES or sum(state.size for state in found) < LEAST_BYTES:
            return 0
        collection.codec = codec = await asyncio.to_thread(ZstandardCodec, _samples(found))
        self._made_of[collection] = len(collection.live)
        for place, state in enumerate(found, 1):
            state.pack(codec)
            if place % _AT_ONCE == 0:
                await asyncio.sleep(0)
        return len(found)


def _samples(found: Sequence[Stored]) -> list[bytes]:
    """Some of all, from the oldest to the newest."""
    step = max(1, len(found) // _SAMPLES)
    return [state.wire for state in found[::step][:_SAMPLES]]


def trim() -> None:
    """Give the kernel back what is free."""
    found = getattr(ctypes.CDLL(None), "malloc_trim", None)  # glibc has it
    if found is not None:
        found(0)
