"""Protection: volumes and claims stay until nobody needs what is on them.

Source: Kubernetes docs, "Persistent Volumes", "Storage Object in Use Protection".
"""

from fairway.objects import Object


def protect(new: Object, old: Object | None, finalizer: str) -> None:
    """Give a new object the finalizer, if it does not bring it."""
    metadata = new["metadata"]
    if old is None and finalizer not in (metadata.get("finalizers") or ()):
        metadata["finalizers"] = [*(metadata.get("finalizers") or ()), finalizer]
