"""A certificate that the local CA made is renewed while HAProxy serves it: no reload, and no word from anybody."""

import asyncio
import datetime
from pathlib import Path

import pytest
from ingress_engine import Engine, needs_haproxy

from fairway.client.memory import MemoryClient
from fairway.cluster.local_ca import authority
from fairway.cluster.local_ca.domains import RESERVED
from fairway.cluster.local_ca.leaves import Leaves
from fairway.ingress.ingress import Ingress, Settings
from fairway.kinds import INGRESS, INGRESS_CLASS

pytestmark = [pytest.mark.component, needs_haproxy]
HOST = "app.localhost"
TWO_THIRDS = datetime.timedelta(days=authority.LEAF_DAYS) * 2 / 3


async def test_a_certificate_that_is_due_is_served_anew(tmp_path: Path) -> None:
    authority.ensure(tmp_path / "ca", "demo", RESERVED)
    ahead = TWO_THIRDS - datetime.timedelta(seconds=1)  # so that each is due after a second
    leaves = Leaves(tmp_path / "ca", lambda: datetime.datetime.now(datetime.UTC) + ahead)
    client, engine = MemoryClient(), Engine(tmp_path / "ingress")
    client.put(INGRESS_CLASS, {"metadata": {"name": "fairway"}, "spec": {"controller": "fairway.dev/ingress"}})
    path = {"path": "/", "pathType": "Prefix", "backend": {"service": {"name": "web", "port": {"number": 80}}}}
    spec = {"ingressClassName": "fairway", "rules": [{"host": HOST, "http": {"paths": [path]}}]}
    made = client.put(INGRESS, {"metadata": {"name": "web", "namespace": "default", "uid": "1"}, "spec": spec})
    haproxy = engine.make()
    settings = Settings(certificates=leaves, points=[{"ip": "127.0.0.1"}])
    running = asyncio.create_task(Ingress(client, haproxy, settings).run())
    try:
        async with asyncio.timeout(20):
            async for event in client.watch(INGRESS, revision=made["metadata"]["resourceVersion"]):
                if "status" in event.object:
                    break  # it is served
            shown = {await engine.certificate(HOST)}
            pids = engine.pids()
            while len(shown) < 3:
                await asyncio.sleep(0.02)
                shown.add(await engine.certificate(HOST))
        assert (haproxy.reloads, engine.pids()) == (0, pids)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await asyncio.to_thread(engine.close)
