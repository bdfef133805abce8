"""Field validation: unknown and duplicate fields and wrong types, found at the door and told in upstream's words.

Shape: ``check(body, raw, ...)`` cleans the decoded body in place and returns warnings, or raises: unknown fields, nulls
and plain fields that are empty go, as upstream's typed decoding drops them.  The usual body is only looked at by
compiled types; the slow walk that finds names and paths runs when they refuse it.
Source: Kubernetes API concepts, "Field validation"; KEP-2885.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import orjson

from fairway.objects import Object
from fairway.objects.errors import StatusError, bad_request, invalid, invalid_value, not_supported, render_value
from fairway.objects.plain import leave_out
from fairway.objects.strict.duplicates import has_duplicates, with_duplicates
from fairway.objects.strict.go_text import go_text
from fairway.objects.strict.shapes import fits
from fairway.objects.strict.walk import Walk
from fairway.objects.structural.numbers import settle
from fairway.objects.structural.pruning import embedded, prune

Mode = Literal["Strict", "Warn", "Ignore"]
REDACTED = "<secret contents redacted>"
"""Stands for a Secret: an error's text goes into the audit log."""


@dataclass(slots=True)
class Findings:
    """What is wrong with a body.  ``type_error`` ends every mode; ``fields`` are unknown and duplicate ones."""

    type_error: str = ""
    fields: list[str] = field(default_factory=list)

    @property
    def strict_error(self) -> str:
        """All of ``fields`` as one error's text."""
        return f"strict decoding error: {', '.join(self.fields)}"


def mode(value: str | None) -> Mode:
    """The query's ``fieldValidation``; Warn without one.  Raises: ``StatusError`` 422."""
    match value:
        case None | "":
            return "Warn"
        case "Strict" | "Warn" | "Ignore":
            return value
    problem = not_supported("fieldValidation", value, ("", "Ignore", "Strict", "Warn"))
    raise invalid("meta.k8s.io", "CreateOptions", "", [problem])


def inspect(
    body: Object, raw: bytes, *, api_version: str, kind: str, is_whole: bool = True, is_merged: bool = False
) -> Findings:
    """Clean ``body`` in place and say what was wrong.  ``raw`` is the JSON that it came from, or empty.

    ``is_whole``: the object itself, not what somebody applies, who may own a field by saying ``false``.
    ``is_merged``: a strategic merge made it.
    """
    walk = Walk(is_merged=is_merged)
    try:
        is_doubled = bool(raw) and has_duplicates(raw, body)
        if not is_doubled and fits(body, api_version, kind):
            if is_whole:
                leave_out(body, api_version, kind)
            return Findings()
        cleaned = walk.kind(with_duplicates(raw) if is_doubled else body, api_version, kind)
    except (RecursionError, orjson.JSONEncodeError):
        return Findings("json: exceeded max depth")
    if not walk.type_error:
        body.clear()
        body.update(cleaned)
        if is_whole:
            leave_out(body, api_version, kind)
    return Findings(walk.type_error, walk.fields)


def inspect_custom(body: Object, raw: bytes, custom: Object) -> Findings:
    """The same for an object of a custom kind, whose structural schema is ``custom``."""
    walk = Walk()
    try:
        if raw and has_duplicates(raw, body):
            walk.free(with_duplicates(raw))
        if body.get("metadata") is not None:
            body["metadata"] = walk.metadata(body["metadata"], ".metadata")
        for path, inner in embedded(body, custom):
            if inner.get("metadata") is not None:
                inner["metadata"] = _inner_metadata(walk, inner["metadata"], f"{path}.metadata")
        unknown = prune(body, custom)
        settle(body)
    except (RecursionError, orjson.JSONEncodeError):
        return Findings("json: exceeded max depth")
    return Findings(walk.type_error, [*walk.fields, *(f'unknown field "{path}"' for path in unknown)])


def _inner_metadata(walk: Walk, given: Any, path: str) -> Any:
    had = walk.type_error
    cleaned = walk.metadata(given, f".{path}")
    if walk.type_error and not had:
        walk.type_error = f"{path}: Invalid value: {render_value(given)}: {walk.type_error}"
    return cleaned


