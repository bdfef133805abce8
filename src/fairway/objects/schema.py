"""Schema: the fields and types of every built-in kind, read on demand from the table made at build time.

Shape: ``definition_of(api_version, kind)`` gives a ``Definition`` or ``None``; a ``Type`` names other definitions by
``definition(place)``.  Reading the table takes about a millisecond, once; a definition is decoded when asked for.
Sources: ``hatch_build.py`` (the table's form); Kubernetes docs, "Merge strategy" in server-side apply.
"""

import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import orjson

from fairway.objects import Object

STRING, BOOLEAN, INT32, INT64, NUMBER = "s", "b", "i", "l", "n"
BYTES, TIME, OBJECT, QUANTITY, INT_OR_STRING, ANYTHING = "y", "t", "o", "q", "x", "*"
LIST, MAP, DEFINED = "list", "map", "defined"

# The older versions of these groups differ from apps/v1 in defaults, not in fields.
_SAME_FIELDS = {"apps/v1beta1": "apps/v1", "apps/v1beta2": "apps/v1", "extensions/v1beta1": "apps/v1"}
_TABLE = Path(__file__).with_name("schemas.bin")


@dataclass(frozen=True, slots=True)
class Type:
    """What a field holds.  ``form`` is one of this module's constants.

    ``item`` is the type of a list's items or a map's values, ``place`` that of a definition.  The rest is what
    ``x-kubernetes-*`` says of a list or map: how it is merged, and by which keys its items are told apart.
    """

    form: str
    item: "Type | None" = None
    place: int = -1
    list_type: str = ""
    list_map_keys: tuple[str, ...] = ()
    patch_strategies: tuple[str, ...] = ()
    patch_merge_key: str = ""
    map_type: str = ""


@dataclass(frozen=True, slots=True)
class Definition:
    """One named type.  ``fields`` is ``None`` where it has none of its own: ``type`` then says what it is.

    ``name`` is the full one (io.k8s.api.core.v1.ServicePort); ``kinds`` are (group, version, kind) triples.
    """

    name: str
    fields: Mapping[str, Type] | None
    type: Type | None
    required: tuple[str, ...]
    map_type: str
    kinds: tuple[tuple[str, str, str], ...]
    unions: tuple[Object, ...]

    @property
    def short_name(self) -> str:
        """The last part of the name, as the Go type is called: ``ServicePort``."""
        return self.name.rpartition(".")[2]


@dataclass(frozen=True, slots=True)
class _Table:
    version: str
    names: list[str]
    kinds: dict[str, int]
    lines: list[bytes]
    fingerprint: str


@lru_cache(1)
def _table() -> _Table:
    try:
        packed = _TABLE.read_bytes()
    except FileNotFoundError as error:
        raise RuntimeError(f"{_TABLE} is missing: run 'pip install -e .' or 'python hatch_build.py'") from error
    head, *lines = zlib.decompress(packed).split(b"\n")
    about = orjson.loads(head)
    return _Table(about["version"], about["names"], about["kinds"], lines, f"{zlib.crc32(packed):08x}")


def version() -> str:
    """The Kubernetes version that the table describes, ``1.36.0``."""
    return _table().version


def places() -> range:
    """The places of all definitions."""
    return range(len(_table().names))


def fingerprint() -> str:
    """A short text that changes whenever the table does."""
    return _table().fingerprint


def _type(coded: Any) -> Type:
    if isinstance(coded, str):
        return _scalar(coded)
    if isinstance(coded, int):
        return _defined(coded)
    item, form, place = None, DEFINED, coded.get("d", -1)
    if "a" in coded:
        item, form = _type(coded["a"]), LIST
    elif "o" in coded:
        item, form = _type(coded["o"]), MAP
    return Type(
        form, item, place,
        list_type=coded.get("l", ""), list_map_keys=tuple(coded.get("k", ())),
        patch_strategies=tuple(coded.get("p", "").split(",")) if coded.get("p") else (),
        patch_merge_key=coded.get("m", ""), map_type=coded.get("c", ""),
    )  # fmt: skip


@lru_cache(None)
def _scalar(form: str) -> Type:
    return Type(form)


@lru_cache(None)
def _defined(place: int) -> Type:
    return Type(DEFINED, None, place)


@lru_cache(None)
def definition(place: int) -> Definition:
    """The definition at ``place`` of the table."""
    table = _table()
    coded = orjson.loads(table.lines[place])
    fields = {name: _type(value) for name, value in coded["f"].items()} if "f" in coded else None
    return Definition(
        table.names[place], fields, _type(coded["t"]) if "t" in coded else None,
        tuple(coded.get("r", ())), coded.get("m", ""),
        tuple((group, version, kind) for group, version, kind in coded.get("g", ())), tuple(coded.get("u", ())),
    )  # fmt: skip


def place_of(api_version: str, kind: str) -> int | None:
    """Where the definition of a kind stands, or ``None`` for a kind that is not built in."""
    return _table().kinds.get(f"{original_version(api_version)} {kind}")


def original_version(api_version: str) -> str:
    """The group version whose fields an older one shares, or ``api_version`` itself."""
    return _SAME_FIELDS.get(api_version, api_version)


def definition_of(api_version: str, kind: str) -> Definition | None:
    """The definition of a kind, or ``None`` for one that is not built in."""
    place = place_of(api_version, kind)
    return None if place is None else definition(place)


def place_named(name: str) -> int:
    """Where the definition with a full name stands.  Raises: ``ValueError``."""
    return _table().names.index(name)


def references(found: Definition) -> Iterator[int]:
    """The places of the definitions that ``found`` names itself, each as often as it does."""
    for type_ in (*(found.fields or {}).values(), *([found.type] if found.type else ())):
        inner: Type | None = type_
        while inner is not None:
            if inner.form == DEFINED:
                yield inner.place
            inner = inner.item


def closure(places: set[int]) -> list[int]:
    """``places`` and all that they need, in order of the table."""
    found, open_ = set(places), list(places)
    while open_:
        for place in references(definition(open_.pop())):
            if place not in found:
                found.add(place)
                open_.append(place)
    return sorted(found)
