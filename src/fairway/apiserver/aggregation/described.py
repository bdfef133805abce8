"""Described: what an extension server says of its group and version in OpenAPI, for clients of all of them together.

Shape: ``described`` asks; ``part_of`` takes out of an OpenAPI 2 document what belongs to one group and version (pure).
Source: KEP-2896; Kubernetes docs, "OpenAPI interface definition".
"""

import hashlib
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

import orjson

from fairway.apiserver.aggregation.translated import translated
from fairway.objects import Object

Get = Callable[[str], Awaitable[tuple[int, bytes]]]
"""Status and body of a GET."""
_V2, _V3 = "/openapi/v2", "/openapi/v3"


class Described(NamedTuple):
    """The documents of one group and version; ``hash`` changes when they do.  Empty where there are none."""

    hash: str = ""
    v3: bytes = b""
    v2: Object | None = None


async def described(get: Get, group: str, version: str, known: Described) -> Described:
    """What the server says now; ``known`` if that is the same.  Raises: what ``get`` raises."""
    place = f"apis/{group}/{version}"
    index = _object(*await get(_V3))
    listed = ((index or {}).get("paths") or {}).get(place)
    where = listed.get("serverRelativeURL") if isinstance(listed, dict) else None
    told = parse_qs(urlsplit(where).query).get("hash", [""])[0] if isinstance(where, str) else ""
    if told and told == known.hash:
        return known
    v3 = b""
    if isinstance(where, str) and where.startswith("/"):
        status, body = await get(where)
        v3 = body if _object(status, body) is not None else b""
    whole = _object(*await get(_V2))
    v2 = part_of(whole, group, version) if whole is not None else None
    if not v3 and v2 is None:
        return Described()
    if not v3 and v2 is not None and whole is not None:
        v3 = orjson.dumps(translated(v2, whole.get("info") or {}))
    return Described(told or hashlib.sha256(v3 + orjson.dumps(v2)).hexdigest().upper(), v3, v2)


def _object(status: int, body: bytes) -> Object | None:
    if status != 200:
        return None
    try:
        found: Any = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    return found if isinstance(found, dict) else None


_METHODS = frozenset(("get", "put", "post", "delete", "options", "head", "patch"))


def _is_sound(paths: Object) -> bool:
    """Whether what stands there has the form of an OpenAPI 2 document, as far as it is read by us."""
    return all(
        isinstance(item, dict)
        and all(isinstance(operation, dict) for method, operation in item.items() if method in _METHODS)
        for item in paths.values()
    )


def part_of(document: Object, group: str, version: str) -> Object | None:
    """Paths, definitions and parameters of one group and version, and whatever they refer to."""
    start = f"/apis/{group}/{version}/"
    paths = {path: item for path, item in (document.get("paths") or {}).items() if f"{path}/".startswith(start)}
    if not paths or not _is_sound(paths):
        return None
    found: Object = {"paths": paths, "definitions": {}, "parameters": {}}
    open_ = list(_references(paths))
    while open_:
        section, _, name = open_.pop().removeprefix("#/").partition("/")
        below = (document.get(section) or {}).get(name)
        if section in found and below is not None and name not in found[section]:
            found[section][name] = below
            open_.extend(_references(below))
    return found


def _references(value: Any) -> list[str]:
    if isinstance(value, list):
        return [one for inner in value for one in _references(inner)]
    if not isinstance(value, dict):
        return []
    own = [value["$ref"]] if isinstance(value.get("$ref"), str) else []
    return own + [one for inner in value.values() for one in _references(inner)]


def merged(document: Object, part: Object) -> None:
    """Lay a part into the whole document, in place; what both call alike and mean otherwise goes by another name."""
    renamed: dict[str, str] = {}
    for section in ("definitions", "parameters"):
        have = document.setdefault(section, {})
        for name, value in (part.get(section) or {}).items():
            if name in have and have[name] != value and not _is_shared(name):
                renamed[f"#/{section}/{name}"] = f"#/{section}/{_free(name, have)}"
    for section in ("definitions", "parameters"):
        have = document[section]
        for name, value in (part.get(section) or {}).items():
            own = renamed.get(f"#/{section}/{name}", "").rpartition("/")[2] or name
            have.setdefault(own, _renamed(value, renamed))
    for path, item in part["paths"].items():
        document["paths"].setdefault(path, _renamed(item, renamed))


def _is_shared(name: str) -> bool:
    """Whether a definition is Kubernetes' own, of which ours will do."""
    return name.startswith("io.k8s.apimachinery.")


def _free(name: str, taken: Object) -> str:
    number = 2
    while f"{name}_v{number}" in taken:
        number += 1
    return f"{name}_v{number}"


def _renamed(value: Any, names: dict[str, str]) -> Any:
    if not names:
        return value
    if isinstance(value, list):
        return [_renamed(one, names) for one in value]
    if isinstance(value, dict):
        return {
            key: names.get(one, one) if key == "$ref" and isinstance(one, str) else _renamed(one, names)
            for key, one in value.items()
        }
    return value
