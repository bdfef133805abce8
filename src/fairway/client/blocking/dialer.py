"""Dialer: the way to one API server: sockets to it, TLS, and the token to show.

Source: RFC 6750; Kubernetes docs, "Authenticating".
"""

from fairway.client.blocking.connection import plain_socket
from fairway.client.kubeconfig.selection import KubeconfigError

TYPE_CHECKING = False
if TYPE_CHECKING:
    import ssl
    from typing import Any

    from fairway.client.kubeconfig.selection import Access


class Dialer:
    """``base`` is the path that all paths of the server begin with, mostly none; ``timeout_s`` 0: no limit."""

    def __init__(self, access: "Access", timeout_s: float) -> None:
        self.access = access
        self._is_tls, self._host, self._port, self.base = _parted(access.server.rstrip("/"))
        self._timeout_s = timeout_s
        self._context: ssl.SSLContext | None = None
        self._light: Any = None
        self._token: str | None = None

    def dial(self, *, is_plain: bool) -> "Any":
        """A connected socket, behind TLS where it must be; ``is_plain``: one of Python's own, as streams need it."""
        self.token()  # a plugin may bring the certificate
        name = self.access.server_name or self._host
        if self._is_tls and self.access.ca and "-----BEGIN CERTIFICATE-----" not in self.access.ca:
            raise KubeconfigError("unable to load root certificates: unable to parse bytes as PEM block")
        if self._is_tls and not is_plain and self._context is None:
            from fairway.client.blocking import tls

            if self._light is None:
                self._light = tls.context_of(self.access)
            if self._light is not None:
                return tls.secured(plain_socket(self._host, self._port, self._timeout_s), self._light, name)
        if self._is_tls and self._context is None:
            from fairway.client.kubeconfig.selection import ssl_context

            self._context = ssl_context(self.access)
        import socket

        found = socket.create_connection((self._host, self._port), self._timeout_s or None)
        found.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self._context is None:
            return found
        try:
            return self._context.wrap_socket(found, server_hostname=name)
        except BaseException:
            found.close()
            raise

    def token(self) -> str:
        """The bearer token to show; empty for none."""
        if self._token is None:
            self._token = self._asked_token()
        return self._token

    def _asked_token(self) -> str:
        access = self.access
        if access.token:
            return access.token
        if access.token_file:
            with open(access.token_file) as file:
                return file.read().strip()
        if access.plugin is not None and not access.cert:
            from fairway.client.blocking.plugin import credential

            found = credential(access.plugin)
            if found.cert:
                from fairway.client.kubeconfig.selection import show_certificate, ssl_context

                self._context = self._context or ssl_context(access)
                if self._context is not None:
                    show_certificate(self._context, f"{found.cert}\n{found.key}")
            return found.token
        return ""

    def renewed(self) -> bool:
        """Whether there is something newer to show than what was refused."""
        if not self.access.token_file or self.access.token:
            return False
        before, self._token = self._token, None
        return self.token() != before


def _parted(server: str) -> tuple[bool, str, int, str]:
    scheme, _, rest = server.partition("://")
    if not rest:
        scheme, rest = "http", server
    authority, slash, path = rest.partition("/")
    host, colon, port = authority.rpartition(":")
    if not colon or host.count("[") != host.count("]") or not port.isdecimal():
        host, port = authority, ""
    return scheme == "https", host.strip("[]"), int(port or (443 if scheme == "https" else 80)), slash + path
