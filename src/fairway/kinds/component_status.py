"""ComponentStatus (core/v1): whether the parts of the cluster's control are well; asked, never stored.

Source: Kubernetes API reference, "ComponentStatus v1 core" (deprecated since 1.19).
"""

from fairway.kinds.kind import Column, Kind
from fairway.objects import Object


def _healthy(found: Object) -> Object:
    return next((one for one in found.get("conditions") or () if one.get("type") == "Healthy"), {})


def _status(found: Object, _now: float) -> str:
    return {"True": "Healthy", "False": "Unhealthy"}.get(_healthy(found).get("status") or "", "Unknown")


COMPONENT_STATUS = Kind(
    group="", version="v1", name="ComponentStatus", plural="componentstatuses",
    short_names=("cs",),
    namespaced=False,
    verbs=("get", "list"),
    columns=(
        Column("Status", _status),
        Column("Message", lambda found, _: _healthy(found).get("message") or ""),
        Column("Error", lambda found, _: _healthy(found).get("error") or ""),
    ),
    deprecated="v1 ComponentStatus is deprecated in v1.19+",
)  # fmt: skip
