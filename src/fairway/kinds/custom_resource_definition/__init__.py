"""CustomResourceDefinition (apiextensions.k8s.io/v1): describes a kind that the cluster serves from then on.

What such a kind does is in ``fairway.kinds.custom``.
Source: Kubernetes docs, "Extend the Kubernetes API with CustomResourceDefinitions".
"""

from fairway.kinds.custom_resource_definition.validation import validate
from fairway.kinds.kind import STATUS, Column, Kind
from fairway.kinds.rules.cells import at
from fairway.kinds.rules.status import keep_apart
from fairway.kinds.rules.values import child, drop_null, fill, fill_empty
from fairway.objects import Object

FINALIZER = "customresourcecleanup.apiextensions.k8s.io"
"""Holds a definition until the last of its objects is gone."""


def defaults(new: Object) -> None:
    """Names that follow from the kind; no conversion."""
    spec = child(new, "spec")
    drop_null(spec, "group", "scope")
    names = child(spec, "names")
    if kind := names.get("kind"):
        fill_empty(names, singular=kind.lower(), listKind=f"{kind}List")
    if spec.get("conversion") is None:
        spec["conversion"] = {"strategy": "None"}
    conversion = child(spec, "conversion")
    service = ((conversion.get("webhook") or {}).get("clientConfig") or {}).get("service")
    if service:
        fill(service, port=443)
    if not spec.get("preserveUnknownFields"):
        spec.pop("preserveUnknownFields", None)
    for version in spec.get("versions") or ():
        drop_null(version, "schema", "subresources", "additionalPrinterColumns", "selectableFields")


def storage_version(found: Object) -> str:
    """The name of the version in which objects are stored; empty where there is none."""
    versions = (found.get("spec") or {}).get("versions") or ()
    return next((one.get("name") or "" for one in versions if one.get("storage")), "")


def prepare(new: Object, old: Object | None, subresource: str) -> None:
    """The status belongs to its subresource, but for the versions that objects may be stored in."""
    keep_apart(new, old, subresource, {"acceptedNames": {"plural": "", "kind": ""}})
    name = storage_version(new)
    stored = (new.get("status") or {}).get("storedVersions") or []
    if name and name not in stored and not subresource:
        new["status"] = {**(new.get("status") or {}), "storedVersions": [*stored, name]}


CUSTOM_RESOURCE_DEFINITION = Kind(
    group="apiextensions.k8s.io", version="v1", name="CustomResourceDefinition", plural="customresourcedefinitions",
    short_names=("crd", "crds"),
    categories=("api-extensions",),
    namespaced=False,
    subresources=(STATUS,),
    columns=(Column("Created At", at("metadata", "creationTimestamp"), type="date"),),
    defaults=defaults,
    prepare=prepare,
    validate=validate,
    has_generation=True,
    unconditional_update=False,
    delete_returns_object=True,
)  # fmt: skip

__all__ = ["CUSTOM_RESOURCE_DEFINITION", "FINALIZER", "storage_version"]
