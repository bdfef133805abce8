"""The ``update`` verb: PUT a whole object in the place of another.

Source: Kubernetes API concepts, "Updates to existing resources".
"""

from typing import TYPE_CHECKING

from fairway.apiserver import write_options
from fairway.apiserver.call import Call
from fairway.apiserver.decode import check_name, copy, take_object
from fairway.apiserver.metadata import keep_reset
from fairway.apiserver.reply import Reply
from fairway.apiserver.stored import Stored
from fairway.apiserver.verbs.create import as_creation
from fairway.objects import Object
from fairway.objects.errors import StatusError, conflict, invalid, not_found
from fairway.objects.meta import asked_version, unconditional_update_refused

if TYPE_CHECKING:
    from fairway.apiserver.serve import Api


async def update(call: Call, api: "Api") -> Reply:
    """Raises: ``StatusError`` Conflict (409) with a stale resourceVersion, Invalid (422), NotFound (404)."""
    write_options.check(call.options, "UpdateOptions")
    keep_reset(call.body)
    new = take_object(call)
    check_name(call, new)
    return await replace_with(call, api, new)


async def replace_with(call: Call, api: "Api", new: Object) -> Reply:
    """Put ``new`` in the place of the present state; without a resourceVersion, whatever that is."""
    kind = call.kind
    is_conditional = bool(asked_version(new["metadata"]))
    for attempts_left in range(api.settings.limits.conflict_tries, 0, -1):
        old = api.cache.get(kind, call.namespace, call.name)
        if old is None:
            return await _create_instead(call, api, new)
        check_preconditions(call, new, old)
        if not is_conditional and not kind.unconditional_update:
            # Upstream names the resource here, where all other refusals name the kind.
            raise invalid(kind.group, kind.plural, call.name, [unconditional_update_refused()])
        is_last = is_conditional or attempts_left == 1
        try:
            return await api.write(call, new if is_last else copy(new), old)
        except StatusError as error:
            if error.reason != "Conflict" or is_last:
                raise
        await api.cache.wait_newer(kind, call.namespace, call.name, old.revision)
    raise AssertionError("the last attempt returns or raises")


async def _create_instead(call: Call, api: "Api", new: Object) -> Reply:
    kind, metadata = call.kind, new["metadata"]
    if metadata.get("uid"):
        raise another(call, metadata["uid"], "")
    if not kind.create_on_update or call.subresource:
        raise not_found(kind.group, kind.plural, call.name)
    metadata.pop("resourceVersion", None)
    return await api.write(as_creation(call, api), new, None)


def check_preconditions(call: Call, new: Object, old: Stored) -> None:
    """The object is still the one, and in the state, that the writer means.  Raises: ``StatusError`` 409."""
    kind, given = call.kind, new["metadata"]
    uid = old.object["metadata"]["uid"]
    if given.get("uid") and given["uid"] != uid:
        raise another(call, given["uid"], uid)
    if (asked := asked_version(given)) and asked != str(old.revision):
        raise conflict(kind.group, kind.plural, call.name)


_PLACES = {
    "nodes": "minions", "replicationcontrollers": "controllers", "services": "services/specs",
    "endpoints": "services/endpoints", "ingresses.networking.k8s.io": "ingress",
}  # fmt: skip
_WITH_GROUP = ("apiextensions.k8s.io", "apiregistration.k8s.io")


def another(call: Call, meant: str, found: str) -> StatusError:
    """409: the object is not the one that the writer means, but has the uid ``found``, or none where there is none.

    Told with the key that it has upstream, which is what people search for.
    """
    kind = call.kind
    place = f"{kind.group}/{kind.plural}" if kind.custom or kind.group in _WITH_GROUP else kind.plural
    parts = ("/registry", _PLACES.get(kind.resource, place), *((call.namespace or "",) if kind.namespaced else ()))
    why = (
        f"StorageError: invalid object, Code: 4, Key: {'/'.join((*parts, call.name))}, ResourceVersion: 0, "
        f"AdditionalErrorMsg: Precondition failed: UID in precondition: {meant}, UID in object meta: {found}"
    )
    return conflict(kind.group, kind.plural, call.name, why)
