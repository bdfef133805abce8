"""System store: the certificates that this machine's programs trust, and how one is put in and taken out again.

Rules for those who change it: a certificate lies in a file of its own, named after its cluster, so that it is found
again by that name alone; the distribution's own program makes everything else from the files.
Source: update-ca-certificates(8), update-ca-trust(8), trust(1).
"""

import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from fairway.cluster.certificates import write
from fairway.cluster.errors import ClusterError
from fairway.node.path import find

_PATIENCE_S: Final = 60.0
_BEGIN, _END = b"-----BEGIN CERTIFICATE-----", b"-----END CERTIFICATE-----"


@dataclass(frozen=True, slots=True)
class Store:
    """One way of a distribution: ``folder`` for certificates, and ``command``, which makes ``bundle`` of them.

    ``settings`` is the file in which a line ``!NAME`` makes that command forget a certificate, where it needs that.
    """

    distribution: str
    folder: Path
    ending: str
    command: tuple[str, ...]
    bundle: Path
    settings: Path | None = None

    def path(self, label: str) -> Path:
        """The file of the certificate with this label."""
        return self.folder / f"{label}{self.ending}"


STORES: Final = (
    Store(
        "Fedora, RHEL",
        Path("/etc/pki/ca-trust/source/anchors"),
        ".crt",
        ("update-ca-trust", "extract"),
        Path("/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem"),
    ),
    Store(
        "openSUSE",
        Path("/etc/pki/trust/anchors"),
        ".crt",
        ("update-ca-certificates",),
        Path("/var/lib/ca-certificates/ca-bundle.pem"),
    ),
    Store(
        "Arch",
        Path("/etc/ca-certificates/trust-source/anchors"),
        ".crt",
        ("trust", "extract-compat"),
        Path("/etc/ca-certificates/extracted/tls-ca-bundle.pem"),
    ),
    Store(
        "Debian, Ubuntu",
        Path("/usr/local/share/ca-certificates"),
        ".crt",
        ("update-ca-certificates",),
        Path("/etc/ssl/certs/ca-certificates.crt"),
        Path("/etc/ca-certificates.conf"),
    ),
)


def here() -> Store | None:
    """This machine's store; none where it has no such program."""
    return next((store for store in STORES if store.folder.is_dir() and find(store.command[0])), None)


def needed() -> Store:
    """This machine's store.  Raises: ``ClusterError`` where there is none."""
    store = here()
    if store is None:
        raise ClusterError(
            "this machine has no store of trusted certificates that can be changed: there is no "
            + ", ".join(dict.fromkeys(store.command[0] for store in STORES)),
            "install it: sudo apt-get install -y ca-certificates",
        )
    return store


def put(store: Store, label: str, certificate: bytes) -> bool:
    """Have the machine trust a certificate (PEM); whether that changed anything.  Raises: ``ClusterError``."""
    path = store.path(label)
    if _content(path) == certificate and block(certificate) in _content(store.bundle):
        return False
    if _content(path) != certificate:
        take(store, label)  # an earlier one: else Java, for one, would keep it
    try:
        write(path, certificate, 0o644)
    except OSError as error:
        raise ClusterError(f"{path} cannot be written: {error.strerror}", "make the folder writable") from error
    _update(store)
    if block(certificate) not in _content(store.bundle):
        raise ClusterError(
            f"{' '.join(store.command)} ran, but did not put {path} into {store.bundle}",
            f"run it yourself and read what it says: sudo {' '.join(store.command)}",
        )
    return True


def take(store: Store, label: str) -> bool:
    """Have the machine trust it no more; whether it did.  Raises: ``ClusterError``."""
    path = store.path(label)
    certificate = _content(path)
    if not certificate and not path.exists():
        return False
    try:
        path.unlink()
    except OSError as error:
        raise ClusterError(f"{path} cannot be removed: {error.strerror}", "make the folder writable") from error
    _update(store, but=certificate, gone=path.name)
    return True


def holds(store: Store, label: str, certificate: bytes) -> bool:
    """Whether the machine trusts this certificate under this label."""
    return _content(store.path(label)) == certificate and block(certificate) in _content(store.bundle)


def _update(store: Store, *, but: bytes = b"", gone: str = "") -> None:
    """Run the distribution's program.  What others have written into the bundle by hand, and it drops, is put back.

    ``gone`` is the name of a file that was removed, and ``but`` what was in it.
    """
    before = _content(store.bundle)
    with tempfile.NamedTemporaryFile(prefix="fairway-") as settings:
        words = [find(store.command[0]) or store.command[0], *store.command[1:]]
        if gone and (settings_file := store.settings):
            # Else links to the file stay, and hooks such as Java's are not told that it went.
            settings.write(_content(settings_file).rstrip(b"\n") + f"\n!{gone}\n".encode())
            settings.flush()
            words += ["--certsconf", settings.name]
        said = _complaint(words)
    if said:
        raise ClusterError(f"{' '.join(store.command)}: {said}", f"run it yourself: sudo {' '.join(store.command)}")
    if lost := dropped(before, _content(store.bundle), but):
        with store.bundle.open("ab") as file:
            file.write(b"".join(each + b"\n" for each in lost))


def _complaint(words: Sequence[str]) -> str:
    """The last words of a program that fails; empty for one that does not."""
    try:
        done = subprocess.run(words, capture_output=True, timeout=_PATIENCE_S, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    if done.returncode == 0:
        return ""
    return (done.stderr or done.stdout).decode(errors="replace").strip().rpartition("\n")[2] or "it failed"


def dropped(before: bytes, after: bytes, but: bytes) -> Sequence[bytes]:
    """The certificates of one bundle that another lacks, but for those of ``but``.  Pure."""
    kept = {*blocks(after), *blocks(but)}
    return [each for each in dict.fromkeys(blocks(before)) if each not in kept]


def blocks(bundle: bytes) -> list[bytes]:
    """The certificates of a bundle, each from its first dash to its last."""
    parts = (part.partition(_END) for part in bundle.split(_BEGIN)[1:])
    return [_BEGIN + body + end for body, end, _ in parts if end]


def block(certificate: bytes) -> bytes:
    """A single certificate as a bundle has it."""
    return blocks(certificate)[0]


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""
