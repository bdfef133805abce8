"""Starting: the pod's volumes and sandbox, and each container: image, references, mounts, start, postStart.

What may take long without touching the machine (a pull, a reference that does not exist) is given up at once when the
pod is to leave; what touches the machine is always carried through.
Source: Kubernetes docs, "Pod Lifecycle", "Container Lifecycle Hooks", "Images".
"""

import asyncio
import logging
from collections.abc import Coroutine
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from fairway.node.admission import refusal
from fairway.node.backoff import due_s, extended
from fairway.node.container_record import ContainerRecord
from fairway.node.container_spec import container_spec, sandbox_spec
from fairway.node.environment import Reference, Sources, environment, references
from fairway.node.field_refs import ReferenceProblem, Surroundings
from fairway.node.image_names import shown_names
from fairway.node.pod_directory import file_mounts, message_mount, resolver_of, write_files
from fairway.node.pod_spec import is_host_network
from fairway.node.pod_view import Attempt, Busy, Waiting, attempt_of
from fairway.node.probes.handlers import Target, handle
from fairway.node.probing import begin_probing, pod_address
from fairway.node.runtimes.interface import ContainerSpec, Image, RuntimeFailure
from fairway.node.tokens import Fetched
from fairway.node.volumes.claimed import NotBound, volumes_of
from fairway.node.volumes.payload import volume_references
from fairway.node.volumes.pod_volumes import PodVolumes
from fairway.node.volumes.token_request import TokenAsked, tokens_asked
from fairway.objects import Object
from fairway.reconcile.events import EventType

if TYPE_CHECKING:
    from fairway.node.pod_worker import PodWorker

log = logging.getLogger(__name__)

T = TypeVar("T")

START_FAILED_EXIT_CODE = 128
FIRST_RETRY_S, MAX_RETRY_S = 1.0, 30.0
PULL_BACK_OFF_SHOWN_S = 2.0
"""How long ``ErrImagePull`` is shown before ``ImagePullBackOff`` takes its place."""
HOOK_LIMIT_S = 24 * 3600.0


class Left(Exception):
    """The pod is to leave: what was begun for its start is given up."""


