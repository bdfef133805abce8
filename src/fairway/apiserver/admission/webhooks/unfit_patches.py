"""Unfit patches: why a webhook's JSON patch cannot be applied, in the words of upstream's library.

Pure.  Source: the texts that writers of webhooks look for; places are JSON pointers (RFC 6901).
"""

from copy import deepcopy
from typing import Any

from fairway.objects import Object
from fairway.objects.errors import StatusError
from fairway.objects.patches import json_patch


def reason(document: Any, operations: list[Object]) -> str:
    """Why the first operation that does not fit cannot be applied."""
    found = deepcopy(document)
    for operation in operations:
        before = deepcopy(found)
        try:
            found = json_patch.apply(found, [operation])
        except StatusError as error:
            return _told(before, operation) if isinstance(operation, dict) else error.message
    return "the patch does not fit the object"


def _told(document: Any, operation: Object) -> str:
    name, path = operation.get("op"), str(operation.get("path") or "")
    if name == "test":
        return f"testing value {path} failed: test failed"
    if name not in ("add", "remove", "replace", "copy", "move"):
        return f"Unexpected kind: {name or 'unknown'}"
    above, _, last = path.rpartition("/")
    if _has(document, above):
        if name == "remove":
            last = last.replace("~1", "/").replace("~0", "~")
            return f"error in remove for path: '{path}': Unable to remove nonexistent key: {last}: missing value"
        if name == "replace":
            return f"replace operation does not apply: doc is missing key: {path}: missing value"
        return f"error in {name} for path: '{path}': Unable to access invalid index: {last}: invalid index referenced"
    shown = path if name == "replace" else f'"{path}"'
    return f"{name} operation does not apply: doc is missing path: {shown}: missing value"


def _has(document: Any, pointer: str) -> bool:
    for part in pointer.split("/")[1:]:
        part = part.replace("~1", "/").replace("~0", "~")
        if isinstance(document, dict) and part in document:
            document = document[part]
        elif isinstance(document, list) and part.isdigit() and int(part) < len(document):
            document = document[int(part)]
        else:
            return False
    return isinstance(document, dict | list)
