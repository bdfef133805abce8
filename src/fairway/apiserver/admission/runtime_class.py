"""RuntimeClass: what a class of runtimes adds to the pods that name it: overhead, labels of nodes, tolerations.

Source: Kubernetes docs, "Runtime Class", "Scheduling"; "Pod Overhead"; admission plugin "RuntimeClass".
"""

from typing import TYPE_CHECKING

from fairway.apiserver.call import Call
from fairway.kinds import POD, RUNTIME_CLASS
from fairway.objects import Object
from fairway.objects.errors import forbidden

if TYPE_CHECKING:
    from fairway.apiserver.serve import Api

_OTHER_OVERHEAD = "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead"
_NO_OVERHEAD = "pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead"


class _Rejected(Exception):
    """The text ends the answer's sentence."""


def runtime_class(call: Call, new: Object, old: Object | None, api: "Api") -> None:
    """Complete a new pod.  Raises: ``StatusError`` 403."""
    spec = new.get("spec")
    if call.kind is not POD or old is not None or not isinstance(spec, dict):
        return
    try:
        _complete(spec, _class_of(spec, api))
    except _Rejected as error:
        raise forbidden("", "pods", new["metadata"].get("name") or "", str(error)) from None


def _class_of(spec: Object, api: "Api") -> Object:
    """The class that the pod names, or nothing."""
    name = spec.get("runtimeClassName")
    if not name or not isinstance(name, str):
        return {}
    stored = api.cache.get(RUNTIME_CLASS, None, name)
    if stored is None:
        raise _Rejected(f'pod rejected: RuntimeClass "{name}" not found')
    return stored.object


def _complete(spec: Object, found: Object) -> None:
    overhead = (found.get("overhead") or {}).get("podFixed")
    if spec.get("overhead"):
        if not overhead:
            raise _Rejected(_NO_OVERHEAD)
        if spec["overhead"] != overhead:
            raise _Rejected(_OTHER_OVERHEAD)
    elif overhead:
        spec["overhead"] = dict(overhead)
    scheduling = found.get("scheduling") or {}
    selector = spec.get("nodeSelector") or {}
    for key, value in sorted((scheduling.get("nodeSelector") or {}).items()):
        if selector.get(key, value) != value:
            raise _Rejected(
                f"conflict: runtimeClass.scheduling.nodeSelector[{key}] = {value};"
                f" pod.spec.nodeSelector[{key}] = {selector[key]}"
            )
        selector = {**selector, key: value}
    if selector:
        spec["nodeSelector"] = selector
    tolerations = spec.get("tolerations") or []
    more = [one for one in scheduling.get("tolerations") or () if one not in tolerations]
    if more:
        spec["tolerations"] = [*tolerations, *more]
