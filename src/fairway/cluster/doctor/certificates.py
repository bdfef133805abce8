"""Certificates: whether the clock can be trusted, and whether the cluster's certificates are in order."""

import ctypes
import datetime
import stat
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

from fairway.cluster.certificates import RENEW_DAYS, identities
from fairway.cluster.doctor.finding import Finding, Scene, failure, warning, well
from fairway.cluster.doctor.sockets import program_names

EARLIEST: Final = datetime.datetime(2025, 1, 1, tzinfo=datetime.UTC)
"""No Fairway is older, so the clock of a machine that has it cannot be."""
STA_UNSYNC: Final = 0x40
KEEPERS: Final = frozenset({"chronyd", "systemd-timesyn", "ntpd", "openntpd", "timesyncd"})
FUTURE_S: Final = 300.0


class Certificate(NamedTuple):
    """One file of the pki folder; ``is_signed``: by its authority; ``trouble`` says why it cannot be read."""

    file: str
    not_before: datetime.datetime = EARLIEST
    not_after: datetime.datetime = EARLIEST
    is_signed: bool = True
    is_for_key: bool = True
    trouble: str = ""


class Facts(NamedTuple):
    """``open_keys`` are keys that others may read; ``newest_s`` is how far in the future a file was written."""

    now: datetime.datetime
    is_kept: bool
    newest_s: float
    certificates: tuple[Certificate, ...]
    missing: tuple[str, ...]
    open_keys: tuple[str, ...]
    folder: str
    is_known: bool
    flags: str = ""


def look(scene: Scene) -> Facts:
    """Read the clock, and the pki folder where we may."""
    folder, now_s = scene.config.pki_dir, time.time()
    is_kept = not _kernel_says_unkept() or bool(KEEPERS & program_names().keys())
    found: list[Certificate] = []
    missing, open_keys, newest_s = [], [], 0.0
    if scene.is_known:
        signers = _signers(folder)
        wanted = ("ca", "apiserver", "apiserver-kubelet-client", "admin", "node")
        missing = [
            f"{name}{end}" for name in wanted for end in (".crt", ".key") if not (folder / f"{name}{end}").exists()
        ]
        found = [_certificate(path, signers.get(path.stem, signers["ca"])) for path in sorted(folder.glob("*.crt"))]
        open_keys = [path.name for path in sorted(folder.glob("*.key")) if stat.S_IMODE(path.stat().st_mode) & 0o077]
        newest_s = max((path.stat().st_mtime - now_s for path in _dated(scene)), default=0.0)
    return Facts(
        datetime.datetime.fromtimestamp(now_s, datetime.UTC),
        is_kept, newest_s, tuple(found), tuple(missing), tuple(open_keys), str(folder), scene.is_known, scene.flags,
    )  # fmt: skip


def _dated(scene: Scene) -> Iterator[Path]:
    state = scene.config.state_dir
    for path in (state / "config.json", *state.glob("store/*"), *state.glob("pki/*"), *state.glob("logs/*")):
        if path.is_file():
            yield path


def _kernel_says_unkept() -> bool:
    """Source: adjtimex(2); struct timex begins with modes, offset, freq, maxerror, esterror, status."""
    buffer = (ctypes.c_long * 64)()
    if ctypes.CDLL(None).adjtimex(ctypes.byref(buffer)) < 0:
        return False
    return bool(ctypes.c_int.from_buffer(buffer, 5 * ctypes.sizeof(ctypes.c_long)).value & STA_UNSYNC)


def _signers(folder: Path) -> dict[str, Any]:
    """The authority of each certificate that has not the cluster's own, by file; that one is under ``ca``."""
    known = {each.file: each.authority for each in identities(node_name="", cluster_domain="", addresses=())}
    loaded = {file: _loaded(folder / f"{file}.crt") for file in {"ca", *known.values()}}
    return loaded | {file: loaded[authority] for file, authority in known.items()}


def _loaded(path: Path) -> Any:
    from cryptography import x509

    try:
        return x509.load_pem_x509_certificate(path.read_bytes())
    except (OSError, ValueError):
        return None


def _certificate(path: Path, ca: Any) -> Certificate:
    from cryptography import x509

    try:
        found = x509.load_pem_x509_certificate(path.read_bytes())
    except OSError as error:
        return Certificate(path.name, trouble=str(error.strerror))
    except ValueError:
        return Certificate(path.name, trouble="it is no certificate")
    # not_valid_before has no time zone in older versions of the library, and has gone from newer ones
    return Certificate(
        path.name,
        found.not_valid_before_utc,
        found.not_valid_after_utc,
        _is_signed(found, ca),
        _is_for_key(path, found),
    )


