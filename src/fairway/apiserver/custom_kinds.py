"""CustomKinds: kinds that come and go at run time, as CustomResourceDefinitions say.

Shape: ``settle`` serves what is established and tells every definition's status; ``keep`` does so whenever something
changes.  A kind is served before anybody is told that it is established, and its objects go before it does.
Source: Kubernetes docs, "Extend the Kubernetes API with CustomResourceDefinitions", "Deleting a definition".
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import orjson

from fairway.apiserver.settling import Settling
from fairway.apiserver.stored import Stored, encode, splice
from fairway.kinds import CUSTOM_RESOURCE_DEFINITION
from fairway.kinds.custom import kinds_of, normal
from fairway.kinds.custom_resource_definition import FINALIZER
from fairway.kinds.custom_resource_definition.naming import TERMINATING, is_established, status, terminating
from fairway.kinds.kind import Kind
from fairway.objects import Object, meta
from fairway.objects.conditions import condition
from fairway.objects.errors import StatusError

if TYPE_CHECKING:
    from fairway.apiserver.serve import Api

_RETRY_S = 1.0
_DELETING = ("InstanceDeletionInProgress", "CustomResource deletion is in progress")


class CustomKinds:
    """``changed`` is told all custom kinds whenever they are others than before."""

    def __init__(self, api: "Api", changed: Callable[[Sequence[Kind]], None]) -> None:
        self._api = api
        self._changed = changed
        self._definitions = api.cache.of(CUSTOM_RESOURCE_DEFINITION)
        self._made: dict[str, tuple[bytes, tuple[Kind, ...]]] = {}
        self._shown: dict[str, dict[str, tuple[Stored, Stored]]] = {}
        """By kind and key: what is shown of an object under a schema that is newer than it, and how it is stored."""
        self._settling = Settling(self._definitions, self.settle, "custom kinds", retry_s=_RETRY_S)

    async def settle(self) -> None:
        """Do all that is due.  Raises: ``StatusError``."""
        present = [state.object for state in list(self._definitions.live.values())]
        told: dict[str, Object] = {}
        now = meta.timestamp(self._api.clock())
        shown = {one["metadata"]["name"]: one for one in present}
        for found in sorted(present, key=lambda one: one["metadata"]["creationTimestamp"]):
            name, group = found["metadata"]["name"], found["spec"]["group"]
            others = [one for one in shown.values() if one["spec"]["group"] == group and one is not found]
            wanted = status(found, others, now)
            if wanted != found.get("status"):
                shown[name] = told[name] = {**found, "status": wanted}
        self._serve([one for one in shown.values() if is_established(one)])
        for name, body in told.items():
            await self._quietly("update", name=name, subresource="status", body=body)
        for found in present:
            if meta.is_deleting(found) and FINALIZER in (found["metadata"].get("finalizers") or ()):
                await self._remove(found)

    def _serve(self, established: Sequence[Object]) -> None:
        """Serve the kinds of these definitions, and no others."""
        made: dict[str, tuple[bytes, tuple[Kind, ...]]] = {}
        other: list[Kind] = []
        for found in established:
            name, source = found["metadata"]["name"], _source(found)
            known = self._made.get(name)
            if known is not None and known[0] == source:
                made[name] = known
            else:
                made[name] = (source, kinds_of(found))
                self._adopt(made[name][1][0])
                if known is not None and not _is_alike(known[1][0], found):
                    other.append(known[1][0])
        if made == self._made:
            return
        other += [kinds[0] for name, (_, kinds) in self._made.items() if name not in made]
        self._made = made
        self._changed([kind for _, kinds in made.values() for kind in kinds])
        cache = self._api.cache
        cache.send()
        for kind in other:
            cache.of(kind).renew(cache.revision)

    def _adopt(self, kind: Kind) -> None:
        """Show the objects of a kind as its new schema has them."""
        assert kind.custom is not None
        schema = kind.custom.schema
        collection = self._api.cache.adopt(kind)
        earlier, shown = self._shown.pop(kind.prefix, {}), self._shown.setdefault(kind.prefix, {})
        for key, current in list(collection.live.items()):
            made, state = earlier.get(key, (current, current))
            if made.revision != current.revision:
                state = current
            found = state.copy()
            if kind.custom.webhook is not None and found["apiVersion"] != kind.api_version:
                continue  # the webhook converts it when it is read
            revision = found["metadata"].pop("resourceVersion")
            before = orjson.dumps(found)
            found["apiVersion"] = kind.api_version
            normal(found, schema)
            if orjson.dumps(found) != before:
                collection.live[key] = Stored(key, int(revision), splice(encode(found), int(revision)))
                shown[key] = (collection.live[key], state)
            elif state is not current:
                collection.live[key] = state

    async def _remove(self, definition: Object) -> None:
        """Delete the objects of a kind that is leaving, and let it go when none is left."""
        name = definition["metadata"]["name"]
        _, kinds = self._made.get(name, (b"", ()))
        now = meta.timestamp(self._api.clock())
        collection = self._api.cache.of(kinds[0]) if kinds else None
        if collection is not None and collection.live:
            if (condition(definition, TERMINATING) or {}).get("reason") != _DELETING[0]:
                body = {**definition, "status": terminating(definition, *_DELETING, now)}
                await self._quietly("update", name=name, subresource="status", body=body)
            self._settling.follow(collection)
            for state in list(collection.live.values()):
                if not meta.is_deleting(state.object):
                    metadata = state.object["metadata"]
                    await self._quietly("delete", kinds[0], namespace=metadata.get("namespace"), name=metadata["name"])
            if collection.live:
                return
        if collection is not None:
            self._settling.follow(collection, wanted=False)
        found = self._definitions.live.get(CUSTOM_RESOURCE_DEFINITION.key(None, name))
        if found is None:
            return
        kept = [one for one in found.object["metadata"].get("finalizers") or () if one != FINALIZER]
        body = {**found.object, "metadata": {**found.object["metadata"], "finalizers": kept}}
        await self._quietly("update", name=name, body=body)

    async def _quietly(
        self, verb: str, kind: Kind = CUSTOM_RESOURCE_DEFINITION, *, name: str, namespace: str | None = None,
        subresource: str = "", body: Object | None = None,
    ) -> None:  # fmt: skip
        """A write that somebody may have been faster with: then there will be a change to tell."""
        try:
            await self._api.call(verb, kind, namespace=namespace, name=name, subresource=subresource, body=body)
        except StatusError as error:
            if error.code not in (404, 409):
                raise

    async def keep(self) -> None:
        """Settle now, and whenever something changes; until cancelled."""
        await self._settling.keep()


def _source(found: Object) -> bytes:
    """What changes whenever the records of a definition do; its generation stands for its spec."""
    about = {
        "uid": found["metadata"]["uid"], "generation": found["metadata"]["generation"],
        "leaving": meta.is_deleting(found), "names": (found.get("status") or {}).get("acceptedNames"),
    }  # fmt: skip
    return orjson.dumps(about)


def _is_alike(kind: Kind, found: Object) -> bool:
    """Whether a definition says what it said when ``kind`` was made of it: one that is only leaving does."""
    assert kind.custom is not None
    before = kind.custom.definition
    names = [(one.get("status") or {}).get("acceptedNames") for one in (before, found)]
    return bool(before["spec"] == found["spec"] and names[0] == names[1])
