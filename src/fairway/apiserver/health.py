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
        found = next((check for check in due if check.name == single), None)
        return _single(found) if found is not None else None
    left_out = dict.fromkeys(name for name in excluded if name)
    lines, is_well = [], True
    for check in due:
        if check.name in left_out:
            del left_out[check.name]
            lines.append(f"[+]{check.name} excluded: ok")
        elif check.failure():
            is_well = False
            lines.append(f"[-]{check.name} failed: reason withheld")
        else:
            lines.append(f"[+]{check.name} ok")
    if is_well and "verbose" not in query:
        return _answer(200, "ok")
    if left_out:
        names = ", ".join(f'"{name}"' for name in sorted(left_out))
        lines.append(f"warn: some health checks cannot be excluded: no matches for {names}")
    lines.append(f"{endpoint} check {'passed' if is_well else 'failed'}")
    return _answer(200 if is_well else 500, "\n".join(lines) + "\n")


def _single(check: Check) -> Response:
    failure = check.failure()
    return _answer(500, f"internal server error: {failure}\n") if failure else _answer(200, "ok")


def _answer(status: int, text: str) -> Response:
    return Response(status, text.encode(), PLAIN, [("X-Content-Type-Options", "nosniff")])
