"""At the start of a node process cluster DNS lists before the others do, and they do not wait for it for ever."""

import asyncio
from typing import Any

import pytest

from fairway.client.memory import MemoryClient
from fairway.client.shared_lists import SharedLists
from fairway.cluster import node
from fairway.dns.dns import Settings, keep_serving
from fairway.kinds import ENDPOINT_SLICE, SERVICE
from fairway.kinds.kind import Kind
from fairway.objects.errors import StatusError
from fairway.reconcile.informer import Informer

OTHERS = "others"
DNS = Settings(listen=("127.0.0.1",), port=0, cidrs=("10.96.0.0/16",), metrics_port=0)


class Recording(MemoryClient):
    """Who listed what, in order."""

    def __init__(self, *, dns_may: bool = True) -> None:
        super().__init__()
        self.asked: list[str] = []
        self.dns_may = dns_may

    async def list(self, kind: Kind, namespace: str | None = None, **options: Any) -> Any:
        is_others = options["labels"] == OTHERS
        if not is_others and not self.dns_may:
            raise StatusError(403, "Forbidden", "not you")
        self.asked.append(f"{kind.plural}{' of others' if is_others else ''}")
        await asyncio.sleep(0)
        return await super().list(kind, namespace, **options)


async def both(client: Recording) -> list[str]:
    known = asyncio.Event()
    shared = SharedLists(client, (SERVICE, ENDPOINT_SLICE), turn=lambda: node.names_first(known))
    others = [Informer(shared, kind, labels=OTHERS) for kind in (SERVICE, ENDPOINT_SLICE, SERVICE)]
    tasks = [asyncio.create_task(each.run()) for each in others]
    tasks.append(asyncio.create_task(keep_serving(client, DNS, known=known)))
    try:
        async with asyncio.timeout(30):
            for each in others:
                await each.wait_synced()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return client.asked


async def test_dns_has_its_lists_before_the_others_share_theirs() -> None:
    asked = await both(Recording())
    assert sorted(asked[:3]) == ["endpointslices", "endpointslices", "services"]
    assert sorted(asked[3:]) == ["endpointslices of others", "services of others"]


async def test_the_others_go_on_where_dns_gets_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(node, "NAMES_FIRST_S", 0.05)
    assert sorted(await both(Recording(dns_may=False))) == ["endpointslices of others", "services of others"]
