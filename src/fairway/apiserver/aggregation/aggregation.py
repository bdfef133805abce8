"""Aggregation: who answers for what, kept up to date: the extension servers, and the APIServices of custom kinds.

Rules for those who change it: a cluster without extension servers pays for nothing but one look at a dict a request.
"""

import asyncio
import logging
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from fairway.apiserver.aggregation.asking import Asking
from fairway.apiserver.aggregation.availability import FAILURES, Verdict, fetched, is_well, judged, told
from fairway.apiserver.aggregation.described import Described, described
from fairway.apiserver.aggregation.emptying import Emptied, Target, empty
from fairway.apiserver.aggregation.local import MANAGED, api_service, served
from fairway.apiserver.aggregation.resources import kinds_of
from fairway.apiserver.aggregation.target import Server, Unavailable, server_of
from fairway.apiserver.watchers import ChangeSignal
from fairway.kinds import API_SERVICE, ENDPOINT_SLICE, SERVICE
from fairway.kinds.kind import Kind
from fairway.kinds.well_known import SERVICE_NAME
from fairway.objects import Object
from fairway.objects.errors import StatusError
from fairway.transport.exposition import sample

if TYPE_CHECKING:
    from fairway.apiserver.serve import Api

log = logging.getLogger(__name__)

_AGAIN_S = 30.0
"""How often a server is asked again; sooner when something changes."""
_FIRST_AGAIN_S = 0.5
"""How soon one that did not answer is asked again, at first: it may only be starting."""
Place = tuple[str, str]
"""Group and version."""
Publish = Callable[[Mapping[Place, tuple[Kind, ...]], Container[Place]], None]
Describe = Callable[[Mapping[Place, Described]], None]


class Remote(NamedTuple):
    """A group and version that an extension server answers for; ``verdict`` is ``None`` until it was asked.

    ``was_well``: what its APIService said before that.
    """

    spec: Object
    verdict: Verdict | None = None
    described: Described = Described()
    was_well: bool = False

    @property
    def answers(self) -> bool:
        """Whether he did when he was asked last."""
        return self.verdict is not None and self.verdict.status == "True"

    @property
    def is_open(self) -> bool:
        """Whether requests are passed on: not to a new one that may still refuse what it will allow soon."""
        return self.was_well if self.verdict is None else self.answers


