"""Access: what the kubeconfig and the global flags say together.

Source: Kubernetes docs, "Organizing Cluster Access Using kubeconfig Files"; ``kubectl options``.
"""

import os

from fairway.cli.failure import Failure
from fairway.client.kubeconfig.selection import Access, KubeconfigError, load, select

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from fairway.cli.flags import Values

NOBODY = "http://localhost:8080"
"""Who is asked where nothing is configured: nobody, and kubectl's users know the sentence."""
_OF_CLUSTER = ("server", "certificate_authority", "tls_server_name", "insecure_skip_tls_verify")
_OF_USER = ("token", "client_certificate", "client_key")


def agent() -> str:
    """``User-Agent``, whose part before the slash becomes the field manager."""
    from fairway import __version__

    return f"fairway/{__version__}"


def files_of(flags: "Values") -> list[str]:
    """The kubeconfig files in their order."""
    if flags.kubeconfig:
        if not os.path.exists(flags.kubeconfig):
            raise Failure(f"stat {flags.kubeconfig}: no such file or directory")
        return [flags.kubeconfig]
    named = [part for part in os.environ.get("KUBECONFIG", "").split(os.pathsep) if part]
    return named or [os.path.join(os.path.expanduser("~"), ".kube", "config")]


def access_of(flags: "Values") -> Access:
    """The API server that is meant.  Raises: ``Failure``."""
    try:
        config = loaded(files_of(flags))
        return select(overridden(config, flags), "fairway")
    except KubeconfigError as error:
        raise Failure(str(error)) from error


def loaded(files: list[str]) -> "dict[str, Any]":
    """The kubeconfig files as one.  Raises: ``Failure``."""
    try:
        return load(files)
    except KubeconfigError as error:
        raise Failure(_unreadable(files) or str(error)) from error


def _unreadable(files: list[str]) -> str:
    """What is wrong with the first file that cannot be read."""
    from fairway.cli.arguments.manifests import documents

    for file in files:
        if os.path.isdir(file):
            return f'error loading config file "{file}": read {file}: is a directory'
        try:
            with open(file, encoding="utf-8") as reading:
                said = next(filter(None, map(_misfit, documents(reading.read(), file))), "")
        except OSError:
            continue
        except Failure as error:
            said = str(error).partition(": ")[2].removeprefix("error converting YAML to JSON: ")
        if said:
            return f'error loading config file "{file}": {said}'
    return ""


def _misfit(document: "Any") -> str:
    """Why a document is no kubeconfig, as Kubernetes' own reader says it; empty if it may be one."""
    if not isinstance(document, dict):
        from fairway.cli.arguments.heads import json_type

        struct = r'struct { APIVersion string "json:\"apiVersion,omitempty\""; Kind string "json:\"kind,omitempty\"" }'
        why = f"json: cannot unmarshal {json_type(document)} into Go value of type {struct}"
        return f"couldn't get version/kind; json parse error: {why}"
    kind, version = document.get("kind") or "Config", document.get("apiVersion") or "v1"
    if (kind, version) == ("Config", "v1"):
        return ""
    scheme = "k8s.io/client-go/tools/clientcmd/api/latest/latest.go:50"
    return f'no kind "{kind}" is registered for version "{version}" in scheme "{scheme}"'


def overridden(config: "dict[str, Any]", flags: "Values") -> "dict[str, Any]":
    """A kubeconfig with the one context ``fairway``, in which the flags go before the file.  Pure."""
    name = flags.context or config["current-context"]
    context = dict(_named(config, "contexts", "context", name, "context", bool(flags.context)))
    cluster_name, user_name = flags.cluster or context.get("cluster", ""), _user_named(flags) or context.get("user", "")
    cluster = dict(_cluster(config, cluster_name, flags))
    user = dict(_named(config, "users", "user", user_name, "auth info", True))
    for flag in _OF_CLUSTER:
        if value := getattr(flags, flag):
            cluster[flag.replace("_", "-")] = value
    if flags.certificate_authority:
        cluster.pop("certificate-authority-data", None)
    if flags.insecure_skip_tls_verify and not flags.certificate_authority:
        cluster.pop("certificate-authority-data", None)
        cluster.pop("certificate-authority", None)
    _check_files(user, cluster_name, user_name, flags)
    for flag in _OF_USER:
        if value := getattr(flags, flag):
            user[flag.replace("_", "-")] = value
            user.pop(f"{flag.replace('_', '-')}-data", None)
    if flags.token:
        user.pop("tokenFile", None)
        user.pop("exec", None)
    cluster.setdefault("server", NOBODY)
    if "://" not in cluster["server"]:
        cluster["server"] = f"http://{cluster['server']}"
    return {
        "contexts": [{"name": "fairway", "context": {**context, "cluster": "fairway", "user": "fairway"}}],
        "clusters": [{"name": "fairway", "cluster": cluster}],
        "users": [{"name": "fairway", "user": user}],
    }


