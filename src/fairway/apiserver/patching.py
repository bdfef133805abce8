"""Patching: a patch of any kind laid over a document.

Pure.  Source: Kubernetes API concepts, "Patch"; the texts are those of upstream's patch handler.
"""

from typing import Any

import orjson

from fairway.apiserver.call import Call
from fairway.apiserver.negotiation import body_media
from fairway.objects import Object, strict
from fairway.objects.errors import StatusError, bad_request
from fairway.objects.patches import json_patch, merge_patch, strategic_merge
from fairway.objects.strict.go_syntax import syntax_error

JSON_PATCH = "application/json-patch+json"
MERGE = "application/merge-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"
MEDIA = (JSON_PATCH, MERGE, STRATEGIC)
_OF_CUSTOM_KINDS = (
    "the body of the request was in an unknown format - accepted media types include: "
    "application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml"
)


def read(call: Call) -> tuple[str, Any]:
    """The media type and the patch.  Raises: ``StatusError`` 415 or 400."""
    media = body_media(call.content_type)
    if call.kind.custom is not None and media not in (JSON_PATCH, MERGE):
        raise StatusError(415, "UnsupportedMediaType", _OF_CUSTOM_KINDS)
    if media not in MEDIA:
        # Short, and without details: seen on 1.36.2.
        raise StatusError(415, "UnsupportedMediaType", "415: Unsupported Media Type")
    if call.body is not None:
        return media, call.body
    try:
        given = orjson.loads(call.raw)
        # What can be written again is not too deep for what follows, which is recursive.
        orjson.dumps(given)
    except orjson.JSONDecodeError as error:
        # Upstream reads a strategic merge elsewhere, and says so.
        place = "" if media == STRATEGIC else "error decoding patch: "
        raise bad_request(f"{place}{syntax_error(call.raw) or error}") from error
    except orjson.JSONEncodeError as error:
        raise bad_request("error decoding patch: json: exceeded max depth") from error
    return media, given


def notes(call: Call, media: str, patch: Any) -> list[str]:
    """Duplicate fields of the patch, and unknown ones of its operations: what field validation has to say of it.

    Raises: ``StatusError`` 400 for operations of a wrong form.
    """
    if strict.mode(call.options.get("fieldValidation")) == "Ignore":
        return []
    found = strict.inspect_patch(patch, call.raw, is_operations=media == JSON_PATCH)
    if found.type_error:
        raise bad_request(f"error decoding patch: {found.type_error}")
    return found.fields


def apply(document: Object, media: str, patch: Any, api_version: str, kind: str) -> Object:
    """``document``, changed in place.  Raises: ``StatusError`` 400, 413 or 422.

    What a strategic merge says of kind and apiVersion counts for nothing, as upstream: Ansible scales a Deployment by
    the patch of a Scale that calls itself a Deployment.
    """
    about = {field: document[field] for field in ("kind", "apiVersion") if field in document}
    if media == JSON_PATCH:
        found = json_patch.apply(document, patch)
    elif media == MERGE:
        found = merge_patch.apply(document, patch)
    else:
        found = strategic_merge.apply(document, patch, api_version, kind)
        if isinstance(found, dict):
            found |= about
    if not isinstance(found, dict):
        raise json_patch.rejected()
    return found
