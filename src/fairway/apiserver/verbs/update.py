"""The ``update`` verb: PUT a whole object in the place of another.

Source: Kubernetes API concepts, "Updates to existing resources".
"""

from copy import deepcopy
from typing import TYPE_CHECKING

from fairway.apiserver.call import Call
from fairway.apiserver.decode import check_name, take_object
from fairway.apiserver.reply import Reply
from fairway.apiserver.stored import Stored
from fairway.objects import Object
from fairway.objects.errors import StatusError, conflict, not_found

if TYPE_CHECKING:
    from fairway.apiserver.serve import Api


async def update(call: Call, api: "Api") -> Reply:
    """Raises: ``StatusError`` Conflict (409) with a stale resourceVersion, Invalid (422), NotFound (404)."""
    new = take_object(call)
    check_name(call, new)
    is_conditional = bool(new["metadata"].get("resourceVersion"))
    for attempt in range(api.settings.limits.conflict_tries, 0, -1):
        old = api.cache.get(call.kind, call.namespace, call.name)
        if old is None:
            raise not_found(call.kind.group, call.kind.plural, call.name)
        check_preconditions(call, new, old)
        try:
            return await api.write(call, deepcopy(new) if not is_conditional else new, old)
        except StatusError as error:
            if error.reason != "Conflict" or is_conditional or attempt == 1:
                raise
            await api.cache.wait_newer(call.kind, call.namespace, call.name, old.revision)
    raise AssertionError("the last attempt returns or raises")


def check_preconditions(call: Call, new: Object, old: Stored) -> None:
    """The object is still the one, and in the state, that the writer means.  Raises: ``StatusError`` 409."""
    kind, given = call.kind, new["metadata"]
    uid = old.object["metadata"]["uid"]
    if given.get("uid") and given["uid"] != uid:
        why = f"Precondition failed: UID in precondition: {given['uid']}, UID in object meta: {uid}"
        raise conflict(kind.group, kind.plural, call.name, why)
    if given.get("resourceVersion") and given["resourceVersion"] != str(old.revision):
        raise conflict(kind.group, kind.plural, call.name)
