"""Selection: what the kubeconfig files say about one context.

Shape: ``load`` reads the files, ``select`` (pure) picks a context.
Rules for those who change it: no heavy imports (asyncio, dataclasses, pathlib, re, typing, yaml), since every command
of the command line comes through here.  Files that are as simple as most are read without PyYAML (``plain.py``).
Source: Kubernetes docs, "Organizing Cluster Access Using kubeconfig Files"; kubeconfig v1 reference.
"""

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterable
    from typing import Any

    from fairway.objects import Object

GROUP = "client.authentication.k8s.io"
VERSIONS = (f"{GROUP}/v1", f"{GROUP}/v1beta1")
"""Of the answers of credential plugins."""
_FILES = {
    "cluster": ("certificate-authority",),
    "user": ("client-certificate", "client-key", "tokenFile"),
}
_REFUSED = {"auth-provider": "auth providers", "username": "passwords"}

_TOLD = ("server", "tls-server-name", "insecure-skip-tls-verify", "certificate-authority-data")
"""What a plugin may be told of the cluster."""


class KubeconfigError(Exception):
    """The kubeconfig cannot be used; the text says what is wrong with it."""


class _Record:
    """Values that are equal where all their fields are; a dataclass would cost every command its import."""

    __slots__: "tuple[str, ...]" = ()

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and all(getattr(self, n) == getattr(other, n) for n in self.__slots__)

    def __hash__(self) -> int:
        return hash(tuple(getattr(self, name) for name in self.__slots__))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={getattr(self, name)!r}' for name in self.__slots__)})"


class Plugin(_Record):
    """``users[].user.exec`` of a kubeconfig; ``cluster`` is what it is told of the cluster, if it wants to know."""

    __slots__ = ("args", "cluster", "command", "env", "install_hint", "version")

    def __init__(
        self,
        command: str,
        args: "tuple[str, ...]" = (),
        env: "tuple[tuple[str, str], ...]" = (),
        version: str = VERSIONS[0],
        install_hint: str = "",
        cluster: str = "",
    ) -> None:
        self.command, self.args, self.env = command, args, env
        self.version, self.install_hint, self.cluster = version, install_hint, cluster

    def environment(self) -> "dict[str, str]":
        """What it finds in its environment."""
        import json

        spec: dict[str, Any] = {"interactive": False}
        if self.cluster:
            spec["cluster"] = json.loads(self.cluster)
        told = {"kind": "ExecCredential", "apiVersion": self.version, "spec": spec}
        return {**os.environ, **dict(self.env), "KUBERNETES_EXEC_INFO": json.dumps(told)}


class Access(_Record):
    """How to reach and convince one API server.  ``ca``, ``cert`` and ``key`` are PEM.

    What stands here goes before what ``plugin`` would give.  ``cert_file`` and ``key_file``: where ``cert`` and
    ``key`` were read, and are read again when they are refused; empty where they were given.
    """

    __slots__ = (
        "ca", "cert", "cert_file", "is_insecure", "key", "key_file", "namespace", "plugin", "server", "server_name",
        "token",
        "token_file",
    )  # fmt: skip

    def __init__(
        self,
        server: str,
        ca: str = "",
        cert: str = "",
        key: str = "",
        token: str = "",
        token_file: str = "",
        is_insecure: bool = False,
        server_name: str = "",
        namespace: str = "default",
        plugin: "Plugin | None" = None,
        cert_file: str = "",
        key_file: str = "",
    ) -> None:
        self.server, self.ca, self.cert, self.key = server, ca, cert, key
        self.token, self.token_file, self.is_insecure = token, token_file, is_insecure
        self.server_name, self.namespace, self.plugin = server_name, namespace, plugin
        self.cert_file, self.key_file = cert_file, key_file


