"""Lease and registration: makes this machine's Node exist, keeps its status true and says every 10 s that it lives.

Shape: a status is written on change and every 5 minutes; a Lease is renewed in between, which is far cheaper.
Source: Kubernetes docs, "Nodes", "Heartbeats"; KEP-589.
"""

import asyncio
import logging

from fairway.client.interface import MERGE_PATCH
from fairway.kinds import LEASE, NODE
from fairway.node.node_object import (
    LEASE_NAMESPACE,
    extended,
    lease_object,
    node_object,
    node_patch,
    node_status,
    status_changes,
)
from fairway.node.resources import architecture, capacity, node_info
from fairway.node.runtimes.interface import Image, RuntimeFailure
from fairway.node.shared import Shared
from fairway.objects import Object
from fairway.objects.conditions import condition
from fairway.objects.errors import StatusError
from fairway.objects.meta import micro_timestamp
from fairway.reconcile.backoff import Backoff
from fairway.reconcile.informer import Change, Informer

log = logging.getLogger(__name__)


class Registration:
    """This machine in the API.  ``problem`` set to a text makes the node NotReady; empty makes it Ready.

    Whoever thinks otherwise is contradicted at once: a node that was silent for a while, because its machine slept or
    its process was held up, has been called lost meanwhile.
    """

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        self._capacity = capacity(shared.settings)
        self._info = node_info(shared.settings)
        self._problem = "starting"
        self._changed = asyncio.Event()
        self._registered_once = asyncio.Event()
        self._has_lease = False
        self._nodes = Informer(shared.client, NODE, fields=f"metadata.name={shared.settings.node_name}")
        self._nodes.subscribe(self._look)

    def _look(self, change: Change) -> None:
        """Somebody has written the Node, maybe we; or taken it away, and then it is registered anew."""
        if change.new is None:
            self._changed.set()
            return
        ready, status = condition(change.new, "Ready"), change.new.get("status") or {}
        is_contradicted = ready is not None and ready["status"] != ("False" if self._problem else "True")
        if is_contradicted or extended(status.get("capacity")) != extended(status.get("allocatable")):
            self._changed.set()

    def set_problem(self, problem: str) -> None:
        """Why the runtime is not ready, or empty."""
        if problem != self._problem:
            self._problem = problem
            self._changed.set()

    async def run(self) -> None:
        """Register, then keep status and Lease up for ever."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._keep_status())
            group.create_task(self._keep_lease())
            group.create_task(self._nodes.run())

    async def _keep_status(self) -> None:
        backoff = Backoff(0.1, 10.0)
        is_due = False
        while True:
            self._changed.clear()
            try:
                await self._write_status(is_due=is_due)
                backoff.reset()
                pause_s = self._shared.settings.status_period_s
                is_due = True
            except (StatusError, OSError, RuntimeFailure) as error:
                _report("node status waits for the API", error, backoff)
                pause_s = backoff.next_delay_s()
            try:
                async with asyncio.timeout(pause_s):
                    await self._changed.wait()
                is_due = False
            except TimeoutError:
                continue

    async def _write_status(self, *, is_due: bool) -> None:
        """Write what changed; at a period's end also the heartbeat."""
        shared = self._shared
        node = await self._registered()
        self._registered_once.set()
        old: Object = node.get("status") or {}
        new = node_status(
            shared.settings, old, self._capacity, self._info, await self._images(), self._problem, shared.now_s()
        )
        changes = status_changes(old, new)
        if is_due and "conditions" not in changes:
            changes["conditions"] = new["conditions"]
        if changes:
            name = shared.settings.node_name
            await shared.client.patch(
                NODE, None, name, {"status": changes}, content_type=MERGE_PATCH, subresource="status"
            )

    async def _images(self) -> list[Image]:
        return list(await self._shared.puller.images.list())

    async def _registered(self) -> Object:
        """The Node, made or corrected where needed."""
        client, settings = self._shared.client, self._shared.settings
        arch = architecture()
        try:
            node = await client.get(NODE, None, settings.node_name)
        except StatusError as error:
            if error.code != 404:
                raise
            return await client.create(NODE, node_object(settings, arch))
        if patch := node_patch(node, settings, arch):
            return await client.patch(NODE, None, settings.node_name, patch, content_type=MERGE_PATCH)
        return node

    async def _keep_lease(self) -> None:
        backoff = Backoff(0.2, 5.0)
        await self._registered_once.wait()
        while True:
            try:
                await self._renew()
                backoff.reset()
                pause_s = self._shared.settings.lease_renewal_s
            except (StatusError, OSError) as error:
                self._has_lease = self._has_lease and not isinstance(error, StatusError)
                _report("node lease waits for the API", error, backoff)
                pause_s = backoff.next_delay_s()
            await asyncio.sleep(pause_s)

    async def _renew(self) -> None:
        client, settings, now_s = self._shared.client, self._shared.settings, self._shared.now_s()
        if self._has_lease:
            patch = {"spec": {"renewTime": micro_timestamp(now_s), "holderIdentity": settings.node_name}}
            await client.patch(LEASE, LEASE_NAMESPACE, settings.node_name, patch, content_type=MERGE_PATCH)
            return
        node = await client.get(NODE, None, settings.node_name)
        lease = lease_object(settings, node, now_s)
        try:
            await client.create(LEASE, lease)
        except StatusError as error:
            if error.reason != "AlreadyExists":
                raise
            patch = {"metadata": {"ownerReferences": lease["metadata"]["ownerReferences"]}, "spec": lease["spec"]}
            await client.patch(LEASE, LEASE_NAMESPACE, settings.node_name, patch, content_type=MERGE_PATCH)
        self._has_lease = True


def _report(what: str, error: Exception, backoff: Backoff) -> None:
    log.log(logging.WARNING if backoff.failures == 0 else logging.DEBUG, what, extra={"error": str(error)})
