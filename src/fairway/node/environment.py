"""Environment: the variables of one container, everything resolved.  Pure.

Shape: the pod, the container, the ConfigMaps and Secrets it names and the Services of its namespace in; names and
values out.  A container's ``env`` goes before its ``envFrom``, which goes before the variables of Services.
Source: Kubernetes API reference, "EnvVar v1 core", "EnvFromSource v1 core".
"""

import base64
from collections.abc import Iterable, Iterator, Mapping

from fairway.node.expansion import expanded
from fairway.node.field_refs import ReferenceProblem, Surroundings, container_resource, pod_field
from fairway.node.service_variables import service_variables
from fairway.objects import Object

Reference = tuple[str, str]
"""Kind (``ConfigMap`` or ``Secret``) and name, in the pod's namespace."""

Sources = Mapping[Reference, Object | None]
"""What was referred to; ``None`` for what does not exist."""

_KINDS = {"configMapKeyRef": "ConfigMap", "secretKeyRef": "Secret", "configMapRef": "ConfigMap", "secretRef": "Secret"}
_SHOWN = {"ConfigMap": "configmap", "Secret": "secret"}


def references(container: Object) -> Iterator[Reference]:
    """The ConfigMaps and Secrets that a container's environment needs."""
    for source in container.get("envFrom") or []:
        for field in ("configMapRef", "secretRef"):
            if field in source:
                yield _KINDS[field], source[field]["name"]
    for variable in container.get("env") or []:
        for field in ("configMapKeyRef", "secretKeyRef"):
            if field in (variable.get("valueFrom") or {}):
                yield _KINDS[field], variable["valueFrom"][field]["name"]


def environment(
    pod: Object, container: Object, sources: Sources, services: Iterable[Object], around: Surroundings
) -> dict[str, str]:
    """The container's variables.  Raises: ``ReferenceProblem`` if one cannot be resolved."""
    namespace = pod["metadata"]["namespace"]
    has_links = pod["spec"].get("enableServiceLinks", True) is not False
    of_services = service_variables(services, namespace, has_links=has_links)
    own: dict[str, str] = {}
    for source in container.get("envFrom") or []:
        own |= _from_source(source, namespace, sources)
    for variable in container.get("env") or []:
        value = _value(pod, container, variable, sources, around, (own, of_services))
        if value is not None:
            own[variable["name"]] = value
    return {**of_services, **own}


def _from_source(source: Object, namespace: str, sources: Sources) -> dict[str, str]:
    for field in ("configMapRef", "secretRef"):
        if field in source:
            found = _referred(field, source[field], namespace, sources)
            prefix = source.get("prefix") or ""
            return {prefix + name: value for name, value in texts(found).items() if _is_name(prefix + name)}
    return {}


def _is_name(name: str) -> bool:
    """KEP-4369: any printable ASCII but ``=``."""
    return bool(name) and all(" " <= letter <= "~" and letter != "=" for letter in name)


def _value(
    pod: Object, container: Object, variable: Object, sources: Sources, around: Surroundings,
    known: tuple[Mapping[str, str], ...],
) -> str | None:  # fmt: skip
    origin: Object = variable.get("valueFrom") or {}
    if not origin:
        return expanded(variable.get("value") or "", *known)
    if "fieldRef" in origin:
        return pod_field(pod, origin["fieldRef"]["fieldPath"], around)
    if "resourceFieldRef" in origin:
        return container_resource(pod, origin["resourceFieldRef"], container["name"], around)
    for field in ("configMapKeyRef", "secretKeyRef"):
        if field in origin:
            return _key_value(field, origin[field], pod["metadata"]["namespace"], sources)
    raise ReferenceProblem(f"unsupported source of environment variable {variable['name']}")


def _key_value(field: str, reference: Object, namespace: str, sources: Sources) -> str | None:
    found = _referred(field, reference, namespace, sources)
    if found is None:
        return None
    value = texts(found).get(reference["key"])
    if value is None and not reference.get("optional"):
        kind = _KINDS[field]
        raise ReferenceProblem(f"couldn't find key {reference['key']} in {kind} {namespace}/{reference['name']}")
    return value


def _referred(field: str, reference: Object, namespace: str, sources: Sources) -> Object | None:
    kind, name = _KINDS[field], reference["name"]
    found = sources.get((kind, name))
    if found is None and not reference.get("optional"):
        raise ReferenceProblem(f'{_SHOWN[kind]} "{name}" not found')
    return found


def texts(found: Object | None) -> dict[str, str]:
    """The keys of a ConfigMap or Secret as text (binaryData left out); nothing for what does not exist."""
    if found is None:
        return {}
    values: Mapping[str, str] = found.get("data") or {}
    if found.get("kind") != "Secret":
        return dict(values)
    return {name: base64.b64decode(value).decode(errors="surrogateescape") for name, value in values.items()}
