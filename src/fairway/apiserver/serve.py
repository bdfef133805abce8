"""Serve: the write path on one screen, and the door through which every verb is called.

Shape: ``Api.call`` is for callers in this process, ``Api.answer`` for those that bring a ``Call``.
"""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import chain
from typing import Any, TypeVar

import orjson

from fairway.apiserver import metadata, ownership
from fairway.apiserver.admission import admit, advise, consulting, review
from fairway.apiserver.admission.attributes import of_write
from fairway.apiserver.admission.metrics import AdmissionMetrics
from fairway.apiserver.admission.policies import Mutations, Policies
from fairway.apiserver.admission.webhooks import Webhooks
from fairway.apiserver.aggregation.objects import ExtensionObjects
from fairway.apiserver.allocate import Allocation
from fairway.apiserver.authorization import Authorizer
from fairway.apiserver.cache import Cache
from fairway.apiserver.call import Call, User
from fairway.apiserver.claims import NOTHING, Claims
from fairway.apiserver.commit import ClaimLost, Committer
from fairway.apiserver.conversions import Conversions
from fairway.apiserver.deletion import is_finished
from fairway.apiserver.pace import Pace
from fairway.apiserver.quota.charging import Quotas
from fairway.apiserver.reply import Found, Made, Page, Reply, as_object
from fairway.apiserver.selection import select
from fairway.apiserver.settings import Settings
from fairway.apiserver.stored import Stored
from fairway.apiserver.tokens.issuer import Issuer
from fairway.apiserver.uids import new_uid
from fairway.apiserver.verbs.table import find
from fairway.apiserver.watchers import ObjectWatch
from fairway.kinds.kind import Kind, Served
from fairway.objects import Object, meta
from fairway.objects.authority import authority
from fairway.objects.errors import Problem, already_exists, first, internal, invalid, timeout
from fairway.objects.structural.defaulting import fill
from fairway.store.interface import Put, Store

ITSELF = User("system:apiserver", ("system:masters",))
T = TypeVar("T")
_BREATH = 200
"""Objects of a list that are decoded before others have their turn."""


def _weighed(call: Call, problems: Iterable[Problem]) -> Iterator[Problem]:
    """What refuses the write; what is only told of becomes a warning."""
    for problem in problems:
        if problem.is_warning:
            call.warnings.append(problem.text)
        else:
            yield problem


def _issuer(settings: Settings, cache: Cache, clock: Callable[[], float]) -> Issuer | None:
    if settings.token_key is None:
        return None
    server = f"https://{authority(settings.advertise_address, settings.advertise_port)}"
    return Issuer(settings.token_key, settings.token_issuer, server, cache, clock)


