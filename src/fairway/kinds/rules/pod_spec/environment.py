"""Rules of a container's environment variables."""

from collections.abc import Callable, Iterator

from fairway.kinds.rules.file_paths import without_backsteps
from fairway.kinds.rules.pod_spec.places import containers
from fairway.kinds.rules.values import dns_label, dns_subdomain, each, qualified_name
from fairway.objects import Object, names
from fairway.objects.errors import Problem, invalid_value, not_found_value, not_supported, required

Rule = Callable[[str, str], Iterator[Problem]]
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
_READABLE = frozenset((*_FIELDS, *_BY_KEY, "spec.restartPolicy", "spec.schedulerName", "status.phase"))
"""Fields that have a name for this use, whether or not they may be seen here."""
_HUGE_PAGES = ("requests.hugepages-", "limits.hugepages-")
_UNITS = ("1", "1k", "1M", "1G", "1T", "1P", "1E", "1Ki", "1Mi", "1Gi", "1Ti", "1Pi", "1Ei")


def _unit_rule(resource: str) -> tuple[tuple[str, ...], str]:
    return _UNITS, f"only divisor's values {', '.join(_UNITS)} are supported with the {resource} resource"


_OF_HUGE_PAGES = _unit_rule("hugepages")
_DIVIDED = {
    "cpu": (("1m", "1"), "only divisor's values 1m and 1 are supported with the cpu resource"),
    "memory": _unit_rule("memory"), "ephemeral-storage": _unit_rule("local ephemeral storage"),
}  # fmt: skip
_prefix_rule = names.as_name(names.dns_subdomain)


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
            path, "",
            "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`",
        )  # fmt: skip
    elif value:
        yield invalid_value(path, "", "may not be specified when `value` is not empty")
    elif len(given) > 1:
        yield invalid_value(path, "", "may not have more than one field specified at a time")


def _reference(path: str, name: str, reference: Object) -> Iterator[Problem]:
    if name == "fieldRef":
        yield from field(path, reference, _FIELDS)
    elif name == "resourceFieldRef":
        yield from resource(path, reference, is_file=False)
    elif name in ("configMapKeyRef", "secretKeyRef"):
        yield from dns_subdomain(f"{path}.name", reference.get("name") or "")
        key = reference.get("key")
        if key:
            yield from each(f"{path}.key", key, names.config_key(key))
        else:
            yield required(f"{path}.key")
    else:
        yield from _file(path, reference)


def _file(path: str, reference: Object) -> Iterator[Problem]:
    """A variable of a file in a volume.  Source: KEP-3721."""
    checks: tuple[tuple[str, Rule], ...] = (
        ("key", lambda here, value: each(here, value, names.environment_name(value))),
        ("volumeName", dns_label), ("path", without_backsteps),
    )  # fmt: skip
    for name, check in checks:
        if value := reference.get(name):
            yield from check(f"{path}.{name}", value)
        else:
            yield required(f"{path}.{name}")


def files(path: str, spec: Object) -> Iterator[Problem]:
    """Volumes that variables come from are there, and are such that containers fill."""
    sources = {volume.get("name"): volume for volume in spec.get("volumes") or ()}
    for here, container in containers(path, spec):
        for index, variable in enumerate(container.get("env") or ()):
            reference = (variable.get("valueFrom") or {}).get("fileKeyRef")
            if reference is None:
                continue
            place, name = f"{here}.env[{index}].valueFrom.fileKeyRef.volumeName", reference.get("volumeName") or ""
            if name not in sources:
                yield not_found_value(place, name)
            elif sources[name].get("emptyDir") is None:
                yield invalid_value(place, name, "referenced volume must be of type emptyDir")


def field(path: str, reference: Object, supported: tuple[str, ...]) -> Iterator[Problem]:
    """A field of the pod that its containers may see."""
    for name in ("apiVersion", "fieldPath"):
        if not reference.get(name):
            yield required(f"{path}.{name}")
            return
    wanted = reference["fieldPath"]
    base, bracket, rest = wanted.partition("['")
    if bracket and not rest.endswith("']"):
        base, bracket = wanted, ""
    if reason := _unreadable(reference["apiVersion"], base, has_key=bool(bracket)):
        yield invalid_value(f"{path}.fieldPath", wanted, f"error converting fieldPath: {reason}")
    elif bracket:
        key = rest.removesuffix("']")
        yield from qualified_name(path, key.lower() if base == _BY_KEY[0] else key)
    elif base not in supported:
        yield not_supported(f"{path}.fieldPath", wanted, sorted(supported))


def _unreadable(version: str, base: str, *, has_key: bool) -> str:
    if version != "v1":
        return f"unsupported pod version: {version}"
    if has_key and base not in _BY_KEY:
        return f"field label does not support subscript: {base}"
    return "" if base in _READABLE else f"field label not supported: {base}"


def resource(path: str, reference: Object, *, is_file: bool) -> Iterator[Problem]:
    """An amount of a container that it may see; a file must say of which."""
    wanted = reference.get("resource") or ""
    if is_file and not reference.get("containerName"):
        yield required(f"{path}.containerName")
    elif not wanted:
        yield required(f"{path}.resource")
    elif wanted not in _RESOURCES and not wanted.startswith(_HUGE_PAGES):
        yield not_supported(f"{path}.resource", wanted, _RESOURCES)
    yield from _divisor(f"{path}.divisor", wanted, str(reference.get("divisor") or "0"))


def _divisor(path: str, resource: str, divisor: str) -> Iterator[Problem]:
    amount = _OF_HUGE_PAGES if resource.startswith(_HUGE_PAGES) else _DIVIDED.get(resource.partition(".")[2])
    if divisor == "0" or amount is None or (resource not in _RESOURCES and amount is not _OF_HUGE_PAGES):
        return
    allowed, shown = amount
    if divisor not in allowed:
        yield invalid_value(path, resource, shown)


def groups(path: str, found: list[Object]) -> Iterator[Problem]:
    """Every entry of ``envFrom``."""
    for index, group in enumerate(found):
        if prefix := group.get("prefix"):
            yield from each(f"{path}[{index}].prefix", prefix, names.environment_name(prefix))
        given = [name for name in ("configMapRef", "secretRef") if group.get(name) is not None]
        for name in given:
            if wanted := group[name].get("name"):
                yield from each(f"{path}[{index}].{name}.name", wanted, _prefix_rule(wanted, True))
            else:
                yield required(f"{path}[{index}].{name}.name")
        if not given:
            yield invalid_value(path, "", "must specify one of: `configMapRef` or `secretRef`")
        elif len(given) > 1:
            yield invalid_value(path, "", "may not have more than one field specified at a time")