def _is_signed(found: Any, ca: Any) -> bool:
    from cryptography.exceptions import InvalidSignature

    try:
        if ca is not None:
            found.verify_directly_issued_by(ca)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def _is_for_key(path: Path, found: Any) -> bool:
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    key = path.with_suffix(".key")
    try:
        own = load_pem_private_key(key.read_bytes(), None).public_key()
    except OSError:
        return True
    except (ValueError, TypeError):
        return False
    return bool(own == found.public_key())


def clock(facts: Facts) -> Iterator[Finding]:
    """Certificates and tokens hold between two times."""
    shown = f"{facts.now:%Y-%m-%d %H:%M} UTC"
    set_it = "set it: sudo timedatectl set-ntp true, or: sudo date -s 'YYYY-MM-DD hh:mm'"
    if facts.now < EARLIEST:
        yield failure(f"the clock says {shown}", "certificates are not valid yet, so nothing trusts anything", set_it)
    elif facts.newest_s > FUTURE_S:
        yield warning(
            f"the clock says {shown}, and files of the cluster were written {facts.newest_s / 60:.0f} minutes later",
            "it was set back: leases, tokens and certificates seem to be of the future",
            set_it,
        )
    elif not facts.is_kept:
        yield well(f"the clock says {shown}; nothing keeps it in step (install chrony if that matters)")
    else:
        yield well(f"the clock says {shown}")


def files(facts: Facts) -> Iterator[Finding]:
    """Whatever `up` makes anew when it is missing."""
    if facts.missing:
        yield failure(
            f"missing in {facts.folder}: {', '.join(facts.missing)}",
            "no part can prove who it is when it starts",
            f"make them anew: sudo fairway down{facts.flags} && sudo fairway up{facts.flags}",
        )
    for name in facts.open_keys:
        yield warning(
            f"{facts.folder}/{name} can be read by others",
            "who has it can do everything in the cluster",
            f"run: sudo chmod 600 {facts.folder}/{name}",
        )


def _anew(facts: Facts, name: str) -> str:
    """The command that has a certificate made anew; all are, where the authority is."""
    what = f"{facts.folder}/*.crt {facts.folder}/*.key" if name == "ca.crt" else f"{facts.folder}/{name}"
    return f"run: sudo fairway down{facts.flags} && sudo rm {what} && sudo fairway up{facts.flags}"


def certificates(facts: Facts) -> Iterator[Finding]:
    """Valid, signed by the cluster's authority, and for the key beside them."""
    if not facts.is_known:
        return
    is_well = bool(facts.certificates)
    for each in facts.certificates:
        if bad := _trouble(facts, each):
            is_well = False
            yield bad
    if is_well:
        first = min(each.not_after for each in facts.certificates)
        yield well(f"{len(facts.certificates)} certificates are valid, the first until {first:%Y-%m-%d}")


def _trouble(facts: Facts, each: Certificate) -> Finding | None:
    what, why, cure = f"certificate {each.file}", "those who meet it break off", _anew(facts, each.file)
    if each.trouble:
        return failure(f"{what} cannot be read: {each.trouble}", why, cure)
    if each.not_after <= facts.now:
        return failure(f"{what} is out of date since {each.not_after:%Y-%m-%d %H:%M} UTC", why, cure)
    if each.not_before > facts.now:
        return failure(
            f"{what} is valid from {each.not_before:%Y-%m-%d %H:%M} UTC on, which is still to come",
            why,
            "set the clock: sudo timedatectl set-ntp true",
        )
    if not each.is_signed:
        return failure(f"{what} is not signed by the cluster's authority", why, cure)
    if not each.is_for_key:
        return failure(f"{what} does not belong to the key beside it", why, cure)
    if each.not_after - facts.now < datetime.timedelta(days=RENEW_DAYS) and not each.file.endswith("ca.crt"):
        return warning(
            f"{what} ends on {each.not_after:%Y-%m-%d}",
            f"{why} from then on",
            f"renew it: sudo fairway down{facts.flags} && sudo fairway up{facts.flags}",
        )
    return None


CHECKS = (clock, files, certificates)
