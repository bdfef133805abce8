"""ComponentStatuses: what the parts of control say of themselves, made up when somebody asks.

Source: Kubernetes API reference, "ComponentStatus v1 core".
"""

from typing import TYPE_CHECKING

import orjson

from fairway.apiserver.call import Call
from fairway.apiserver.reply import Found, Page, Reply
from fairway.apiserver.selection import select
from fairway.apiserver.stored import Stored
from fairway.objects.errors import not_found

if TYPE_CHECKING:
    from fairway.apiserver.serve import Api

_STORE = "etcd-0"
_COMPONENTS = ("controller-manager", "scheduler", _STORE)
"""The first two live and die with this process, so that whoever gets an answer knows that they are there."""


def component_status(call: Call, api: "Api") -> Reply:
    """Get and list.  Raises: ``StatusError`` 404, 400."""
    found = {name: _one(call, api, name) for name in _COMPONENTS}
    if call.verb == "get":
        if call.name not in found:
            raise not_found("", call.kind.plural, call.name)
        return Found(found[call.name])
    options = call.options
    selection = select(call.kind, None, options.get("labelSelector", ""), options.get("fieldSelector", ""))
    chosen = [one for one in found.values() if selection.covers(one.key) and selection.matches(one)]
    return Page(call.kind, chosen, api.cache.revision)


def _one(call: Call, api: "Api", name: str) -> Stored:
    is_well = name != _STORE or api.cache.is_following
    condition = {"type": "Healthy", "status": "True" if is_well else "False"}
    condition |= {"message": "ok"} if is_well else {"error": "the store is not followed"}
    made = {
        "kind": call.kind.name, "apiVersion": call.kind.api_version,
        "metadata": {"name": name}, "conditions": [condition],
    }  # fmt: skip
    return Stored(call.kind.key(None, name), api.cache.revision, orjson.dumps(made))
