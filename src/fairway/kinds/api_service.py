"""APIService (apiregistration.k8s.io/v1): who answers for a group and version of the API.

Source: Kubernetes docs, "Kubernetes API Aggregation Layer"; API reference, "APIService v1 apiregistration.k8s.io".
"""

from collections.abc import Iterator

from fairway.kinds.kind import STATUS, Column, Kind
from fairway.kinds.rules.cells import AGE, UNKNOWN
from fairway.kinds.rules.status import OF_THE_OBJECT, keep_apart
from fairway.kinds.rules.values import child, dns_label, dns_subdomain, drop_null, fill
from fairway.objects import Object, names
from fairway.objects.errors import Problem, invalid_value, not_supported, required

GROUP = "apiregistration.k8s.io"
AVAILABLE = "Available"


def defaults(new: Object) -> None:
    """The port of a Service is 443."""
    spec = child(new, "spec")
    drop_null(spec, "service", "caBundle")
    if (service := spec.get("service")) is not None:
        fill(service, port=443)
    child(new, "status")


def prepare(new: Object, old: Object | None, subresource: str) -> None:
    """The status belongs to the status subresource; what is served here is available at once."""
    keep_apart(new, old, subresource, {}, metadata=OF_THE_OBJECT)
    if old is None and new["spec"].get("service") is None:
        told = {"type": AVAILABLE, "status": "True", "lastTransitionTime": new["metadata"].get("creationTimestamp")}
        told |= {"reason": "Local", "message": "Local APIServices are always available"}
        new["status"]["conditions"] = [told]


_STATUSES = ("True", "False", "Unknown")


def validate(new: Object, old: Object | None) -> Iterator[Problem]:
    """The name is that of the group and version; a Service has a name, and its certificate is checked, or not."""
    spec, name = new["spec"], new["metadata"].get("name") or ""
    group, version = spec.get("group") or "", spec.get("version") or ""
    should = f"{version}.{group}"
    if name != should:
        yield invalid_value("metadata.name", name, f'must be `spec.version+"."+spec.group`: "{should}"')
    if group:
        yield from dns_subdomain("spec.group", group)
    elif version != "v1":
        yield required("spec.group", "only v1 may have an empty group and it better be legacy kube")
    yield from dns_label("spec.version", version)
    for field, highest in (("groupPriorityMinimum", 20000), ("versionPriority", 1000)):
        value = spec.get(field) or 0
        if not 0 < value <= highest:
            yield invalid_value(f"spec.{field}", value, f"must be positive and less than {highest}")
    yield from _backend(spec)
    if old is not None:
        for index, condition in enumerate((new.get("status") or {}).get("conditions") or ()):
            if (status := condition.get("status") or "") not in _STATUSES:
                yield not_supported(f"status.conditions[{index}].status", status, _STATUSES)


def _backend(spec: Object) -> Iterator[Problem]:
    service = spec.get("service")
    if service is None:
        if spec.get("caBundle"):
            yield invalid_value(
                "spec.caBundle", f"{len(spec['caBundle'])} bytes", "local APIServices may not have a caBundle"
            )
        if spec.get("insecureSkipTLSVerify"):
            detail = "local APIServices may not have insecureSkipTLSVerify"
            yield invalid_value("spec.insecureSkipTLSVerify", True, detail)
        return
    for field in ("namespace", "name"):
        if not service.get(field):
            yield required(f"spec.service.{field}")
    for message in names.port_number(service["port"]):
        yield invalid_value("spec.service.port", service["port"], f"port is not valid: {message}")
    if spec.get("insecureSkipTLSVerify") and spec.get("caBundle"):
        yield invalid_value("spec.insecureSkipTLSVerify", True, "may not be true if caBundle is present")


def _service(found: Object, _now: float) -> str:
    service = found["spec"].get("service")
    return f"{service.get('namespace') or ''}/{service.get('name') or ''}" if service else "Local"


def _available(found: Object, _now: float) -> str:
    for condition in (found.get("status") or {}).get("conditions") or ():
        if condition.get("type") == AVAILABLE:
            status = condition.get("status") or ""
            return status if status == "True" else f"{status} ({condition.get('reason') or ''})"
    return UNKNOWN


API_SERVICE = Kind(
    group=GROUP, version="v1", name="APIService", plural="apiservices",
    categories=("api-extensions",),
    namespaced=False,
    subresources=(STATUS,),
    columns=(Column("Service", _service), Column("Available", _available), AGE),
    defaults=defaults,
    prepare=prepare,
    status_leaves=OF_THE_OBJECT,
    validate=validate,
    unconditional_update=False,
    validate_name=names.as_name(names.path_segment),
)  # fmt: skip
