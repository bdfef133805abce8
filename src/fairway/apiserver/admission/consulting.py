"""Consulting: webhooks and policies have their say, after what the API server itself fills in and checks.

Shape: a write calls ``change`` before it is validated and ``judge`` after; what stores no whole object (a deletion, a
connection, a binding) calls ``consult``.  Nothing of it is entered where nobody wants to be asked.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import orjson

from fairway.apiserver import metadata
from fairway.apiserver.admission.attributes import Attributes, Fill, of_write
from fairway.apiserver.admission.webhooks.webhooks import Round
from fairway.apiserver.call import Call
from fairway.apiserver.decode import described_version, schema_of
from fairway.objects import Object, strict
from fairway.objects.errors import bad_request
from fairway.objects.ownership.managers import fault as managers_fault

if TYPE_CHECKING:
    from fairway.apiserver.serve import Api

_IDENTITY = ("name", "generateName", "namespace", "uid", "creationTimestamp", "generation")


async def change(call: Call, new: Object, old: Object | None, api: "Api") -> bool:
    """Have ``new`` changed by whoever wishes to; whether it was.  Raises: ``StatusError``."""
    if call.is_consulted:
        return False
    given: dict[str, Any] = {field: new["metadata"][field] for field in _IDENTITY if field in new["metadata"]}

    def fill(changed: Object) -> None:
        """What a webhook made of it is completed as what a client sends."""
        strict.check_patched(
            changed, None, api_version=described_version(call), kind=call.kind.name, validation="Ignore",
            custom=schema_of(call.kind),
        )  # fmt: skip
        if not isinstance(changed.get("metadata"), dict):
            changed["metadata"] = {}
        if (changed["metadata"].get("namespace") or call.namespace) != call.namespace and call.kind.namespaced:
            raise bad_request("the namespace of the provided object does not match the namespace sent on the request")
        changed["metadata"].update(given)
        call.kind.defaults(changed)
        if old is not None:
            metadata.carry(changed, old)

    managers = new["metadata"].get("managedFields")
    is_changed = await _mutate(of_write(call, new, old), fill, api, lambda: _admit(call, new, old, api))
    if is_changed:
        _keep_managers(call, new["metadata"], managers)
    return is_changed


def _keep_managers(call: Call, now: Object, before: list[Object] | None) -> None:
    """Who manages what stays as it was where a webhook made something of it that cannot be read."""
    given = now.get("managedFields")
    if given == before or not given or (wrong := managers_fault(given)) is None:
        return
    now.pop("managedFields")
    if before:
        now["managedFields"] = before
    call.warnings.append(
        ".metadata.managedFields was in an invalid state after admission; this could be caused by an outdated "
        f"mutating admission controller; please fix your requests: {wrong}"
    )


def _admit(call: Call, new: Object, old: Object | None, api: "Api") -> None:
    from fairway.apiserver.admission import admit  # which consults nobody, and is what others build on

    admit(call, new, old, api)


async def _mutate(asked: Attributes, fill: Fill, api: "Api", admit: Callable[[], None]) -> bool:
    """Policies, then webhooks; where one of them changed something, the server's own steps and those who wish again."""
    changed, again = api.mutations.mutate(asked, fill) if api.mutations.exist else (False, set())
    after_policies = _shown(asked) if again else b""
    webhooks = await api.webhooks.mutate(asked, fill) if api.webhooks.mutating else Round()
    if not changed and not webhooks.is_changed:
        return False
    after_webhooks = _shown(asked) if webhooks.wishing else b""
    admit()
    if again and _shown(asked) != after_policies:
        api.mutations.mutate(asked, fill, again)
    # What came after the webhooks concerns all who wish so; what they did themselves, those before who did it.
    asked_again = webhooks.wishing if webhooks.wishing and _shown(asked) != after_webhooks else webhooks.redone
    if asked_again:
        await api.webhooks.mutate(asked, fill, asked_again)
    return True


def _shown(asked: Attributes) -> bytes:
    return orjson.dumps(asked.new, option=orjson.OPT_SORT_KEYS)


async def judge(asked: Attributes, api: "Api") -> None:
    """Raises: ``StatusError`` of whoever refuses."""
    if asked.call.is_consulted:
        return
    if api.policies.exist:
        api.policies.judge(asked)
    if api.webhooks.validating:
        await api.webhooks.validate(asked)


def is_judged(api: "Api") -> bool:
    """Whether anybody wants to be asked about valid writes."""
    return api.webhooks.validating or api.policies.exist


def is_wanted(api: "Api") -> bool:
    """Whether anybody wants to be asked about anything."""
    return changes(api) or is_judged(api)


def changes(api: "Api") -> bool:
    """Whether anybody wants to change what is written."""
    return api.webhooks.mutating or api.mutations.exist


async def consult(
    call: Call, operation: str, new: Object | None, old: Object | None, api: "Api",
    *, object_kind: tuple[str, str, str] | None = None, deletion: Mapping[str, Any] | None = None,
) -> None:  # fmt: skip
    """Ask all about what is no write of a whole object; ``new`` may be changed.  Raises: ``StatusError``.

    ``deletion``: the DeleteOptions of a deletion.
    """
    if call.is_consulted or not is_wanted(api):
        return
    asked = Attributes(call, operation, new, old, object_kind, deletion)
    if changes(api):
        await _mutate(asked, lambda _: None, api, lambda: None)
    await judge(asked, api)
