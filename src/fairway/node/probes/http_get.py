"""HTTP GET as probes and lifecycle handlers do it: one request, one look at the status line.

Source: Kubernetes docs, "HTTP probes"; the texts are those of upstream's events.
"""

import asyncio
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import urljoin, urlsplit

from fairway.node.probes.outcome import WELL, Outcome
from fairway.objects.authority import authority

MAX_HEAD_BYTES = 64 * 1024
MAX_REDIRECTS = 10
USER_AGENT = "kube-probe/1.36"


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """Where to ask and what to say beside."""

    scheme: str
    host: str
    port: int
    path: str
    headers: Sequence[tuple[str, str]] = ()
    timeout_s: float = 1.0

    @property
    def url(self) -> str:
        """As texts show it."""
        path = self.path if self.path.startswith("/") else f"/{self.path}"
        return f"{self.scheme.lower()}://{authority(self.host, self.port)}{path}"


def request_head(url: str, headers: Sequence[tuple[str, str]]) -> bytes:
    """The request as sent.  A header of the probe's own goes before ours; an empty value leaves it out.  Pure."""
    parts = urlsplit(url)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    own = {name.lower() for name, _ in headers}
    defaults = (("Host", parts.netloc), ("User-Agent", USER_AGENT), ("Accept", "*/*"))
    lines = [f"{name}: {value}" for name, value in defaults if name.lower() not in own]
    lines += [f"{name}: {value}" for name, value in headers if value or name.lower() == "host"]
    text = f"GET {target} HTTP/1.1\r\n" + "".join(f"{line}\r\n" for line in [*lines, "Connection: close"]) + "\r\n"
    return text.encode("latin-1", errors="replace")


def parse_head(head: bytes) -> tuple[int, Mapping[str, str]]:
    """Status code and headers of an answer.  Raises: ``ValueError``.  Pure."""
    lines = head.decode("latin-1").split("\r\n")
    words = lines[0].split(None, 2)
    if len(words) < 2 or not words[0].startswith("HTTP/") or not words[1].isdigit():
        raise ValueError(f'malformed HTTP response "{lines[0][:80]}"')
    found = {}
    for line in lines[1:]:
        name, colon, value = line.partition(":")
        if colon:
            found[name.strip().lower()] = value.strip()
    return int(words[1]), found


async def http_get(request: HttpRequest) -> Outcome:
    """Ask once, following redirects that stay on the host."""
    url = request.url
    try:
        async with asyncio.timeout(request.timeout_s):
            for _ in range(MAX_REDIRECTS + 1):
                code, headers = await _ask(url, request.headers)
                target = urljoin(url, headers["location"]) if "location" in headers else ""
                if code // 100 != 3 or not target:
                    return judged(code)
                if urlsplit(target).hostname != urlsplit(url).hostname:
                    return Outcome(True, "Probe terminated redirects, Response body: ")
                url = target
    except TimeoutError:
        why = "context deadline exceeded (Client.Timeout exceeded while awaiting headers)"
        return Outcome(False, f'Get "{url}": {why}')
    except (OSError, EOFError, ValueError) as error:
        return Outcome(False, f'Get "{url}": {reason(error, url)}')
    return Outcome(False, f'Get "{url}": stopped after {MAX_REDIRECTS} redirects')


def judged(code: int) -> Outcome:
    """From 200 up to 399 is well."""
    return WELL if 200 <= code < 400 else Outcome(False, f"HTTP probe failed with statuscode: {code}")


def reason(error: BaseException, url: str) -> str:
    """A failed connection in the words that users of Kubernetes know."""
    address = urlsplit(url).netloc
    if isinstance(error, ConnectionRefusedError):
        return f"dial tcp {address}: connect: connection refused"
    if isinstance(error, ConnectionResetError):
        return "read: connection reset by peer"
    if isinstance(error, EOFError):
        return "EOF"
    if isinstance(error, OSError) and error.strerror and not isinstance(error, ssl.SSLError):
        return f"dial tcp {address}: connect: {error.strerror.lower()}"
    return str(error)


@lru_cache(1)
def _unverified() -> ssl.SSLContext:
    """Probes do not check certificates: they ask whether a server answers, not who it is."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


async def _ask(url: str, headers: Sequence[tuple[str, str]]) -> tuple[int, Mapping[str, str]]:
    parts = urlsplit(url)
    secure = _unverified() if parts.scheme == "https" else None
    port = parts.port or (443 if secure else 80)
    reader, writer = await asyncio.open_connection(parts.hostname, port, ssl=secure, limit=MAX_HEAD_BYTES)
    try:
        writer.write(request_head(url, headers))
        head = await reader.readuntil(b"\r\n\r\n")
        return parse_head(head)
    except asyncio.LimitOverrunError as error:
        raise ValueError("response headers are too long") from error
    finally:
        writer.transport.abort()
