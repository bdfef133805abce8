"""Ingress (networking.k8s.io/v1): which HTTP hosts and paths lead to which Services.

Served by ``ingress``, or by whichever other ingress controller is installed for its class.
Source: Kubernetes docs, "Ingress"; API reference, "Ingress v1 networking.k8s.io".
"""

from collections.abc import Iterator

from fairway.kinds.kind import STATUS, WHY, Column, Kind
from fairway.kinds.rules import addresses
from fairway.kinds.rules.cells import AGE, NONE
from fairway.kinds.rules.references import typed_reference
from fairway.kinds.rules.status import keep_apart
from fairway.kinds.rules.values import child, dns_subdomain, drop_null, each, port_number
from fairway.objects import Object, names
from fairway.objects.errors import NIL, Problem, invalid_value, not_supported, required

CLASS_ANNOTATION = "kubernetes.io/ingress.class"
"""How a class was named before spec.ingressClassName."""
_PATH_TYPES = ("Exact", "ImplementationSpecific", "Prefix")
_BAD_PARTS = ("//", "/./", "/../", "%2f", "%2F")
_BAD_ENDS = ("/..", "/.")
_NOT_A_NAME = "must be a DNS name, not an IP address"
_HOSTS_SHOWN = 3


def defaults(new: Object) -> None:
    """Nothing is filled in; nulls go."""
    drop_null(child(new, "spec"), "ingressClassName", "defaultBackend", "tls", "rules")
    child(child(new, "status"), "loadBalancer")


def prepare(new: Object, old: Object | None, subresource: str) -> None:
    """Status and spec each belong to their own resource."""
    keep_apart(new, old, subresource, {"loadBalancer": {}})


def validate(new: Object, old: Object | None) -> Iterator[Problem]:
    """Every broken rule of the part that has changed."""
    if old is None or new["spec"] != old["spec"]:
        yield from _spec(new["spec"])
    if old is None:
        yield from _class_twice(new)
    elif new["status"] != old["status"]:
        yield from _status(new["status"], old["status"])


def _spec(spec: Object) -> Iterator[Problem]:
    rules, backend = spec.get("rules") or [], spec.get("defaultBackend")
    if not rules and backend is None:
        yield invalid_value("spec", spec.get("rules") or NIL, "either `defaultBackend` or `rules` must be specified")
    if backend is not None:
        yield from _backend("spec.defaultBackend", backend)
    for index, rule in enumerate(rules):
        yield from _rule(f"spec.rules[{index}]", rule)
    for index, tls in enumerate(spec.get("tls") or ()):
        yield from _tls(f"spec.tls[{index}]", tls)
    if (name := spec.get("ingressClassName")) is not None:
        yield from dns_subdomain("spec.ingressClassName", name)


def _rule(path: str, rule: Object) -> Iterator[Problem]:
    if host := rule.get("host"):
        if addresses.parsed(host) is not None:
            yield invalid_value(f"{path}.host", host, _NOT_A_NAME)
        yield from _host(f"{path}.host", host)
    http = rule.get("http")
    if http is None:
        return
    if not http.get("paths"):
        yield required(f"{path}.http.paths")
    for index, one in enumerate(http.get("paths") or ()):
        yield from _http_path(f"{path}.http.paths[{index}]", one)


def _host(path: str, host: str) -> Iterator[Problem]:
    return each(path, host, names.wildcard_subdomain(host) if "*" in host else names.dns_subdomain(host))


def _tls(path: str, tls: Object) -> Iterator[Problem]:
    for index, host in enumerate(tls.get("hosts") or ()):
        yield from _host(f"{path}.hosts[{index}]", host)
    if secret := tls.get("secretName"):
        yield from dns_subdomain(f"{path}.secretName", secret)


def _http_path(path: str, one: Object) -> Iterator[Problem]:
    type_, text = one.get("pathType"), one.get("path") or ""
    if type_ is None:
        yield required(f"{path}.pathType", "pathType must be specified")
        return
    if type_ not in _PATH_TYPES:
        yield not_supported(f"{path}.pathType", type_, _PATH_TYPES)
    else:
        yield from each(f"{path}.path", text, _path_faults(type_, text))
    yield from _backend(f"{path}.backend", one.get("backend") or {})


