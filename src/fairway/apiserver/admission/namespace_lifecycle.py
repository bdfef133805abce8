"""NamespaceLifecycle: nothing is created in a namespace that does not exist or is going away.

Source: Kubernetes docs, "Admission Controllers", NamespaceLifecycle.
"""

from typing import TYPE_CHECKING

from fairway.apiserver.call import Call
from fairway.kinds import NAMESPACE
from fairway.objects import Object, meta
from fairway.objects.errors import forbidden, not_found

if TYPE_CHECKING:
    from fairway.apiserver.serve import Api


def namespace_lifecycle(call: Call, new: Object, old: Object | None, api: "Api") -> None:
    """Raises: ``StatusError`` 404 without the namespace, 403 with a terminating one."""
    if old is not None or not call.kind.namespaced or not call.namespace:
        return
    namespace = api.cache.get(NAMESPACE, None, call.namespace)
    if namespace is None:
        raise not_found("", "namespaces", call.namespace)
    if b'"deletionTimestamp"' in namespace.wire and meta.is_deleting(namespace.object):
        why = f"unable to create new content in namespace {call.namespace} because it is being terminated"
        text = f"namespace {call.namespace} is being terminated"
        cause = {"reason": "NamespaceTerminating", "message": text, "field": "metadata.namespace"}
        kind = call.kind
        raise forbidden(kind.group, kind.plural, new["metadata"].get("name") or "", why, causes=[cause])
