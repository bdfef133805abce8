"""TLS: the client's side of it, by the standard library's own module in C.

Shape: ``Secured(socket, access)`` is like a socket that was wrapped: ``recv``, ``sendall``, ``close``, ``fileno``,
``pending``. The module ``ssl`` makes its constants into enumerations when it is imported, which takes longer than a
handshake does. ``secured`` gives ``None`` where this Python's module is not as expected: then the caller uses
``ssl``.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from fairway.client.blocking.connection import Socket
    from fairway.client.kubeconfig.selection import Access

_TLS_1_2 = 0x0303


class Secured:
    """A socket behind TLS."""

    __slots__ = ("_session", "_socket")

    def __init__(self, socket: "Socket", session: "Any") -> None:
        self._socket, self._session = socket, session

    def recv(self, size: int) -> bytes:
        """Up to ``size`` bytes; none at the end."""
        import _ssl

        try:
            got: bytes = self._session.read(size)
            return got
        except _ssl.SSLError as error:
            if error.args[0] in (_ssl.SSL_ERROR_EOF, _ssl.SSL_ERROR_ZERO_RETURN):
                return b""
            raise

    def sendall(self, data: bytes) -> None:
        """Send all of it."""
        sent = 0
        with memoryview(data) as view:
            while sent < len(view):
                sent += self._session.write(view[sent:])

    def pending(self) -> int:
        """How many bytes are there already."""
        return int(self._session.pending())

    def fileno(self) -> int:
        """Of the socket below."""
        return self._socket.fileno()

    def settimeout(self, timeout_s: float | None) -> None:
        """Of the socket below."""
        self._socket.settimeout(timeout_s)

    def close(self) -> None:
        """Close the socket below."""
        self._socket.close()


def context_of(access: "Access") -> "Any":
    """The context in C for ``access``; ``None`` where ``ssl`` must do it."""
    try:
        import _ssl

        context: Any = _ssl._SSLContext(_ssl.PROTOCOL_TLS_CLIENT)
        context.options |= _ssl.OP_ALL | _ssl.OP_NO_COMPRESSION
        context.minimum_version = _TLS_1_2
        context._set_alpn_protocols(b"\x08http/1.1")
        if access.is_insecure:
            context.check_hostname = False
            context.verify_mode = _ssl.CERT_NONE
        elif access.ca:
            context.load_verify_locations(cadata=access.ca)
        else:
            context.set_default_verify_paths()
        if access.cert:
            from fairway.client.kubeconfig.selection import show_certificate

            show_certificate(context, f"{access.cert}\n{access.key}")
    except (ImportError, AttributeError, TypeError):
        return None
    return context


def secured(socket: "Socket", context: "Any", server_name: str) -> Secured:
    """The socket after the handshake.  Raises ``OSError`` as ``ssl`` does."""
    session = context._wrap_socket(socket, False, server_name)
    session.do_handshake()
    return Secured(socket, session)
