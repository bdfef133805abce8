"""Secret (core/v1): keys and bytes that not everybody may see.

Source: Kubernetes docs, "Secrets", "Types of Secret".
"""

import json
from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from collections.abc import Iterator

from fairway.kinds.config_map import SIZE_MAX_BYTES, decoded_size, sealed
from fairway.kinds.kind import Column, Kind
from fairway.kinds.rules import key_pairs
from fairway.kinds.rules.cells import AGE, at, field
from fairway.kinds.rules.values import drop_null, each, unchanged
from fairway.objects import Object, names
from fairway.objects.errors import Problem, invalid_value, required, too_long
from fairway.objects.strict.go_syntax import syntax_error

_ACCOUNT_NAME = "kubernetes.io/service-account.name"
_REQUIRED_KEYS = {
    "kubernetes.io/dockercfg": (".dockercfg",),
    "kubernetes.io/dockerconfigjson": (".dockerconfigjson",),
    "kubernetes.io/tls": ("tls.crt", "tls.key"),
}
_SSH_KEY = "ssh-privatekey"


def defaults(new: Object) -> None:
    """An untyped Secret is Opaque; ``stringData`` is write-only and folds into ``data``."""
    drop_null(new, "data", "immutable")
    texts = new.pop("stringData", None)
    if texts:
        new["data"] = (new.get("data") or {}) | {key: b64encode(text.encode()).decode() for key, text in texts.items()}
    if not new.get("type"):
        new["type"] = "Opaque"


def prepare(new: Object, old: Object | None, subresource: str) -> None:
    """Values that are null become empty."""
    for key, value in (new.get("data") or {}).items():
        if value is None:
            new["data"][key] = ""


def validate(new: Object, old: Object | None) -> Iterator[Problem]:
    """Keys, size, what the type demands, and what may not change."""
    if old is not None:
        yield from unchanged("type", new["type"], old.get("type"))
        yield from sealed(new, old, ("data",))
    found = new.get("data") or {}
    for key in found:
        if not names.is_config_key(key):
            yield from each(f"data[{key}]", key, names.config_key(key))
    if sum(map(decoded_size, found.values())) > SIZE_MAX_BYTES:
        yield too_long("data", SIZE_MAX_BYTES)
    yield from _type_demands(new, found)


def _type_demands(new: Object, found: Object) -> Iterator[Problem]:
    type_ = new["type"]
    if type_ == "kubernetes.io/service-account-token":
        if not (new["metadata"].get("annotations") or {}).get(_ACCOUNT_NAME):
            yield required(f"metadata.annotations[{_ACCOUNT_NAME}]")
        return
    if type_ == "kubernetes.io/basic-auth" and not ("username" in found or "password" in found):
        yield required("data[username]")
        yield required("data[password]")
    if type_ == "kubernetes.io/ssh-auth" and not found.get(_SSH_KEY):
        yield required(f"data[{_SSH_KEY}]")
    for key in _REQUIRED_KEYS.get(type_, ()):
        if key not in found:
            yield required(f"data[{key}]")
        elif key.startswith(".docker"):
            yield from _json(key, found[key])


def _json(key: str, value: str) -> Iterator[Problem]:
    try:
        raw = b64decode(value)
    except NotBase64:
        return  # told by the type of the field
    if why := syntax_error(raw) or _unfit(raw):
        yield invalid_value(f"data[{key}]", "<secret contents redacted>", why)


def _unfit(raw: bytes) -> str:
    """What Go says of JSON that is no object; ``null`` is none, and taken."""
    found = json.loads(raw)
    if found is None or isinstance(found, dict):
        return ""
    shown = {bool: "bool", str: "string", list: "array"}.get(type(found), "number")
    return f"json: cannot unmarshal {shown} into Go value of type map[string]interface {{}}"


def warnings(new: Object, old: Object | None) -> Iterator[str]:
    """A certificate and a key that no TLS server could use."""
    if new.get("type") == "kubernetes.io/tls":
        data = new.get("data") or {}
        if text := key_pairs.fault(data.get("tls.crt"), data.get("tls.key")):
            yield text


SECRET = Kind(
    group="", version="v1", name="Secret", plural="secrets",
    columns=(
        Column("Type", at("type")),
        Column("Data", lambda found, _: len(found.get("data") or ())),
        AGE,
    ),
    fields={"type": field("type")},
    defaults=defaults,
    prepare=prepare,
    validate=validate,
    warnings=warnings,
)  # fmt: skip
