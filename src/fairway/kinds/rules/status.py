"""Status: what a write to the main resource and one to the ``status`` subresource may each change.

Source: Kubernetes API conventions, "Spec and Status".
"""

from collections.abc import Sequence

from fairway.objects import Object

OF_THE_OBJECT = ("labels", "annotations", "finalizers", "ownerReferences")
"""Metadata that says what an object is to others, and nothing of how it is."""


def keep_apart(
    new: Object, old: Object | None, subresource: str, empty: Object, *, metadata: Sequence[str] = ()
) -> None:
    """The status (``empty`` at first) belongs to the status subresource, the spec to the main resource.

    ``metadata`` names what of it a write to the status leaves as it was.
    """
    if old is None:
        new["status"] = dict(empty)
    elif subresource == "status":
        new["spec"] = old["spec"]
        keep_metadata(new, old, metadata)
    else:
        new["status"] = old.get("status") or dict(empty)


def keep_metadata(new: Object, old: Object, fields: Sequence[str]) -> None:
    """Put back those fields of the metadata."""
    for field in fields:
        if field in old["metadata"]:
            new["metadata"][field] = old["metadata"][field]
        else:
            new["metadata"].pop(field, None)