def _path_faults(type_: str, text: str) -> Iterator[str]:
    is_literal = type_ != "ImplementationSpecific"
    if not text.startswith("/") and (text or is_literal):
        yield "must be an absolute path"
    if is_literal:
        yield from (f"must not contain '{part}'" for part in _BAD_PARTS if part in text)
        yield from (f"cannot end with '{end}'" for end in _BAD_ENDS if text.endswith(end))


def _backend(path: str, backend: Object) -> Iterator[Problem]:
    resource, service = backend.get("resource"), backend.get("service")
    if resource is not None and service is not None:
        yield invalid_value(path, "", "cannot set both resource and service backends")
    elif resource is not None:
        yield from typed_reference(f"{path}.resource", resource)
    elif service is not None:
        yield from _service(path, service)
    else:
        yield invalid_value(path, "", "resource or service backend is required")


def _service(path: str, service: Object) -> Iterator[Problem]:
    if name := service.get("name"):
        yield from each(f"{path}.service.name", name, names.dns_label(name))
    else:
        yield required(f"{path}.service.name")
    port = service.get("port") or {}
    name, number = port.get("name"), port.get("number")
    if name and number:
        yield invalid_value(path, "", "cannot set both port name & port number")
    elif name:
        yield from each(f"{path}.service.port.name", name, names.port_name(name))
    elif number:
        yield from port_number(f"{path}.service.port.number", number)
    else:
        yield required(path, "port name or number is required")


def _class_twice(new: Object) -> Iterator[Problem]:
    """A class that is named in both ways must be the same."""
    annotated, named = _annotated_class(new), new["spec"].get("ingressClassName")
    if annotated is not None and named is not None and annotated != named:
        yield invalid_value(
            f"annotations.{CLASS_ANNOTATION}", annotated, "must match `ingressClassName` when both are specified"
        )


def _annotated_class(ingress: Object) -> str | None:
    found: str | None = (ingress["metadata"].get("annotations") or {}).get(CLASS_ANNOTATION)
    return found


def _status(status: Object, old: Object) -> Iterator[Problem]:
    known = [one["ip"] for one in _points(old) if one.get("ip")]
    for index, one in enumerate(_points(status)):
        path = f"status.loadBalancer.ingress[{index}]"
        if ip := one.get("ip"):
            yield from addresses.ip(f"{path}.ip", ip, known)
        if host := one.get("hostname"):
            yield from dns_subdomain(f"{path}.hostname", host)
            if addresses.parsed(host) is not None:
                yield invalid_value(f"{path}.hostname", host, _NOT_A_NAME)


def _points(status: Object | None) -> list[Object]:
    """Where the ingress is reached."""
    found: list[Object] = ((status or {}).get("loadBalancer") or {}).get("ingress") or []
    return found


def warnings(new: Object, old: Object | None) -> Iterator[str]:
    """The old way to name a class."""
    if old is None and _annotated_class(new) is not None and new["spec"].get("ingressClassName") is None:
        yield f"annotation \"{CLASS_ANNOTATION}\" is deprecated, please use 'spec.ingressClassName' instead"


def _hosts(ingress: Object, _now: float) -> str:
    """The first few; every rule beyond them counts, with a host or without."""
    rules: list[Object] = ingress["spec"].get("rules") or []
    shown: list[str] = []
    for rule in rules:
        if len(shown) == _HOSTS_SHOWN:
            return f"{','.join(shown)} + {len(rules) - _HOSTS_SHOWN} more..."
        if rule.get("host"):
            shown.append(rule["host"])
    return ",".join(shown) or "*"


def _address(ingress: Object, _now: float) -> str:
    found = {one.get("ip") or one.get("hostname") or "" for one in _points(ingress.get("status"))}
    return ",".join(sorted(found - {""}))


INGRESS = Kind(
    group="networking.k8s.io", version="v1", name="Ingress", plural="ingresses",
    short_names=("ing",),
    subresources=(STATUS, WHY),
    columns=(
        Column("Class", lambda ingress, _: ingress["spec"].get("ingressClassName") or NONE),
        Column("Hosts", _hosts),
        Column("Address", _address),
        Column("Ports", lambda ingress, _: "80, 443" if ingress["spec"].get("tls") else "80"),
        AGE,
    ),
    defaults=defaults,
    prepare=prepare,
    validate=validate,
    warnings=warnings,
    has_generation=True,
)  # fmt: skip
