"""The kubeconfig of a cluster: printed, merged into the invoking user's file, taken out again.

Shape: which files the context went into is kept in the cluster's ``kubeconfigs.json``, so that it is taken out of all.
"""

import base64
import json
import os
import pwd
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from fairway.client.kubeconfig import (
    Entry,
    KubeconfigError,
    change_file,
    is_blank,
    merged,
    paths,
    removed,
    rendered,
)
from fairway.cluster.config import Config
from fairway.cluster.errors import ClusterError

RECORD = "kubeconfigs.json"
SHELLS = frozenset({"bash", "dash", "fish", "ksh", "sh", "su", "tcsh", "zsh"})


@dataclass(frozen=True, slots=True)
class Place:
    """A file that the context was put into, whose it is, and whether it was made for that."""

    path: str
    uid: int
    gid: int
    is_made: bool


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
            _cure(config, error),
        ) from error


def _cure(config: Config, error: OSError) -> str:
    command = "kubeconfig" if isinstance(error, PermissionError) else "up"
    return f"run: sudo fairway {command}{config.flags}"


def invoking_user() -> pwd.struct_passwd:
    """Who typed the command: the user behind ``sudo COMMAND``, or this one, also in a shell that sudo gave.

    Raises: ``ClusterError`` for an account that the machine does not know.
    """
    behind = os.environ.get("SUDO_UID", "")
    is_shell = Path(os.environ.get("SUDO_COMMAND", "").partition(" ")[0]).name in SHELLS
    uid = int(behind) if behind.isdecimal() and os.geteuid() == 0 and not is_shell else os.geteuid()
    try:
        return pwd.getpwuid(uid)
    except KeyError:
        raise ClusterError(
            f"this machine has no account with the user id {uid}", "name the file to write in $KUBECONFIG, run as root"
        ) from None


def invoking_home() -> Path:
    """The invoking user's home.  ``$HOME`` counts only where it is his own: sudo may leave it or change it."""
    user = invoking_user()
    is_own = user.pw_uid == os.geteuid()
    return Path((os.environ.get("HOME") if is_own else "") or user.pw_dir)


def path() -> Path:
    """The file that kubectl reads first: the first of ``$KUBECONFIG``, else ``~/.kube/config`` of the invoking user."""
    return paths(os.environ, invoking_home())[0].expanduser().absolute()


def merge(config: Config) -> Path:
    """Put the cluster's context into the user's file, make it current; the file's path.  Raises: ``ClusterError``."""
    added, user, file = entry(config), invoking_user(), path()
    known = {place.path: place for place in _places(config)}
    place = known.get(str(file)) or Place(str(file), user.pw_uid, user.pw_gid, _is_ours(config, file))
    try:
        _change(place, lambda old: merged(old, added))
    except ClusterError as error:
        raise ClusterError(
            f"the cluster is up, but {error}", f"{error.fix}; or: sudo fairway kubeconfig{config.flags} > FILE"
        ) from error
    _keep(config, [*(other for other in known.values() if other.path != place.path), place])
    return file


def _is_ours(config: Config, file: Path) -> bool:
    """Whether the file is there only for us: it is not there yet, or another cluster made it."""
    if not file.exists():
        return True
    records = Path(config.data_dir).glob(f"*/{RECORD}")
    return any(place.is_made and place.path == str(file) for record in records for place in _read(record))


def remove(config: Config) -> None:
    """Take the context out of every file again and make the one before it current; drop a file that was made for it.

    Raises: ``ClusterError``.
    """
    for place in _places(config):
        if Path(place.path).exists():
            _change(place, lambda old, place=place: _without(old, config.context, place))  # type: ignore[misc]
    _record(config).unlink(missing_ok=True)


def _without(old: str, context: str, place: Place) -> str:
    new = removed(old, context)
    return "" if place.is_made and is_blank(new) else new


def _change(place: Place, change: Callable[[str], str]) -> None:
    try:
        change_file(Path(place.path), change, owner=(place.uid, place.gid))
    except KubeconfigError as error:
        is_other = Path(place.path).exists() and not Path(place.path).is_file()
        cure = "name another file" if is_other else "mend or remove that file, or name another"
        raise ClusterError(str(error), f"{cure} in $KUBECONFIG") from error


def _record(config: Config) -> Path:
    return config.state_dir / RECORD


def _places(config: Config) -> list[Place]:
    return _read(_record(config))


def _read(record: Path) -> list[Place]:
    try:
        return [Place(**each) for each in json.loads(record.read_text())]
    except (OSError, ValueError, TypeError):
        return []


def _keep(config: Config, places: list[Place]) -> None:
    fresh = _record(config).with_suffix(".new")
    fresh.write_text(json.dumps([asdict(place) for place in places], indent=1) + "\n")
    os.replace(fresh, _record(config))
