"""Committer: objects encoded once and committed with their claims, durable and readable before anybody is answered.

Rules for those who change it: an object, what it claims and what it releases are one commit.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence

from fairway.apiserver.allocate import Allocation
from fairway.apiserver.cache import Cache
from fairway.apiserver.claims import NOTHING, Claims
from fairway.apiserver.settings import Limits
from fairway.apiserver.stored import Stored, encode, splice
from fairway.apiserver.uids import new_uid
from fairway.kinds import IP_ADDRESS
from fairway.kinds.kind import Claim, Kind
from fairway.objects import Object, meta
from fairway.objects.errors import already_exists, conflict, invalid, no_space, too_large, unavailable
from fairway.store.interface import ABSENT, Put, Revision, Store, StoreConflict, StoreFailure

VersionsOf = Callable[[Kind, Object], Awaitable[tuple[Object, Mapping[str, bytes]]]]


async def _no_versions(_kind: Kind, new: Object) -> tuple[Object, Mapping[str, bytes]]:
    return new, {}


class ClaimLost(Exception):
    """Somebody else was faster to take what was picked by chance: pick again."""


class Committer:
    """Writes for the verbs."""

    def __init__(self, store: Store, cache: Cache, claims: Claims, clock: Callable[[], float], limits: Limits) -> None:
        self._store = store
        self._cache = cache
        self._claims = claims
        self.address_written: Callable[[Object], None] = lambda _: None
        """Told of writes to IPAddresses themselves."""
        self.versions_of: VersionsOf = _no_versions
        """What a webhook makes of an object of a custom kind before it is stored."""
        self._clock = clock
        self._limits = limits

    async def create(
        self, kind: Kind, new: Object, allocation: Allocation = NOTHING, beside: Sequence[Put] = ()
    ) -> Stored:
        """``beside`` is written with it, or nothing is.

        Raises: ``StatusError`` 409 if the name is taken, 413, 422 if a claim is taken; ``ClaimLost`` with its key, also
        for what is ``beside``.
        """
        return await self._write(kind, new, ABSENT, allocation, beside)

    async def replace(
        self, kind: Kind, new: Object, old: Stored, allocation: Allocation = NOTHING, beside: Sequence[Put] = ()
    ) -> Stored:
        """As ``create``.  Raises: ``StatusError`` 409 if ``old`` is not the newest state."""
        return await self._write(kind, new, Revision(old.revision), allocation, beside)

    async def remove(self, kind: Kind, old: Stored) -> Revision:
        """With all that it owns.  Raises: ``StatusError`` 409 if ``old`` is not the newest state."""
        puts = [Put(old.key, None, Revision(old.revision))]
        puts += [Put(key, None) for key in self._claims.owned(kind, old.object)]
        try:
            revision = await self._put(puts)
        except StoreConflict as error:
            raise conflict(kind.group, kind.plural, old.object["metadata"]["name"]) from error
        if kind is IP_ADDRESS:
            self.address_written(old.object)
        return revision

    async def _write(
        self, kind: Kind, new: Object, expected: Revision, allocation: Allocation, beside: Sequence[Put]
    ) -> Stored:
        metadata = new["metadata"]
        shown = new
        versions: Mapping[str, bytes] = {}
        if kind.custom is not None and kind.custom.webhook is not None:
            new, versions = await self.versions_of(kind, shown)
        key, value = kind.key(metadata.get("namespace"), metadata["name"]), encode(new)
        if len(value) > self._limits.body_bytes:
            # Patches could make it grow without end, and no update could bring it back.
            raise too_large(self._limits.body_bytes)
        if self._cache.size > self._limits.store_bytes and not self._shrinks(kind, key, value):
            raise no_space()
        claimed = [claim.key for claim in allocation.claims]
        puts = [Put(key, value, expected), *beside]
        if claimed or allocation.releases:
            puts += [Put(claim.key, self._claim_value(claim, key), ABSENT) for claim in allocation.claims]
            puts += [Put(released, None) for released in allocation.releases]
            self._claims.reserve(claimed)
        self._cache.hand_over(value, new)
        if versions:
            self._cache.hand_over_versions(value, versions)
        try:
            revision = await self._put(puts)
        except StoreConflict as error:
            raise self._refusal(kind, new, expected, key, allocation.claims, error) from error
        finally:
            self._cache.take_back(value)
            if claimed:
                self._claims.release(claimed)
        if kind is IP_ADDRESS:
            self.address_written(new)
        stored = self._cache.of(kind).live.get(key)
        if stored is not None and stored.revision == revision:
            return stored
        # Somebody has written again meanwhile; the writer is told of its own write.
        return Stored(key, revision, splice(value if shown is new else encode(shown), revision))

    def _shrinks(self, kind: Kind, key: str, value: bytes) -> bool:
        """Whether a write makes an object smaller than it is: that is always possible."""
        old = self._cache.of(kind).live.get(key)
        return old is not None and len(value) <= old.size

    async def _put(self, puts: list[Put]) -> Revision:
        try:
            revision = await self._store.commit(puts)
        except StoreFailure as error:
            raise unavailable(f"the store refused the write: {error}") from error
        await self._cache.wait(revision)
        return revision

    def _claim_value(self, claim: Claim, owner: str) -> bytes:
        if claim.body is None:
            return owner.encode()
        body = {**claim.body, "metadata": dict(claim.body["metadata"])}
        meta.stamp_created(body["metadata"], uid=new_uid(), now_s=self._clock())
        return encode(body)

    def _refusal(
        self, kind: Kind, new: Object, expected: Revision, key: str, claims: Sequence[Claim], error: StoreConflict
    ) -> Exception:
        name = new["metadata"]["name"]
        if error.key == key:
            if expected != ABSENT:
                return conflict(kind.group, kind.plural, name)
            there = self._cache.of(kind).live.get(key)
            is_deleting = there is not None and meta.is_deleting(there.object)
            return already_exists(kind.group, kind.plural, name, is_deleting=is_deleting)
        problem = next((claim.problem for claim in claims if claim.key == error.key), None)
        return ClaimLost(error.key) if problem is None else invalid(kind.group, kind.name, name, [problem])
