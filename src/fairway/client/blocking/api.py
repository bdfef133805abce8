"""Api: requests to one API server over one kept connection, and their answers as objects.

Shape: ``api.get(path)``, ``api.create(path, object)``, ``api.replace``, ``api.patch``, ``api.delete`` give objects;
``api.request`` gives the ``Answer`` whatever its status; ``api.lines`` gives the lines of an answer as they come
(watch, logs with ``follow``); ``api.stream`` the same as bytes; ``api.upgrade`` gives a ``WebSocket``.  Query
parameters are keyword ``query``, a mapping; those that are empty or ``None`` are left out.
Raises: ``ApiError`` for a refusal, ``Unreachable`` where there is no answer.
"""

from fairway.client.blocking.connection import Closed, Connection, Head
from fairway.client.blocking.dialer import Dialer
from fairway.client.blocking.errors import ApiError, Unreachable, generic_status
from fairway.client.blocking.json_values import decoded

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from typing import Any

    from fairway.client.blocking.web_socket import WebSocket
    from fairway.client.kubeconfig.selection import Access

    Query = Mapping[str, Any] | None

JSON = "application/json"
MERGE_PATCH = "application/merge-patch+json"
STRATEGIC_PATCH = "application/strategic-merge-patch+json"
_QUERY_SAFE = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~")