def inspect_patch(given: Any, raw: bytes, *, is_operations: bool) -> Findings:
    """What is wrong with a patch before it meets an object: duplicates; in operations unknown fields and types too."""
    walk = Walk()
    try:
        is_doubled = bool(raw) and has_duplicates(raw, given)
        if is_operations and (is_doubled or not _are_plain(given)):
            walk.operations(with_duplicates(raw) if is_doubled else given)
        elif is_doubled:
            walk.free(with_duplicates(raw))
    except (RecursionError, orjson.JSONEncodeError):
        return Findings("json: exceeded max depth")
    prefix = "json patch " if is_operations else ""
    return Findings(walk.type_error, [f"{prefix}{text}" for text in walk.fields])


_OPERATION_FIELDS = frozenset(("op", "path", "from", "value"))


def _are_plain(given: Any) -> bool:
    """Whether these are operations of known fields with texts where texts belong."""
    return given is None or (
        isinstance(given, list)
        and all(
            isinstance(each, dict)
            and each.keys() <= _OPERATION_FIELDS
            and all(isinstance(each.get(name, ""), str) for name in ("op", "path", "from"))
            for each in given
        )
    )


def yaml_error(doubled: Sequence[str]) -> str:
    """Keys that stand twice as one error of a YAML parser."""
    return "yaml: unmarshal errors:\n  " + "\n  ".join(doubled)


def check(
    body: Object, raw: bytes, *, api_version: str, kind: str, validation: Mode = "Strict", custom: Object | None = None,
    doubled: Sequence[str] = (), is_whole: bool = True,
) -> list[str]:  # fmt: skip
    """Clean a body to be created or updated, and return warnings.  ``custom`` is a custom kind's schema.

    ``doubled`` are keys that stand twice in the YAML that the body was; ``is_whole`` as in ``inspect``.
    Raises: ``StatusError`` 400 for a wrong type, and in Strict for unknown and duplicate fields.
    """
    if custom is not None:
        found = inspect_custom(body, raw, custom)
    else:
        found = inspect(body, raw, api_version=api_version, kind=kind, is_whole=is_whole)
    if found.type_error:
        raise _unhandled(api_version, kind, found.type_error)
    if validation == "Strict" and (found.fields or doubled):
        found.fields = [*([yaml_error(doubled)] if doubled else ()), *found.fields]
        raise _unhandled(api_version, kind, found.strict_error)
    return [*doubled, *found.fields] if validation == "Warn" else []


def check_patched(
    patched: Object, patch: Object | None, *, api_version: str, kind: str, validation: Mode = "Strict",
    custom: Object | None = None, notes: Sequence[str] = (),
) -> list[str]:  # fmt: skip
    """The same for the outcome of a patch.  ``patch`` is given for a strategic merge, whose error shows it.

    ``notes`` are the findings in the patch itself.

    Raises: ``StatusError`` 422.
    """
    if custom is not None:
        found = inspect_custom(patched, b"", custom)
    else:
        found = inspect(patched, b"", api_version=api_version, kind=kind, is_merged=patch is not None)
    found.fields[:0] = notes
    text = found.type_error or (found.strict_error if found.fields and validation == "Strict" else "")
    if text:
        raise refused_patch(kind, patched, patch, text)
    return found.fields if validation == "Warn" else []


def refused_patch(kind: str, patched: Object, patch: Object | None, why: str) -> StatusError:
    """422: what a patch made is not an object of its kind."""
    shown = REDACTED if kind == "Secret" else _shown(patched, patch)
    return invalid("", "", "", [invalid_value("patch", shown, why)])


def _shown(patched: Object, patch: Object | None) -> str:
    """The patch, or what it made, as an error shows it; nothing where that is deeper than can be written."""
    try:
        return go_text(patch if patch is not None else patched, as_json=patch is None)
    except (RecursionError, orjson.JSONEncodeError):
        return ""


def _unhandled(api_version: str, kind: str, text: str) -> StatusError:
    version = api_version.rpartition("/")[2]
    return bad_request(f'{kind} in version "{version}" cannot be handled as a {kind}: {text}')
