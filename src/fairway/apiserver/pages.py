"""Pages: what is served outside of the resources: health, version, metrics, discovery, OpenAPI.

Shape: ``Pages.answer`` takes a request that nobody else answers; unknown paths get what upstream's mux says.
"""

import hashlib
import platform
from collections.abc import Callable, Iterable, Sequence

import orjson

from fairway import __version__
from fairway.apiserver import health, metrics
from fairway.apiserver.negotiation import JSON, check_routed
from fairway.apiserver.settings import Settings
from fairway.objects.errors import method_not_allowed, no_such_resource
from fairway.transport.exposition import CONTENT_TYPE
from fairway.transport.interface import Request, Response

Page = Callable[[Request], Response | None]


class Pages:
    """``more`` are asked in turn for what is not known here; ``paths`` are those of discovery."""

    def __init__(
        self,
        settings: Settings,
        checks: Sequence[health.Check],
        counted: metrics.Metrics,
        objects: Callable[[], Iterable[tuple[str, int]]],
        allocators: Callable[[], Iterable[str]],
        paths: Callable[[], Iterable[str]],
        more: Sequence[Page] = (),
    ) -> None:
        self._checks = checks
        self._counted = counted
        self._objects = objects
        self._allocators = allocators
        self._paths = paths
        self._more = more
        self._version = orjson.dumps(version(settings.version), option=orjson.OPT_INDENT_2)

    def answer(self, request: Request) -> Response:
        """Raises: ``StatusError`` 404, 405 or 406 where upstream has a router; elsewhere any method reads."""
        is_routed, found = _is_routed(request.path), self._find(request)
        if found is None and request.path.startswith(("/api/", "/version/")):
            raise no_such_resource()
        if found is None:
            return Response(404, b"404 page not found\n", health.PLAIN, [("X-Content-Type-Options", "nosniff")])
        if is_routed and request.method != "GET":
            raise method_not_allowed()
        return found

    def _all_paths(self) -> list[str]:
        """What a look at ``/`` shows."""
        checks = (
            f"/{endpoint}/{check.name}"
            for endpoint in health.ENDPOINTS for check in self._checks
            if endpoint != "livez" or not check.only_ready
        )  # fmt: skip
        return sorted({*_PATHS, *self._paths(), *checks})

    def _find(self, request: Request) -> Response | None:
        path = request.path.rstrip("/") or "/"
        if path == "/version":
            check_routed(request.headers.get("accept", ""), (JSON,))
            return Response(200, self._version)
        if path == "/metrics":
            return Response(200, self._counted.text(self._objects(), self._allocators()).encode(), CONTENT_TYPE)
        if path == "/":
            return Response(200, orjson.dumps({"paths": self._all_paths()}, option=orjson.OPT_INDENT_2))
        excluded = [value for name, value in request.query if name == "exclude"]
        found = health.answer(path, dict(request.query), excluded, self._checks)
        for page in self._more:
            found = found or page(request)
        return found


_GROUP_DEPTH = 2


def _is_routed(path: str) -> bool:
    """Whether upstream's REST router answers there: all but ``/apis`` and its groups, health, metrics and OpenAPI."""
    parts = path.strip("/").split("/")
    if parts[0] == "apis":
        return len(parts) > _GROUP_DEPTH
    return parts[0] in ("api", "version") or path.rstrip("/") in (
        "/openid/v1/jwks",
        "/.well-known/openid-configuration",
    )


_PATHS = (
    "/.well-known/openid-configuration", "/healthz", "/livez", "/metrics", "/openapi/v2", "/openapi/v3",
    "/openid/v1/jwks", "/readyz", "/version",
)  # fmt: skip


def version(text: str) -> dict[str, str]:
    """What ``/version`` says of a server whose gitVersion is ``text``, such as ``v1.36.0+fairway``."""
    major, minor = text.lstrip("v").split(".")[:2]
    machine = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
    # Some clients, Kubernetes' own tests among them, want a commit in hexadecimal digits; this tells releases apart.
    commit = hashlib.sha1(f"fairway {__version__}".encode(), usedforsecurity=False).hexdigest()
    return {
        "major": major, "minor": minor, "emulationMajor": major, "emulationMinor": minor,
        "minCompatibilityMajor": major, "minCompatibilityMinor": str(int(minor) - 1),
        "gitVersion": text, "gitCommit": commit, "gitTreeState": "clean",
        "buildDate": "1970-01-01T00:00:00Z", "goVersion": f"python{platform.python_version()}",
        "compiler": platform.python_implementation(), "platform": f"linux/{machine}",
    }  # fmt: skip
