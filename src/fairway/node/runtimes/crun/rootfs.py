"""Rootfs: the place where a container's monitor is started, and its file system.

Each container gets a mount namespace of its own *before* its monitor starts: a copy of the machine's mounts as a
slave, in which its overlay is mounted.  So the overlay needs no unmounting, ever: it goes with the last process that
sees it, whatever crashed.  The same place cures what crun does not bear: a version 2 control group hierarchy with
controllers beside version 1 is unmounted there.

A thread's namespaces are its own, and what it starts inherits them; the threads here do nothing else.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from fairway.node.images.layout import Rootfs
from fairway.node.syscalls import (
    CLONE_NEWNS,
    MNT_DETACH,
    MS_REC,
    MS_SLAVE,
    OVERLAYFS_MAGIC,
    filesystem_magic,
    mount,
    open_in_root,
    setns,
    umount,
    unshare,
)

ACCOUNT_FILE_MAX = 4 << 20


class Place:
    """Where runtimes are started from.  ``hidden`` is a mount point that they must not see, or empty."""

    def __init__(self, hidden: str) -> None:
        self._hidden = hidden
        self._machine = os.open("/proc/self/ns/mnt", os.O_RDONLY | os.O_CLOEXEC)
        self._root = os.open("/", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)

    def close(self) -> None:
        """Let go of the machine's namespace; later calls do nothing."""
        if self._machine >= 0:
            os.close(self._machine)
            os.close(self._root)
            self._machine = self._root = -1

    @contextmanager
    def entered(self) -> Iterator[None]:
        """The calling thread, and what it starts, in a fresh copy of the machine's mounts.

        The thread must be one of its own: it does not share its working directory with others any more.
        """
        unshare(CLONE_NEWNS)
        try:
            mount("", "/", flags=MS_REC | MS_SLAVE)
            if self._hidden:
                umount(self._hidden, MNT_DETACH)
            yield
        finally:
            setns(self._machine, CLONE_NEWNS)
            # Its root is that of the namespace now; ours is another one in a chroot.
            os.fchdir(self._root)
            os.chroot(".")


def mount_rootfs(rootfs: Rootfs, layer: Path, target: Path) -> None:
    """Mount the image's layers and a writable one on ``target``, in the calling thread's namespace.

    ``volatile``: nothing in a container outlives the machine's crash, so nothing is synced for it.
    Raises: ``OSError``.
    """
    upper, work = layer / "upper", layer / "work"
    for folder in (upper, work, target):
        folder.mkdir(parents=True, exist_ok=True)
    os.chmod(upper, 0o755)
    os.chdir(rootfs.layers_path)  # Short names: all lower directories must fit in one page.
    lower = ":".join(reversed(rootfs.layers))
    options = f"lowerdir={lower},upperdir={upper},workdir={work}"
    try:
        mount("overlay", str(target), "overlay", 0, f"{options},volatile")
    except OSError:
        if filesystem_magic(str(layer)) == OVERLAYFS_MAGIC:
            raise OSError(0, "the data directory lies on an overlay, which cannot carry another", str(layer)) from None
        mount("overlay", str(target), "overlay", 0, options)
    finally:
        os.chdir("/")


def read_inside(rootfs: Path, path: str) -> str:
    """A text file of the container, resolved inside it; empty where there is none."""
    root = os.open(rootfs, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        with os.fdopen(open_in_root(root, path, os.O_RDONLY | os.O_NONBLOCK), "rb") as file:
            return file.read(ACCOUNT_FILE_MAX).decode(errors="replace")
    except OSError:
        return ""
    finally:
        os.close(root)


def make_working_dir(rootfs: Path, path: str, uid: int, gid: int) -> None:
    """Make the working directory where the image lacks it, as other runtimes do."""
    root = os.open(rootfs, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        with suppress(OSError):
            os.close(open_in_root(root, path, os.O_PATH | os.O_DIRECTORY))
            return
        parent = os.dup(root)
        for part in path.strip("/").split("/"):
            with suppress(FileExistsError):
                os.mkdir(f"/proc/self/fd/{parent}/{part}", 0o755)
                os.chown(f"/proc/self/fd/{parent}/{part}", uid, gid)
            below = open_in_root(parent, part, os.O_PATH | os.O_DIRECTORY)
            os.close(parent)
            parent = below
        os.close(parent)
    finally:
        os.close(root)
