"""NamespaceLifecycle: nothing is created in a namespace that does not exist or is going away.

Source: Kubernetes docs, "Admission Controllers", NamespaceLifecycle.
"""

from fairway.apiserver.cache import Cache
from fairway.apiserver.call import Call
from fairway.kinds import NAMESPACE
from fairway.objects import Object
from fairway.objects.errors import forbidden, not_found


def namespace_lifecycle(call: Call, new: Object, cache: Cache) -> None:
    """Raises: ``StatusError`` 404 without the namespace, 403 with a terminating one."""
    if call.verb != "create" or not call.kind.namespaced or call.subresource or not call.namespace:
        return
    namespace = cache.get(NAMESPACE, None, call.namespace)
    if namespace is None:
        raise not_found("", "namespaces", call.namespace)
    if namespace.object["metadata"].get("deletionTimestamp"):
        why = f"unable to create new content in namespace {call.namespace} because it is being terminated"
        text = f"namespace {call.namespace} is being terminated"
        cause = {"reason": "NamespaceTerminating", "message": text, "field": "metadata.namespace"}
        kind = call.kind
        raise forbidden(kind.group, kind.plural, new["metadata"].get("name", ""), why, causes=[cause])