class Api:
    """What verbs work with: the cache to read, the commits to write, the clock, and chance."""

    def __init__(
        self,
        store: Store,
        cache: Cache,
        settings: Settings,
        *,
        clock: Callable[[], float] = time.time,
        chance: random.Random | None = None,
    ) -> None:
        self.cache = cache
        self.settings = settings
        self.clock = clock
        self.chance = chance or random.Random()
        self.pace = Pace()
        """Of all that takes long and is done in pieces."""
        self.tokens = _issuer(settings, cache, clock)
        self.authorizer = Authorizer(cache)
        self.claims = Claims(cache, settings, self.chance)
        self.quotas = Quotas(self)
        self.custom: Mapping[tuple[str, str, str], tuple[Kind, Served | None]] = {}
        """The records of custom kinds by group, version and plural: who calls may know less of a kind."""
        self.extensions: ExtensionObjects | None = None
        self.asks_others = False
        """Policies and webhooks have a say, but not in what a start needs: a bad one would keep the server down."""
        self.admission_metrics = AdmissionMetrics()
        self.policies = Policies(self)
        self.mutations = Mutations(self)
        self.webhooks = Webhooks(self)
        self.commits = Committer(store, cache, self.claims, clock, settings.limits)
        self.conversions = Conversions(self)
        self.commits.versions_of = self.conversions.versions

    async def call(
        self, verb: str, kind: Kind, *, namespace: str | None = None, name: str = "", subresource: str = "",
        body: Any = None, content_type: str = "", options: Mapping[str, str] | None = None, agent: str = "",
    ) -> Object:  # fmt: skip
        """One request from this process, as ``ITSELF``; ``body`` stays the caller's.  Raises: ``StatusError``."""
        if self.extensions is not None and self.extensions.has(kind):
            return await self.extensions.call(verb, kind, namespace, name, subresource, body, content_type)
        kind, served = self._known(kind)
        raw = b"" if body is None else orjson.dumps(body)
        call = Call(
            verb, kind, ITSELF, namespace=namespace, name=name, subresource=subresource,
            body=orjson.loads(raw) if raw else None, raw=raw, content_type=content_type,
            options=options or {}, user_agent=agent, served=served,
        )  # fmt: skip
        return as_object(await self.answer(call))

    def _known(self, kind: Kind) -> tuple[Kind, Served | None]:
        if kind.custom is None and self.custom:
            return self.custom.get((kind.group, kind.version, kind.plural), (kind, None))
        return kind, None

    async def list(
        self, kind: Kind, *, namespace: str | None, labels: str, fields: str, keep: Callable[[Object], Object] | None
    ) -> tuple[list[Object], str]:
        """For this process: the objects, each as ``keep`` makes it, and the revision.  Raises: ``StatusError``."""
        if self.extensions is not None and self.extensions.has(kind):
            return await self.extensions.list(kind, namespace, labels, fields, keep)
        kind, served = self._known(kind)
        options = {"labelSelector": labels, "fieldSelector": fields}
        page = await self.answer(Call("list", kind, ITSELF, namespace=namespace, options=options, served=served))
        assert isinstance(page, Page)
        found = []
        for place, stored in enumerate(page.items, 1):
            found.append(keep(stored.peek()) if keep else stored.peek())
            if place % _BREATH == 0:
                await asyncio.sleep(0)
        return found, str(page.revision)

    def watch(
        self, kind: Kind, *, namespace: str | None, revision: str, labels: str, fields: str
    ) -> AsyncIterator[tuple[str, Object]]:
        """(type, shared object) after ``revision``.  Raises: ``StatusError`` 410."""
        if self.extensions is not None and self.extensions.has(kind):
            return self.extensions.watch(kind, namespace, revision, labels, fields)
        selection = select(kind, namespace, labels, fields)
        return ObjectWatch(self.cache.of(kind), selection, int(revision)).events()

    async def answer(self, call: Call) -> Reply:
        """What the verb says.  Raises: ``StatusError``."""
        if self.conversions.is_behind(call.kind):
            await self.bounded(self.conversions.ensure(call.kind))
        reply = find(call)(call, self)
        return await self.bounded(reply) if isinstance(reply, Awaitable) else reply

    async def bounded(self, coming: Awaitable[T], asked_s: float | None = None) -> T:
        """``coming``, within the time that a request may take, or less if it asks so.  Raises: ``StatusError`` 504."""
        most_s = self.settings.limits.request_s
        try:
            async with asyncio.timeout(most_s if asked_s is None else min(asked_s, most_s)):
                return await coming
        except TimeoutError as error:
            raise timeout("request did not complete within the allotted timeout") from error

    async def write(self, call: Call, new: Object, old: Stored | None, *, is_applied: bool = False) -> Reply:
        """Create (``old`` is ``None``) or replace one object.  Raises: ``StatusError``.

        ``is_applied`` says that ``new`` already tells who owns which of its fields.

        Steps: 1 defaults, what admission changes, metadata; 2 what policies and webhooks change; 3 what the writer may
        not set, who owns what; 4 claims; 5 validation, what admission refuses, warnings; 6 what policies and webhooks
        refuse; 7 quotas, and one commit of the object, its claims and what it takes of quotas.  A claim that somebody
        else was faster to take is chosen anew, from step 4.
        """
        kind, before = call.kind, old.object if old else None
        self._fill(call, new, before, is_applied=is_applied)
        if consulting.changes(self):
            await consulting.change(call, new, before, self)
        if len(new["metadata"].get("ownerReferences") or ()) > 1:
            late = " after mutating admission happens"  # what a patch made is seen here first
            call.warnings.extend(metadata.without_doubled_owners(new["metadata"], when=late))
        kind.prepare(new, before, call.subresource)
        speaks_of_managers = is_applied or ownership.entries(new) != ownership.entries(before)
        if not is_applied and before is not None:
            ownership.track(call, new, before, self.clock())
        has_claims = self.claims.has_claims(kind) and not call.subresource
        # What is wished for claims what it did: nothing comes and nothing is let go.
        has_claims = has_claims and (before is None or new["spec"] != before["spec"])
        unclaimed = orjson.dumps(new) if has_claims else b""
        for _ in range(self.settings.limits.claim_tries):
            dry_run = "dryRun" in call.options
            allocation = self.claims.allocate(new, before, dry_run=dry_run) if has_claims else NOTHING
            self._check(call, new, before)
            if consulting.is_judged(self):
                await consulting.judge(of_write(call, new, before), self)
            if before is not None and not speaks_of_managers:
                ownership.forget_no_change(new, before)
            try:
                return await self._keep(call, new, old, allocation)
            except ClaimLost:
                new = orjson.loads(unclaimed)
        raise internal(f'failed to allocate what {kind.name} "{call.name}" needs: others were faster each time')

    def _fill(self, call: Call, new: Object, before: Object | None, *, is_applied: bool) -> None:
        call.kind.defaults(new)
        if before is None and not is_applied:
            # What admission adds is nobody's: who applies the same later would else take it away.
            ownership.track(call, new, None, self.clock())
        admit(call, new, before, self)
        if before is None:
            metadata.begin(new, call.kind, uid=new_uid(), now_s=self.clock())
        else:
            metadata.carry(new, before, has_managers=is_applied)

    def _check(self, call: Call, new: Object, before: Object | None) -> None:
        kind = call.kind
        if before is not None and kind.has_generation:
            metadata.grow(new, before)
        validate = kind.validate_below.get(call.subresource, kind.validate)
        problems = first(_weighed(call, chain(metadata.problems(new, before, kind), validate(new, before))))
        if problems and before is not None and kind.judged_twice and not call.subresource:
            problems = first(chain(validate(new, None), problems))
        if problems:
            raise invalid(kind.group, kind.name, new["metadata"].get("name", ""), problems)
        review(call, new, before, self)
        if not call.subresource:
            call.warnings.extend(kind.warnings(new, before))
        advise(call, new, before, self)

    async def _keep(self, call: Call, new: Object, old: Stored | None, allocation: Allocation) -> Reply:
        before = old.object if old else None
        if call.kind.custom is not None and call.kind.custom.stored_schema is not None:
            fill(new, call.kind.custom.stored_schema)
        has_quota = self.quotas.concern(call, before)
        if "dryRun" in call.options:
            if has_quota:
                self.quotas.check(call, new, before)
            if old is None:
                self._check_absent(call.kind, new["metadata"])
            if call.kind.custom is not None and call.kind.custom.webhook is not None:
                await self.conversions.versions(call.kind, new)
            return Made(new, 200 if old else 201)
        if has_quota:
            return await self.quotas.store(call, new, before, partial(self._store, call, new, old, allocation))
        return await self._store(call, new, old, allocation)

    def _check_absent(self, kind: Kind, metadata: Object) -> None:
        """What nobody commits is not refused by the store.  Raises: ``StatusError`` 409."""
        name = metadata["name"]
        if (found := self.cache.get(kind, metadata.get("namespace"), name)) is not None:
            raise already_exists(kind.group, kind.plural, name, is_deleting=meta.is_deleting(found.object))

    async def _store(
        self, call: Call, new: Object, old: Stored | None, allocation: Allocation, beside: Sequence[Put] = ()
    ) -> Reply:
        if old is None:
            return Found(await self.commits.create(call.kind, new, allocation, beside), 201)
        if is_finished(call.kind, new):
            # The last finalizer is gone: this update is the end of the object.
            await self.commits.remove(call.kind, old)
            return Made(new)
        if new == old.object and not allocation.releases:
            # Nothing changes: nothing is written and nobody is told.
            return Found(old)
        return Found(await self.commits.replace(call.kind, new, old, allocation, beside))
