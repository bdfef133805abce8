"""Webhooks: who is asked about a request, in which order, and what their answers come to.

Rules for those who change it: mutating webhooks go one by one, by the name of their configuration; what one of them
changed is filled in by the defaults before the next one sees it.
"""

import asyncio
import logging
from collections.abc import Awaitable, Iterator
from dataclasses import dataclass, field
from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING, Any

import orjson

from fairway.apiserver.admission import conditions
from fairway.apiserver.admission.attributes import Attributes, Fill, Form
from fairway.apiserver.admission.matching import matched
from fairway.apiserver.admission.metrics import CALLING, NO_ERROR, Conditioned
from fairway.apiserver.admission.webhooks import calling, reviews, unfit_patches
from fairway.apiserver.admission.webhooks.calling import CallFailed, Calls
from fairway.apiserver.admission.webhooks.reviews import BadAnswer, Unfit, Verdict
from fairway.apiserver.collection import Collection
from fairway.kinds import (
    ENDPOINTS,
    MUTATING_WEBHOOK_CONFIGURATION,
    NAMESPACE,
    SERVICE,
    VALIDATING_WEBHOOK_CONFIGURATION,
)
from fairway.kinds.admission_registration.scopes import request_scope
from fairway.objects import Object
from fairway.objects.errors import StatusError, forbidden, internal
from fairway.objects.expressions import ExpressionError
from fairway.objects.patches import json_patch

if TYPE_CHECKING:
    from fairway.apiserver.serve import Api

log = logging.getLogger(__name__)


Place = tuple[str, str]
"""The names of a configuration and of a webhook in it."""


@dataclass(slots=True)
class Round:
    """What came of asking those who change objects.

    ``wishing`` are those who want to be asked again if others change it; ``redone`` those of them after whom somebody
    did.
    """

    is_changed: bool = False
    wishing: set[Place] = field(default_factory=set)
    redone: set[Place] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Turn:
    """One call, as the audit log tells it apart from others."""

    configuration: str
    round: int
    place: int
    is_mutating: bool

    @property
    def index(self) -> str:
        """The end of its keys."""
        return f"round_{self.round}_index_{self.place}"

    def tell(self, asked: Attributes, about: str, name: str, **facts: Any) -> None:
        """Note something for the audit log."""
        key = f"{about}.webhook.admission.k8s.io/{self.index}"
        told = {"configuration": self.configuration, "webhook": name, **facts}
        asked.call.annotations[key] = orjson.dumps(told).decode()