class Starting:
    """The beginning half of a pod's worker."""

    def __init__(self, worker: "PodWorker") -> None:
        self._worker = worker
        self._shared = worker.shared
        self._volumes = PodVolumes(worker.shared.settings, worker.uid)
        self._renewal: asyncio.TimerHandle | None = None

    # Volumes and sandbox

    def make_sandbox(self) -> None:
        """Make volumes and sandbox, unless others here stand in the way."""
        refused = refusal(self._worker.pod, self._others(), self._shared.allocatable or {})
        if refused is not None:
            self._shared.tell(self._worker.pod, "Warning", refused.reason, refused.message)
            self._worker.fail(replace(refused, message=f"Pod was rejected: {refused.message}"))
            return
        self._worker.is_sandbox_busy = True
        self._worker.spawn(self._make_sandbox(), "make sandbox")

    def _others(self) -> list[Object]:
        """The pods that are here already, as they were last told of; not those of which the API knows nothing more."""
        others = (one for one in self._shared.workers.values() if one is not self._worker and not one.is_gone)
        return [other.view().pod for other in others if other.sandbox is not None or other.is_sandbox_busy]

    async def _make_sandbox(self) -> None:
        worker = self._worker
        if any(attempt.is_lost for record in worker.records.values() for attempt in record.attempts):
            text = "Pod sandbox changed, it will be killed and re-created."
            self._shared.tell(worker.pod, "Normal", "SandboxChanged", text)
        try:
            spec = sandbox_spec(worker.pod, self._shared.settings.cluster_domain)
            await self._prepare_volumes()
            async with self._shared.start_slots:
                worker.sandbox = await self._shared.runtime.make_sandbox(spec)
            worker.sandbox_failures = 0
            for text in resolver_of(self._shared.settings, worker.pod, self._shared.machine_resolver).omissions():
                self._shared.tell(worker.pod, "Warning", "DNSConfigForming", text)
        except Left:
            return
        except NotBound as problem:
            self._sandbox_failed("FailedMount", str(problem), is_told=worker.sandbox_failures > 2)
        except ReferenceProblem as problem:
            self._sandbox_failed("FailedMount", str(problem))
        except RuntimeFailure as failure:
            self._sandbox_failed("FailedCreatePodSandBox", f"Failed to create pod sandbox: {failure}")
        finally:
            worker.is_sandbox_busy = False

    def _sandbox_failed(self, reason: str, message: str, *, is_told: bool = True) -> None:
        worker = self._worker
        if is_told:
            self._shared.tell(worker.pod, "Warning", reason, message)
        worker.sandbox_retry_s = self._shared.now_s() + _retry_delay_s(worker.sandbox_failures)
        worker.sandbox_failures += 1

    async def _prepare_volumes(self) -> dict[str, Any]:
        pod = self._worker.pod
        volumes = pod["spec"].get("volumes") or []
        if not volumes:
            return {}
        sources, tokens = await self._fetched()
        return self._volumes.prepare(pod, sources, replace(self._around(), tokens=tokens))

    async def _fetched(self) -> tuple[Sources, Fetched]:
        """All that the pod's volumes are made of, asked for at the same time.  Raises: ``Left``."""
        wanted, asked = self._needs()
        if not asked:
            return await self._resolved(wanted), {}
        tokens = asyncio.ensure_future(self._unless_left(self._shared.tokens.fetch(self._worker.pod, asked)))
        try:
            sources = await self._resolved(wanted)
            return sources, await tokens
        finally:
            tokens.cancel()
            await asyncio.gather(tokens, return_exceptions=True)
            self._await_renewal()

    def _needs(self) -> tuple[list[Reference], list[TokenAsked]]:
        volumes = self._worker.pod["spec"].get("volumes") or []
        return (
            [reference for volume in volumes for reference in volume_references(volume)],
            [asked for volume in volumes for asked in tokens_asked(volume)],
        )

    def _await_renewal(self) -> None:
        """Look at the tokens again when the first of them is due, or soon if that has not worked."""
        self.close()
        _, asked = self._needs()
        if asked and not self._worker.is_leaving:
            at_s = self._shared.tokens.renewal_s(self._worker.uid, asked)
            delay_s = max(MAX_RETRY_S, at_s - self._shared.now_s())
            self._renewal = asyncio.get_running_loop().call_later(delay_s, self._renew)

    def _renew(self) -> None:
        if self._worker.sandbox is not None and not self._worker.is_leaving:
            self._worker.spawn(self._learn(), "renew tokens")

    def close(self) -> None:
        """Renew nothing any more."""
        if self._renewal is not None:
            self._renewal.cancel()
            self._renewal = None

    async def _resolved(self, wanted: list[tuple[str, str]]) -> Sources:
        if not wanted:
            return {}
        meta, references = self._worker.pod["metadata"], self._shared.references
        found = await self._unless_left(references.resolve(meta["uid"], meta["namespace"], wanted))
        if volumes := list(volumes_of(found)):
            found |= await self._unless_left(references.resolve(meta["uid"], meta["namespace"], volumes))
        return found

    def refresh_volumes(self) -> None:
        """Write anew the volumes whose source has changed, if everything they need is known."""
        worker = self._worker
        volumes = worker.pod["spec"].get("volumes") or []
        if worker.sandbox is None or worker.is_leaving or not volumes:
            return
        wanted, asked = self._needs()
        sources = self._shared.references.known(worker.pod["metadata"]["namespace"], wanted)
        tokens = self._shared.tokens.known(worker.uid, asked)
        if sources is None or tokens is None:
            worker.spawn(self._learn(), "read references")
        else:
            self._refresh(sources, tokens)

    async def _learn(self) -> None:
        try:
            sources, tokens = await self._fetched()
        except Left:
            return
        if not self._worker.is_leaving:
            self._refresh(sources, tokens)

    def _refresh(self, sources: Sources, tokens: Fetched) -> None:
        worker = self._worker
        try:
            self._volumes.refresh(worker.pod, sources, replace(self._around(), tokens=tokens))
        except (ReferenceProblem, OSError) as error:
            self._shared.tell(worker.pod, "Warning", "FailedMount", str(error))

    def _around(self) -> Surroundings:
        worker, settings = self._worker, self._shared.settings
        ips = worker.sandbox.ips if worker.sandbox is not None else ()
        if is_host_network(worker.pod):
            ips = settings.node_ips
        return Surroundings(settings.node_ips, ips, self._shared.allocatable or {})

    # Containers

    def begin(self, record: ContainerRecord, number: int) -> None:
        """Start attempt ``number`` of a container."""
        record.busy = Busy.STARTING
        self._worker.spawn(self._start(record, number), f"start {record.name}")

    async def _start(self, record: ContainerRecord, number: int) -> None:
        started = False
        try:
            image = await self._image(record)
            granted = record.granted
            spec = await self._spec(record, number, image)
            async with self._shared.start_slots:
                if self._worker.is_leaving:
                    raise Left
                await self._run(record, spec, image, granted)
            started = True
        except Left:
            return
        except ReferenceProblem as problem:
            self._failed(record, RuntimeFailure("CreateContainerConfigError", str(problem)), number)
        except OSError as error:
            self._failed(record, RuntimeFailure("CreateContainerError", str(error)), number)
        except RuntimeFailure as failure:
            self._failed(record, failure, number)
        finally:
            if not started:
                record.busy = Busy.NO
        if started:
            await self._after_start(record)

    async def _image(self, record: ContainerRecord) -> Image:
        image = await self._unless_left(self._shared.puller.ensure(record.container, self._teller(record)))
        record.pull_backoff = None
        return image

    async def _spec(self, record: ContainerRecord, number: int, image: Image) -> ContainerSpec:
        worker, settings = self._worker, self._shared.settings
        pod, container, around = worker.pod, {**record.container, "resources": record.granted}, self._around()
        if not self._shared.services.has_synced:
            await self._unless_left(self._shared.services.wait_synced())
        sources = await self._resolved(list(references(container)))
        variables = environment(pod, container, sources, self._shared.services_of(pod), around)
        places = await self._prepare_volumes()
        write_files(settings, pod, around.pod_ips, self._shared.machine_hosts, self._shared.machine_resolver)
        mounts = [
            *file_mounts(settings, pod, container),
            message_mount(settings, pod, container, number),
            *self._volumes.mounts_of(container, number, places, variables),
        ]
        return container_spec(pod, container, number, image, variables, mounts)

    async def _run(self, record: ContainerRecord, spec: ContainerSpec, image: Image, granted: Object) -> None:
        is_restart = bool(record.attempts)
        reference = record.container.get("image") or ""
        try:
            state = await self._shared.runtime.start(spec)
        finally:
            if is_restart:
                record.backoff = extended(record.backoff, self._shared.now_s())
        tell = self._teller(record)
        tell("Normal", "Created", "Container created")
        tell("Normal", "Started", "Container started")
        name, image_ref = shown_names(image, reference)
        record.reference, record.applied = reference, granted
        record.waiting, record.retry_s, record.failures = None, 0.0, 0
        # An end is taken in by ``observe`` alone, which also reads what the container left as its last message.
        record.put(attempt_of(replace(state, exit_code=None, finished_s=None, oom_killed=False), name, image_ref))

    async def _after_start(self, record: ContainerRecord) -> None:
        try:
            begin_probing(self._worker, record)
            self._worker.wake()
            await self._post_start(record)
        finally:
            if record.busy is Busy.STARTING:
                record.busy = Busy.NO
        # An end that came before the attempt was known here would be missed without another look.
        self._worker.observe(await self._states())

    async def _states(self) -> list[Any]:
        found = await self._shared.runtime.containers()
        return [state for state in found if state.pod_uid == self._worker.uid]

    async def _post_start(self, record: ContainerRecord) -> None:
        hook = (record.container.get("lifecycle") or {}).get("postStart")
        if not hook:
            return
        worker = self._worker
        target = Target(self._shared.runtime, worker.uid, record.container, pod_address(worker))
        try:
            outcome = await self._unless_left(handle(target, hook, HOOK_LIMIT_S))
        except Left:
            return
        if not outcome.is_success and record.is_running:
            self._shared.tell(worker.pod, "Warning", "FailedPostStartHook", "PostStartHook failed", record.name)
            record.condemned = "FailedPostStartHook"

    def _failed(self, record: ContainerRecord, failure: RuntimeFailure, number: int) -> None:
        now_s = self._shared.now_s()
        record.waiting = Waiting(failure.reason, str(failure))
        if failure.reason in ("ErrImagePull", "ErrImageNeverPull", "InvalidImageName"):
            self._image_failed(record, failure, now_s)
            return
        self._teller(record)("Warning", "Failed", f"Error: {failure}")
        if failure.reason == "RunContainerError":
            record.waiting = None
            record.put(
                Attempt(
                    number, "", now_s, exit_code=START_FAILED_EXIT_CODE, finished_s=now_s, reason="StartError",
                    message=str(failure),
                )
            )  # fmt: skip
            return
        record.retry_s = now_s + _retry_delay_s(record.failures)
        record.failures += 1

    def _image_failed(self, record: ContainerRecord, failure: RuntimeFailure, now_s: float) -> None:
        tell = self._teller(record)
        tell("Warning", "Failed", f"Error: {failure.reason}")
        record.pull_backoff = extended(record.pull_backoff, now_s)
        record.retry_s = due_s(record.pull_backoff, now_s)
        if failure.reason == "ErrImagePull":
            asyncio.get_running_loop().call_later(PULL_BACK_OFF_SHOWN_S, self._show_pull_back_off, record, failure)

    def _show_pull_back_off(self, record: ContainerRecord, failure: RuntimeFailure) -> None:
        if record.waiting != Waiting("ErrImagePull", str(failure)) or record.busy is not Busy.NO:
            return
        name = record.container.get("image") or ""
        text = f'Back-off pulling image "{name}"'
        record.waiting = Waiting("ImagePullBackOff", f"{text}: ErrImagePull: {failure}")
        tell = self._teller(record)
        tell("Normal", "BackOff", text)
        tell("Warning", "Failed", "Error: ImagePullBackOff")
        self._worker.wake()

    def _teller(self, record: ContainerRecord) -> Any:
        def tell(type_: EventType, reason: str, message: str) -> None:
            self._shared.tell(self._worker.pod, type_, reason, message, record.name)

        return tell

    async def _unless_left(self, operation: Coroutine[Any, Any, T]) -> T:
        """The operation's answer.  Raises: ``Left`` as soon as the pod is to leave."""
        if self._worker.is_leaving:
            operation.close()
            raise Left
        doing = asyncio.ensure_future(operation)
        leaving = asyncio.ensure_future(self._worker.leaving.wait())
        try:
            await asyncio.wait((doing, leaving), return_when=asyncio.FIRST_COMPLETED)
            if doing.done():
                return doing.result()
            raise Left
        finally:
            for task in (doing, leaving):
                task.cancel()
            await asyncio.gather(doing, leaving, return_exceptions=True)


def _retry_delay_s(failures: int) -> float:
    return float(min(FIRST_RETRY_S * 2 ** min(failures, 10), MAX_RETRY_S))
