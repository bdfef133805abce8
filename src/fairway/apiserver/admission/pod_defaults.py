"""Pod defaults that depend on the cluster: ServiceAccount, DefaultTolerationSeconds.

Source: Kubernetes docs, "Admission Controllers" of these names.
"""

from typing import TYPE_CHECKING

from fairway.apiserver.call import Call
from fairway.kinds import POD, SERVICE_ACCOUNT
from fairway.objects import Object
from fairway.objects.errors import forbidden

if TYPE_CHECKING:
    from fairway.apiserver.serve import Api

_DEFAULT_ACCOUNT = "default"
_TOLERATED_S = 300
MIRROR = "kubernetes.io/config.mirror"
"""What a node says of a pod that it runs from a file of its own."""
_UNHEALTHY = ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable")


def pod_defaults(call: Call, new: Object, old: Object | None, api: "Api") -> None:
    """Complete a pod, its account only where it is new.  Raises: ``StatusError`` 403 if that does not exist."""
    spec = new.get("spec")
    if call.kind is not POD or call.subresource or not isinstance(spec, dict):
        return
    if old is None:
        _account(call, new, spec, api)
    _tolerations(spec)


def _account(call: Call, new: Object, spec: Object, api: "Api") -> None:
    if MIRROR in (new["metadata"].get("annotations") or ()):
        if spec.get("serviceAccountName"):
            why = "a mirror pod may not reference service accounts"
            raise forbidden("", "pods", new["metadata"].get("name") or "", why)
        return
    name = spec.get("serviceAccountName") or spec.get("serviceAccount") or _DEFAULT_ACCOUNT
    spec["serviceAccountName"] = spec["serviceAccount"] = name
    # Every namespace is as good as if it had the default account: it carries no rights of its own.
    if name != _DEFAULT_ACCOUNT and api.cache.get(SERVICE_ACCOUNT, call.namespace, name) is None:
        why = f'error looking up service account {call.namespace}/{name}: serviceaccount "{name}" not found'
        raise forbidden("", "pods", new["metadata"].get("name") or "", why)


def _tolerations(spec: Object) -> None:
    """A pod outlives five minutes of silence of its node, unless it says how long."""
    present = spec.get("tolerations") or []
    for key in _UNHEALTHY:
        if not any(_covers(one, key) for one in present):
            present = [
                *present,
                {"key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": _TOLERATED_S},
            ]
    spec["tolerations"] = present


def _covers(toleration: Object, key: str) -> bool:
    return toleration.get("key") in (None, "", key) and toleration.get("effect") in (None, "", "NoExecute")
