"""Rules of volumes and of the places where containers mount them."""

from collections.abc import Callable, Iterator

from fairway.kinds.rules.pod_spec import environment
from fairway.kinds.rules.quantities import amount
from fairway.kinds.rules.values import dns_label
from fairway.objects import Object
from fairway.objects.errors import (
    Problem,
    duplicate,
    forbidden_value,
    invalid_value,
    not_found_value,
    not_supported,
    required,
)

_HOST_PATH_TYPES = (
    "", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket",
)  # fmt: skip
_MODE = "must be a number between 0 and 0777 (octal), both inclusive"
_UPWARDS = "must not contain '..'"
_PROJECTED = ("secret", "configMap", "downwardAPI", "serviceAccountToken", "clusterTrustBundle", "podCertificate")
_FILE_FIELDS = ("metadata.annotations", "metadata.labels", "metadata.name", "metadata.namespace", "metadata.uid")


def volumes(path: str, found: list[Object]) -> Iterator[Problem]:
    """Every entry of ``volumes``: a name of its own and exactly one source."""
    seen: set[str] = set()
    for index, volume in enumerate(found):
        here, name = f"{path}[{index}]", volume.get("name") or ""
        yield from _source(here, volume)
        if not name:
            yield required(f"{here}.name")
            continue
        yield from dns_label(f"{here}.name", name)
        if name in seen:
            yield duplicate(f"{here}.name", name)
        seen.add(name)


def _source(path: str, volume: Object) -> Iterator[Problem]:
    given = [name for name in volume if name != "name" and volume[name] is not None]
    if not given:
        yield required(path, "must specify a volume type")
    for place, name in enumerate(given):
        if place:
            yield forbidden_value(f"{path}.{name}", "may not specify more than 1 volume type")
        elif name in _RULES:
            yield from _RULES[name](f"{path}.{name}", volume[name])


def _empty_dir(path: str, source: Object) -> Iterator[Problem]:
    if (limit := source.get("sizeLimit")) is not None and list(amount(path, limit)):
        yield forbidden_value(f"{path}.sizeLimit", "SizeLimit field must be a valid resource quantity")


def _host_path(path: str, source: Object) -> Iterator[Problem]:
    wanted, type_ = source.get("path") or "", source.get("type")
    if not wanted:
        yield required(f"{path}.path")
        return
    if ".." in wanted.split("/"):
        yield invalid_value(f"{path}.path", wanted, _UPWARDS)
    if type_ is not None and type_ not in _HOST_PATH_TYPES:
        yield not_supported(f"{path}.type", type_, _HOST_PATH_TYPES)


def _secret(path: str, source: Object) -> Iterator[Problem]:
    if not source.get("secretName"):
        yield required(f"{path}.secretName")
    yield from _keyed(path, source)


def _config_map(path: str, source: Object) -> Iterator[Problem]:
    if not source.get("name"):
        yield required(f"{path}.name")
    yield from _keyed(path, source)


def _keyed(path: str, source: Object) -> Iterator[Problem]:
    yield from _mode(f"{path}.defaultMode", source.get("defaultMode"))
    for index, item in enumerate(source.get("items") or ()):
        here = f"{path}.items[{index}]"
        if not item.get("key"):
            yield required(f"{here}.key")
        yield from _file(here, item)


def _file(path: str, item: Object) -> Iterator[Problem]:
    wanted = item.get("path") or ""
    if not wanted:
        yield required(f"{path}.path")
    else:
        yield from _inner_path(f"{path}.path", wanted)
        if wanted.startswith(".."):
            yield invalid_value(f"{path}.path", wanted, "must not start with '..'")
    yield from _mode(f"{path}.mode", item.get("mode"))


def _mode(path: str, mode: int | None) -> Iterator[Problem]:
    if mode is not None and not 0 <= mode <= 0o777:
        yield invalid_value(path, mode, _MODE)


def _inner_path(path: str, wanted: str) -> Iterator[Problem]:
    if wanted.startswith("/"):
        yield invalid_value(path, wanted, "must be a relative path")
    if ".." in wanted.split("/"):
        yield invalid_value(path, wanted, _UPWARDS)