class Webhooks:
    """All of them, as writers meet them."""

    def __init__(self, api: "Api") -> None:
        self._api = api
        self._mutating = api.cache.of(MUTATING_WEBHOOK_CONFIGURATION)
        self._validating = api.cache.of(VALIDATING_WEBHOOK_CONFIGURATION)
        self.calls = Calls()

    def close(self) -> None:
        """Close what is open to webhooks."""
        self.calls.close()

    @property
    def mutating(self) -> bool:
        """Whether there are any that change objects."""
        return bool(self._mutating.live) and self._api.asks_others

    @property
    def validating(self) -> bool:
        """Whether there are any that refuse objects."""
        return bool(self._validating.live) and self._api.asks_others

    async def mutate(self, asked: Attributes, fill: Fill, again: set[Place] | None = None) -> Round:
        """Have ``asked.new`` changed by all, or by those of ``again`` alone.  Raises: ``StatusError``."""
        found = Round()
        for place, (key, webhook) in enumerate(self._all(self._mutating, asked)):
            if again is not None and key not in again:
                continue
            # An earlier change may have made the object one that is not meant, or the other way round.
            form = self._form(webhook, asked, mutating=True)
            if form is None:
                continue
            turn = Turn(key[0], int(again is not None), place, is_mutating=True)
            if await self._changes(webhook, form, asked, fill, turn):
                found.is_changed = True
                found.redone = set(found.wishing)
            if webhook.get("reinvocationPolicy") == "IfNeeded":
                found.wishing.add(key)
        return found

    async def _changes(self, webhook: Object, form: Form, asked: Attributes, fill: Fill, turn: Turn) -> bool:
        name, is_changed = webhook["name"], False
        try:
            found = await self._asked(webhook, form, asked, turn)
            if found is None:
                return False
            if found.refusal is not None:
                raise found.refusal
            if not found.patch:
                return False
            if asked.new is None:
                why = f'admission webhook "{name}" attempted to modify the object'
                raise internal(f"{why}, which is not supported for this operation")
            is_changed = _apply(found, form, asked, fill, name)
            turn.tell(asked, "patch", name, patch=found.patch, patchType="JSONPatch")
            return is_changed
        finally:
            turn.tell(asked, "mutation", name, mutated=is_changed)

    async def validate(self, asked: Attributes) -> None:
        """Raises: ``StatusError`` of the first that refuses."""
        calls: list[Awaitable[Verdict | None]] = []
        for place, (key, webhook) in enumerate(self._all(self._validating, asked)):
            form = self._form(webhook, asked, mutating=False)
            if form is not None:
                calls.append(self._asked(webhook, form, asked, Turn(key[0], 0, place, is_mutating=False)))
        failures: list[BaseException] = []
        for answer in await asyncio.gather(*calls, return_exceptions=True):
            if isinstance(answer, BaseException):
                failures.append(answer)
            elif answer is not None and answer.refusal is not None:
                failures.append(answer.refusal)
        if failures:
            raise failures[0]

    @staticmethod
    def _all(collection: Collection, asked: Attributes) -> Iterator[tuple[Place, Object]]:
        """Every webhook, by the name of its configuration."""
        if not asked.is_exempt:
            for key in collection.keys(collection.kind.prefix):
                configuration = collection.live[key].object
                name = configuration["metadata"]["name"]
                for webhook in configuration.get("webhooks") or ():
                    yield (name, webhook["name"]), webhook

    def _form(self, webhook: Object, asked: Attributes, *, mutating: bool) -> Form | None:
        """The version in which the webhook is to be asked, if it is.  Raises: ``StatusError``."""
        form = matched(webhook, webhook.get("rules") or (), asked, self._labels_of)
        if form is None or not webhook.get("matchConditions"):
            return form
        whose = Conditioned("webhook", "admit" if mutating else "validating", webhook["name"])
        count = partial(self._api.admission_metrics.conditions, whose, asked.operation)
        given, wanted = conditions.values(asked, form), webhook["matchConditions"]
        with conditions.asking(asked.call.user, self._api):
            try:
                return form if conditions.hold(wanted, given, request_scope(), count) else None
            except ExpressionError as error:
                if webhook["failurePolicy"] == "Ignore":
                    return None
                raise forbidden(asked.kind.group, asked.kind.plural, asked.name, str(error)) from error

    def _labels_of(self, namespace: str) -> Object | None:
        found = self._api.cache.get(NAMESPACE, None, namespace)
        return None if found is None else found.object["metadata"].get("labels")

    async def _asked(self, webhook: Object, form: Form, asked: Attributes, turn: Turn) -> Verdict | None:
        """The verdict; ``None`` where none came and that is to be ignored.  Raises: ``StatusError``."""
        name, is_ignored, began = webhook["name"], webhook["failurePolicy"] == "Ignore", perf_counter()
        count = partial(self._api.admission_metrics.webhook, name, asked.operation, mutating=turn.is_mutating)
        try:
            found = await self._verdict(webhook, form, asked, mutating=turn.is_mutating)
        except Unfit as error:
            raise internal(str(error)) from error
        except (CallFailed, BadAnswer) as error:
            text = f'failed calling webhook "{name}": {error}'
            count(perf_counter() - began, 400, refused="" if is_ignored else CALLING)
            if is_ignored:
                self._api.admission_metrics.failed_open(name, mutating=turn.is_mutating)
                log.warning("a webhook failed and is ignored", extra={"webhook": name, "error": str(error)})
                mode = "mutation" if turn.is_mutating else "validating"
                asked.call.annotations[f"failed-open.{mode}.webhook.admission.k8s.io/{turn.index}"] = name
                return None
            raise internal(text) from error
        refusal = found.refusal
        count(perf_counter() - began, 200 if refusal is None else refusal.code, refused=NO_ERROR if refusal else "")
        asked.call.warnings.extend(found.warnings)
        asked.call.annotations.update(found.annotations)
        return found

    async def _verdict(self, webhook: Object, form: Form, asked: Attributes, *, mutating: bool) -> Verdict:
        config, seconds = webhook["clientConfig"], webhook["timeoutSeconds"]
        request, version = asked.request(form), reviews.version_of(webhook)
        place = calling.where(config, seconds, self._endpoint_of)
        body = reviews.question(request, version)
        answer = await self.calls.post(place, config.get("caBundle") or "", body, seconds)
        return reviews.verdict(webhook["name"], answer, request["uid"], version, mutating=mutating)

    def _endpoint_of(self, namespace: str, name: str, port: int) -> tuple[str, int]:
        service = self._api.cache.get(SERVICE, namespace, name)
        if service is None:
            raise LookupError(f'service "{name}" not found')
        endpoints = self._api.cache.get(ENDPOINTS, namespace, name)
        found = endpoints.object if endpoints else None
        return calling.ready_endpoint(service.object, found, port, self._api.chance.choice)


def _apply(found: Verdict, form: Form, asked: Attributes, fill: Fill, name: str) -> bool:
    """Patch ``asked.new`` in place; whether that changed it.  Raises: ``StatusError``."""
    try:
        return asked.replace(form, lambda document: json_patch.apply(document, found.patch), fill)
    except StatusError as error:
        if error.code == 400:
            raise
        if error.code != 422 or error.details:
            raise internal(error.message.rpartition('": ')[2]) from error
        given = asked.new if asked.object_kind else form.shown(asked.new)
        raise internal(unfit_patches.reason(given, found.patch)) from error
    except TypeError as error:
        raise internal(f'failed calling webhook "{name}": {error}') from error
