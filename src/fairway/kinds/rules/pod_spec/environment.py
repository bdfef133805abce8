"""Rules of a container's environment variables."""

from collections.abc import Iterator

from fairway.kinds.rules.values import each
from fairway.objects import Object, names
from fairway.objects.errors import Problem, invalid_value, not_supported, required

_FIELDS = (
    "metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName",
    "status.hostIP", "status.hostIPs", "status.podIP", "status.podIPs",
)  # fmt: skip
_RESOURCES = (
    "limits.cpu", "limits.ephemeral-storage", "limits.memory",
    "requests.cpu", "requests.ephemeral-storage", "requests.memory",
)  # fmt: skip
_SOURCES = ("fieldRef", "resourceFieldRef", "configMapKeyRef", "secretKeyRef", "fileKeyRef")
_BY_KEY = ("metadata.annotations", "metadata.labels")


def variables(path: str, found: list[Object]) -> Iterator[Problem]:
    """Every entry of ``env``."""
    for index, variable in enumerate(found):
        name = variable.get("name") or ""
        if name:
            yield from each(f"{path}[{index}].name", name, names.environment_name(name))
        else:
            yield required(f"{path}[{index}].name")
        if variable.get("valueFrom") is not None:
            yield from _source(f"{path}[{index}].valueFrom", variable["valueFrom"], variable.get("value"))


def _source(path: str, source: Object, value: str | None) -> Iterator[Problem]:
    given = [name for name in _SOURCES if source.get(name) is not None]
    for name in given:
        yield from _reference(f"{path}.{name}", name, source[name])
    if not given:
        yield invalid_value(
            path, "", "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`"
        )
    elif value:
        yield invalid_value(path, "", "may not be specified when `value` is not empty")
    elif len(given) > 1:
        yield invalid_value(path, "", "may not have more than one field specified at a time")


def _reference(path: str, name: str, reference: Object) -> Iterator[Problem]:
    if name == "fieldRef":
        yield from field(path, reference, _FIELDS)
    elif name == "resourceFieldRef":
        yield from resource(path, reference)
    elif name in ("configMapKeyRef", "secretKeyRef"):
        if not reference.get("name"):
            yield required(f"{path}.name")
        key = reference.get("key")
        if key:
            yield from each(f"{path}.key", key, names.config_key(key))
        else:
            yield required(f"{path}.key")


def field(path: str, reference: Object, supported: tuple[str, ...]) -> Iterator[Problem]:
    """A field of the pod that its containers may see."""
    if not reference.get("apiVersion"):
        yield required(f"{path}.apiVersion")
    wanted = reference.get("fieldPath")
    if not wanted:
        yield required(f"{path}.fieldPath")
        return
    base, bracket, key = wanted.partition("[")
    if bracket and base in _BY_KEY:
        key = key.removesuffix("]").strip("'\"")
        yield from each(path, key, names.qualified_name(key.lower() if base == _BY_KEY[0] else key))
    elif wanted not in supported:
        yield not_supported(f"{path}.fieldPath", wanted, sorted(supported))


def resource(path: str, reference: Object) -> Iterator[Problem]:
    """An amount of the container that it may see."""
    wanted = reference.get("resource")
    if not wanted:
        yield required(f"{path}.resource")
    elif wanted not in _RESOURCES and "hugepages-" not in wanted:
        yield not_supported(f"{path}.resource", wanted, _RESOURCES)


def groups(path: str, found: list[Object]) -> Iterator[Problem]:
    """Every entry of ``envFrom``."""
    for index, group in enumerate(found):
        if prefix := group.get("prefix"):
            yield from each(f"{path}[{index}].prefix", prefix, names.environment_name(prefix))
        given = [name for name in ("configMapRef", "secretRef") if group.get(name) is not None]
        for name in given:
            if not group[name].get("name"):
                yield required(f"{path}[{index}].{name}.name")
        if not given:
            yield invalid_value(path, "", "must specify one of: `configMapRef` or `secretRef`")
        elif len(given) > 1:
            yield invalid_value(path, "", "may not have more than one field specified at a time")
