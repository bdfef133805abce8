"""Service (core/v1): one stable address and name for a changing set of pods.

Shape: ``SERVICE`` is the record; ``transitions`` and ``cluster_ips`` also serve the API server's allocation.
Source: Kubernetes API reference, "Service v1 core"; docs, "Service".
"""

from fairway.kinds.kind import STATUS, WHY, Kind, proxy_of
from fairway.kinds.service.columns import COLUMNS
from fairway.kinds.service.defaults import defaults
from fairway.kinds.service.transitions import prepare
from fairway.kinds.service.validation import validate
from fairway.kinds.service.warnings import warnings
from fairway.objects import names

SERVICE = Kind(
    group="", version="v1", name="Service", plural="services",
    short_names=("svc",),
    categories=("all",),
    subresources=(STATUS, WHY, proxy_of("Service")),
    columns=COLUMNS,
    fields={
        "spec.clusterIP": lambda service: service["spec"].get("clusterIP", ""),
        "spec.type": lambda service: service["spec"].get("type", ""),
    },
    defaults=defaults,
    prepare=prepare,
    validate=validate,
    validate_name=names.as_name(names.dns_label),  # KEP-5311: a leading digit is legal since 1.36
    warnings=warnings,
    create_on_update=True,
    delete_returns_object=True,
)  # fmt: skip

__all__ = ["SERVICE"]
