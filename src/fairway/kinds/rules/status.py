"""Status: what a write to the main resource and one to the ``status`` subresource may each change.

Source: Kubernetes API conventions, "Spec and Status".
"""

from fairway.objects import Object


def keep_apart(new: Object, old: Object | None, subresource: str, empty: Object) -> None:
    """The status (``empty`` at first) belongs to the status subresource, the spec to the main resource."""
    if old is None:
        new["status"] = dict(empty)
    elif subresource == "status":
        new["spec"] = old["spec"]
    else:
        new["status"] = old.get("status") or dict(empty)
