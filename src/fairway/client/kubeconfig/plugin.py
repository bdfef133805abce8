"""Plugin: a program that a kubeconfig names and that gives a token, a client certificate, or both.

Shape: ``Plugin`` says what to run; ``PluginCredentials`` runs it when what it gave last has expired or was refused.
Source: Kubernetes docs, "Authenticating", client-go credential plugins; client.authentication.k8s.io/v1.
"""

import asyncio
import json
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from fairway.client.kubeconfig.selection import Plugin

TIMEOUT_S = 60.0
_EARLY = timedelta(seconds=10)
"""A token that ends so soon is not shown any more: the server's clock may be ahead."""


class PluginError(ConnectionError):
    """The plugin gave nothing usable; the text names it, what it did and its hint for the cure."""


@dataclass(frozen=True, slots=True)
class Credential:
    """What a plugin gave.  ``cert`` and ``key`` are PEM; without ``expires`` it is good until it is refused."""

    token: str = ""
    cert: str = ""
    key: str = ""
    expires: datetime | None = None


def credential_of(text: str, version: str) -> Credential:
    """The credential in a plugin's answer.  Pure.  Raises: ``ValueError``."""
    answer = json.loads(text)
    if not isinstance(answer, dict) or answer.get("kind") != "ExecCredential":
        raise ValueError("it answered no ExecCredential")
    if answer.get("apiVersion") != version:
        raise ValueError(f"it answered {answer.get('apiVersion')} where {version} was wanted")
    status = answer.get("status") or {}
    expires = status.get("expirationTimestamp")
    found = Credential(
        token=str(status.get("token") or ""),
        cert=str(status.get("clientCertificateData") or ""),
        key=str(status.get("clientKeyData") or ""),
        expires=datetime.fromisoformat(expires) if expires else None,
    )
    if not found.token and not (found.cert and found.key):
        raise ValueError("it gave neither a token nor a certificate with its key")
    return found


class PluginCredentials:
    """The ``Credentials`` of a plugin; ``show`` puts a client certificate into the TLS context."""

    def __init__(
        self, plugin: Plugin, context: ssl.SSLContext | None, show: Callable[[ssl.SSLContext, str], None]
    ) -> None:
        self._plugin = plugin
        self._context = context
        self._show = show
        self._held: Credential | None = None
        self._asking = asyncio.Lock()

    async def token(self) -> str:
        """See ``Credentials``."""
        held = self._held
        if held is None or (held.expires is not None and held.expires - _EARLY <= datetime.now(UTC)):
            held = await self._ask(held)
        return held.token

    async def renew(self) -> bool:
        """See ``Credentials``."""
        before = self._held
        return await self._ask(before) != before

    async def _ask(self, before: Credential | None) -> Credential:
        """Run the plugin, once for all who wait."""
        async with self._asking:
            if self._held is not before and self._held is not None:
                return self._held
            found = await _ran(self._plugin)
            if found.cert and self._context is not None:
                try:
                    self._show(self._context, f"{found.cert}\n{found.key}")
                except ssl.SSLError as error:
                    raise PluginError(f"the certificate of {self._plugin.command} cannot be used: {error}") from error
            self._held = found
            return found


async def _ran(plugin: Plugin) -> Credential:
    try:
        process = await asyncio.create_subprocess_exec(
            plugin.command, *plugin.args, env=plugin.environment(), stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
    except OSError as error:
        hint = f"; {plugin.install_hint.strip()}" if plugin.install_hint else ""
        raise PluginError(f"credential plugin {plugin.command} cannot be run: {error.strerror}{hint}") from error
    try:
        async with asyncio.timeout(TIMEOUT_S):
            out, err = await process.communicate()
    except TimeoutError as error:
        raise PluginError(f"credential plugin {plugin.command} gave nothing within {TIMEOUT_S:g} s") from error
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        said = err.decode("utf-8", "replace").strip()[-400:]
        raise PluginError(f"credential plugin {plugin.command} ended with {process.returncode}: {said}")
    try:
        return credential_of(out.decode(), plugin.version)
    except ValueError as error:
        raise PluginError(f"credential plugin {plugin.command}: {error}") from error
