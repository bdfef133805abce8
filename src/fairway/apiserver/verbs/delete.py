"""The ``delete`` verb."""

from typing import TYPE_CHECKING

from fairway.apiserver.call import Call
from fairway.apiserver.reply import Found, Made, Reply
from fairway.apiserver.verbs.get import current
from fairway.store.interface import Put, Revision

if TYPE_CHECKING:
    from fairway.apiserver.serve import Api


async def delete(call: Call, api: "Api") -> Reply:
    """Raises: ``StatusError`` 404."""
    stored = current(call, api)
    await api.put([Put(stored.key, None, Revision(stored.revision))])
    if call.kind.delete_returns_object:
        return Found(stored)
    details = {"name": call.name, "kind": call.kind.plural, "uid": stored.object["metadata"]["uid"]}
    return Made({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details})