def _downward(path: str, source: Object) -> Iterator[Problem]:
    yield from _mode(f"{path}.defaultMode", source.get("defaultMode"))
    for index, item in enumerate(source.get("items") or ()):
        here = f"{path}.items[{index}]"
        yield from _file(here, item)
        field, resource = item.get("fieldRef"), item.get("resourceFieldRef")
        if field is not None:
            yield from environment.field(f"{here}.fieldRef", field, _FILE_FIELDS)
            if resource is not None:
                yield invalid_value(
                    here, "resource", "fieldRef and resourceFieldRef can not be specified simultaneously"
                )
        elif resource is None:
            yield required(here, "one of fieldRef and resourceFieldRef is required")
        else:
            yield from environment.resource(f"{here}.resourceFieldRef", resource)
            if not resource.get("containerName"):
                yield required(f"{here}.resourceFieldRef.containerName")


def _claim(path: str, source: Object) -> Iterator[Problem]:
    if not source.get("claimName"):
        yield required(f"{path}.claimName")


def _projected(path: str, source: Object) -> Iterator[Problem]:
    yield from _mode(f"{path}.defaultMode", source.get("defaultMode"))
    for index, part in enumerate(source.get("sources") or ()):
        here = f"{path}.sources[{index}]"
        given = [name for name in _PROJECTED if part.get(name) is not None]
        if not given:
            yield required(here, "must specify one of: " + ", ".join(_PROJECTED))
        for name in given[1:]:
            yield forbidden_value(f"{here}.{name}", "may not specify more than 1 volume type per source")
        if given[:1] == ["serviceAccountToken"]:
            yield from _token(f"{here}.serviceAccountToken", part["serviceAccountToken"])
        elif given[:1] in (["secret"], ["configMap"]):
            if not part[given[0]].get("name"):
                yield required(f"{here}.{given[0]}.name")
            yield from _keyed(f"{here}.{given[0]}", part[given[0]])


def _token(path: str, source: Object) -> Iterator[Problem]:
    seconds = source.get("expirationSeconds") or 0
    if seconds < 600:
        yield invalid_value(f"{path}.expirationSeconds", seconds, "may not specify a duration less than 10 minutes")
    if seconds > 1 << 32:
        yield invalid_value(f"{path}.expirationSeconds", seconds, "may not specify a duration larger than 2^32 seconds")
    if not source.get("path"):
        yield required(f"{path}.path")
    else:
        yield from _inner_path(f"{path}.path", source["path"])


_RULES: dict[str, Callable[[str, Object], Iterator[Problem]]] = {
    "emptyDir": _empty_dir, "hostPath": _host_path, "secret": _secret, "configMap": _config_map,
    "downwardAPI": _downward, "persistentVolumeClaim": _claim, "projected": _projected,
}  # fmt: skip


def mounts(path: str, found: list[Object], known: set[str]) -> Iterator[Problem]:
    """Every entry of a container's ``volumeMounts``; ``known`` are the names of the pod's volumes."""
    places: set[str] = set()
    for index, mount in enumerate(found):
        here, name, place = f"{path}[{index}]", mount.get("name") or "", mount.get("mountPath") or ""
        if not name:
            yield required(f"{here}.name")
        if name not in known:
            yield not_found_value(f"{here}.name", name)
        if not place:
            yield required(f"{here}.mountPath")
        if place in places:
            yield invalid_value(f"{here}.mountPath", place, "must be unique")
        places.add(place)
        yield from _inner(here, mount)


def _inner(path: str, mount: Object) -> Iterator[Problem]:
    if inner := mount.get("subPath"):
        yield from _inner_path(f"{path}.subPath", inner)
    if expression := mount.get("subPathExpr"):
        if inner:
            yield invalid_value(f"{path}.subPathExpr", expression, "subPathExpr and subPath are mutually exclusive")
        yield from _inner_path(f"{path}.subPathExpr", expression)
