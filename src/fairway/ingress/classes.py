"""Classes: whether an Ingress is ours to serve.  Pure.

Source: Kubernetes docs, "Ingress", "Ingress class" and "Deprecated annotation".
"""

from collections.abc import Mapping
from enum import Enum

from fairway.kinds.ingress import CLASS_ANNOTATION
from fairway.kinds.ingress_class import CLASS_NAME, CONTROLLER
from fairway.objects import Object


class Whose(Enum):
    """Who serves an Ingress."""

    OURS = "ours"
    OTHERS = "others"
    UNKNOWN = "its class does not exist"
    NOBODYS = "it names no class"


def class_name(ingress: Object) -> str | None:
    """The class that an Ingress names, in the field or in the older annotation."""
    name: str | None = ingress["spec"].get("ingressClassName")
    return name if name is not None else (ingress["metadata"].get("annotations") or {}).get(CLASS_ANNOTATION)


def whose(ingress: Object, controllers: Mapping[str, str]) -> Whose:
    """``controllers`` are the classes that there are, each with the controller that it names.

    The annotation has never needed an object, so our own name in it is enough.
    """
    name = class_name(ingress)
    if name is None:
        return Whose.NOBODYS
    if name in controllers:
        return Whose.OURS if controllers[name] == CONTROLLER else Whose.OTHERS
    if ingress["spec"].get("ingressClassName") is None:
        return Whose.OURS if name == CLASS_NAME else Whose.OTHERS
    return Whose.UNKNOWN
