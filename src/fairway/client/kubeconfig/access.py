"""Access: what a kubeconfig says about one context, and the client that it makes.

Shape: ``load`` reads the files, ``select`` (pure) picks a context, ``connect`` makes the client.
"""

import base64
import binascii
import json
import os
import ssl
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from fairway.client.http import HttpClient
from fairway.client.http.credentials import Credentials, Token
from fairway.client.kubeconfig.plugin import VERSIONS, Plugin, PluginCredentials
from fairway.objects import Object

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_FILES = {
    "cluster": ("certificate-authority",),
    "user": ("client-certificate", "client-key", "tokenFile"),
}
_REFUSED = {"auth-provider": "auth providers", "username": "passwords"}

_TOLD = ("server", "tls-server-name", "insecure-skip-tls-verify", "certificate-authority-data")
"""What a plugin may be told of the cluster."""


class KubeconfigError(Exception):
    """The kubeconfig cannot be used; the text says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Access:
    """How to reach and convince one API server.  ``ca``, ``cert`` and ``key`` are PEM.

    What stands here goes before what ``plugin`` would give.
    """

    server: str
    ca: str = ""
    cert: str = ""
    key: str = ""
    token: str = ""
    token_file: str = ""
    is_insecure: bool = False
    server_name: str = ""
    namespace: str = "default"
    plugin: Plugin | None = None
    cert_file: str = ""
    key_file: str = ""
    """Where ``cert`` and ``key`` were read, and are read again when they are refused; empty where they were given."""


def paths(environment: Mapping[str, str], home: Path) -> list[Path]:
    """The kubeconfig files in their order: ``$KUBECONFIG``, or ``~/.kube/config``.  Pure."""
    named = [Path(part) for part in environment.get("KUBECONFIG", "").split(os.pathsep) if part]
    return named or [home / ".kube" / "config"]


def load(files: Iterable[Path]) -> Object:
    """The files as one document: of what stands twice the first counts, missing files are skipped.

    Raises: ``KubeconfigError``.
    """
    whole: Object = {"clusters": [], "contexts": [], "users": [], "current-context": ""}
    for file in files:
        try:
            document = yaml.load(file.read_bytes(), Loader=_LOADER) or {}
        except FileNotFoundError:
            continue
        except (OSError, yaml.YAMLError) as error:
            raise KubeconfigError(f"kubeconfig {file} cannot be read: {error}") from error
        if not isinstance(document, dict):
            raise KubeconfigError(f"kubeconfig {file} is not one: its top level is no mapping")
        for section, inner in (("clusters", "cluster"), ("contexts", "context"), ("users", "user")):
            for item in document.get(section) or ():
                whole[section].append({**item, inner: _resolved(item.get(inner) or {}, inner, file.parent)})
        whole["current-context"] = whole["current-context"] or document.get("current-context") or ""
    return whole


def _resolved(item: Object, inner: str, folder: Path) -> Object:
    """File names in a kubeconfig are relative to its folder."""
    found = {key: str(folder / value) if key in _FILES.get(inner, ()) else value for key, value in item.items()}
    plugin = found.get("exec")
    if isinstance(plugin, dict) and os.sep in str(plugin.get("command", "")):
        found["exec"] = {**plugin, "command": str(folder / plugin["command"])}
    return found


def select(
    config: Object, context: str = "", read: Callable[[str], str] = lambda path: Path(path).read_text()
) -> Access:
    """What ``config`` says about ``context`` (the current one if empty).  Raises: ``KubeconfigError``."""
    name = context or config.get("current-context") or ""
    if not name:
        raise KubeconfigError("kubeconfig has no current context: name one")
    chosen = _named(config, "contexts", "context", name)
    cluster = _named(config, "clusters", "cluster", str(chosen.get("cluster", "")))
    user = _named(config, "users", "user", str(chosen["user"])) if chosen.get("user") else {}
    for key, what in _REFUSED.items():
        if user.get(key):
            raise KubeconfigError(f"kubeconfig user {chosen['user']!r} needs {what}, which are not supported")
    if cluster.get("proxy-url"):
        raise KubeconfigError(f"kubeconfig cluster {chosen['cluster']!r} needs a proxy, which is not supported")
    try:
        return Access(
            server=str(cluster.get("server") or ""),
            ca=_pem(cluster, "certificate-authority", read),
            cert=_pem(user, "client-certificate", read),
            key=_pem(user, "client-key", read),
            token=str(user.get("token") or ""),
            token_file=str(user.get("tokenFile") or ""),
            is_insecure=bool(cluster.get("insecure-skip-tls-verify")),
            server_name=str(cluster.get("tls-server-name") or ""),
            namespace=str(chosen.get("namespace") or "default"),
            plugin=_plugin(user["exec"], cluster) if user.get("exec") else None,
            cert_file=_file(user, "client-certificate"),
            key_file=_file(user, "client-key"),
        )
    except (OSError, ValueError) as error:
        raise KubeconfigError(f"kubeconfig context {name!r} cannot be used: {error}") from error


def _plugin(named: dict[str, Any], cluster: dict[str, Any]) -> Plugin:
    """The credential plugin of a user.  Raises: ``ValueError``."""
    version, command = str(named.get("apiVersion") or ""), str(named.get("command") or "")
    if version not in VERSIONS:
        raise ValueError(f'exec.apiVersion is "{version}" and not one of {", ".join(VERSIONS)}')
    if not command:
        raise ValueError("exec.command is missing")
    if named.get("interactiveMode") == "Always":
        raise ValueError(f"exec.command {command} must ask a user, and there is none")
    told = {key: cluster[key] for key in _TOLD if cluster.get(key)}
    return Plugin(
        command=command,
        args=tuple(map(str, named.get("args") or ())),
        env=tuple((str(each["name"]), str(each["value"])) for each in named.get("env") or ()),
        version=version,
        install_hint=str(named.get("installHint") or ""),
        cluster=json.dumps(told) if named.get("provideClusterInfo") else "",
    )


def _named(config: Object, section: str, inner: str, name: str) -> dict[str, Any]:
    for item in config.get(section) or ():
        if item.get("name") == name:
            found: dict[str, Any] = item.get(inner) or {}
            return found
    known = ", ".join(sorted(str(item.get("name")) for item in config.get(section) or ())) or "none"
    raise KubeconfigError(f"kubeconfig has no {inner} {name!r}: it has {known}")


def _pem(item: dict[str, Any], key: str, read: Callable[[str], str]) -> str:
    encoded = item.get(f"{key}-data")
    if encoded:
        try:
            return base64.b64decode("".join(str(encoded).split()), validate=True).decode("ascii")
        except (binascii.Error, UnicodeDecodeError) as error:
            raise ValueError(f"{key}-data is not PEM in base64") from error
    return read(item[key]) if item.get(key) else ""


def _file(item: dict[str, Any], key: str) -> str:
    return "" if item.get(f"{key}-data") else str(item.get(key) or "")


def ssl_context(access: Access) -> ssl.SSLContext | None:
    """The TLS side of ``access``; ``None`` for plain HTTP.  Raises: ``KubeconfigError``."""
    if access.server.startswith("http://"):
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    try:
        if access.is_insecure:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        elif access.ca:
            context.load_verify_locations(cadata=access.ca)
        else:
            context.load_default_certs()
        if access.cert:
            show_certificate(context, access.cert + "\n" + access.key)
    except ssl.SSLError as error:
        raise KubeconfigError(f"certificates for {access.server} cannot be used: {error}") from error
    return context


def show_certificate(context: ssl.SSLContext, pem: str) -> None:
    """Have ``context`` show the certificate and key in ``pem``."""
    # OpenSSL's Python side reads keys from files only: this one exists in memory and for this moment.
    file = os.memfd_create("client-certificate", os.MFD_CLOEXEC)
    try:
        with open(file, "w", closefd=False) as writing:
            writing.write(pem)
        context.load_cert_chain(f"/proc/self/fd/{file}")
    finally:
        os.close(file)


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
