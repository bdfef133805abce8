"""The kubeconfig of a cluster: printed, merged into the invoking user's file, taken out again."""

import base64
import os
import pwd
from collections.abc import Callable
from pathlib import Path

from fairway.client.kubeconfig import Entry, KubeconfigError, change_file, merged, paths, removed, rendered
from fairway.cluster.config import Config
from fairway.cluster.errors import ClusterError


def entry(config: Config) -> Entry:
    """The administrator's way to the cluster, credentials inside."""
    files = {name: base64.b64encode((config.pki_dir / name).read_bytes()).decode() for name in _FILES}
    return Entry(config.context, config.server, files["ca.crt"], files["admin.crt"], files["admin.key"])


_FILES = ("ca.crt", "admin.crt", "admin.key")


def text(config: Config) -> str:
    """A kubeconfig with this cluster alone.  Raises: ``ClusterError``."""
    try:
        return rendered(entry(config))
    except OSError as error:
        raise ClusterError(
            f"cannot read the administrator's credentials in {config.pki_dir}: {error.strerror}",
            f"run: sudo fairway kubeconfig --name {config.name}",
        ) from error


def invoking_user() -> pwd.struct_passwd:
    """Who typed the command: the user behind sudo, or this one."""
    return pwd.getpwuid(int(os.environ.get("SUDO_UID") or os.getuid()))


def path() -> Path:
    """The file that kubectl would write: the first of ``$KUBECONFIG``, else ``~/.kube/config`` of the invoking user.

    ``$HOME`` counts only where it is the invoking user's own: sudo may leave it or change it.
    """
    home = Path(os.environ.get("HOME", "")) if "SUDO_UID" not in os.environ else Path(invoking_user().pw_dir)
    return paths(os.environ, home)[0]


def merge(config: Config) -> Path:
    """Put the cluster's context into the user's file, make it current; the file's path.  Raises: ``ClusterError``."""
    added = entry(config)
    _change(lambda old: merged(old, added))
    return path()


def remove(context: str) -> None:
    """Take the context out again and make the one before it current.  Raises: ``ClusterError``."""
    if path().exists():
        _change(lambda old: removed(old, context))


def _change(change: Callable[[str], str]) -> None:
    user = invoking_user()
    try:
        change_file(path(), change, owner=(user.pw_uid, user.pw_gid))
    except KubeconfigError as error:
        raise ClusterError(str(error), "mend or remove that file, or name another in $KUBECONFIG") from error
