"""Events as JSON with their members in the order of the API's own type, as kubectl has them here and nowhere else.

Pure.  Source: the field order of core/v1 Event and ObjectMeta in the API reference.
"""

import json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_REFERENCE = ("kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath")
_METADATA = (
    "name", "generateName", "namespace", "selfLink", "uid", "resourceVersion", "generation", "creationTimestamp",
    "deletionTimestamp", "deletionGracePeriodSeconds", "labels", "annotations", "ownerReferences", "finalizers",
    "managedFields",
)  # fmt: skip
_EVENT = (
    "kind", "apiVersion", "metadata", "involvedObject", "reason", "message", "source", "firstTimestamp",
    "lastTimestamp", "count", "type", "eventTime", "series", "action", "related", "reportingComponent",
    "reportingInstance",
)  # fmt: skip
_ALWAYS: "dict[str, Any]" = {
    "source": {}, "firstTimestamp": None, "lastTimestamp": None, "eventTime": None, "reportingComponent": "",
    "reportingInstance": "",
}  # fmt: skip
_INNER = {
    "metadata": _METADATA, "involvedObject": _REFERENCE, "related": _REFERENCE, "source": ("component", "host"),
    "series": ("count", "lastObservedTime"),
}  # fmt: skip
_ESCAPED = (("<", "\\u003c"), (">", "\\u003e"), ("&", "\\u0026"), ("\u2028", "\\u2028"), ("\u2029", "\\u2029"))


def typed(found: "dict[str, Any]", *, has_managed_fields: bool = False) -> "dict[str, Any]":
    """An Event or an EventList as its type has it: all members that are never left out, in their order."""
    if "items" in found:
        return {**found, "items": [_ordered(each, has_managed_fields) for each in found["items"]]}
    return _ordered(found, has_managed_fields)


def json_text(found: "dict[str, Any]") -> str:
    """Indented JSON, members as they stand."""
    text = json.dumps(found, indent=4, ensure_ascii=False)
    for sign, escaped in _ESCAPED:
        text = text.replace(sign, escaped)
    return text + "\n"


def _ordered(event: "dict[str, Any]", has_managed_fields: bool) -> "dict[str, Any]":
    whole = {**_ALWAYS, **event}
    for name, order in _INNER.items():
        if isinstance(whole.get(name), dict):
            whole[name] = {each: whole[name][each] for each in order if each in whole[name]}
    if not has_managed_fields:
        whole["metadata"] = {name: value for name, value in whole["metadata"].items() if name != "managedFields"}
    return {name: whole[name] for name in _EVENT if name in whole}
