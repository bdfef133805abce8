"""Registry: a client of the v2 API that only reads, blocking, for use in threads.

Sources: OCI distribution specification 1.1; the distribution project's token specification.
"""

import base64
import hashlib
import http.client
import json
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO, TypeVar

from fairway.node.images.challenge import parse_challenges, token_url
from fairway.node.images.manifest import ACCEPT
from fairway.node.images.reference import DEFAULT_REGISTRY, Reference

TIMEOUT_S = 30.0
ATTEMPTS = 4
FIRST_PAUSE_S = 0.25
RETRY_AFTER_MAX_S = 10.0
MANIFEST_MAX = 4 << 20
CHUNK = 1 << 18
USER_AGENT = "fairway"

T = TypeVar("T")
Credentials = Callable[[str], tuple[str, str] | None]
"""User and password for a registry, if there are any."""


class RegistryError(Exception):
    """The registry's no, or none at all; the text is what a user is shown."""


class _Passing(Exception):
    """A failure that may not come again; ``pause_s`` is how long the server asks to wait."""

    def __init__(self, text: str, pause_s: float = 0.0) -> None:
        super().__init__(text)
        self.pause_s = pause_s


@dataclass(frozen=True, slots=True)
class Document:
    """A manifest as fetched."""

    digest: str
    media_type: str
    data: bytes


def is_loopback(registry: str) -> bool:
    """Whether the registry is on this machine: then it may speak plain HTTP, as with Docker."""
    host = registry.rsplit(":", 1)[0] if not registry.endswith("]") else registry
    return host == "localhost" or host == "[::1]" or host.startswith("127.")


