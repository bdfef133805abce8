"""Access: the client that a kubeconfig's context makes.

What the kubeconfig says is read by ``selection.py``.
"""

import os
import ssl
from collections.abc import Mapping
from pathlib import Path

from fairway.client.http import HttpClient
from fairway.client.http.credentials import Credentials, Token
from fairway.client.kubeconfig.plugin import PluginCredentials
from fairway.client.kubeconfig.selection import Access, KubeconfigError, show_certificate, ssl_context


def paths(environment: Mapping[str, str], home: Path) -> list[Path]:
    """The kubeconfig files in their order: ``$KUBECONFIG``, or ``~/.kube/config``.  Pure."""
    named = [Path(part) for part in environment.get("KUBECONFIG", "").split(os.pathsep) if part]
    return named or [home / ".kube" / "config"]


def connect(access: Access, *, agent: str = "fairway", timeout_s: float = 60.0) -> HttpClient:
    """A client for ``access``.  A token file is read again for every request, since tokens are renewed in it."""
    if not access.server:
        raise KubeconfigError("kubeconfig cluster has no server")
    context = ssl_context(access)
    return HttpClient(
        access.server, ssl_context=context, token=_credentials(access, context), agent=agent,
        server_name=access.server_name, timeout_s=timeout_s,
    )  # fmt: skip


def _credentials(access: Access, context: ssl.SSLContext | None) -> Credentials:
    if access.plugin is not None and not (access.token or access.token_file or access.cert):
        return PluginCredentials(access.plugin, context, show_certificate)
    if access.token_file and not access.token:
        file = Path(access.token_file)
        return Token(lambda: file.read_text().strip())
    if access.cert_file and access.key_file and context is not None and not access.token:
        return CertificateFiles(access.cert_file, access.key_file, f"{access.cert}\n{access.key}", context)
    return Token(access.token)


class CertificateFiles:
    """The ``Credentials`` of a client certificate that others renew in its files, as a kubelet does."""

    def __init__(self, cert_file: str, key_file: str, shown: str, context: ssl.SSLContext) -> None:
        self._files = (Path(cert_file), Path(key_file))
        self._shown = shown
        self._context = context

    async def token(self) -> str:
        """See ``Credentials``."""
        return ""

    async def renew(self) -> bool:
        """See ``Credentials``."""
        try:
            found = "\n".join(file.read_text() for file in self._files)
            if found == self._shown:
                return False
            show_certificate(self._context, found)
        except (OSError, ValueError) as error:
            raise ConnectionError(f"client certificate {self._files[0]} cannot be used: {error}") from error
        self._shown = found
        return True
