"""One file or folder per controller; they are strangers to one another and share only ``rules``."""

import time
from collections.abc import Callable, Iterable

from fairway.client.interface import Client
from fairway.controllers.endpoint_slice import ENDPOINT_SLICES
from fairway.controllers.endpoint_slice_mirroring import ENDPOINT_SLICE_MIRRORING
from fairway.controllers.endpoints import ENDPOINTS_OF_SERVICES
from fairway.controllers.replica_set import REPLICA_SETS
from fairway.controllers.replication_controller import REPLICATION_CONTROLLERS
from fairway.controllers.scheduler import SCHEDULER
from fairway.controllers.settings import Settings
from fairway.reconcile import controller
from fairway.reconcile.controller import Controller

ALL: tuple[Controller, ...] = (
    ENDPOINT_SLICES,
    ENDPOINTS_OF_SERVICES,
    ENDPOINT_SLICE_MIRRORING,
    REPLICA_SETS,
    REPLICATION_CONTROLLERS,
    SCHEDULER,
)
DEFAULTS = Settings()


async def run(
    controllers: Iterable[Controller], client: Client, *, settings: Settings = DEFAULTS,
    now: Callable[[], float] = time.time,
) -> None:  # fmt: skip
    """Run ``controllers`` until cancelled.  ``now`` gives Unix seconds."""
    await controller.run(controllers, client, settings=settings, now=now)


__all__ = ["ALL", "Settings", "run"]
