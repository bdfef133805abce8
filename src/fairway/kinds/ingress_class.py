"""IngressClass (networking.k8s.io/v1): which controller serves the Ingresses of a class.

Source: Kubernetes docs, "Ingress", "Ingress class"; API reference, "IngressClass v1 networking.k8s.io".
"""

import re
from collections.abc import Iterable, Iterator

from fairway.kinds.kind import Column, Kind
from fairway.kinds.rules.cells import AGE, NONE, at
from fairway.kinds.rules.references import typed_reference
from fairway.kinds.rules.values import child, dns_label, dns_subdomain, drop_null, fill, unchanged
from fairway.objects import Object
from fairway.objects.errors import Problem, forbidden_value, invalid_value, not_supported, required, too_long

DEFAULT_ANNOTATION = "ingressclass.kubernetes.io/is-default-class"
"""``true`` makes a class that of all new Ingresses that name none."""
CONTROLLER = "fairway.dev/ingress"
"""The ``spec.controller`` of the classes that Fairway serves."""
CLASS_NAME = "fairway"
"""The class that every cluster has."""
_CONTROLLER = "spec.controller"
_CONTROLLER_MAX = 250
_PARAMETERS = "spec.parameters"
_HTTP_PATH = r"[A-Za-z0-9/\-._~%!$&'()*+,;=:]+"
_is_http_path = re.compile(_HTTP_PATH, re.ASCII).fullmatch


def defaults(new: Object) -> None:
    """Parameters are cluster-wide unless they say otherwise."""
    spec = child(new, "spec")
    drop_null(spec, "parameters")
    if "parameters" in spec:
        fill(spec["parameters"], scope="Cluster")


def validate(new: Object, old: Object | None) -> Iterator[Problem]:
    """The controller must be named, and stays; parameters are a whole reference."""
    spec = new["spec"]
    controller = spec.get("controller") or ""
    if old is not None:
        yield from unchanged(_CONTROLLER, controller, old["spec"].get("controller") or "")
    if not controller:
        yield required(_CONTROLLER)
    else:
        if len(controller.encode()) > _CONTROLLER_MAX:
            yield too_long(_CONTROLLER, _CONTROLLER_MAX)
        yield from _domain_prefixed(_CONTROLLER, controller)
    if "parameters" in spec:
        yield from typed_reference(_PARAMETERS, spec["parameters"])
        yield from _scope(spec["parameters"])


def _domain_prefixed(path: str, value: str) -> Iterator[Problem]:
    """``domain/path``."""
    host, _, rest = value.partition("/")
    if not host or not rest:
        yield invalid_value(path, value, 'must be a domain-prefixed path (such as "acme.io/foo")')
        return
    yield from dns_subdomain(path, host)
    if not _is_http_path(rest):
        yield invalid_value(path, rest, f"Invalid path (regex used for validation is '{_HTTP_PATH}')")


def _scope(parameters: Object) -> Iterator[Problem]:
    scope, namespace = parameters["scope"], parameters.get("namespace")
    if scope not in ("Cluster", "Namespace"):
        yield not_supported(f"{_PARAMETERS}.scope", scope, ("Cluster", "Namespace"))
    elif scope == "Cluster":
        if namespace is not None:
            yield forbidden_value(f"{_PARAMETERS}.namespace", "`parameters.scope` is set to 'Cluster'")
    elif namespace is None:
        yield required(f"{_PARAMETERS}.namespace", "`parameters.scope` is set to 'Namespace'")
    else:
        yield from dns_label(f"{_PARAMETERS}.namespace", namespace)


def default_class(classes: Iterable[Object]) -> Object | None:
    """The class of an Ingress that names none: of those marked as default the youngest, then the first by name."""
    marked = [
        each["metadata"] for each in classes
        if (each["metadata"].get("annotations") or {}).get(DEFAULT_ANNOTATION) == "true"
    ]  # fmt: skip
    marked.sort(key=lambda meta: meta["name"])
    return max(marked, key=lambda meta: meta.get("creationTimestamp") or "", default=None)


def _parameters(found: Object, _now: float) -> str:
    parameters = found["spec"].get("parameters")
    if parameters is None:
        return NONE
    kind, group = parameters.get("kind") or "", parameters.get("apiGroup")
    return f"{kind}{'' if group is None else f'.{group}'}/{parameters.get('name') or ''}"


INGRESS_CLASS = Kind(
    group="networking.k8s.io", version="v1", name="IngressClass", plural="ingressclasses",
    namespaced=False,
    columns=(Column("Controller", at("spec", "controller")), Column("Parameters", _parameters), AGE),
    defaults=defaults,
    validate=validate,
    has_generation=True,
)  # fmt: skip
