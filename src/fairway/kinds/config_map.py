"""ConfigMap (core/v1): settings as keys and texts.

Source: Kubernetes docs, "ConfigMaps".
"""

from collections.abc import Iterator

from fairway.kinds.kind import Column, Kind
from fairway.kinds.rules.cells import AGE
from fairway.kinds.rules.values import drop_null, each
from fairway.objects import Object, names
from fairway.objects.errors import Problem, forbidden_value, too_long

SIZE_MAX_BYTES = 1024 * 1024
_SEALED = "field is immutable when `immutable` is set"


def defaults(new: Object) -> None:
    """Nothing is filled in; nulls go."""
    drop_null(new, "data", "binaryData", "immutable")


def validate(new: Object, old: Object | None) -> Iterator[Problem]:
    """Keys that can be file names, a bounded size, and what ``immutable`` seals."""
    if old is not None:
        yield from sealed(new, old, ("data", "binaryData"))
    texts, binaries = new.get("data") or {}, new.get("binaryData") or {}
    for key in texts:
        if not names.is_config_key(key):
            yield from each(f"data[{key}]", key, names.config_key(key))
        if key in binaries:
            yield from each(f"data[{key}]", key, ["duplicate of key present in binaryData"])
    for key in binaries:
        if not names.is_config_key(key):
            yield from each(f"binaryData[{key}]", key, names.config_key(key))
    size = sum(size_of(text) for text in texts.values()) + sum(decoded_size(text) for text in binaries.values())
    if size > SIZE_MAX_BYTES:
        yield too_long("[]", SIZE_MAX_BYTES)


def sealed(new: Object, old: Object, fields: tuple[str, ...]) -> Iterator[Problem]:
    """What may not change once ``immutable`` is true, ``immutable`` itself included."""
    if not old.get("immutable"):
        return
    if not new.get("immutable"):
        yield forbidden_value("immutable", _SEALED)
    for field in fields:
        if (new.get(field) or {}) != (old.get(field) or {}):
            yield forbidden_value(field, _SEALED)


def size_of(text: str) -> int:
    """The bytes of a text in UTF-8."""
    return len(text) if text.isascii() else len(text.encode())


def decoded_size(text: str) -> int:
    """The number of bytes that a base64 text stands for."""
    return len(text) * 3 // 4 - text.count("=", -2)


CONFIG_MAP = Kind(
    group="", version="v1", name="ConfigMap", plural="configmaps",
    short_names=("cm",),
    columns=(
        Column("Data", lambda found, _: len(found.get("data") or ()) + len(found.get("binaryData") or ())),
        AGE,
    ),
    defaults=defaults,
    validate=validate,
)  # fmt: skip
