"""A process that serves the API from a store in a file until it is killed; it says its port once it is ready.

``history_server.py FILE REVISIONS WINDOW``: superseded states of so many revisions are kept (0: all), and changes of
so many bytes are remembered for watches.  Whoever connects is the administrator.
"""

import dataclasses
import sys
from typing import Any

import uvloop

from fairway.apiserver.server import ApiServer
from fairway.apiserver.settings import Limits, Settings
from fairway.store.sqlite import SqliteStore
from fairway.store.sqlite.retention import Retention
from fairway.transport.interface import Peer, Request
from fairway.transport.server import serve

ADMIN = Peer("127.0.0.1", "kubernetes-admin", ("system:masters",))


async def main(path: str, revisions: str, window: str) -> None:
    keep = int(revisions)
    retention = Retention(keep_s=0.0, keep_revisions=keep, period_s=0.02, least_revisions=1) if keep else None
    store = await SqliteStore.open(path, retention=retention)
    limits = Limits(window_bytes=int(window), bookmark_s=0.5)
    api = ApiServer(store, Settings(advertise_address="10.244.0.1", limits=limits))
    await api.start()

    def handler(request: Request) -> Any:
        return api.handler(dataclasses.replace(request, peer=ADMIN))

    server = await serve(handler)
    print(server.addresses[0][1], flush=True)
    await api.wait_failed()


if __name__ == "__main__":
    uvloop.run(main(*sys.argv[1:]))