def _user_named(flags: "Values") -> str:
    """The kubeconfig's user of ``--user``, which means somebody else where a command has its own (role bindings)."""
    return flags.user if isinstance(flags.user, str) else ""


def _cluster(config: "dict[str, Any]", name: str, flags: "Values") -> "dict[str, Any]":
    """The cluster of that name.  Raises: ``Failure``, as kubectl tells it, which says something else beside ``-n``."""
    found = _named(config, "clusters", "cluster", name, "cluster", not flags.server and bool(flags.namespace))
    if name and not (found or flags.server):
        missing = f'no server found for cluster "{name}"' if flags.cluster else f'cluster "{name}" does not exist'
        raise Failure(missing)
    return found


def _check_files(user: "dict[str, Any]", cluster_name: str, user_name: str, flags: "Values") -> None:
    """Raises: ``Failure`` for files of the flags that are not there, or stand against what the file has."""
    said = []
    for flag, key in (("client_certificate", "client-certificate"), ("client_key", "client-key")):
        if getattr(flags, flag) and user.get(f"{key}-data"):
            said.append(_both(flag, user_name))
    for flag, what, name in (
        ("client_certificate", "client-cert", user_name), ("client_key", "client-key", user_name),
        ("certificate_authority", "certificate-authority", cluster_name),
    ):  # fmt: skip
        file = getattr(flags, flag)
        if file and not os.path.exists(file):
            said.append(f"unable to read {what} {file} for {name} due to open {file}: no such file or directory")
    if len(said) == 1:
        raise _misconfigured(said[0], flags)
    if said:
        listed = "\n".join(f"* {each}" for each in said)
        raise Failure(f"Error in configuration: \n{listed}", is_bare=True)


def _misconfigured(text: str, flags: "Values") -> Failure:
    """As kubectl tells it, which says more where ``-n`` stands beside."""
    return Failure(f"Error in configuration: {text}", is_bare=True) if flags.namespace else Failure(text)


def _both(flag: str, user: str) -> str:
    name = {"client_certificate": "client-cert", "client_key": "client-key"}[flag]
    mark = "." if flag == "client_certificate" else ";"
    end = "." if flag == "client_certificate" else ""
    return f"{name}-data and {name} are both specified for {user}{mark} {name}-data will override{end}"


def _named(
    config: "dict[str, Any]", section: str, inner: str, name: str, what: str, is_needed: bool
) -> "dict[str, Any]":
    if not name:
        return {}
    for item in config.get(section) or ():
        if item.get("name") == name:
            found: dict[str, Any] = item.get(inner) or {}
            return found
    if is_needed:
        raise Failure(f'{what} "{name}" does not exist')
    return {}


def user_of(config: "dict[str, Any]", flags: "Values") -> str:
    """The name of the context's user.  Pure."""
    name = flags.context or config["current-context"]
    return str(_named(config, "contexts", "context", name, "context", False).get("user") or "")


def impersonation(flags: "Values", config: "Callable[[], dict[str, Any]]") -> "list[tuple[str, str]]":
    """The headers of ``--as``, ``--as-group`` and ``--as-uid``."""
    if (flags.as_group or flags.as_uid) and not getattr(flags, "as"):
        user = _user_named(flags) or user_of(config(), flags)
        raise _misconfigured(f"requesting uid, groups or user-extra for {user} without impersonating a user", flags)
    pairs = [("Impersonate-User", getattr(flags, "as")), ("Impersonate-Uid", flags.as_uid)]
    # A header that repeats is written as one value with the line break between.
    groups = "\r\nImpersonate-Group: ".join(flags.as_group)
    return [(name, value) for name, value in (*pairs, ("Impersonate-Group", groups)) if value]


def timeout_s(flags: "Values") -> float:
    """Seconds of ``--request-timeout``; a bare number is seconds; 0 for no limit.  Raises: ``Failure``."""
    from fairway.cli.flags import duration_s

    text = flags.request_timeout or "0"
    try:
        # Below 0 is for the server to refuse.
        return float(int(text)) if text.removeprefix("+").isdecimal() else duration_s(text)
    except ValueError:
        raise Failure(
            "Invalid timeout value. Timeout must be a single integer in seconds, or an integer followed by a "
            "corresponding time unit (e.g. 1s | 2m | 3h)"
        ) from None
