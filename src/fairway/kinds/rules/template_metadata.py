"""Metadata within templates of claims: of it only labels and annotations count."""

from collections.abc import Iterator

from fairway.objects import Object
from fairway.objects.errors import Problem, forbidden_value
from fairway.objects.labels import validate_labels
from fairway.objects.meta import validate_annotations

_ALLOWED = ("annotations", "labels", "creationTimestamp")


def template_metadata_problems(path: str, metadata: Object) -> Iterator[Problem]:
    """Labels and annotations out of shape, and all else that is set."""
    yield from validate_annotations(metadata.get("annotations"), f"{path}.annotations")
    yield from validate_labels(metadata.get("labels"), f"{path}.labels")
    for name, value in metadata.items():
        if name not in _ALLOWED and value:
            yield forbidden_value(f"{path}.{name}", "cannot be set")
