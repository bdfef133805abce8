"""Ingress class: a new Ingress that names no class gets the default one, if there is one.

Source: Kubernetes docs, "Ingress", "Default IngressClass".
"""

from typing import TYPE_CHECKING

from fairway.apiserver.call import Call
from fairway.kinds import INGRESS, INGRESS_CLASS
from fairway.kinds.ingress import CLASS_ANNOTATION
from fairway.kinds.ingress_class import default_class
from fairway.objects import Object

if TYPE_CHECKING:
    from fairway.apiserver.serve import Api


def ingress_class(call: Call, new: Object, old: Object | None, api: "Api") -> None:
    """Fill in ``spec.ingressClassName``."""
    spec = new.get("spec")
    if call.kind is not INGRESS or old is not None or not isinstance(spec, dict):
        return
    if spec.get("ingressClassName") is not None or CLASS_ANNOTATION in (new["metadata"].get("annotations") or ()):
        return
    found = default_class(entry.object for entry in api.cache.of(INGRESS_CLASS).live.values())
    if found is not None:
        spec["ingressClassName"] = found["name"]
