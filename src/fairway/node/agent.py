"""Agent: makes the pods bound to this machine run, and tells the API how they fare.

Shape: one informer for the pods of this node, one worker for each pod, and what all workers share.  Truth about
containers is in the runtime, truth about what is wanted is in the API; the agent itself may be killed at any time.
While the API is away what runs is kept running; while the agent is away it runs on by itself.
"""

import asyncio
import logging
import time
from collections.abc import Iterable
from pathlib import Path

from fairway.client.interface import Client
from fairway.kinds import POD, SERVICE
from fairway.node.access import Access
from fairway.node.adoption import adopted
from fairway.node.files import is_stub, parse_resolver
from fairway.node.image_puller import ImagePuller
from fairway.node.known_services import remembered
from fairway.node.lease import Registration
from fairway.node.pod_spec import every_container
from fairway.node.pod_worker import PodWorker
from fairway.node.references import References
from fairway.node.resources import capacity
from fairway.node.runtimes.interface import ContainerState, Images, Runtime, RuntimeFailure, Sandbox
from fairway.node.server import NodeServer
from fairway.node.settings import Settings
from fairway.node.shared import NAMESPACE_INDEX, BeforeStop, Shared, no_wait
from fairway.node.status_writer import StatusWriter
from fairway.node.tokens import Tokens
from fairway.node.volumes import limits
from fairway.node.volumes.local_volumes import LocalVolumes
from fairway.node.volumes.pod_volumes import PodVolumes
from fairway.objects import Object
from fairway.reconcile.backoff import Backoff
from fairway.reconcile.events import EventRecorder
from fairway.reconcile.indexes import by_namespace
from fairway.reconcile.informer import Change, Informer
from fairway.reconcile.kept import reducer

log = logging.getLogger(__name__)

COMPONENT = "kubelet"
"""The name under which users of Kubernetes look for a node's events."""


