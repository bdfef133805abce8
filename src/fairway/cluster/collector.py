"""Collector: how long-lived processes with very many small objects deal with memory.

Shape: ``collect_rarely`` before the objects are made, ``settle`` when they are there.
"""

import ctypes
import gc

_YOUNG, _MIDDLE, _OLD = 50_000, 20, 100


def collect_rarely() -> None:
    """Look for cycles less often: going through a million objects that stay, again and again, costs seconds."""
    gc.set_threshold(_YOUNG, _MIDDLE, _OLD)


def settle() -> None:
    """What is there now stays: leave it out of collections, and give the kernel back what loading it took."""
    gc.collect()
    gc.freeze()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # glibc has it
    if trim is not None:
        trim(0)
