"""Headers: which of them a proxy passes on, which it adds, and where a redirect leads from outside.

Pure.  Source: RFC 9110 section 7.6.1 (hop by hop); services.md 4.4.
"""

import posixpath
from collections.abc import Iterable, Mapping
from urllib.parse import urlsplit, urlunsplit

Header = tuple[str, str]

_HOP_BY_HOP = frozenset(
    {
        "connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection", "te", "trailer",
        "transfer-encoding", "upgrade",
    }
)  # fmt: skip
_OURS = frozenset({"authorization", "content-length", "expect"})
"""What was meant for the API server: credentials never reach a backend."""
_FORWARDED = frozenset({"x-forwarded-uri", "x-forwarded-host", "x-forwarded-proto", "x-forwarded-for"})
_CORS = frozenset(
    {
        "access-control-allow-credentials", "access-control-allow-headers", "access-control-allow-methods",
        "access-control-allow-origin",
    }
)  # fmt: skip
_RENDERED = frozenset({"content-length", "content-type", "date"})
"""What the transport writes itself."""


def to_backend(
    given: Mapping[str, str],
    *,
    address: str,
    uri: str,
    backend: str,
    body_bytes: int | None,
    method: str,
    keeps: bool = False,
) -> list[Header]:
    """The request's headers as the backend sees them.  ``uri`` is the path that the client asked for.

    ``backend`` is its host and port, for clients that name no host (HTTP/1.0); ``body_bytes`` is ``None`` for a body of
    unknown length.  ``keeps``: the connection may be used again.
    """
    given = given if "host" in given else {"host": backend, **given}
    dropped = _HOP_BY_HOP | _OURS | _FORWARDED | _named(given.get("connection", ""))
    passed = [
        (name.title(), value)
        for name, value in given.items()
        if name not in dropped and not name.startswith("impersonate-")
    ]
    before = given.get("x-forwarded-for")
    passed += [
        ("X-Forwarded-For", f"{before}, {address}" if before else address),
        ("X-Forwarded-Host", given["host"]),
        ("X-Forwarded-Proto", "https"),
        ("X-Forwarded-Uri", uri),
    ]
    if body_bytes is None:
        passed.append(("Transfer-Encoding", "chunked"))
    elif body_bytes or method in ("POST", "PUT", "PATCH"):
        passed.append(("Content-Length", str(body_bytes)))
    if is_upgrade(given):
        return [*passed, ("Connection", "Upgrade"), ("Upgrade", given["upgrade"])]
    return passed if keeps else [*passed, ("Connection", "close")]


def is_upgrade(given: Mapping[str, str]) -> bool:
    """Whether the client wants to speak another protocol."""
    return "upgrade" in given and "upgrade" in _named(given.get("connection", ""))


def _named(connection: str) -> frozenset[str]:
    return frozenset(filter(None, (name.strip().lower() for name in connection.split(","))))


def pairs(raw_head: bytes) -> list[Header]:
    """The header lines of an answer, repeats kept, names as they came."""
    lines = raw_head.decode("latin-1").split("\r\n")[1:]
    found = (line.partition(":") for line in lines if line)
    return [(name.strip(), value.strip()) for name, _, value in found]


def to_client(answered: Iterable[Header], *, host: str, backend: str, prefix: str) -> list[Header]:
    """The answer's headers as the client sees them.  ``prefix`` is the path that leads to the backend's root."""
    found = list(answered)
    connection = next((value for name, value in found if name.lower() == "connection"), "")
    dropped = _HOP_BY_HOP | _CORS | _RENDERED | _named(connection)
    return [
        (name, rewritten(value, host=host, backend=backend, prefix=prefix) if name.lower() == "location" else value)
        for name, value in found
        if name.lower() not in dropped
    ]


def rewritten(url: str, *, host: str, backend: str, prefix: str) -> str:
    """A link of the backend as it reads from outside: absolute paths of its own stay below ``prefix``.

    ``host`` and ``backend`` are the two names (host and port) under which the backend knows itself; a link that names
    the first, which is the client's name for us, goes on naming it.
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        return url
    is_elsewhere = parts.netloc not in ("", host, backend)
    if is_elsewhere or not parts.path.startswith("/"):
        return url
    path = parts.path if parts.path.startswith(prefix) else _joined(prefix, parts.path)
    where = (parts.scheme, parts.netloc) if parts.netloc and parts.netloc == host else ("", "")
    return urlunsplit((*where, path, parts.query, parts.fragment))


def _joined(prefix: str, path: str) -> str:
    joined = posixpath.normpath(f"{prefix}/{path}")
    return joined + "/" if path.endswith("/") and not joined.endswith("/") else joined