class Aggregation:
    """``publish`` is told the resources of all extension servers whenever they change, and who does not answer now;
    ``describe`` is told their schemas."""

    def __init__(self, api: "Api", publish: Publish, describe: Describe) -> None:
        self._api = api
        self._publish = publish
        self._describe = describe
        self._services = api.cache.of(API_SERVICE)
        self._remotes: dict[Place, Remote] = {}
        self._custom: set[Place] = set()
        self._signal = ChangeSignal([self._services], self._concerns)
        self._turn = 0
        self.asking = Asking(api.settings.front_proxy)
        self._kinds: list[Kind] = []
        self._followers: list[Callable[[Sequence[Kind]], None]] = []
        self._watched: tuple[str, ...] = (API_SERVICE.prefix,)

    def _concerns(self, key: str) -> bool:
        """Whether a change may be of an APIService, or of what stands behind one."""
        return key.startswith(self._watched)

    def find(self, path: str) -> Remote | None:
        """Who answers for ``path``, if it is not this server."""
        if not self._remotes or not path.startswith("/apis/"):
            return None
        parts = path.split("/", 4)
        return self._remotes.get((parts[2], parts[3])) if len(parts) > 3 else None

    def server(self, remote: Remote) -> Server:
        """An endpoint to ask, another one each time.  Raises: ``Unavailable``."""
        self._turn += 1
        reference, cache = remote.spec["service"], self._api.cache
        service = cache.get(SERVICE, reference["namespace"], reference["name"])
        collection = cache.of(ENDPOINT_SLICE)
        keys = collection.keys(f"{ENDPOINT_SLICE.prefix}{reference['namespace']}/", "")
        slices = (collection.live[key].object for key in keys)
        own = (one for one in slices if (one["metadata"].get("labels") or {}).get(SERVICE_NAME) == reference["name"])
        return server_of(reference, None if service is None else service.object, own, self._turn)

    def answers_for(self, group: str, version: str) -> bool:
        """Whether a group and version are those of an extension server."""
        return (group, version) in self._remotes

    def target(self, group: str, version: str) -> Target:
        """Whom to ask for a group and version.  Raises: ``Unavailable``."""
        remote = self._remotes.get((group, version))
        if remote is None:
            raise Unavailable("ServiceNotFound", f"there is no extension server for {group}/{version}")
        return Target(self.asking, self.server(remote), remote.spec)

    def follow(self, follower: Callable[[Sequence[Kind]], None]) -> None:
        """Tell somebody the kinds of all extension servers, now and whenever they change."""
        self._followers.append(follower)
        follower(self._kinds)

    def metrics(self) -> Iterator[str]:
        """Who does not answer."""
        name = "aggregator_unavailable_apiservice"
        if self._remotes:
            yield f"# TYPE {name} gauge"
        for (group, version), remote in self._remotes.items():
            yield sample(name, f'name="{version}.{group}"', int(not remote.answers))

    async def empty(self, namespace: str) -> Emptied:
        """Delete what extension servers hold of a namespace."""
        found = Emptied({}, [], [])
        done: set[tuple[str, str]] = set()
        for (group, version), remote in sorted(self._remotes.items()):
            if remote.verdict is None or not remote.answers:
                found.silent.append(f"{group}/{version}")
                continue
            kinds = [kind for kind in kinds_of(group, version, remote.verdict.resources)
                     if (group, kind.plural) not in done]  # fmt: skip
            done.update((group, kind.plural) for kind in kinds)
            try:
                target = self.target(group, version)
            except Unavailable as error:
                found.failures.append(str(error))
                continue
            await empty(target, kinds, namespace, found)
        return found

    def serve_custom(self, kinds: Iterable[Kind]) -> None:
        """From now on there are APIServices for these custom kinds, and for no others."""
        self._custom = set(served(tuple(kinds)))
        self._signal.set()

    async def keep(self) -> None:
        """Until cancelled."""
        services = [self._api.cache.of(kind) for kind in (SERVICE, ENDPOINT_SLICE)]
        failures = 0
        try:
            while True:
                await self._tend_custom()
                self._read()
                for collection in services:
                    self._signal.follow(collection, wanted=bool(self._remotes))
                await asyncio.gather(*(self._judge(place) for place in list(self._remotes)))
                try:
                    failures = 0 if self._are_well() else failures + 1
                    async with asyncio.timeout(again_s(failures) if self._remotes else None):
                        await self._signal.wait()
                except TimeoutError:
                    continue
        finally:
            self._signal.close()
            self.asking.close()

    def _are_well(self) -> bool:
        """Whether every extension server answers."""
        return all(remote.answers for remote in self._remotes.values())

    def _read(self) -> None:
        """Which groups and versions are somebody else's."""
        found: dict[Place, Remote] = {}
        for stored in self._services.live.values():
            spec = stored.object["spec"]
            place = (spec.get("group") or "", spec.get("version") or "")
            if spec.get("service") is not None and place[0]:
                known = self._remotes.get(place)
                is_same = known is not None and known.spec == spec
                found[place] = known if known and is_same else Remote(spec, was_well=is_well(stored.object))
        behind = (remote.spec["service"] for remote in found.values())
        places = [(SERVICE.key(one["namespace"], one["name"]), f"{ENDPOINT_SLICE.prefix}{one['namespace']}/")
                  for one in behind]  # fmt: skip
        self._watched = (API_SERVICE.prefix, *(start for place in places for start in place))
        is_changed = found.keys() != self._remotes.keys()
        self._remotes = found
        if is_changed:
            self._tell()

    def _tell(self) -> None:
        found = {
            place: tuple(kinds_of(*place, remote.verdict.resources)) if remote.verdict is not None else ()
            for place, remote in self._remotes.items()
        }
        self._publish(found, {place for place, remote in self._remotes.items() if not remote.answers})
        self._kinds = [kind for kinds in found.values() for kind in kinds]
        for follower in self._followers:
            follower(self._kinds)
        self._describe({place: remote.described for place, remote in self._remotes.items() if remote.described.hash})

    async def _judge(self, place: Place) -> None:
        remote = self._remotes[place]
        schemas = remote.described
        try:
            server = self.server(remote)
            verdict = await judged(self.asking, server, remote.spec)
            schemas = await self._described(server, place, remote)
        except Unavailable as error:
            last = remote.verdict.resources if remote.verdict is not None else ()
            verdict = Verdict("False", error.reason, str(error), last)
        was = remote.verdict
        now = self._remotes[place] = remote._replace(verdict=verdict, described=schemas)
        if (
            was is None or was.resources != verdict.resources or schemas.hash != remote.described.hash
            or now.answers != remote.answers
        ):  # fmt: skip
            self._tell()
        name = f"{place[1]}.{place[0]}"
        found = self._api.cache.get(API_SERVICE, None, name)
        if found is None or (status := told(found.object, verdict, self._api.clock())) is None:
            return
        await self._write("update", name, {**found.object, "status": status}, subresource="status")

    async def _described(self, server: Server, place: Place, remote: Remote) -> Described:
        try:
            return await described(
                lambda path: fetched(self.asking, server, remote.spec, path), *place, remote.described
            )
        except FAILURES as error:
            log.debug("an extension server does not describe itself", extra={"place": place, "error": str(error)})
            return remote.described

    async def _tend_custom(self) -> None:
        """Make the APIServices of custom kinds, and take away those whose kinds are gone."""
        for group, version in self._custom:
            if self._api.cache.get(API_SERVICE, None, f"{version}.{group}") is None:
                await self._write("create", "", api_service(group, version, "true"))
        for stored in list(self._services.live.values()):
            found = stored.object
            place = (found["spec"].get("group") or "", found["spec"].get("version") or "")
            if (found["metadata"].get("labels") or {}).get(MANAGED) == "true" and place not in self._custom:
                await self._write("delete", found["metadata"]["name"])

    async def _write(self, verb: str, name: str, body: Object | None = None, *, subresource: str = "") -> None:
        try:
            await self._api.call(verb, API_SERVICE, name=name, subresource=subresource, body=body)
        except StatusError as error:
            # Somebody else changed it: that wakes us again.
            log.debug("an APIService is not written", extra={"name": name, "error": error.message})


def again_s(failures: int) -> float:
    """When to ask again though nothing changes, after so many rounds in which somebody did not answer.  Pure."""
    return _AGAIN_S if not failures else min(_AGAIN_S, _FIRST_AGAIN_S * 2.0 ** min(failures - 1, 16))