def load(files: "Iterable[str | os.PathLike[str]]") -> "Object":
    """The files as one document: of what stands twice the first counts, missing files are skipped.

    Raises: ``KubeconfigError``.
    """
    whole: Object = {"clusters": [], "contexts": [], "users": [], "current-context": ""}
    for file in files:
        try:
            with open(file, "rb") as reading:
                document = document_of(reading.read())
        except FileNotFoundError:
            continue
        except (OSError, ValueError) as error:
            raise KubeconfigError(f"kubeconfig {file} cannot be read: {error}") from error
        if not isinstance(document, dict):
            raise KubeconfigError(f"kubeconfig {file} is not one: its top level is no mapping")
        kind, version = document.get("kind") or "Config", document.get("apiVersion") or "v1"
        if (kind, version) != ("Config", "v1"):
            raise KubeconfigError(f"kubeconfig {file} is not one: it is a {kind} of {version}, not a Config of v1")
        for section, inner in (("clusters", "cluster"), ("contexts", "context"), ("users", "user")):
            for item in document.get(section) or ():
                whole[section].append({**item, inner: _resolved(item.get(inner) or {}, inner, os.path.dirname(file))})
        whole["current-context"] = whole["current-context"] or document.get("current-context") or ""
    return whole


def document_of(raw: bytes) -> "Any":
    """The YAML as values.  Raises: ``ValueError``."""
    from fairway.client.kubeconfig.plain import read

    found = read(raw)
    if found is not None:
        return found
    import yaml

    try:
        return yaml.load(raw, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)) or {}
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from error


def _resolved(item: "Object", inner: str, folder: str) -> "Object":
    """File names in a kubeconfig are relative to its folder."""
    found = {key: os.path.join(folder, value) if key in _FILES.get(inner, ()) else value for key, value in item.items()}
    plugin = found.get("exec")
    if isinstance(plugin, dict) and os.sep in str(plugin.get("command", "")):
        found["exec"] = {**plugin, "command": os.path.join(folder, plugin["command"])}
    return found


def _read(path: str) -> str:
    with open(path, encoding="utf-8") as reading:
        return reading.read()


def select(config: "Object", context: str = "", read: "Callable[[str], str]" = _read) -> Access:
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


def _plugin(named: "dict[str, Any]", cluster: "dict[str, Any]") -> Plugin:
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
        cluster=_told_of(told) if named.get("provideClusterInfo") else "",
    )


def _told_of(cluster: "dict[str, Any]") -> str:
    import json

    return json.dumps(cluster)


def _named(config: "Object", section: str, inner: str, name: str) -> "dict[str, Any]":
    for item in config.get(section) or ():
        if item.get("name") == name:
            found: dict[str, Any] = item.get(inner) or {}
            return found
    known = ", ".join(sorted(str(item.get("name")) for item in config.get(section) or ())) or "none"
    raise KubeconfigError(f"kubeconfig has no {inner} {name!r}: it has {known}")


def _pem(item: "dict[str, Any]", key: str, read: "Callable[[str], str]") -> str:
    encoded = item.get(f"{key}-data")
    if encoded:
        import binascii

        try:
            return binascii.a2b_base64("".join(str(encoded).split()), strict_mode=True).decode("ascii")
        except (binascii.Error, UnicodeDecodeError) as error:
            raise ValueError(f"{key}-data is not PEM in base64") from error
    return read(item[key]) if item.get(key) else ""


def _file(item: "dict[str, Any]", key: str) -> str:
    return "" if item.get(f"{key}-data") else str(item.get(key) or "")


def ssl_context(access: Access) -> "ssl.SSLContext | None":
    """The TLS side of ``access``; ``None`` for plain HTTP.  Raises: ``KubeconfigError``."""
    if access.server.startswith("http://"):
        return None
    import ssl

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


def show_certificate(context: "ssl.SSLContext", pem: str) -> None:
    """Have ``context`` show the certificate and key in ``pem``."""
    # OpenSSL's Python side reads keys from files only: this one exists in memory and for this moment.
    file = os.memfd_create("client-certificate", os.MFD_CLOEXEC)
    try:
        with open(file, "w", closefd=False) as writing:
            writing.write(pem)
        context.load_cert_chain(f"/proc/self/fd/{file}")
    finally:
        os.close(file)