class Registry:
    """One registry host."""

    def __init__(self, host: str, credentials: Credentials, pause: Callable[[float], None] = time.sleep) -> None:
        self.host = host
        self._credentials = credentials
        self._pause = pause
        self._address = "registry-1.docker.io" if host == DEFAULT_REGISTRY else host
        self._schemes = ["https", "http"] if is_loopback(host) else ["https"]
        self._authorization: dict[str, str] = {}
        # A registry on this machine is never behind a proxy.
        proxies = [urllib.request.ProxyHandler({})] if is_loopback(host) else []
        self._opener = urllib.request.build_opener(*proxies)

    def manifest(self, reference: Reference, digest: str = "") -> Document:
        """The manifest (or index) that a reference stands for.  Raises: ``RegistryError``."""
        wanted = digest or reference.digest
        path = f"/v2/{reference.repository}/manifests/{wanted or reference.tag}"

        def fetch() -> Document:
            with self._open(path, reference.repository, {"Accept": ACCEPT}) as answer:
                data = answer.read(MANIFEST_MAX + 1)
                media_type = answer.headers.get_content_type()
            if len(data) > MANIFEST_MAX:
                raise RegistryError(f"the manifest of {reference} is larger than {MANIFEST_MAX} bytes")
            found = f"sha256:{hashlib.sha256(data).hexdigest()}"
            if wanted and found != wanted:
                raise _Passing(f"unexpected manifest digest {found}, expected {wanted}: failed precondition")
            return Document(found, media_type, data)

        return self._retried(fetch, str(reference))

    def blob(self, repository: str, digest: str, new_sink: Callable[[], BinaryIO]) -> BinaryIO:
        """Write a blob into what ``new_sink`` gives (asked again for each attempt) and check it.

        Raises: ``RegistryError``.
        """

        def fetch() -> BinaryIO:
            sink = new_sink()
            found = hashlib.sha256()
            with self._open(f"/v2/{repository}/blobs/{digest}", repository, {}) as answer:
                while data := answer.read(CHUNK):
                    found.update(data)
                    sink.write(data)
            if f"sha256:{found.hexdigest()}" != digest:
                text = f"unexpected commit digest sha256:{found.hexdigest()}, expected {digest}: failed precondition"
                raise _Passing(f'failed commit on ref "layer-{digest}": {text}')
            return sink

        return self._retried(fetch, f"{self.host}/{repository}@{digest}")

    def _retried(self, fetch: Callable[[], T], what: str) -> T:
        pause_s = FIRST_PAUSE_S
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return fetch()
            except (http.client.HTTPException, ConnectionError, TimeoutError) as error:
                failure: Exception = RegistryError(f"{what}: {error or type(error).__name__}")
                wait_s = pause_s
            except _Passing as passing:
                failure = RegistryError(str(passing))
                wait_s = max(pause_s, min(passing.pause_s, RETRY_AFTER_MAX_S))
            if attempt == ATTEMPTS:
                raise failure
            self._pause(wait_s)
            pause_s *= 2
        raise AssertionError("unreachable")

    @contextmanager
    def _open(self, path: str, repository: str, headers: dict[str, str]) -> Iterator[http.client.HTTPResponse]:
        answer = self._request(path, repository, headers)
        if answer is None:
            answer = self._request(path, repository, headers)
        if answer is None:
            raise RegistryError(
                "pull access denied, repository does not exist or may require authorization: authorization failed"
            )
        with answer:
            yield answer

    def _request(self, path: str, repository: str, headers: dict[str, str]) -> http.client.HTTPResponse | None:
        """The answer; ``None`` after a 401 that gave us a token to try with.

        The authorization is not passed on by redirects: blobs often lie on another host.
        """
        request = urllib.request.Request(f"{self._schemes[0]}://{self._address}{path}", headers=headers)
        request.add_header("User-Agent", USER_AGENT)
        sent = self._authorization.get(repository, "")
        if sent:
            request.add_unredirected_header("Authorization", sent)
        try:
            answer: http.client.HTTPResponse = self._opener.open(request, timeout=TIMEOUT_S)
            return answer
        except urllib.error.HTTPError as error:
            with error:
                if error.code == 401 and self._answer_challenge(error, repository, sent):
                    return None
                raise self._refusal(error, path) from None
        except urllib.error.URLError as error:
            return self._unreached(error, path, repository, headers)

    def _unreached(
        self, error: urllib.error.URLError, path: str, repository: str, headers: dict[str, str]
    ) -> http.client.HTTPResponse | None:
        """Plain HTTP where TLS is not spoken and need not be; else the reason."""
        reason = error.reason
        if len(self._schemes) > 1 and isinstance(reason, (ssl.SSLError, ConnectionError, TimeoutError)):
            self._schemes = self._schemes[1:]
            return self._request(path, repository, headers)
        url = f"{self._schemes[0]}://{self._address}{path}"
        text = f'failed to do request: Get "{url}": {reason}'
        if isinstance(reason, ssl.SSLCertVerificationError):
            raise RegistryError(text) from None
        raise _Passing(text) from None

    def _refusal(self, error: urllib.error.HTTPError, path: str) -> Exception:
        what = f"{self._schemes[0]}://{self._address}{path}"
        if error.code == 404:
            return RegistryError("not found")
        if error.code in (401, 403):
            told = _message(error)
            return RegistryError(
                "pull access denied, repository does not exist or may require authorization: "
                + (f"server message: {told}" if told else "authorization failed")
            )
        text = f"unexpected status from GET request to {what}: {error.code} {error.reason}"
        if error.code == 429 or error.code >= 500:
            return _Passing(text, _seconds(error.headers.get("Retry-After", "")))
        return RegistryError(text)

    def _answer_challenge(self, error: urllib.error.HTTPError, repository: str, sent: str) -> bool:
        """Whether there is now something better to send than what was refused."""
        known = self._credentials(self.host)
        basic = "Basic " + base64.b64encode(":".join(known).encode()).decode() if known else ""
        for challenge in parse_challenges(", ".join(error.headers.get_all("WWW-Authenticate") or ())):
            if challenge.scheme == "bearer" and not sent.startswith("Bearer"):
                url = token_url(challenge, repository)
                if url:
                    self._authorization[repository] = f"Bearer {self._token(url, basic)}"
                    return True
            if challenge.scheme == "basic" and basic and sent != basic:
                self._authorization[repository] = basic
                return True
        self._authorization.pop(repository, None)
        return False

    def _token(self, url: str, basic: str) -> str:
        if url.startswith("http://") and not is_loopback(self.host):
            raise RegistryError(f"the registry asks for its token without TLS: {url}")
        request = urllib.request.Request(url, headers={"User-Agent": USER_AGENT})
        if basic:
            request.add_unredirected_header("Authorization", basic)
        try:
            with self._opener.open(request, timeout=TIMEOUT_S) as answer:
                token = json.loads(answer.read(MANIFEST_MAX))
        except urllib.error.HTTPError as error:
            with error:
                raise RegistryError(
                    f"failed to authorize: failed to fetch anonymous token: unexpected status: {error.code}"
                    if not basic
                    else f"failed to authorize: failed to fetch oauth token: unexpected status: {error.code}"
                ) from None
        except (urllib.error.URLError, ValueError) as error:
            raise _Passing(f"failed to authorize: {error}") from None
        found = token.get("token") or token.get("access_token") if isinstance(token, dict) else None
        if not isinstance(found, str) or not found:
            raise RegistryError(f"failed to authorize: no token in the answer of {url}")
        return found


def _message(error: urllib.error.HTTPError) -> str:
    """The first error of a registry's error document."""
    try:
        first = json.loads(error.read(65536))["errors"][0]
        return f"{first.get('code', '')}: {first.get('message', '')}".strip(": ")
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, OSError):
        return ""


def _seconds(text: str) -> float:
    try:
        return max(0.0, float(text))
    except ValueError:
        return 0.0
