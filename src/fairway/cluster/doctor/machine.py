"""Machine: who runs this, on what Python and system, with how much memory."""

import contextlib
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from fairway.cluster.doctor.finding import Finding, Scene, bytes_text, failure, warning, well

OLDEST_PYTHON: Final = (3, 11)
LEAST_BYTES: Final = 256 << 20
GOOD_BYTES: Final = 512 << 20
"""A cluster idles at 150 MB; its pods come on top."""
NET_ADMIN, SYS_ADMIN = 12, 21
"""Source: linux/capability.h."""


class Facts(NamedTuple):
    """``capabilities`` is the effective set of this process; memory is what is available, in bytes."""

    is_root: bool
    has_sudo: bool
    capabilities: int
    python: tuple[int, int, int]
    available_bytes: int
    accounts: tuple[str, ...]
    can_write_settings: bool
    system: str
    flags: str = ""


def look(scene: Scene) -> Facts:
    """Read what the system says of itself."""
    status = Path("/proc/self/status").read_text()
    effective = next((line.split()[1] for line in status.splitlines() if line.startswith("CapEff:")), "0")
    meminfo = Path("/proc/meminfo").read_text()
    available = next((int(line.split()[1]) for line in meminfo.splitlines() if line.startswith("MemAvailable:")), 0)
    return Facts(
        scene.is_root,
        shutil.which("sudo") is not None,
        int(effective, 16),
        sys.version_info[:3],
        available << 10,
        _accounts(),
        os.access("/proc/sys/net/ipv4/ip_forward", os.W_OK) and not _is_read_only("/proc/sys"),
        sys.platform,
        scene.flags,
    )


def _accounts() -> tuple[str, ...]:
    import pwd

    from fairway.cluster.privileges import USERS

    found = []
    for name in USERS:
        with contextlib.suppress(KeyError):
            pwd.getpwnam(name)
            found.append(name)
    return tuple(found)


def _is_read_only(path: str) -> bool:
    return bool(os.statvfs(path).f_flag & os.ST_RDONLY)


def system(facts: Facts) -> Iterator[Finding]:
    """Containers, namespaces and nftables are Linux'."""
    if facts.system != "linux":
        yield failure(
            f"this is {facts.system}", "containers and kernel rules are Linux'", "use a Linux virtual machine"
        )


def root(facts: Facts) -> Iterator[Finding]:
    """Root, and with the powers that a container's root often lacks."""
    if not facts.is_root:
        why = "`fairway up` makes namespaces and kernel rules, and half of what there is to see is root's"
        if facts.has_sudo:
            yield warning("this is not root", why, f"run: sudo fairway doctor{facts.flags}")
        else:
            yield failure("this is not root, and there is no sudo", why, "log in as root: su -")
        return
    lacking = [
        name for name, bit in (("NET_ADMIN", NET_ADMIN), ("SYS_ADMIN", SYS_ADMIN)) if not facts.capabilities >> bit & 1
    ]
    if lacking:
        yield failure(
            f"root has not the capabilities {', '.join(lacking)} here",
            "namespaces, mounts and kernel rules need them; a container's root mostly lacks them",
            "run on the machine itself, or start the container with: --privileged",
        )
    else:
        yield well("root, with all that is needed of its powers")


def settings(facts: Facts) -> Iterator[Finding]:
    """`up` switches forwarding on."""
    if facts.is_root and not facts.can_write_settings:
        yield failure(
            "/proc/sys cannot be written",
            "`fairway up` switches forwarding on there",
            "run on the machine itself, or: sudo mount -o remount,rw /proc/sys",
        )


def python(facts: Facts) -> Iterator[Finding]:
    """The oldest Python that Fairway is made for."""
    shown = ".".join(map(str, facts.python))
    if facts.python[:2] < OLDEST_PYTHON:
        yield failure(
            f"Python {shown} is too old", "Fairway needs 3.11 or newer", "install python3.11, make .venv anew"
        )
    else:
        yield well(f"Python {shown}")


def account(facts: Facts) -> Iterator[Finding]:
    """The control plane gives up root for an account of its own."""
    if not facts.accounts:
        yield failure(
            "this machine has neither the user fairway nor nobody",
            "the control plane gives up root for one of them",
            "run: sudo useradd --system --no-create-home --shell /usr/sbin/nologin fairway",
        )
    elif "fairway" not in facts.accounts:
        yield warning(
            "this machine has no user fairway, so the control plane runs as nobody",
            "other programs that run as nobody can read its store",
            "run: sudo useradd --system --no-create-home --shell /usr/sbin/nologin fairway",
        )
    else:
        yield well("the control plane has a user of its own")


def memory(facts: Facts) -> Iterator[Finding]:
    """A cluster without pods takes about 150 MB."""
    shown = bytes_text(facts.available_bytes)
    why = "a cluster without pods takes about 150 MB, and the kernel ends processes where memory is short"
    if facts.available_bytes < LEAST_BYTES:
        yield failure(f"only {shown} of memory are available", why, "see what takes it: ps aux --sort=-rss | head")
    elif facts.available_bytes < GOOD_BYTES:
        yield warning(f"only {shown} of memory are available", why, "see what takes it: ps aux --sort=-rss | head")
    else:
        yield well(f"{shown} of memory are available")


CHECKS = (system, root, settings, python, account, memory)
