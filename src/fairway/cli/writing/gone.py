"""Gone: waiting until deleted objects are no more."""

import time

from fairway.cli.failure import Failure
from fairway.client.blocking import ApiError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from fairway.cli.arguments import Target
    from fairway.client.blocking import Api

_PATIENCE_S = 168 * 3600.0
"""A week: how long kubectl waits where nobody says for how long."""


def wait_until_gone(api: "Api", gone: "Iterable[tuple[Target, str]]", timeout_s: float) -> None:
    """Wait for each in turn; ``uid`` tells it from a successor of the same name.  Raises: ``Failure``."""
    deadline = time.monotonic() + (timeout_s or _PATIENCE_S)
    for target, uid in gone:
        while not _is_gone(api, target, uid, deadline):
            if time.monotonic() >= deadline:
                name = f"{target.resource.name}/{target.name}"
                raise Failure(f"timed out waiting for the condition on {name}")


def _is_gone(api: "Api", target: "Target", uid: str, deadline: float) -> bool:
    """Whether it is gone, by a list and then by a watch until ``deadline``; False is: not seen yet."""
    path, query = target.resource.path(target.namespace), {"fieldSelector": f"metadata.name={target.name}"}
    found = api.get(path, query)
    if not any(_is_same(item, uid) for item in found.get("items") or ()):
        return True
    left_s = max(1, int(deadline - time.monotonic() + 0.999))
    version = found["metadata"].get("resourceVersion")
    watching: dict[str, Any] = {**query, "resourceVersion": version, "timeoutSeconds": left_s}
    try:
        return any(event == "DELETED" or not _is_same(item, uid) for event, item in api.watch(path, watching))
    except ApiError as error:
        if error.code == 410:  # The watch began too long ago: list again.
            return False
        raise


def _is_same(found: "dict[str, Any]", uid: str) -> bool:
    return not uid or (found.get("metadata") or {}).get("uid") == uid
