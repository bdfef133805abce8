"""Tokens for nodes: a node gets tokens for the pods that it runs, for the audiences that these pods name.

Source: Kubernetes docs, "Admission Controllers", NodeRestriction; "Feature gates",
ServiceAccountNodeAudienceRestriction.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from fairway.apiserver.authorization import Asked, node_name
from fairway.apiserver.call import Call
from fairway.kinds import CSI_DRIVER, PERSISTENT_VOLUME, PERSISTENT_VOLUME_CLAIM, POD
from fairway.objects import Object
from fairway.objects.errors import StatusError, forbidden, not_found

if TYPE_CHECKING:
    from fairway.apiserver.serve import Api

_VERB = "request-serviceaccounts-token-audience"


def check(call: Call, spec: Object, api: "Api") -> None:
    """Refuse what is not for a pod of the node.  Raises: ``StatusError`` 403, 404."""
    reference = spec.get("boundObjectRef") or {}
    if reference.get("kind") != "Pod" or reference.get("apiVersion") != "v1" or not reference.get("name"):
        raise _refused(call, "node requested token not bound to a pod")
    if not reference.get("uid"):
        raise _refused(call, "node requested token with a pod binding without a uid")
    pod = api.cache.get(POD, call.namespace, reference["name"])
    if pod is None:
        raise not_found("", "pods", reference["name"])
    if pod.object["spec"].get("nodeName") != node_name(call.user):
        raise _refused(call, "node requested token bound to a pod scheduled on a different node")
    _check_audience(call, spec.get("audiences") or [], pod.object, api)


def _check_audience(call: Call, audiences: list[str], pod: Object, api: "Api") -> None:
    if len(audiences) > 1:
        raise _refused(call, "node may only request 0 or 1 audiences")
    audience = audiences[0] if audiences else ""
    if audience in _named(pod, api):
        return
    if not api.authorizer.is_allowed(call.user, Asked(_VERB, "", audience, "", call.namespace, call.name)):
        who = call.user.name
        why = f"{who} is not authorized to request tokens for this audience"
        raise _refused(call, f'audience "{audience}" not found in pod spec volume, {why}')


def _named(pod: Object, api: "Api") -> Iterator[str]:
    """Every audience that a volume of the pod names, itself or through its driver."""
    for volume in pod["spec"].get("volumes") or ():
        for source in (volume.get("projected") or {}).get("sources") or ():
            if (token := source.get("serviceAccountToken")) is not None:
                yield token.get("audience") or ""
        driver = api.cache.get(CSI_DRIVER, None, _driver(volume, pod, api))
        for asked in (driver.object["spec"].get("tokenRequests") or ()) if driver is not None else ():
            yield asked.get("audience") or ""


def _driver(volume: Object, pod: Object, api: "Api") -> str:
    if (inline := volume.get("csi")) is not None:
        return inline.get("driver") or ""
    if "ephemeral" in volume:
        name = f"{pod['metadata']['name']}-{volume['name']}"
    else:
        name = (volume.get("persistentVolumeClaim") or {}).get("claimName") or ""
    claim = api.cache.get(PERSISTENT_VOLUME_CLAIM, pod["metadata"]["namespace"], name) if name else None
    bound = claim.object["spec"].get("volumeName") if claim is not None else None
    found = api.cache.get(PERSISTENT_VOLUME, None, bound) if bound else None
    return (found.object["spec"].get("csi") or {}).get("driver") or "" if found is not None else ""


def _refused(call: Call, why: str) -> StatusError:
    return forbidden("", call.kind.plural, call.name, why)
