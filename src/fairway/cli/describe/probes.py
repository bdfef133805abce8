"""Probes in one line: what is asked, how often, and how many answers count."""

from __future__ import annotations

from fairway.cli.describe.page import listed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from fairway.objects import Object

PROBES = (("Liveness:", "livenessProbe"), ("Readiness:", "readinessProbe"), ("Startup:", "startupProbe"))
_PLAIN_IN_PATH = "$&+,/:;=@-_.~"
"""Signs that a path holds as they are (RFC 3986, 3.3); a question mark would end it."""


def probe(found: Object) -> str:
    """``http-get http://:8080/ delay=0s timeout=1s period=10s #success=1 #failure=3``."""
    attributes = (
        f"delay={found.get('initialDelaySeconds', 0)}s timeout={found.get('timeoutSeconds', 0)}s "
        f"period={found.get('periodSeconds', 0)}s #success={found.get('successThreshold', 0)} "
        f"#failure={found.get('failureThreshold', 0)}"
    )
    return f"{_asked(found)} {attributes}"


def _asked(found: Object) -> str:
    if found.get("exec") is not None:
        return f"exec {listed(found['exec'].get('command'))}"
    if found.get("httpGet") is not None:
        return f"http-get {_url(found['httpGet'])}"
    if found.get("tcpSocket") is not None:
        return f"tcp-socket {found['tcpSocket'].get('host', '')}:{_port(found['tcpSocket'])}"
    if found.get("grpc") is not None:
        return f"grpc <pod>:{found['grpc'].get('port', 0)} {found['grpc'].get('service') or ''}"
    return "unknown"


def _port(found: Object) -> Any:
    return found.get("port", 0)


def _url(found: Object) -> str:
    from urllib.parse import quote

    host, path = found.get("host", ""), found.get("path", "")
    host = f"[{host}]" if ":" in host else host
    port = _port(found)
    place = host if port == "" else f"{host}:{port}"
    path = path if path == "*" else quote(path, safe=_PLAIN_IN_PATH)
    if path and not path.startswith("/") and place:
        path = f"/{path}"
    scheme = found.get("scheme", "").lower()
    return f"{scheme}://{place}{path}" if scheme else f"//{place}{path}"
