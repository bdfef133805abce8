"""Conversion answers: what a conversion webhook's ConversionReview means, and what it may not change.

Pure.  Source: Kubernetes docs, "Webhook request and response" of versions in CustomResourceDefinitions; texts are
upstream's.
"""

from collections.abc import Sequence
from typing import Any

import orjson

from fairway.objects import Object, labels, meta
from fairway.objects.errors import StatusError
from fairway.objects.strict.go_syntax import syntax_error

_FIXED = (("kind", "kind"), ("name", "name"), ("namespace", "namespace"), ("uid", "UID"))
"""What a converted object has in common with its source, and how a message names it."""


def failed(text: str) -> StatusError:
    """500: an object is not to be had in the version that is asked for."""
    return StatusError(500, "", text)


def converted(
    answer: bytes, uid: str, sources: Sequence[Object], version: str, review: str, about: str
) -> list[Object]:
    """The converted objects in an answer, of ``version``, in the order of ``sources``.

    ``review`` is the apiVersion that was asked; ``about`` begins messages: ``conversion webhook for a.b/v1, Kind=C``.
    Raises: ``StatusError`` 500.
    """
    response = _response(answer, review, about)
    if response.get("uid") != uid:
        raise failed(f'{about} failed: expected response.uid="{uid}", got "{response.get("uid") or ""}"')
    result = response.get("result")
    result = result if isinstance(result, dict) else {}
    if result.get("status") != "Success":
        status = result.get("status") or ""
        why = result.get("message") or f"response.result.status was '{status}', not 'Success'"
        raise failed(f"{about} failed: {why}")
    objects = response.get("convertedObjects") or []
    if not isinstance(objects, list) or len(objects) != len(sources):
        count = len(objects) if isinstance(objects, list) else 0
        raise failed(f"{about} returned {count} objects, expected {len(sources)}")
    for place, (made, source) in enumerate(zip(objects, sources, strict=True)):
        _check(made, source, version, f"{about} returned", place)
    return objects


def _response(answer: bytes, review: str, about: str) -> Object:
    try:
        found: Any = orjson.loads(answer)
    except ValueError as error:
        why = syntax_error(answer) or error
        raise failed(f"{about} failed: couldn't get version/kind; json parse error: {why}") from error
    found = found if isinstance(found, dict) else {}
    if (found.get("apiVersion"), found.get("kind")) != (review, "ConversionReview"):
        said = f"{found.get('apiVersion') or '/'}, Kind={found.get('kind') or ''}"
        wanted = f"{review}, Kind=ConversionReview"
        raise failed(f"{about} failed: expected webhook response of {wanted}, got {said}")
    if not isinstance(found.get("response"), dict):
        raise failed(f"{about} failed: no response provided")
    response: Object = found["response"]
    return response


def _check(made: Any, source: Object, version: str, told: str, place: int) -> None:
    """Whether a converted object is still the one that was sent.  Raises: ``StatusError`` 500."""
    if not isinstance(made, dict) or not made.get("kind"):
        raise failed(f"Object 'Kind' is missing in '{orjson.dumps(made).decode()}'")
    if made.get("apiVersion") != version:
        said = made.get("apiVersion") or ""
        why = f"invalid groupVersion (expected {version}, received {said})"
        raise failed(f"{told} invalid object at index {place}: {why}")
    if made["kind"] != source["kind"]:
        why = f"invalid kind (expected {source['kind']}, received {made['kind']})"
        raise failed(f"{told} invalid object at index {place}: {why}")
    metadata = made.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    for field, name in _FIXED[1:]:
        was, now = source["metadata"].get(field) or "", metadata.get(field) or ""
        if was != now:
            raise failed(f"{told} invalid object: must have the same {name}: {was} != {now}")
    if wrong := _metadata_problem(metadata):
        raise failed(f"{told} invalid metadata: {wrong}")


def _metadata_problem(metadata: Object) -> str:
    for field in ("labels", "annotations"):
        given = metadata.get(field) or {}
        if not isinstance(given, dict):
            return f"invalid type of metadata.{field} in converted object: {type(given).__name__}"
        for value in given.values():
            if not isinstance(value, str):
                return f"metadata.{field} is invalid: values must be strings"
    problems = [
        *labels.validate_labels(metadata.get("labels"), "metadata.labels"),
        *meta.validate_annotations(metadata.get("annotations"), "metadata.annotations"),
    ]
    return problems[0].text if problems else ""
