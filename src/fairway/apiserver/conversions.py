"""Conversions: objects of custom kinds in each of their versions, as a webhook makes them.

Shape: a served version that is not the stored one has a collection of its own in the cache, its mirror.  Who writes has
the object converted before the commit, so that mirrors follow at once and are read without asking anybody; what could
not be converted then (the webhook was away, the definition is new) is converted when it is next read: ``ensure``.
Source: Kubernetes docs, "Webhook conversion"; API reference, "ConversionReview v1".
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING
from uuid import uuid4

import orjson

from fairway.apiserver.conversion_answers import converted, failed
from fairway.apiserver.stored import Stored, encode, splice
from fairway.kinds import ENDPOINTS, SERVICE
from fairway.kinds.custom import normal
from fairway.kinds.kind import Kind
from fairway.objects import Object
from fairway.objects.errors import StatusError
from fairway.objects.structural.pruning import prune

if TYPE_CHECKING:
    from fairway.apiserver.serve import Api

_TIMEOUT_S = 30
_BATCH = 500
"""Objects that one call converts."""


class Conversions:
    """Which custom kinds are converted by webhooks, and the calls."""

    def __init__(self, api: "Api") -> None:
        self._api = api
        self._kinds: dict[str, tuple[Kind, ...]] = {}

    def serve(self, kinds: Iterable[Kind]) -> None:
        """From now on these; the objects that there are wait to be read before they are converted."""
        by_prefix: dict[str, list[Kind]] = {}
        for kind in kinds:
            if kind.custom is not None and kind.custom.webhook is not None:
                by_prefix.setdefault(kind.prefix, []).append(kind)
        cache = self._api.cache
        for prefix, found in by_prefix.items():
            if self._kinds.get(prefix) != tuple(found):
                cache.mirror(found)
        for prefix in self._kinds.keys() - by_prefix.keys():
            cache.mirror(self._kinds[prefix][:1])
        self._kinds = {prefix: tuple(found) for prefix, found in by_prefix.items()}

    def is_behind(self, kind: Kind) -> bool:
        """Whether there are objects that must be converted before they are read."""
        if kind.custom is None or kind.custom.webhook is None:
            return False
        return bool(self._api.cache.of(kind).unconverted)

    async def ensure(self, kind: Kind) -> None:
        """Convert what waits for it.  Raises: ``StatusError`` 500."""
        collection = self._api.cache.of(kind)
        while keys := list(collection.unconverted)[:_BATCH]:
            states = [collection.live[key] for key in keys if key in collection.live]
            made = await self._converted(kind, [state.copy() for state in states])
            for state, found in zip(states, made, strict=True):
                if collection.live.get(state.key) is state:
                    collection.live[state.key] = _state(state.key, state.revision, found)
                    collection.unconverted.pop(state.key, None)
            for key in keys:
                if key not in collection.live:
                    collection.unconverted.pop(key, None)

    async def versions(self, kind: Kind, new: Object) -> tuple[Object, Mapping[str, bytes]]:
        """(the object as it is stored, its other versions).  Raises: ``StatusError`` 500."""
        stored = new
        every = self._kinds.get(kind.prefix, ())
        home = next((one for one in every if one.custom is not None and not one.custom.is_mirror), None)
        if home is not None and home.api_version != new["apiVersion"]:
            [stored] = await self._converted(home, [new])
        others: dict[str, bytes] = {}
        for one in every:
            if one is home:
                continue
            try:
                made = new if one.api_version == new["apiVersion"] else (await self._converted(one, [stored]))[0]
            except StatusError:
                continue  # it is converted when it is read
            others[one.version] = encode({**made, "metadata": {**made["metadata"]}})
        return stored, others

    async def _converted(self, kind: Kind, found: Sequence[Object]) -> list[Object]:
        """Objects of any version in that of ``kind``.  Raises: ``StatusError`` 500."""
        made: list[Object] = [one if one["apiVersion"] == kind.api_version else {} for one in found]
        by_version: dict[str, list[int]] = {}
        for place, one in enumerate(found):
            if one["apiVersion"] != kind.api_version:
                by_version.setdefault(one["apiVersion"], []).append(place)
        for version, places in by_version.items():
            answers = await self._asked(kind, version, [found[place] for place in places])
            for place, answer in zip(places, answers, strict=True):
                made[place] = _restored(answer, found[place], kind)
        return made

    async def _asked(self, kind: Kind, version: str, found: Sequence[Object]) -> list[Object]:
        """What the webhook makes of objects of one version.  Raises: ``StatusError`` 500."""
        from fairway.apiserver.admission.webhooks import calling

        assert kind.custom is not None and kind.custom.webhook is not None
        webhook = kind.custom.webhook
        config = webhook["clientConfig"]
        known = [one for one in webhook.get("conversionReviewVersions") or ("v1",) if one in ("v1", "v1beta1")]
        uid = str(uuid4())
        request: Object = {"uid": uid, "desiredAPIVersion": kind.api_version, "objects": list(found)}
        review = f"apiextensions.k8s.io/{known[0]}"
        about = f"conversion webhook for {version}, Kind={kind.name}"
        try:
            place = calling.where(config, _TIMEOUT_S, self._endpoint_of)
            body = orjson.dumps({"kind": "ConversionReview", "apiVersion": review, "request": request})
            answer = await self._api.webhooks.calls.post(place, config.get("caBundle") or "", body, _TIMEOUT_S)
        except calling.CallFailed as error:
            raise failed(f"{about} failed: {str(error).removeprefix('failed to call webhook: ')}") from error
        return converted(answer, uid, found, kind.api_version, review, about)

    def _endpoint_of(self, namespace: str, name: str, port: int) -> tuple[str, int]:
        from fairway.apiserver.admission.webhooks import calling

        cache = self._api.cache
        service = cache.get(SERVICE, namespace, name)
        if service is None:
            raise LookupError(f'service "{name}" not found')
        endpoints = cache.get(ENDPOINTS, namespace, name)
        found = endpoints.object if endpoints is not None else None
        return calling.ready_endpoint(service.object, found, port, self._api.chance.choice)


def _restored(answer: Object, source: Object, kind: Kind) -> Object:
    """What a webhook made, with the identity that it may not change; only labels and annotations are its own."""
    assert kind.custom is not None
    given = answer.get("metadata") or {}
    metadata = {key: value for key, value in source["metadata"].items() if key not in ("labels", "annotations")}
    metadata |= {key: given[key] for key in ("labels", "annotations") if given.get(key)}
    made = {**answer, "kind": kind.name, "apiVersion": kind.api_version, "metadata": metadata}
    (prune if kind.custom.is_mirror else normal)(made, kind.custom.schema)
    return made


def _state(key: str, revision: int, found: Object) -> Stored:
    return Stored(key, revision, splice(encode(found), revision))
