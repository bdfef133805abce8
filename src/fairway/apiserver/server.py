"""ApiServer: the parts joined: cache, write path, HTTP, and what a new cluster starts with."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence

from fairway.apiserver import start_hooks
from fairway.apiserver.address_repair import AddressRepair
from fairway.apiserver.aggregation import Aggregation
from fairway.apiserver.aggregation.emptying import Emptied
from fairway.apiserver.aggregation.objects import ExtensionObjects
from fairway.apiserver.audit import Audit, Write
from fairway.apiserver.audit.policy import Policy
from fairway.apiserver.bootstrap import Bootstrap
from fairway.apiserver.cache import Cache
from fairway.apiserver.custom_kinds import CustomKinds
from fairway.apiserver.discovery import Discovery
from fairway.apiserver.flow_control import FlowControl
from fairway.apiserver.health import Check
from fairway.apiserver.http import Http
from fairway.apiserver.metrics import Metrics
from fairway.apiserver.openapi import OpenApi
from fairway.apiserver.packing import Packing
from fairway.apiserver.pages import Page, Pages
from fairway.apiserver.quota.upkeep import QuotaUpkeep
from fairway.apiserver.routes import Routes
from fairway.apiserver.serve import Api
from fairway.apiserver.service_cidrs import ServiceCidrs
from fairway.apiserver.settings import Settings
from fairway.apiserver.tokens.long_lived import LongLivedTokens
from fairway.kinds import ALL, VIRTUAL
from fairway.kinds.kind import Kind
from fairway.objects.authority import authority
from fairway.store.interface import Store
from fairway.transport.interface import Handler

Auditing = tuple[Policy, Write]
"""What is to be written down of requests, and what writes it."""


class ApiServer:
    """``start``, then use ``handler`` (HTTP) and ``api`` (this process); ``stop`` leaves the store open."""

    def __init__(self, store: Store, settings: Settings | None = None, audit: Auditing | None = None) -> None:
        self.settings = settings or Settings()
        self.cache = Cache(store, ALL, window_bytes=self.settings.limits.window_bytes)
        self.api = Api(store, self.cache, self.settings)
        self.metrics = Metrics()
        self._bootstrap = Bootstrap(self.api)
        self._service_cidrs = ServiceCidrs(self.api)
        self._address_repair = AddressRepair(self.api)
        self._flow_control = FlowControl(self.api)
        self._quota_upkeep = QuotaUpkeep(self.api)
        self._long_lived_tokens: LongLivedTokens | None = None
        if self.api.tokens is not None:
            self._long_lived_tokens = LongLivedTokens(self.api, self.api.tokens, self.settings.root_ca)
        self.api.commits.address_written = self._address_repair.touched
        address = authority(self.settings.advertise_address, self.settings.advertise_port)
        served = (*ALL, *VIRTUAL)
        self._routes = Routes(served)
        self._discovery = Discovery(served, address)
        self._open_api = OpenApi(served, self.settings.version)
        self._custom_kinds = CustomKinds(self.api, self._serve)
        more: list[Page] = [self._discovery.answer, self._open_api.answer]
        if self.api.tokens is not None:
            more.append(self.api.tokens.document)
        pages = Pages(
            self.settings, self._checks(), self.metrics, self._object_counts, self.api.claims.metrics,
            self._discovery.paths, more,
        )  # fmt: skip
        self._aggregation = Aggregation(self.api, self._discovery.aggregate, self._open_api.aggregate)
        self.api.extensions = ExtensionObjects(self._aggregation)
        self.metrics.others += [self.api.admission_metrics.lines, self._aggregation.metrics]
        told = Audit(*audit, self.api.clock) if audit is not None else None
        self._http = Http(self.api, self._routes, pages, self.metrics, self._aggregation, told)
        self.handler: Handler = self._http.handle
        self._tasks: list[asyncio.Task[None]] = []
        self._is_ready = False

    async def start(self) -> None:
        """Load the cache, follow the store, and see that the objects every cluster has are there."""
        newest = await self.cache.load()
        self._run(self.cache.run(), start_hooks.STORE)
        await self.cache.wait(newest)
        await self._custom_kinds.settle()
        await self._bootstrap.begin()
        await self._flow_control.settle()
        await self._service_cidrs.settle()
        self.api.asks_others = True
        self._run(self._bootstrap.keep(), start_hooks.BOOTSTRAP)
        self._run(self._service_cidrs.keep(), start_hooks.SERVICE_CIDRS)
        self._run(self._address_repair.keep(), start_hooks.ADDRESSES)
        self._run(self._flow_control.keep(), start_hooks.FLOW_SCHEMAS)
        self._run(self._aggregation.keep(), start_hooks.API_SERVICES)
        self._run(self._custom_kinds.keep(), start_hooks.CUSTOM_KINDS)
        self._run(self._quota_upkeep.keep(), "count what quotas are used")
        if self._long_lived_tokens is not None:
            self._run(self._long_lived_tokens.keep(), "fill the Secrets that hold tokens")
        self._run(self._tick(), "bookmarks")
        self._run(Packing(self.cache.every).keep(), "pack what is many")
        self._is_ready = True

    def _serve(self, custom: Sequence[Kind]) -> None:
        """From now on serve these kinds beside those that are built in."""
        served = (*ALL, *VIRTUAL, *custom)
        self._routes.replace(served)
        self.api.custom = self._routes.of(custom)
        self.api.conversions.serve(custom)
        self._discovery.replace(served)
        self._open_api.replace(served)
        self._http.forget({*ALL, *VIRTUAL, *custom})
        self._aggregation.serve_custom(custom)

    async def empty_extensions(self, namespace: str) -> Emptied:
        """Delete what extension servers hold of a namespace that is leaving."""
        return await self._aggregation.empty(namespace)

    def follow_extensions(self, told: Callable[[Sequence[Kind]], None]) -> None:
        """Tell ``told`` the kinds of extension servers, now and whenever they change."""
        self._aggregation.follow(told)

    async def wait_failed(self) -> None:
        """Return never; raise what ended a background task.  Without them the process is of no use: end it."""
        done, _ = await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()

    async def stop(self) -> None:
        """Stop following; nothing is lost: what was acknowledged is in the store."""
        self._is_ready = False
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self.api.webhooks.close()
        self._tasks.clear()

    def _run(self, coming: Coroutine[None, None, None], name: str) -> None:
        self._tasks.append(asyncio.create_task(coming, name=name))

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(self.settings.limits.bookmark_s)
            self.cache.tick()

    def _checks(self) -> list[Check]:
        return [
            Check("ping", lambda: ""),
            Check("log", lambda: ""),
            Check("etcd", self._store_failure),
            Check("informer-sync", self._store_failure, only_ready=True),
            *start_hooks.checks(self._task_failure),
            Check("shutdown", lambda: "" if self._is_ready else "process is shutting down", only_ready=True),
        ]

    def _store_failure(self) -> str:
        is_well = self.cache.is_following and not any(task.done() for task in self._tasks)
        return "" if is_well else "the store is not followed"

    def _task_failure(self, name: str) -> str:
        """Why a background task is not at work; empty if it is."""
        if not self._is_ready:
            return "not finished"
        return "" if any(task.get_name() == name and not task.done() for task in self._tasks) else "it has ended"

    def _object_counts(self) -> list[tuple[str, int]]:
        return [(found.kind.resource, len(found.live)) for found in self.cache.collections.values()]
