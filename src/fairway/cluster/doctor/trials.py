"""Trials: try what the kernel can do, in a child process with namespaces of its own, so that nothing is left.

Shape: ``in_child(trial)`` gives what the trial gave, passed through JSON; a trial raises ``OSError`` for a refusal.
Rules: the process has no other thread.
"""

import ctypes
import json
import os
import select
import signal
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Final

from fairway.node.syscalls import CLONE_NEWNET, CLONE_NEWNS, MNT_DETACH, MS_REC, mount, setns, umount, unshare

PATIENCE_S: Final = 5.0
MS_PRIVATE: Final = 1 << 18
CLONE_FS: Final = 0x200
_MAC, _PEER_MAC = b"\x02\0\0\0\0\x01", b"\x02\0\0\0\0\x02"


class Trial:
    """A trial that has begun.  Several may be under way at the same time."""

    def __init__(self, trial: Callable[[], Any]) -> None:
        self._reading, writing = os.pipe()
        self._pid = os.fork()
        if self._pid == 0:
            _end_with(trial, writing)
        os.close(writing)

    def outcome(self) -> Any:
        """What the trial gave; ``{"refused": text}`` where it raised or did not come back in time."""
        try:
            text = _read(self._reading)
            if not text:
                os.kill(self._pid, signal.SIGKILL)
        finally:
            os.close(self._reading)
            os.waitpid(self._pid, 0)
        return json.loads(text) if text else {"refused": "it did not answer"}


def in_child(trial: Callable[[], Any]) -> Any:
    """What ``trial`` gives, when it has ended."""
    return Trial(trial).outcome()


def each(trials: dict[str, Callable[[], Any]]) -> dict[str, str]:
    """Why each of several trials was refused, one after the other; empty where it worked.  In a child."""
    told = {}
    for name, trial in trials.items():
        try:
            told[name] = str(trial() or "")
        except OSError as error:
            told[name] = error.strerror or str(error)
    return told


def _end_with(trial: Callable[[], Any], writing: int) -> None:
    """Write the outcome and end, without anything that the parent has yet to do."""
    try:
        try:
            outcome = trial()
        except OSError as error:
            outcome = {"refused": error.strerror or str(error)}
        except Exception as error:
            outcome = {"refused": f"{type(error).__name__}: {error}"}
        os.write(writing, json.dumps(outcome).encode())
    finally:
        os._exit(0)


def _read(descriptor: int) -> bytes:
    parts = []
    while select.select([descriptor], [], [], PATIENCE_S)[0]:
        part = os.read(descriptor, 65536)
        if not part:
            break
        parts.append(part)
    return b"".join(parts)


def network() -> dict[str, str]:
    """Why devices of each kind cannot be made in a network of their own.  In a child."""
    unshare(CLONE_NEWNET)
    return each({"veth": veth, "dummy": partial(device, "dummy"), "bridge": partial(device, "bridge")})


def veth() -> None:
    """Make a pair of linked devices."""
    from fairway.node.rtnetlink.connection import Connection
    from fairway.node.rtnetlink.messages import VethEnd, new_veth

    with Connection() as connection:
        connection.run([new_veth(VethEnd("trial0", _MAC, 1500), VethEnd("trial1", _PEER_MAC, 1500))])


def device(kind: str) -> None:
    """Make a device of a kind."""
    from fairway.node.rtnetlink.connection import Connection
    from fairway.node.rtnetlink.messages import new_device

    with Connection() as connection:
        connection.run([new_device(f"trial-{kind}", kind)])


def pivot_root() -> str:
    """Change the root as a container's start does.  In a child."""
    unshare(CLONE_NEWNS)
    mount("", "/", flags=MS_REC | MS_PRIVATE)
    place = os.path.realpath(tempfile.gettempdir())  # hidden in our namespace alone, so nothing is left there
    mount("tmpfs", place, "tmpfs")
    os.chdir(place)
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.pivot_root(b".", b".") != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), "pivot_root")
    umount(".", MNT_DETACH)
    return ""


def is_chroot() -> bool:
    """Whether our root is another than that of the namespace of mounts that we are in.  In a child."""
    before = os.stat("/")
    descriptor = os.open("/proc/self/ns/mnt", os.O_RDONLY | os.O_CLOEXEC)
    unshare(CLONE_FS)
    setns(descriptor, CLONE_NEWNS)
    after = os.stat("/")
    return (before.st_dev, before.st_ino) != (after.st_dev, after.st_ino)


def overlay(place: str) -> str:
    """Mount an overlay whose layers lie in a folder, and write through it.  In a child."""
    from fairway.node.images.layout import Rootfs
    from fairway.node.runtimes.crun.rootfs import mount_rootfs

    unshare(CLONE_NEWNS)
    try:
        mount("", "/", flags=MS_REC | MS_PRIVATE)
    except OSError:
        return ""  # a root that is no mount: pivot_root tells of it, and nothing here could be kept to ourselves
    top = Path(place)
    for name in ("one", "two"):
        (top / "layers" / name).mkdir(parents=True)
    (top / "layers" / "one" / "file").write_text("below")
    target = top / "target"
    mount_rootfs(Rootfs(layers=("one", "two"), layers_path=top / "layers", config={}), top / "writable", target)
    try:
        (target / "file").write_text("above")
        return "" if (top / "layers" / "one" / "file").read_text() == "below" else "a write went through to the layer"
    finally:
        umount(str(target))


def control_group(place: str) -> str:
    """Make a control group and take it away again.  Needs no child."""
    folder = Path(place) / f"fairway-trial-{os.getpid()}"
    folder.mkdir()
    folder.rmdir()
    return ""
