"""Sysctls: kernel settings of the whole machine that several clusters share.

Whoever needs a value leaves its name beside the value found at first; the last one to go puts that back, and only if
nobody has changed it since.
"""

import fcntl
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

PROC_SYS = Path("/proc/sys")


def sysctl_path(name: str) -> Path:
    """The file of a setting such as ``net.ipv4.ip_forward``; a dot in a device's name is written as a slash.

    Source: sysctl(8).
    """
    return PROC_SYS / name.translate(str.maketrans("./", "/."))


def of_device(family: str, device: str, setting: str) -> str:
    """The name of a device's own setting, such as ``net.ipv6.conf.eth0/7.accept_ra``."""
    return f"net.{family}.conf.{device.replace('.', '/')}.{setting}"


def read(name: str) -> str:
    """The present value.  Raises: ``OSError``."""
    return sysctl_path(name).read_text().strip()


def is_writable(name: str) -> bool:
    """Whether the kernel has the setting, and lets this network namespace change it."""
    return os.access(sysctl_path(name), os.W_OK)


@contextmanager
def _locked(records: Path) -> Iterator[None]:
    records.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(records / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def hold(records: Path, owner: str, wanted: Mapping[str, str], unwanted: Iterable[str] = ()) -> None:
    """Set what differs and remember, for ``owner``, what was there before anyone of us came.

    ``unwanted`` are settings that ``owner`` may have held before, and gives up.
    """
    with _locked(records):
        for name in unwanted:
            _give_up(records / name.replace("/", ":"), owner)
        for name, value in wanted.items():
            path = sysctl_path(name)
            present = read(name)
            record = records / name.replace("/", ":")  # which no device's name has
            record.mkdir(exist_ok=True)
            before = record / "before"
            if not before.exists():
                before.write_text(f"{present} {value}")
            (record / f"by-{owner}").touch()
            if present != value:
                path.write_text(value)


def release(records: Path, owner: str) -> list[str]:
    """Give up what ``owner`` held; returns the settings that were put back."""
    restored: list[str] = []
    if not records.exists():
        return restored
    with _locked(records):
        for record in [entry for entry in records.iterdir() if entry.is_dir()]:
            if _give_up(record, owner):
                restored.append(record.name.replace(":", "/"))
        if [entry.name for entry in records.iterdir()] == ["lock"]:
            (records / "lock").unlink()
            records.rmdir()
    return restored


def _give_up(record: Path, owner: str) -> bool:
    """Whether the value of before was put back: nobody else needs ours, and nobody has changed it."""
    (record / f"by-{owner}").unlink(missing_ok=True)
    if not record.exists() or any(entry.name.startswith("by-") for entry in record.iterdir()):
        return False
    restored = _put_back(record, sysctl_path(record.name.replace(":", "/")))
    (record / "before").unlink(missing_ok=True)
    record.rmdir()
    return restored


def _put_back(record: Path, path: Path) -> bool:
    """Whether there was something to put back: a device may be gone, with its settings."""
    try:
        before, ours = (record / "before").read_text().split()
        if before == ours or path.read_text().strip() != ours:
            return False
        path.write_text(before)
    except (FileNotFoundError, ValueError):
        return False
    return True
