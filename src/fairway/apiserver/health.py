"""Health: /healthz, /livez and /readyz, in short and with ``?verbose``.

Source: Kubernetes docs, "Kubernetes API health endpoints".
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from fairway.transport.interface import Response

PLAIN = "text/plain; charset=utf-8"
ENDPOINTS = ("healthz", "livez", "readyz")


class Check(NamedTuple):
    """``failure`` gives empty text while all is well; ``only_ready`` checks do not count for liveness."""

    name: str
    failure: Callable[[], str]
    only_ready: bool = False


def answer(path: str, query: Mapping[str, str], excluded: Sequence[str], checks: Iterable[Check]) -> Response | None:
    """The answer to ``path``, which is an endpoint or an endpoint and one check's name; ``None`` if it is neither."""
    endpoint, _, single = path.strip("/").partition("/")
    if endpoint not in ENDPOINTS:
        return None
    due = [check for check in checks if endpoint != "livez" or not check.only_ready]
    if single:
        due = [check for check in due if check.name == single]
        if not due:
            return None
    due = [check for check in due if check.name not in excluded]
    failures = {check.name: check.failure() for check in due}
    is_well = not any(failures.values())
    if is_well and "verbose" not in query:
        return Response(200, b"ok", PLAIN, [("X-Content-Type-Options", "nosniff")])
    lines = [f"[-]{name} failed: reason withheld" if failure else f"[+]{name} ok" for name, failure in failures.items()]
    lines.append(f"{endpoint} check {'passed' if is_well else 'failed'}")
    body = "\n".join(lines) + "\n"
    return Response(200 if is_well else 500, body.encode(), PLAIN, [("X-Content-Type-Options", "nosniff")])
