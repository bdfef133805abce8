"""Descriptions: what ``kubectl explain`` says of the kinds and fields that people ask about most.

Shape: ``of_definition(name)`` and ``of_field(definition, field)`` are texts, or empty; imported only when a document is
made.  Definitions are named without their ``io.k8s.api`` or ``io.k8s.apimachinery.pkg.apis`` beginning.
Source: Kubernetes docs on each kind; the words are ours.
"""

from collections.abc import Mapping

from fairway.apiserver.openapi.descriptions.meta import META
from fairway.apiserver.openapi.descriptions.placement import PLACEMENT
from fairway.apiserver.openapi.descriptions.pods import PODS
from fairway.apiserver.openapi.descriptions.services import SERVICES
from fairway.apiserver.openapi.descriptions.text import Texts
from fairway.apiserver.openapi.descriptions.volumes import VOLUMES
from fairway.apiserver.openapi.descriptions.workloads import WORKLOADS

_BEGINNINGS = ("io.k8s.apimachinery.pkg.apis.", "io.k8s.api.")

# How these begin is what Kubernetes' own tests look for in `kubectl explain`.
_OF_OBJECTS: Mapping[str, str] = {
    "apiVersion": "APIVersion defines in which group and version of the API this object is written.",
    "kind": "The type of the object, in CamelCase.",
    "metadata": "Standard object's metadata: its name, namespace, labels, annotations and history.",
    "spec": "What is wanted.",
    "status": "What is: written by the system, never by hand.",
}
_OF_LISTS: Mapping[str, str] = {
    **_OF_OBJECTS,
    "kind": "The type of the list, in CamelCase.",
    "metadata": "What every list has: its state, and where it goes on.",
}

DEFINITIONS: Texts = {**META, **SERVICES, **PODS, **PLACEMENT, **VOLUMES, **WORKLOADS}


def _short(name: str) -> str:
    for beginning in _BEGINNINGS:
        if name.startswith(beginning) and name.removeprefix(beginning) in DEFINITIONS:
            return name.removeprefix(beginning)
    return name


def of_definition(name: str) -> str:
    """What the type is."""
    found = DEFINITIONS.get(_short(name))
    if found is not None:
        return found[0]
    item = name.removesuffix("List")
    return f"A list of {item.rpartition('.')[2]} objects." if item != name and _short(item) in DEFINITIONS else ""


def of_field(definition: str, field: str, *, is_object: bool) -> str:
    """What a field of a type says; ``is_object``: the type is a kind of its own."""
    own = DEFINITIONS[_short(definition)][1].get(field, "") if _short(definition) in DEFINITIONS else ""
    general = _OF_LISTS if definition.endswith("List") else _OF_OBJECTS
    return own or (general.get(field, "") if is_object else "")
