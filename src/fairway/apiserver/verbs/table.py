"""Table: which function answers which verb, of objects, of subresources and of what is never stored."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from fairway.apiserver.call import Call
from fairway.apiserver.reply import Reply
from fairway.apiserver.subresources.binding import bind, bind_named
from fairway.apiserver.subresources.eviction import evict
from fairway.apiserver.subresources.scale import get_scale, patch_scale, update_scale
from fairway.apiserver.subresources.sockets import get_sockets
from fairway.apiserver.subresources.token import create_token
from fairway.apiserver.subresources.why import get_why
from fairway.apiserver.verbs.component_status import component_status
from fairway.apiserver.verbs.create import create
from fairway.apiserver.verbs.delete import delete
from fairway.apiserver.verbs.deletecollection import deletecollection
from fairway.apiserver.verbs.get import get
from fairway.apiserver.verbs.list import list_
from fairway.apiserver.verbs.metrics import metrics
from fairway.apiserver.verbs.patch import patch
from fairway.apiserver.verbs.review import (
    review_access,
    review_own_access,
    review_own_rules,
    review_self,
    review_token,
)
from fairway.apiserver.verbs.update import update
from fairway.apiserver.verbs.watch import watch
from fairway.kinds import (
    BINDING,
    COMPONENT_STATUS,
    LOCAL_SUBJECT_ACCESS_REVIEW,
    NODE_METRICS,
    POD_METRICS,
    SELF_SUBJECT_ACCESS_REVIEW,
    SELF_SUBJECT_REVIEW,
    SELF_SUBJECT_RULES_REVIEW,
    SUBJECT_ACCESS_REVIEW,
    TOKEN_REVIEW,
)
from fairway.kinds.kind import Kind
from fairway.objects.errors import method_not_allowed, no_such_resource, not_found

if TYPE_CHECKING:
    from fairway.apiserver.serve import Api

Verb = Callable[[Call, "Api"], Reply | Awaitable[Reply]]

OF_OBJECTS: dict[str, Verb] = {
    "create": create,
    "delete": delete,
    "deletecollection": deletecollection,
    "get": get,
    "list": list_,
    "patch": patch,
    "update": update,
    "watch": watch,
}
OF_SUBRESOURCES: dict[tuple[str, str], Verb] = {
    ("status", "get"): get,
    ("status", "update"): update,
    ("status", "patch"): patch,
    ("ephemeralcontainers", "get"): get,
    ("ephemeralcontainers", "update"): update,
    ("ephemeralcontainers", "patch"): patch,
    ("resize", "get"): get,
    ("resize", "update"): update,
    ("resize", "patch"): patch,
    ("approval", "get"): get,
    ("approval", "update"): update,
    ("approval", "patch"): patch,
    ("finalize", "update"): update,
    ("scale", "get"): get_scale,
    ("scale", "update"): update_scale,
    ("scale", "patch"): patch_scale,
    ("binding", "create"): bind,
    ("eviction", "create"): evict,
    ("token", "create"): create_token,
    ("why", "get"): get_why,
    ("sockets", "get"): get_sockets,
}
OF_VIRTUAL: dict[Kind, Verb] = {
    TOKEN_REVIEW: review_token,
    SELF_SUBJECT_REVIEW: review_self,
    SELF_SUBJECT_ACCESS_REVIEW: review_own_access,
    SELF_SUBJECT_RULES_REVIEW: review_own_rules,
    SUBJECT_ACCESS_REVIEW: review_access,
    LOCAL_SUBJECT_ACCESS_REVIEW: review_access,
    BINDING: bind_named,
    COMPONENT_STATUS: component_status,
    NODE_METRICS: metrics,
    POD_METRICS: metrics,
}


def find(call: Call) -> Verb:
    """The function that answers ``call``.  Raises: ``StatusError`` 404 or 405."""
    if not call.subresource:
        if call.verb not in call.kind.verbs:
            raise method_not_allowed()
        return OF_VIRTUAL.get(call.kind) or OF_OBJECTS[call.verb]
    declared = call.kind.subresource(call.subresource)
    custom, group, plural = call.kind.custom, call.kind.group, call.kind.plural
    if declared is None:
        raise no_such_resource() if custom is None else not_found(group, plural, call.name)
    verb = OF_SUBRESOURCES.get((call.subresource, call.verb))
    if verb is None or call.verb not in declared.verbs:
        told = () if custom is None else (f'{call.verb} is not supported on resources of kind "{plural}.{group}"',)
        raise method_not_allowed(*told)
    return verb
