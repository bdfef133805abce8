"""NSS: the certificate databases of a user's browsers, and how one is put in and taken out again.

Firefox and Chromium do not look at the system's store.  Each database is changed by NSS's own ``certutil``, run as the
user whose it is: so files keep their owner, and no link in a user's folder leads root astray.
Source: certutil(1); Chromium, "Linux Cert Management"; Mozilla, "Profiles".
"""

import os
import pwd
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from fairway.cluster.errors import ClusterError
from fairway.node.path import find

FOLDERS: Final = (
    ".pki/nssdb",
    ".mozilla/firefox/*",
    ".config/mozilla/firefox/*",
    "snap/firefox/common/.mozilla/firefox/*",
    "snap/chromium/current/.pki/nssdb",
    ".var/app/org.mozilla.firefox/.mozilla/firefox/*",
    ".var/app/org.chromium.Chromium/data/pki/nssdb",
)
"""Where browsers keep their databases, below a home."""
PACKAGE: Final = "libnss3-tools"
_TRUST: Final = "C,,"
"""Trusted to say who a TLS server is, and for nothing else."""
_PATIENCE_S: Final = 30.0


def databases(home: Path) -> list[Path]:
    """The folders below a home that hold a database."""
    found = (folder for pattern in FOLDERS for folder in sorted(home.glob(pattern)))
    return [folder for folder in found if (folder / "cert9.db").exists()]


def can_change() -> bool:
    """Whether the machine has ``certutil``."""
    return find("certutil") is not None


def put(database: Path, user: pwd.struct_passwd, label: str, certificate: bytes) -> bool:
    """Have a database trust a certificate (PEM); whether that changed anything.  Raises: ``ClusterError``."""
    if holds(database, user, label, certificate):
        return False
    take(database, user, label)  # an earlier one under the same label
    _change(database, user, ("-A", "-n", label, "-t", _TRUST), certificate)
    return True


def take(database: Path, user: pwd.struct_passwd, label: str) -> bool:
    """Have a database trust it no more; whether it did.  Raises: ``ClusterError``."""
    was_there = False
    while _found(database, user, label):
        _change(database, user, ("-D", "-n", label))
        was_there = True
    return was_there


def holds(database: Path, user: pwd.struct_passwd, label: str, certificate: bytes) -> bool:
    """Whether a database has this certificate under this label."""
    return certificate.split() == _found(database, user, label).split()


def _found(database: Path, user: pwd.struct_passwd, label: str) -> bytes:
    """The certificate under a label as PEM; empty where there is none."""
    done = _run(database, user, ("-L", "-n", label, "-a"))
    return done.stdout if done.returncode == 0 else b""


def _change(database: Path, user: pwd.struct_passwd, words: Iterable[str], text: bytes = b"") -> None:
    done = _run(database, user, words, text)
    if done.returncode != 0:
        said = done.stderr.decode(errors="replace").strip().rpartition("\n")[2]
        raise ClusterError(f"certutil could not change {database}: {said}", "close the browser, then try again")


def _run(
    database: Path, user: pwd.struct_passwd, words: Iterable[str], text: bytes = b""
) -> subprocess.CompletedProcess[bytes]:
    command = [find("certutil") or "certutil", "-d", f"sql:{database}", *words]
    other = os.geteuid() == 0 and user.pw_uid != 0
    as_user = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []} if other else {}
    environment = {"HOME": user.pw_dir, "PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"}
    try:
        done: subprocess.CompletedProcess[bytes] = subprocess.run(
            command, input=text, capture_output=True, timeout=_PATIENCE_S, check=False, env=environment, cwd="/",
            **as_user,  # type: ignore[call-overload]
        )  # fmt: skip
        return done
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ClusterError(f"certutil could not look at {database}: {error}", "try again") from error
