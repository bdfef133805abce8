"""Device access: only namespaces that an administrator marked may hold claims to devices that others use (KEP-5018)."""

from typing import TYPE_CHECKING

from fairway.apiserver.call import Call
from fairway.kinds import NAMESPACE, RESOURCE_CLAIM, RESOURCE_CLAIM_TEMPLATE
from fairway.objects import Object
from fairway.objects.errors import forbidden_value, invalid

if TYPE_CHECKING:
    from fairway.apiserver.serve import Api

_LABEL = "resource.kubernetes.io/admin-access"
_NEEDS_LABEL = f"admin access to devices requires the `{_LABEL}: true` label on the containing namespace"


def device_access(call: Call, new: Object, old: Object | None, api: "Api") -> None:
    """Raises: ``StatusError`` 422 for a new claim, or template of claims, that asks for it elsewhere."""
    if old is not None or call.kind not in (RESOURCE_CLAIM, RESOURCE_CLAIM_TEMPLATE):
        return
    spec, path = new["spec"], "spec"
    if call.kind is RESOURCE_CLAIM_TEMPLATE:
        spec, path = spec["spec"], "spec.spec"
    asking = [
        index
        for index, request in enumerate(spec["devices"].get("requests") or ())
        if (request.get("exactly") or {}).get("adminAccess")
    ]
    if not asking:
        return
    namespace = api.cache.get(NAMESPACE, None, call.namespace or "")
    labels = (namespace.object["metadata"].get("labels") or {}) if namespace else {}
    if labels.get(_LABEL) != "true":
        problem = forbidden_value(f"{path}.devices.requests[{asking[0]}].adminAccess", _NEEDS_LABEL)
        raise invalid(call.kind.group, call.kind.name, new["metadata"].get("name") or "", [problem])