class Agent:
    """The node agent.  ``services``: an informer of all Services that runs already, where the process has one.

    ``before_stop`` waits until a leaving pod gets no new connection; it is given up after
    ``settings.before_stop_timeout_s``.  With a certificate in the settings the node's HTTPS API is served, without one
    it is not.  ``ready`` is set when everything that was running has been taken up.
    """

    def __init__(
        self, client: Client, runtime: Runtime, images: Images, settings: Settings, *,
        services: Informer | None = None, before_stop: BeforeStop = no_wait,
    ) -> None:  # fmt: skip
        self.settings = settings
        self.workers: dict[str, PodWorker] = {}
        self.ready = asyncio.Event()
        self._client = client
        self._runtime = runtime
        self._images = images
        self._before_stop = before_stop
        self._pods = Informer(client, POD, fields=f"spec.nodeName={settings.node_name}")
        self._has_own_services = services is None
        self._services = services if services is not None else Informer(client, SERVICE, keep=reducer(remembered))
        self._services.add_index(NAMESPACE_INDEX, by_namespace)
        self._found: dict[str, Sandbox] = {}
        self._states: dict[str, list[ContainerState]] = {}
        self._names: dict[str, tuple[str, str]] = {}
        self._finished: set[str] = set()
        self._dirty: set[str] = set()
        self._is_dirty = asyncio.Event()
        self.shared: Shared | None = None

    async def run(self) -> None:
        """Run until cancelled.  Containers go on running then; the next run takes them up."""
        async with asyncio.TaskGroup() as group:
            shared = self.shared = self._make_shared(group)
            try:
                group.create_task(self._watch_runtime())
                if self._has_own_services:
                    group.create_task(self._services.run())
                await self._take_stock(shared)
                if self.settings.certificate_file:
                    access = Access(self._client, self.settings.node_name, time.monotonic)
                    group.create_task(NodeServer(self.workers, self.settings, access).run())
                registration = Registration(shared)
                registration.set_problem("")
                group.create_task(self._pods.run())
                if self.settings.volumes_dir is not None:
                    group.create_task(LocalVolumes(self._client, self.settings.volumes_dir).run())
                group.create_task(shared.statuses.run())
                group.create_task(shared.recorder.run())
                group.create_task(registration.run())
                group.create_task(self._refresh())
                group.create_task(self._hold_to_limits(shared))
                await self._pods.wait_synced()
                self._pods.subscribe(self._changed)
                self._sweep(shared)
                self.ready.set()
                await asyncio.get_running_loop().create_future()
            finally:
                for worker in self.workers.values():
                    worker.halt()
                await shared.references.close()
                await shared.puller.close()

    def _make_shared(self, group: asyncio.TaskGroup) -> Shared:
        settings = self.settings
        return Shared(
            settings=settings, client=self._client, runtime=self._runtime,
            puller=ImagePuller(self._images, settings.pull_concurrency),
            recorder=EventRecorder(self._client, COMPONENT, host=settings.node_name),
            references=References(self._client, self._reference_changed), tokens=Tokens(self._client, time.time),
            services=self._services, statuses=StatusWriter(self._client),
            start_slots=asyncio.Semaphore(settings.start_concurrency), group=group, now_s=time.time,
            before_stop=self._before_stop, workers=self.workers, machine_resolver=_machine_resolver(),
            machine_hosts=_text("/etc/hosts"), allocatable=capacity(settings),
        )  # fmt: skip

    # Taking up what runs

    async def _take_stock(self, shared: Shared) -> None:
        """What this machine runs already.  Tried until the runtime answers."""
        backoff = Backoff(0.1, 10.0)
        while True:
            try:
                self._found = {sandbox.pod_uid: sandbox for sandbox in await self._runtime.sandboxes()}
                self._states = by_pod(await self._runtime.containers())
                self._names = await shared.image_names(
                    state.image_id for states in self._states.values() for state in states
                )
                return
            except RuntimeFailure as failure:
                log.error("runtime does not answer", extra={"error": str(failure)})
                await asyncio.sleep(backoff.next_delay_s())

    def _sweep(self, shared: Shared) -> None:
        """Stop what runs here and has no pod any more; drop the directories of pods that are gone."""
        for uid in {*self._found, *self._states} - set(self.workers):
            worker = self._take_up(orphan(uid, self._found.get(uid), self._states.get(uid, [])))
            worker.mark_gone()
        roots = [shared.settings.pods_dir]
        if shared.settings.secrets_dir is not None:
            roots.append(shared.settings.secrets_dir)
        for root in roots:
            for directory in root.iterdir() if root.exists() else ():
                if directory.name not in self.workers:
                    PodVolumes(shared.settings, directory.name).remove()
        self._found, self._states, self._names = {}, {}, {}

    def _take_up(self, pod: Object) -> PodWorker:
        assert self.shared is not None
        uid = pod["metadata"]["uid"]
        sandbox = self._found.get(uid)
        states = self._states.get(uid, []) if sandbox is not None else []
        records = [
            adopted(pod, container, [state for state in states if state.name == container["name"]], self._names)
            for container in every_container(pod)
        ]
        worker = PodWorker(self.shared, pod, self._worker_finished, sandbox=sandbox, records=records)
        self.workers[uid] = worker
        return worker

    # What happens

    def _changed(self, change: Change) -> None:
        uid = change.object["metadata"]["uid"]
        worker = self.workers.get(uid)
        if change.new is None:
            self._finished.discard(uid)
            if worker is not None:
                worker.mark_gone()
        elif worker is not None:
            worker.update(change.new)
        elif uid not in self._finished:
            self._take_up(change.new)

    def _worker_finished(self, worker: PodWorker) -> None:
        self.workers.pop(worker.uid, None)
        worker.shared.room_made()
        if not worker.is_gone:
            # The object may show up once more (a late event, a finalizer) before it goes.
            self._finished.add(worker.uid)

    def _reference_changed(self, uid: str) -> None:
        worker = self.workers.get(uid)
        if worker is not None:
            worker.references_changed()

    async def _watch_runtime(self) -> None:
        backoff = Backoff(0.1, 10.0)
        while True:
            try:
                async for uid in self._runtime.changes():
                    backoff.reset()
                    self._dirty.add(uid)
                    self._is_dirty.set()
            except RuntimeFailure as failure:
                log.error("runtime tells no changes", extra={"error": str(failure)})
            # What was missed in between is found by looking at everything.
            self._dirty.update(self.workers)
            self._is_dirty.set()
            await asyncio.sleep(backoff.next_delay_s())

    async def _hold_to_limits(self, shared: Shared) -> None:
        """End pods that take more of the disk than they may."""
        while True:
            await asyncio.sleep(shared.settings.volume_check_s)
            for worker in list(self.workers.values()):
                if worker.sandbox is None or worker.is_leaving or not limits.is_limited(worker.pod):
                    continue
                why = await asyncio.to_thread(limits.outgrown, shared.settings, worker.pod, shared.runtime.written)
                if why and not worker.is_leaving:
                    worker.evict(why)

    async def _refresh(self) -> None:
        """Carry what changed in the runtime to the workers, many changes at once where they come at once."""
        while True:
            await self._is_dirty.wait()
            self._is_dirty.clear()
            dirty, self._dirty = self._dirty, set()
            try:
                states = by_pod(await self._runtime.containers())
            except RuntimeFailure as failure:
                log.error("runtime does not list its containers", extra={"error": str(failure)})
                self._dirty |= dirty
                self._is_dirty.set()
                await asyncio.sleep(1.0)
                continue
            for uid in dirty:
                worker = self.workers.get(uid)
                if worker is not None:
                    worker.observe(states.get(uid, ()))


def by_pod(states: Iterable[ContainerState]) -> dict[str, list[ContainerState]]:
    """Containers by the uid of their pod.  Pure."""
    found: dict[str, list[ContainerState]] = {}
    for state in states:
        found.setdefault(state.pod_uid, []).append(state)
    return found


def orphan(uid: str, sandbox: Sandbox | None, states: Iterable[ContainerState]) -> Object:
    """As much of a pod as is needed to stop it, when the API has it no more.  Pure.

    How long it may take is no longer known, and nobody waits for it: a second, as the kubelet gives.
    """
    names = dict.fromkeys(state.name for state in states)
    meta = {
        "uid": uid, "name": sandbox.name if sandbox else uid, "namespace": sandbox.namespace if sandbox else "default",
    }  # fmt: skip
    spec = {
        "containers": [{"name": name} for name in names], "restartPolicy": "Never", "terminationGracePeriodSeconds": 1,
    }  # fmt: skip
    return {"kind": "Pod", "apiVersion": "v1", "metadata": meta, "spec": spec}


def _machine_resolver() -> str:
    """The machine's resolv.conf; where it leads to systemd-resolved, the one with the servers that it asks in turn."""
    text = _text("/etc/resolv.conf")
    return (_text("/run/systemd/resolve/resolv.conf") or text) if is_stub(parse_resolver(text)) else text


def _text(path: str) -> str:
    try:
        return Path(path).read_text(errors="replace")
    except OSError:
        return ""
