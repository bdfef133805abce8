"""A process that writes to a store and tells over its standard output what was acknowledged, until it is killed.

Every commit writes ``/pair/N/left`` and ``/pair/N/right`` with the same value, so that half a commit can be seen.
"""

import asyncio
import os
import sys

from fairway.store.interface import ABSENT, Put
from fairway.store.sqlite import SqliteStore


async def main(path: str, generation: str) -> None:
    store = await SqliteStore.open(path)
    os.write(1, b"open\n")

    async def write(writer: int) -> None:
        count = 0
        while True:
            name, value = f"/pair/{generation}-{writer}-{count}", str(count).encode() * 50
            left, right = Put(f"{name}/left", value, ABSENT), Put(f"{name}/right", value, ABSENT)
            revision = await store.commit([left, right])
            os.write(1, f"{name} {count} {revision}\n".encode())
            if count % 3 == 0:
                await store.commit([Put(left.key, None, revision), Put(right.key, None, revision)])
                os.write(1, f"{name} deleted 0\n".encode())
            if count % 50 == 49:
                await store.compact(revision)
            count += 1

    async with asyncio.TaskGroup() as group:
        for writer in range(8):
            group.create_task(write(writer))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
