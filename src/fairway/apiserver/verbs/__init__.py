"""One file per verb; none of them sees HTTP."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from fairway.apiserver.call import Call
from fairway.apiserver.reply import Reply
from fairway.apiserver.verbs.create import create
from fairway.apiserver.verbs.delete import delete
from fairway.apiserver.verbs.get import get
from fairway.apiserver.verbs.list import list_
from fairway.apiserver.verbs.update import update
from fairway.objects.errors import method_not_allowed, no_such_resource

if TYPE_CHECKING:
    from fairway.apiserver.serve import Api

Verb = Callable[[Call, "Api"], Reply | Awaitable[Reply]]

ALL: dict[str, Verb] = {"create": create, "delete": delete, "get": get, "list": list_, "update": update}


def find(call: Call) -> Verb:
    """The function that answers ``call``.  Raises: ``StatusError`` 404 or 405."""
    if call.subresource and call.kind.subresource(call.subresource) is None:
        raise no_such_resource()
    verb = ALL.get(call.verb)
    if verb is None or call.verb not in call.kind.verbs:
        raise method_not_allowed()
    return verb
