"""Patch formats: pure functions from (object, patch) to object.

Shape: every ``apply`` changes the document that it is given, which must be the caller's own copy, and returns it; the
patch is left as it is, so that a write that lost a race can be tried again.
"""

from typing import Any

from fairway.objects import Object
from fairway.objects.errors import StatusError
from fairway.objects.patches import json_patch, merge_patch, strategic_merge

JSON_PATCH = "application/json-patch+json"
MERGE_PATCH = "application/merge-patch+json"
STRATEGIC_MERGE_PATCH = "application/strategic-merge-patch+json"
APPLY_PATCH = "application/apply-patch+yaml"
CONTENT_TYPES = (JSON_PATCH, MERGE_PATCH, STRATEGIC_MERGE_PATCH)


def apply(content_type: str, document: Object, patch: Any, *, api_version: str, kind: str) -> Object:
    """The document after ``patch``, a body of ``content_type`` decoded.  Raises: ``StatusError`` 400, 413, 415, 422."""
    match content_type:
        case "application/json-patch+json":
            patched = json_patch.apply(document, patch)
            if not isinstance(patched, dict):
                raise json_patch.rejected()
            return patched
        case "application/merge-patch+json":
            return merge_patch.apply(document, patch)
        case "application/strategic-merge-patch+json":
            return strategic_merge.apply(document, patch, api_version, kind)
    raise StatusError(415, "UnsupportedMediaType", "415: Unsupported Media Type")
