"""Uids: random identities (UUIDs of version 4), made from randomness that is fetched for many at once.

Each fetch lets go of the interpreter, which under load takes long to come back: too dear to do it for every object.
Source: RFC 9562 section 5.4.
"""

import os
from collections.abc import Iterator

_AT_ONCE = 256
_SIZE = 16
_VARIANTS = "89ab"


def _uids() -> Iterator[str]:
    while True:
        pool = os.urandom(_SIZE * _AT_ONCE).hex()
        for start in range(0, len(pool), 2 * _SIZE):
            h = pool[start : start + 2 * _SIZE]
            variant = _VARIANTS[int(h[16], 16) & 3]
            yield f"{h[:8]}-{h[8:12]}-4{h[13:16]}-{variant}{h[17:20]}-{h[20:]}"


new_uid = _uids().__next__
"""A uid that nothing else has."""