class Answer:
    """One answer, read to its end."""

    __slots__ = ("body", "headers", "status")

    def __init__(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.status, self.headers, self.body = status, headers, body

    def object(self) -> "Any":
        """The body as JSON."""
        return decoded(self.body)


def encoded(value: "Any") -> bytes:
    """Compact JSON."""
    import json

    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def quoted(text: str) -> str:
    """``text`` as a part of a query or a path."""
    return "".join(chr(byte) if byte in _QUERY_SAFE else f"%{byte:02X}" for byte in text.encode())


def with_query(path: str, query: "Query") -> str:
    """``path`` with those parameters that are not empty; booleans are ``true``.

    Lists repeat their name, for items that are empty as well.
    """
    pairs = []
    for name, value in (query or {}).items():
        is_several = isinstance(value, list | tuple)
        for each in value if is_several else (value,):
            if is_several or each not in (None, "", False):
                pairs.append(f"{quoted(name)}={'true' if each is True else quoted(str(each))}")
    return f"{path}{'&' if '?' in path else '?'}{'&'.join(pairs)}" if pairs else path


class Api:
    """The API server that ``access`` leads to.

    ``warn`` is told each ``Warning:`` text; ``trace`` each request as ``(method, url, status, milliseconds)``, with its
    headers and bodies.  ``timeout_s`` 0: as long as it takes.
    """

    def __init__(
        self,
        access: "Access",
        *,
        agent: str = "fairway",
        timeout_s: float = 0.0,
        headers: "Sequence[tuple[str, str]]" = (),
        warn: "Callable[[str], None]" = lambda text: None,
        trace: "Callable[..., None] | None" = None,
    ) -> None:
        self.access = access
        self.server = access.server.rstrip("/")
        self._dialer = Dialer(access, max(0.0, timeout_s))
        self._base = self._dialer.base
        self._timeout_s, self._warn, self._trace = timeout_s, warn, trace
        self._headers = {"Host": self.authority, "User-Agent": agent, **dict(headers)}
        self._kept: Connection | None = None

    @property
    def authority(self) -> str:
        """``127.0.0.1:6443``, as it stands in messages and names of files."""
        return self.server.partition("://")[2].partition("/")[0]

    def get(self, path: str, query: "Query" = None, *, accept: str = JSON) -> "Any":
        """The object at ``path``; an item of a list says what it is, which servers leave to the list."""
        found = self._asked("GET", path, query, accept=accept)
        kind = str(found.get("kind", "")) if isinstance(found, dict) else ""
        if kind.endswith("List"):
            for item in found.get("items") or ():
                item.setdefault("kind", kind.removesuffix("List"))
                item.setdefault("apiVersion", found.get("apiVersion", ""))
        return found

    def create(self, path: str, body: "Any", query: "Query" = None) -> "Any":
        """POST ``body``; the object as it was stored."""
        return self._asked("POST", path, query, body=body)

    def replace(self, path: str, body: "Any", query: "Query" = None) -> "Any":
        """PUT ``body``; the object as it was stored."""
        return self._asked("PUT", path, query, body=body)

    def patch(self, path: str, body: "Any", query: "Query" = None, *, type: str = MERGE_PATCH) -> "Any":
        """PATCH; the object as it was stored.  ``body`` may be bytes."""
        return self._asked("PATCH", path, query, body=body, content_type=type)

    def delete(self, path: str, options: "Any" = None, query: "Query" = None) -> "Any":
        """DELETE with DeleteOptions; the object or the Status that is answered."""
        return self._asked("DELETE", path, query, body=options)

    def _asked(
        self,
        method: str,
        path: str,
        query: "Query",
        *,
        body: "Any" = None,
        accept: str = JSON,
        content_type: str = JSON,
    ) -> "Any":
        answer = self.request(method, path, query, body=body, accept=accept, content_type=content_type)
        if answer.status >= 400:
            raise ApiError(status_of(answer))
        try:
            return answer.object()
        except ValueError:
            # Something else listens there; Go's own words for it are what kubectl's users know.
            first = answer.body.decode(errors="replace").lstrip()[:1]
            said = (
                f"invalid character '{first}' looking for beginning of value"
                if first
                else "unexpected end of JSON input"
            )
            raise Unreachable(f"error: {said}") from None

    def request(
        self,
        method: str,
        path: str,
        query: "Query" = None,
        *,
        body: "Any" = None,
        accept: str = JSON,
        content_type: str = JSON,
    ) -> Answer:
        """Ask, whatever the status of the answer is."""
        connection, head = self._begun(method, path, query, body, accept, content_type)
        try:
            answer = Answer(head.status, head.headers, connection.body(head))
        except OSError as error:
            connection.close()
            raise self._unreachable(error) from error
        if connection.is_reusable:
            self._kept = connection
        else:
            connection.close()
        if self._trace is not None:
            self._trace(body_of_answer=answer.body)
        return answer

    def stream(
        self,
        path: str,
        query: "Query" = None,
        *,
        accept: str = JSON,
        method: str = "GET",
        body: "Any" = None,
        for_s: float = 0.0,
    ) -> "Iterator[bytes]":
        """The body in pieces as they come, for so many seconds if told.

        A refusal is raised at once, before the first piece is asked for.
        """
        connection, head = self._begun(method, path, query, body, accept, JSON)
        if head.status >= 400:
            try:
                raise ApiError(status_of(Answer(head.status, head.headers, connection.body(head))))
            finally:
                connection.close()
        if for_s:
            connection.deadline_s = _now_s() + for_s
        return self._pieces(connection, head)

    def _pieces(self, connection: Connection, head: Head) -> "Iterator[bytes]":
        try:
            yield from connection.pieces(head)
        except (Closed, TimeoutError):
            return  # a stream ends when its time is over, which the user has set
        except OSError as error:
            raise self._unreachable(error) from error
        finally:
            connection.close()

    def lines(self, path: str, query: "Query" = None, *, accept: str = JSON, for_s: float = 0.0) -> "Iterator[bytes]":
        """The lines of the body as they come, without their newlines."""
        return _lines(self.stream(path, query, accept=accept, for_s=for_s))

    def watch(
        self, path: str, query: "Query" = None, *, accept: str = JSON, for_s: float = 0.0
    ) -> "Iterator[tuple[str, Any]]":
        """Events of a watch as ``(type, object)``, for so many seconds if told.

        Raises ``ApiError`` for an event of type ERROR.
        """
        for line in self.lines(path, {**(query or {}), "watch": "true"}, accept=accept, for_s=for_s):
            event = decoded(line)
            if event["type"] == "ERROR":
                raise ApiError(event["object"])
            yield event["type"], event["object"]

    def upgrade(self, path: str, query: "Query" = None, *, protocols: "Sequence[str]") -> "WebSocket":
        """A WebSocket with one of ``protocols``; a refusal is an ``ApiError``."""
        from fairway.client.blocking.web_socket import WebSocket, asking

        key, headers = asking(protocols)
        connection, head = self.switched("GET", path, query, headers=headers)
        try:
            return WebSocket(connection, head, key)
        except OSError as error:
            connection.close()
            raise self._unreachable(error) from error

    def switched(
        self, method: str, path: str, query: "Query" = None, *, headers: "Mapping[str, str]"
    ) -> tuple[Connection, Head]:
        """A connection that now speaks another protocol, as ``headers`` ask; a refusal is an ``ApiError``."""
        connection = self._connected(is_plain=True)
        try:
            body = b"" if method == "POST" else None
            connection.send(method, self._base + with_query(path, query), {**self._shown(), **headers}, body)
            head = connection.head()
            if head.status != 101:
                raise ApiError(status_of(Answer(head.status, head.headers, connection.body(head))))
            return connection, head
        except OSError as error:
            connection.close()
            raise self._unreachable(error) from error
        except BaseException:
            connection.close()
            raise

    def opened(self) -> tuple[Connection, dict[str, str]]:
        """A new connection, and the headers that make a request ours: for who speaks HTTP himself."""
        return self._connected(is_plain=True), self._shown()

    def close(self) -> None:
        """Let go of the connection."""
        if self._kept is not None:
            self._kept.close()
            self._kept = None

    def _begun(
        self, method: str, path: str, query: "Query", body: "Any", accept: str, content_type: str
    ) -> tuple[Connection, Head]:
        """Send, and read the head; once more where the kept connection had been closed, or with a new token."""
        target = self._base + with_query(path, query)
        if self._timeout_s:
            target = with_query(target, {"timeout": f"{self._timeout_s:g}s"})
        text = body if body is None or isinstance(body, bytes) else encoded(body)
        connection, head = self._sent(method, target, accept, content_type, text)
        if head.status == 401 and self._dialer.renewed():
            connection.close()
            connection, head = self._sent(method, target, accept, content_type, text)
        for warning in head.warnings:
            self._warn(_warning_text(warning))
        return connection, head

    def _sent(
        self, method: str, target: str, accept: str, content_type: str, body: bytes | None
    ) -> tuple[Connection, Head]:
        headers = {**self._shown(), "Accept": accept}
        if body is not None:
            headers["Content-Type"] = content_type
        started = _now_s() if self._trace is not None else 0.0
        kept, self._kept = self._kept, None
        connection, head = kept, None
        if connection is not None:
            try:
                connection.send(method, target, headers, body)
                head = connection.head()
            except (Closed, BrokenPipeError, ConnectionResetError):
                connection.close()
                connection = None
            except OSError as error:
                connection.close()
                raise self._unreachable(error) from error
        if connection is None or head is None:
            connection = self._connected()
            try:
                connection.send(method, target, headers, body)
                head = connection.head()
            except OSError as error:
                connection.close()
                raise self._unreachable(error) from error
        if self._trace is not None:
            taken_ms = round((_now_s() - started) * 1000)
            root = self.server[: len(self.server) - len(self._base)] if self._base else self.server
            self._trace(method=method, url=root + target, head=head, taken_ms=taken_ms, headers=headers, body=body)
        return connection, head

    def _connected(self, *, is_plain: bool = False) -> Connection:
        """A new connection; ``is_plain``: its socket is Python's own, as streams need it."""
        try:
            return Connection(self._dialer.dial(is_plain=is_plain))
        except OSError as error:
            raise self._unreachable(error) from error

    def _shown(self) -> dict[str, str]:
        token = self._dialer.token()
        return {**self._headers, "Authorization": f"Bearer {token}"} if token else self._headers

    def _unreachable(self, error: OSError) -> Unreachable:
        from fairway.client.blocking.unreachable import told

        return Unreachable(told(error, self.authority, self.access.server_name))


def _now_s() -> float:
    import time

    return time.monotonic()


def status_of(answer: Answer) -> "dict[str, Any]":
    """The Status of an answer that is a refusal."""
    if answer.body[:1] == b"{":
        try:
            found = answer.object()
        except ValueError:
            found = {}
        if found.get("kind") == "Status":
            return {**found, "code": found.get("code") or answer.status}
    return generic_status(answer.status, answer.body.decode("utf-8", "replace").strip())


def _warning_text(value: str) -> str:
    """The text of ``299 - "text"``."""
    text = value.partition('"')[2].rpartition('"')[0]
    return text.replace('\\"', '"').replace("\\\\", "\\") or value


def _lines(pieces: "Iterator[bytes]") -> "Iterator[bytes]":
    held = b""
    for piece in pieces:
        *whole, held = (held + piece).split(b"\n")
        yield from whole
    if held:
        yield held
