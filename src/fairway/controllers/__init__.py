"""The controllers: each makes one thing in the API as it should be; strangers to one another, they share ``rules``."""

import time
from collections.abc import Callable, Iterable

from fairway.client.interface import Client
from fairway.controllers.autoscaler import AUTOSCALERS
from fairway.controllers.certificates import CERTIFICATES
from fairway.controllers.cluster_role_aggregation import AGGREGATION
from fairway.controllers.cron_job import CRON_JOBS
from fairway.controllers.daemon_set import DAEMON_SETS
from fairway.controllers.deployment import DEPLOYMENTS
from fairway.controllers.disruption import DISRUPTION_BUDGETS
from fairway.controllers.endpoint_slice import ENDPOINT_SLICES
from fairway.controllers.endpoint_slice_mirroring import ENDPOINT_SLICE_MIRRORING
from fairway.controllers.endpoints import ENDPOINTS_OF_SERVICES
from fairway.controllers.event_ttl import EVENT_TTL
from fairway.controllers.garbage_collector import GARBAGE_COLLECTOR
from fairway.controllers.job import JOBS
from fairway.controllers.load_balancer import LOAD_BALANCERS
from fairway.controllers.namespace import NAMESPACES
from fairway.controllers.node_lifecycle import NODE_LIFECYCLE, TAINT_EVICTION
from fairway.controllers.pod_gc import POD_GC
from fairway.controllers.policy_types import POLICY_TYPES
from fairway.controllers.replica_set import REPLICA_SETS
from fairway.controllers.replication_controller import REPLICATION_CONTROLLERS
from fairway.controllers.root_ca import ROOT_CAS
from fairway.controllers.scheduler import SCHEDULER
from fairway.controllers.service_account import SERVICE_ACCOUNTS
from fairway.controllers.settings import Settings
from fairway.controllers.stateful_set import STATEFUL_SETS
from fairway.controllers.volumes import VOLUME_CLAIMS, VOLUMES
from fairway.reconcile import controller
from fairway.reconcile.controller import Controller
from fairway.reconcile.metrics import Metrics

ALL: tuple[Controller, ...] = (
    ENDPOINT_SLICES,
    ENDPOINTS_OF_SERVICES,
    ENDPOINT_SLICE_MIRRORING,
    LOAD_BALANCERS,
    REPLICA_SETS,
    REPLICATION_CONTROLLERS,
    DEPLOYMENTS,
    DAEMON_SETS,
    STATEFUL_SETS,
    JOBS,
    CRON_JOBS,
    DISRUPTION_BUDGETS,
    AUTOSCALERS,
    VOLUME_CLAIMS,
    VOLUMES,
    SCHEDULER,
    NAMESPACES,
    SERVICE_ACCOUNTS,
    ROOT_CAS,
    GARBAGE_COLLECTOR,
    POD_GC,
    NODE_LIFECYCLE,
    TAINT_EVICTION,
    EVENT_TTL,
    AGGREGATION,
    CERTIFICATES,
    POLICY_TYPES,
)
DEFAULTS = Settings()


async def run(
    controllers: Iterable[Controller], client: Client, *, settings: Settings = DEFAULTS,
    now: Callable[[], float] = time.time, metrics: Metrics | None = None,
) -> None:  # fmt: skip
    """Run ``controllers`` until cancelled.  ``now`` gives Unix seconds; ``metrics`` takes what they count."""
    await controller.run(
        controllers, client, settings=settings, now=now, metrics=metrics, elsewhere=settings.extension_kinds
    )  # fmt: skip


__all__ = ["ALL", "Metrics", "Settings", "run"]
