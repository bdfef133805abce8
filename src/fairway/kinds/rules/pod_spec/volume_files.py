"""Rules of volumes that are files made of other objects: Secrets, ConfigMaps, fields of the pod, tokens."""

from collections.abc import Iterator

from fairway.kinds.rules.file_paths import file_mode, unreserved
from fairway.kinds.rules.pod_spec import environment
from fairway.objects import Object
from fairway.objects.errors import Problem, forbidden_value, invalid_value, required
from fairway.objects.labels import validate_label_selector

_PROJECTED = ("secret", "configMap", "downwardAPI", "serviceAccountToken", "clusterTrustBundle", "podCertificate")
_FIELDS = ("metadata.annotations", "metadata.labels", "metadata.name", "metadata.namespace", "metadata.uid")
_TWICE = "conflicting duplicate paths"
_SHORTEST_S, _LONGEST_S = 600, 1 << 32


def secret(path: str, source: Object) -> Iterator[Problem]:
    """The keys of a Secret."""
    return _object(path, "secretName", source)


def config_map(path: str, source: Object) -> Iterator[Problem]:
    """The keys of a ConfigMap."""
    return _object(path, "name", source)


def _object(path: str, field: str, source: Object) -> Iterator[Problem]:
    if not source.get(field):
        yield required(f"{path}.{field}")
    yield from file_mode(f"{path}.defaultMode", source.get("defaultMode"))
    for index, item in enumerate(source.get("items") or ()):
        yield from _key(f"{path}.items[{index}]", item)


def _key(path: str, item: Object) -> Iterator[Problem]:
    for field in ("key", "path"):
        if not item.get(field):
            yield required(f"{path}.{field}")
    yield from unreserved(f"{path}.path", item.get("path") or "")
    yield from file_mode(f"{path}.mode", item.get("mode"))


def downward(path: str, source: Object) -> Iterator[Problem]:
    """Fields of the pod; problems name the volume and not the file, as upstream's do."""
    yield from file_mode(f"{path}.defaultMode", source.get("defaultMode"))
    for item in source.get("items") or ():
        yield from _field(path, item)


def _field(path: str, item: Object) -> Iterator[Problem]:
    if not item.get("path"):
        yield required(f"{path}.path")
    yield from unreserved(f"{path}.path", item.get("path") or "")
    field, resource = item.get("fieldRef"), item.get("resourceFieldRef")
    if field is not None:
        yield from environment.field(f"{path}.fieldRef", field, _FIELDS)
        if resource is not None:
            yield invalid_value(path, "resource", "fieldRef and resourceFieldRef can not be specified simultaneously")
    elif resource is not None:
        yield from environment.resource(f"{path}.resourceFieldRef", resource, is_file=True)
    else:
        yield required(path, "one of fieldRef and resourceFieldRef is required")
    yield from file_mode(f"{path}.mode", item.get("mode"))


def projected(path: str, source: Object) -> Iterator[Problem]:
    """Several of them in one folder; no path twice."""
    yield from file_mode(f"{path}.defaultMode", source.get("defaultMode"))
    taken: set[str] = set()
    for index, part in enumerate(source.get("sources") or ()):
        here = f"{path}.sources[{index}]"
        given = [name for name in _PROJECTED if part.get(name) is not None]
        for name in given:
            yield from _part(path, here, name, part[name], taken)
        if len(given) > 1:
            yield forbidden_value(here, "may not specify more than 1 volume type per source")


def _part(path: str, here: str, name: str, part: Object, taken: set[str]) -> Iterator[Problem]:
    if name in ("secret", "configMap"):
        if not part.get("name"):
            yield required(f"{here}.{name}.name")
        for index, item in enumerate(part.get("items") or ()):
            yield from _key(f"{here}.{name}.items[{index}]", item)
            yield from _once(path, item.get("path"), part.get("name") or "", taken)
    elif name == "downwardAPI":
        for item in part.get("items") or ():
            yield from _field(f"{here}.downwardAPI", item)
            yield from _once(path, item.get("path"), item.get("path"), taken)
    elif name == "serviceAccountToken":
        yield from _token(path, f"{here}.serviceAccountToken", part)
    elif name == "clusterTrustBundle":
        yield from _trust(f"{here}.clusterTrustBundle", part)
        yield from _once(path, part.get("path"), part.get("path"), taken)


def _once(path: str, wanted: str | None, shown: str | None, taken: set[str]) -> Iterator[Problem]:
    if wanted and wanted in taken:
        yield invalid_value(path, shown, _TWICE)
    elif wanted:
        taken.add(wanted)


def _token(path: str, here: str, source: Object) -> Iterator[Problem]:
    seconds = source.get("expirationSeconds") or 0
    if seconds < _SHORTEST_S:
        yield invalid_value(f"{here}.expirationSeconds", seconds, "may not specify a duration less than 10 minutes")
    if seconds > _LONGEST_S:
        yield invalid_value(f"{here}.expirationSeconds", seconds, "may not specify a duration larger than 2^32 seconds")
    if not source.get("path"):
        yield required(f"{path}.path")
    else:
        yield from unreserved(f"{path}.path", source["path"])


def _trust(path: str, source: Object) -> Iterator[Problem]:
    name, signer, labels = source.get("name"), source.get("signerName"), source.get("labelSelector")
    if name is not None and signer is not None:
        yield invalid_value(path, source, "only one of name and signerName may be used")
    elif name is not None:
        if not name:
            yield required(f"{path}.name", "must be a valid object name")
        if labels is not None:
            yield invalid_value(f"{path}.labelSelector", labels, "labelSelector must be unset if name is specified")
    elif signer is not None:
        if not signer:
            yield required(f"{path}.signerName", "must be a valid signer name")
        yield from validate_label_selector(labels, f"{path}.labelSelector")
    else:
        yield required(path, "either name or signerName must be specified")
    if not source.get("path"):
        yield required(f"{path}.path")
    yield from unreserved(f"{path}.path", source.get("path") or "")
