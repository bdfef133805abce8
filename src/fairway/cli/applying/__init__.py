"""Applying: making objects what manifests say, and taking away what earlier manifests said.

Shape: ``configuration(object)`` is what the annotation of an applied object holds; ``three_way(...)`` the patch.
Source: Kubernetes docs, "Declarative Management of Kubernetes Objects Using Configuration Files".
"""

import json

from fairway.cli.failure import Failure
from fairway.cli.generators.go_json import compact
from fairway.cli.writing import LAST_APPLIED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

MERGE_PATCH = "application/merge-patch+json"
STRATEGIC_PATCH = "application/strategic-merge-patch+json"
_CHANGED = "at least one of apiVersion, kind and name was changed"


def configuration(found: "dict[str, Any]") -> str:
    """The manifest as the annotation holds it: on one line, without that annotation itself."""
    meta = dict(found["metadata"])
    kept = {key: value for key, value in (meta.get("annotations") or {}).items() if key != LAST_APPLIED}
    return compact({**found, "metadata": {**meta, "annotations": kept}}) + "\n"


def annotated(found: "dict[str, Any]") -> "dict[str, Any]":
    """The manifest with itself in its annotation."""
    marks = {**(found["metadata"].get("annotations") or {}), LAST_APPLIED: configuration(found)}
    return {**found, "metadata": {**found["metadata"], "annotations": marks}}


def last_applied(live: "dict[str, Any]") -> str | None:
    """What was applied last, as text; ``None`` for an object that was not applied."""
    found: str | None = (live["metadata"].get("annotations") or {}).get(LAST_APPLIED)
    return found


def three_way(wanted: "dict[str, Any]", live: "dict[str, Any]") -> "tuple[dict[str, Any], str]":
    """The patch that makes ``live`` what is ``wanted``, and its media type.  Raises: ``Failure``."""
    from fairway.objects import schema
    from fairway.objects.patches import three_way as merging

    original = json.loads(last_applied(live) or "{}")
    api_version, kind = str(live["apiVersion"]), str(live["kind"])
    is_known = schema.place_of(api_version, kind) is not None
    try:
        if is_known:
            patch = merging.strategic(original, wanted, live, api_version, kind)
        else:
            patch = merging.plain(original, wanted, live)
    except ValueError as error:
        raise Failure(str(error)) from None
    if patch.keys() & {"apiVersion", "kind"} or "name" in (patch.get("metadata") or {}):
        raise Failure(_CHANGED)
    return patch, STRATEGIC_PATCH if is_known else MERGE_PATCH
