"""The kubeconfig of a cluster: printed, merged into the invoking user's file, taken out again."""

import base64
import os
import pwd
from pathlib import Path

from fairway.client import kubeconfig as files
from fairway.cluster.config import Config
from fairway.objects import Object


def _encoded(path: Path) -> str:
    return base64.b64encode(path.read_bytes()).decode()


def entries(config: Config) -> tuple[Object, Object]:
    """The cluster and the user entry, credentials inside."""
    pki = config.pki_dir
    cluster = {"certificate-authority-data": _encoded(pki / "ca.crt"), "server": config.server}
    user = {
        "client-certificate-data": _encoded(pki / "admin.crt"),
        "client-key-data": _encoded(pki / "admin.key"),
    }
    return cluster, user


def document(config: Config) -> Object:
    """A kubeconfig with this cluster alone."""
    cluster, user = entries(config)
    name = config.context
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": name, "cluster": cluster}],
        "users": [{"name": name, "user": user}],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
        "current-context": name,
    }


def text(config: Config) -> str:
    """The same as YAML."""
    import yaml

    return yaml.safe_dump(document(config), sort_keys=False)


def invoking_user() -> pwd.struct_passwd:
    """Who typed the command: the user behind sudo, or this one."""
    return pwd.getpwuid(int(os.environ.get("SUDO_UID") or os.getuid()))


def path() -> Path:
    """The file that kubectl would write: the first of ``$KUBECONFIG``, else ``~/.kube/config`` of the invoking user."""
    named = next((part for part in os.environ.get("KUBECONFIG", "").split(":") if part), "")
    return Path(named) if named else Path(invoking_user().pw_dir) / ".kube" / "config"
