"""Shared: what all pods of a node have in common; handed to every worker and to the node's HTTPS API."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fairway.client.interface import Client
from fairway.kinds import POD
from fairway.node.image_names import shown_names
from fairway.node.image_puller import ImagePuller
from fairway.node.known_services import recalled
from fairway.node.references import References
from fairway.node.runtimes.interface import Runtime
from fairway.node.settings import Settings
from fairway.node.status_writer import StatusWriter
from fairway.node.tokens import Tokens
from fairway.objects import Object
from fairway.reconcile.events import EventRecorder, EventType
from fairway.reconcile.informer import Informer
from fairway.reconcile.kept import record

if TYPE_CHECKING:
    from fairway.node.pod_worker import PodWorker

BeforeStop = Callable[[Object], Awaitable[None]]
"""Waits until a leaving pod gets no new connection."""

NAMESPACE_INDEX = "namespace"
"""The index that ``services`` must have."""


async def no_wait(pod: Object) -> None:
    """A ``BeforeStop`` for a node without proxies to wait for."""


@dataclass(slots=True)
class Shared:
    """The parts of one node agent.  ``now_s`` is wall time in Unix seconds."""

    settings: Settings
    client: Client
    runtime: Runtime
    puller: ImagePuller
    recorder: EventRecorder
    references: References
    tokens: Tokens
    services: Informer
    statuses: StatusWriter
    start_slots: asyncio.Semaphore
    group: asyncio.TaskGroup
    now_s: Callable[[], float]
    before_stop: BeforeStop
    workers: Mapping[str, "PodWorker"]
    """Every pod of this node by its uid."""
    machine_resolver: str = ""
    machine_hosts: str = ""
    allocatable: dict[str, str] | None = None

    def tell(self, pod: Object, type_: EventType, reason: str, message: str, container: str = "") -> None:
        """An event about a pod or one of its containers."""
        self.recorder.record(POD, pod, type_, reason, message, field_path=field_path(pod, container))

    def room_made(self) -> None:
        """A pod takes less of the node: others may now have what they asked for."""
        for worker in list(self.workers.values()):
            if worker.resizing.pending is not None:
                worker.wake_resize()

    def services_of(self, pod: Object) -> list[Object]:
        """The Services that a pod's environment may name: its namespace's, and the API server's own."""
        found = self.services.by_index(NAMESPACE_INDEX, pod["metadata"]["namespace"])
        api = self.services.get("default", "kubernetes")
        if api is not None and pod["metadata"]["namespace"] != "default":
            found = [*found, api]
        return [recalled(memory) for each in found if (memory := record(each)) is not None]

    async def image_names(self, image_ids: Iterable[str]) -> dict[str, tuple[str, str]]:
        """How statuses name the images of these ids; one that was removed keeps its id."""
        found = {}
        for image_id in set(image_ids):
            image = await self.puller.images.find(image_id)
            found[image_id] = ("", image_id) if image is None else shown_names(image, "")
        return found


def field_path(pod: Object, container: str) -> str:
    """Where a container stands in its pod, as events point to it.  Pure."""
    if not container:
        return ""
    for field in ("initContainers", "ephemeralContainers"):
        if any(found["name"] == container for found in pod["spec"].get(field) or []):
            return f"spec.{field}{{{container}}}"
    return f"spec.containers{{{container}}}"
