"""Refusals: what the server's errors mean to a controller.  Pure."""

from fairway.objects.errors import StatusError


def is_namespace_leaving(error: Exception) -> bool:
    """Whether nothing can be created because the namespace is on its way out: no reason to try again."""
    if not isinstance(error, StatusError):
        return False
    return error.reason == "Forbidden" and "because it is being terminated" in error.message
