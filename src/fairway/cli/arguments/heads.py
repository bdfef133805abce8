"""Heads: whether a manifest's document is an object that can be sent at all, and what is told if it is not.  Pure.

Source: the fields of ObjectMeta in the Kubernetes API reference; the wording of kubectl, which reads them by their Go
types.
"""

from typing import Any

_STRINGS = "map[string]string"
_FIELDS = {
    "name": "string", "generateName": "string", "namespace": "string", "selfLink": "string",
    "resourceVersion": "string", "uid": "types.UID", "generation": "int64", "deletionGracePeriodSeconds": "int64",
    "labels": _STRINGS, "annotations": _STRINGS, "finalizers": "[]string", "ownerReferences": "[]v1.OwnerReference",
}  # fmt: skip
_PYTHON: dict[str, type] = {"string": str, "types.UID": str, "int64": int, _STRINGS: dict}


def refused(found: Any) -> str:
    """Why ``found`` is no object; empty if it is one."""
    if not isinstance(found, dict):
        return f"json: cannot unmarshal {json_type(found)} into Go value of type unstructured.detector"
    kind, version = found.get("kind"), found.get("apiVersion")
    if not (kind and isinstance(kind, str)):
        return f"Object 'Kind' is missing in '{_compact(found)}'"
    if str(kind).endswith("List") and isinstance(found.get("items"), list):
        return ""
    if version is not None and not isinstance(version, str):
        return _of_field("metadataOnlyObject.apiVersion", version, "string")
    meta = found.get("metadata")
    if meta is not None and not isinstance(meta, dict):
        return _of_field("metadataOnlyObject.metadata", meta, "v1.ObjectMeta")
    wrong = (_wrong_field(name, meta.get(name)) for name in _FIELDS) if meta else ()
    return next(filter(None, wrong), "")


def invalid(found: Any) -> str:
    """What kubectl's first look at a document says, before it asks which kind it is; empty if it says nothing."""
    if not isinstance(found, dict):
        return "invalid object to validate"
    said = [said for name in ("apiVersion", "kind") if (said := _unset(name, found.get(name)))]
    return said[0] if len(said) == 1 else f"[{', '.join(said)}]" if said else ""


def _unset(name: str, value: Any) -> str:
    if value is not None and not isinstance(value, str):
        return f"{name} isn't string type"
    return "" if value else f"{name} not set"


def _wrong_field(name: str, value: Any) -> str:
    go = _FIELDS[name]
    python = _PYTHON.get(go, list)
    if value is None:
        return ""
    field = f"ObjectMeta.metadata.{name}"
    if not isinstance(value, python) or isinstance(value, bool):
        return _of_field(field, value, go)
    if isinstance(value, dict):
        wrong = next((each for each in value.values() if not isinstance(each, str | None)), None)
        return "" if wrong is None else _of_field(field, wrong, "string")
    return ""


def _of_field(field: str, value: Any, go: str) -> str:
    return f"json: cannot unmarshal {json_type(value)} into Go struct field {field} of type {go}"


def json_type(value: Any) -> str:
    """``string``, ``number``, ``array``: what a value is called in JSON."""
    names: dict[type, str] = {str: "string", list: "array", dict: "object", bool: "bool"}
    return names.get(type(value), "number")


def _compact(found: dict[str, Any]) -> str:
    import json

    return json.dumps(found, separators=(",", ":"), ensure_ascii=False)
