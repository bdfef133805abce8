"""Trust: this machine's programs and its user's browsers trust a cluster's local CA, until they are told otherwise.

Shape: ``trust`` and ``untrust`` are what the commands do, ``renew`` is for ``up`` and ``sweep`` for ``down --purge``.
Where the CA was put is kept beside it, so that it is taken out of all places, also for another user than today's.
"""

import contextlib
import fcntl
import hashlib
import json
import os
import pwd
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from fairway.cluster.certificates import write
from fairway.cluster.config import DEFAULT_DATA_DIR, Config
from fairway.cluster.errors import ClusterError
from fairway.cluster.kubeconfig import invoking_home, invoking_user
from fairway.cluster.local_ca import authority, nss, system_store
from fairway.cluster.local_ca.domains import of_cluster

FOLDER: Final = "ingress-ca"
_RECORD: Final = "trusted.json"


@dataclass(frozen=True, slots=True)
class Place:
    """Where the CA can be trusted: ``kind`` is system or browser, ``uid`` says whose it is."""

    kind: str
    path: str
    uid: int = 0


@dataclass(frozen=True, slots=True)
class Finding:
    """A place, whether the CA is trusted there now, and whether that is what this command has changed."""

    place: Place
    is_trusted: bool
    is_changed: bool = False


def folder(config: Config) -> Path:
    """Where a cluster keeps its CA."""
    return config.state_dir / FOLDER


def ensure(config: Config) -> bool:
    """Make the cluster's CA where it is missing, due or for another domain; whether it was made."""
    return authority.ensure(folder(config), config.name, of_cluster(config.cluster_domain, config.ca_domains))


def label(config: Config) -> str:
    """What the CA is called wherever it is put: like no other cluster's, and known when all of its data is lost."""
    if config.data_dir == DEFAULT_DATA_DIR:
        return f"fairway-{config.name}"
    return f"fairway-{config.name}-{hashlib.sha256(config.data_dir.encode()).hexdigest()[:8]}"


def trust(config: Config) -> list[Finding]:
    """Have this machine and its user's browsers trust the CA.  Raises: ``ClusterError``."""
    ensure(config)
    store = system_store.needed()
    places = [Place("system", str(store.path(label(config)))), *_browsers()]
    _keep(config, dict.fromkeys([*recorded(config), *places]))  # first: what is broken off can be undone
    return [Finding(place, is_trusted=True, is_changed=_put(config, place)) for place in places]


def untrust(config: Config) -> list[Finding]:
    """Have it trusted no more; where it was.  Raises: ``ClusterError`` when all that can be done is done."""
    findings, faults = [], []
    for place in _everywhere(config):
        try:
            if _take(config, place):
                findings.append(Finding(place, is_trusted=False, is_changed=True))
        except ClusterError as error:
            faults.append(error)
    if faults:
        raise ClusterError("; ".join(map(str, faults)), faults[0].fix)
    (folder(config) / _RECORD).unlink(missing_ok=True)
    return findings


def look(config: Config) -> list[Finding]:
    """Where the CA is trusted, and where it could be."""
    return [Finding(place, is_trusted=_holds(config, place)) for place in _everywhere(config)]


def renew(config: Config) -> None:
    """Put it again where it is wanted, and another or none is there.  Raises: ``ClusterError``."""
    for place in recorded(config):
        if place.kind == "system" or (Path(place.path).exists() and nss.can_change()):
            _put(config, place)


def sweep(config: Config) -> None:
    """Take it out of every place, before its key goes; browsers are asked only where it may be in one.

    Raises: ``ClusterError``.
    """
    store = system_store.here()
    if recorded(config) or (store is not None and store.path(label(config)).exists()):
        untrust(config)


def closed_browsers() -> list[Path]:
    """The databases of the user's browsers that cannot be changed, for the machine lacks the program."""
    return [] if nss.can_change() else nss.databases(invoking_home())


def _everywhere(config: Config) -> list[Place]:
    """The places that are recorded, and those of this machine and user that are not."""
    places = recorded(config)
    if store := system_store.here():
        places.append(Place("system", str(store.path(label(config)))))
    with contextlib.suppress(ClusterError):
        places += _browsers()
    return list(dict.fromkeys(places))


def _browsers() -> list[Place]:
    """The databases of the user's browsers, if they can be changed."""
    if not nss.can_change():
        return []
    return [Place("browser", str(found), invoking_user().pw_uid) for found in nss.databases(invoking_home())]


def _put(config: Config, place: Place) -> bool:
    certificate = (folder(config) / "root.crt").read_bytes()
    if place.kind == "browser":
        return nss.put(Path(place.path), pwd.getpwuid(place.uid), label(config), certificate)
    with _one_at_a_time(store := system_store.needed()):
        return system_store.put(store, label(config), certificate)


def _take(config: Config, place: Place) -> bool:
    if place.kind == "browser":
        user = _account(place.uid)
        if user is None or not Path(place.path).exists():
            return False
        if not nss.can_change():
            raise ClusterError(
                f"{place.path} still trusts the CA: there is no certutil to take it out with",
                f"run: sudo apt-get install -y {nss.PACKAGE}, then this again",
            )
        return nss.take(Path(place.path), user, label(config))
    if not Path(place.path).exists():
        return False
    with _one_at_a_time(store := system_store.needed()):
        return system_store.take(store, label(config))


def _holds(config: Config, place: Place) -> bool:
    try:
        certificate = (folder(config) / "root.crt").read_bytes()
    except OSError:
        return False
    if place.kind == "browser":
        user = _account(place.uid)
        return user is not None and nss.holds(Path(place.path), user, label(config), certificate)
    store = system_store.here()
    return store is not None and system_store.holds(store, label(config), certificate)


def _account(uid: int) -> pwd.struct_passwd | None:
    try:
        return pwd.getpwuid(uid)
    except KeyError:
        return None


@contextlib.contextmanager
def _one_at_a_time(store: system_store.Store) -> Iterator[None]:
    """Two clusters that are trusted at the same time do not meet in the distribution's program.  Locks the folder."""
    descriptor = os.open(store.folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def recorded(config: Config) -> list[Place]:
    """The places that were told to trust the CA and not told otherwise since."""
    try:
        return [Place(**each) for each in json.loads((folder(config) / _RECORD).read_text())]
    except (OSError, ValueError, TypeError):
        return []


def _keep(config: Config, places: dict[Place, None]) -> None:
    text = json.dumps([asdict(place) for place in places], indent=1) + "\n"
    write(folder(config) / _RECORD, text.encode(), 0o644)
