"""Payload: the files of configMap, secret, downwardAPI and projected volumes.  Pure.

Source: Kubernetes docs, "Volumes", "Projected Volumes"; API reference, "Volume v1 core".
"""

import base64
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from fairway.node.environment import Reference, Sources
from fairway.node.field_refs import ReferenceProblem, Surroundings, container_resource, pod_field
from fairway.node.pod_spec import fs_group, fs_user
from fairway.node.volumes.token_request import token_asked
from fairway.objects import Object

DEFAULT_MODE = 0o644
PRIVATE_MODE = 0o600
WRITTEN_KINDS = ("configMap", "secret", "downwardAPI", "projected")
"""Volume sources whose files this node writes."""


@dataclass(frozen=True, slots=True)
class File:
    """One file of a volume; ``mode`` holds the permission bits."""

    content: bytes
    mode: int = DEFAULT_MODE
    uid: int | None = None
    """The owner, if not root."""


Payload = Mapping[str, File]
"""Path below the volume -> file."""


def volume_references(volume: Object) -> Iterator[Reference]:
    """The ConfigMaps, Secrets and claims that a volume is made of."""
    if "persistentVolumeClaim" in volume:
        yield "PersistentVolumeClaim", volume["persistentVolumeClaim"]["claimName"]
    if "configMap" in volume:
        yield "ConfigMap", volume["configMap"]["name"]
    elif "secret" in volume:
        yield "Secret", volume["secret"]["secretName"]
    for source in (volume.get("projected") or {}).get("sources") or []:
        if "configMap" in source:
            yield "ConfigMap", source["configMap"]["name"]
        elif "secret" in source:
            yield "Secret", source["secret"]["name"]


def is_written(volume: Object) -> bool:
    """Whether the volume's files come from the API."""
    return any(kind in volume for kind in WRITTEN_KINDS)


def is_secret(volume: Object) -> bool:
    """Whether the volume holds secret material, which belongs in memory only."""
    if "secret" in volume:
        return True
    sources = (volume.get("projected") or {}).get("sources") or []
    return any("secret" in source or "serviceAccountToken" in source for source in sources)


def payload(pod: Object, volume: Object, sources: Sources, around: Surroundings) -> dict[str, File]:
    """Every file of a written volume.  Raises: ``ReferenceProblem``."""
    if "projected" not in volume:
        return dict(_files(pod, volume, sources, around, _mode_of(volume)))
    projected = volume["projected"]
    mode = projected.get("defaultMode", DEFAULT_MODE)
    files: dict[str, File] = {}
    for source in projected.get("sources") or []:
        files |= _files(pod, source, sources, around, mode)
    return files


def _mode_of(volume: Object) -> int:
    spec = next(volume[kind] for kind in WRITTEN_KINDS if kind in volume)
    mode: int = (spec or {}).get("defaultMode", DEFAULT_MODE)
    return mode


def _files(
    pod: Object, source: Object, sources: Sources, around: Surroundings, mode: int
) -> Mapping[str, File]:  # fmt: skip
    if "configMap" in source:
        spec = source["configMap"]
        return _keyed(spec, "configmap", "config", _contents(sources, "ConfigMap", spec["name"]), mode, spec["name"])
    if "secret" in source:
        spec = source["secret"]
        name = spec.get("secretName") or spec.get("name")
        return _keyed(spec, "secret", "secret", _contents(sources, "Secret", name), mode, name)
    if "downwardAPI" in source:
        return _downward(pod, source["downwardAPI"] or {}, around, mode)
    if "serviceAccountToken" in source:
        return _token(pod, source["serviceAccountToken"], around, mode)
    raise ReferenceProblem(f'projected source "{next(iter(source), "")}" is not supported')


def _contents(sources: Sources, kind: str, name: str) -> dict[str, bytes] | None:
    found = sources.get((kind, name))
    if found is None:
        return None
    encoded: Mapping[str, str] = found.get("data") or {}
    if kind == "Secret":
        return {key: base64.b64decode(value) for key, value in encoded.items()}
    contents = {key: value.encode() for key, value in encoded.items()}
    binary: Mapping[str, str] = found.get("binaryData") or {}
    return contents | {key: base64.b64decode(value) for key, value in binary.items()}


def _keyed(
    spec: Object, shown: str, word: str, contents: Mapping[str, bytes] | None, mode: int, name: str
) -> dict[str, File]:
    """The keys of one ConfigMap or Secret, all of them or those that ``items`` picks."""
    if contents is None:
        if spec.get("optional"):
            return {}
        raise ReferenceProblem(f'{shown} "{name}" not found')
    if not spec.get("items"):
        return {key: File(content, mode) for key, content in contents.items()}
    files = {}
    for item in spec["items"]:
        content = contents.get(item["key"])
        if content is None:
            if spec.get("optional"):
                continue
            raise ReferenceProblem(f"references non-existent {word} key: {item['key']}")
        files[_safe(item["path"])] = File(content, _item_mode(item, mode))
    return files


def _downward(pod: Object, spec: Object, around: Surroundings, mode: int) -> dict[str, File]:
    files = {}
    for item in spec.get("items") or []:
        if "fieldRef" in item:
            text = pod_field(pod, item["fieldRef"]["fieldPath"], around)
        else:
            text = container_resource(pod, item["resourceFieldRef"], "", around)
        files[_safe(item["path"])] = File(text.encode(), _item_mode(item, mode))
    return files


def _token(pod: Object, spec: Object, around: Surroundings, mode: int) -> dict[str, File]:
    """Only for whom the pod runs as, where that is known."""
    token = around.tokens.get(token_asked(spec))
    if not isinstance(token, str):
        raise token or ReferenceProblem("failed to fetch token: it has not been asked for")
    owner, group = fs_user(pod), fs_group(pod)
    is_private = owner is not None or group is not None
    return {_safe(spec["path"]): File(token.encode(), PRIVATE_MODE if is_private else mode, owner)}


def _item_mode(item: Object, mode: int) -> int:
    found: int | None = item.get("mode")
    return mode if found is None else found


def _safe(path: str) -> str:
    """A path that stays below the volume.  The API refuses others too; a node trusts no path that it writes to."""
    parts = path.split("/")
    if path.startswith("/") or ".." in parts or parts[0].startswith(".."):
        raise ReferenceProblem(f"invalid path: must be relative and must not contain or start with '..': {path}")
    return "/".join(part for part in parts if part not in ("", "."))
