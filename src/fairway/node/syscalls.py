"""System calls that Python 3.11 has no function for: namespaces, mounts, scoped path resolution.

Each raises ``OSError`` with the path or the call in its text.  Sources: unshare(2), setns(2), mount(2), umount2(2),
openat2(2), syncfs(2), statfs(2).
"""

import ctypes
import errno
import os
import struct

CLONE_NEWNS = 0x00020000
CLONE_NEWUTS = 0x04000000
CLONE_NEWIPC = 0x08000000
CLONE_NEWNET = 0x40000000
MS_BIND = 0x1000
MS_REC = 0x4000
MS_SLAVE = 1 << 19
MS_SHARED = 1 << 20
MNT_DETACH = 0x2
RESOLVE_IN_ROOT = 0x10
NSFS_MAGIC = 0x6E736673
OVERLAYFS_MAGIC = 0x794C7630

_SYS_OPENAT2 = 437
_libc = ctypes.CDLL(None, use_errno=True)


def _check(result: int, what: str) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), what)
    return result


def unshare(flags: int) -> None:
    """Give the calling thread namespaces of its own."""
    _check(_libc.unshare(ctypes.c_int(flags)), "unshare")


def setns(descriptor: int, flags: int) -> None:
    """Move the calling thread into the namespace behind ``descriptor``."""
    _check(_libc.setns(ctypes.c_int(descriptor), ctypes.c_int(flags)), "setns")


def mount(source: str, target: str, kind: str = "", flags: int = 0, options: str = "") -> None:
    """Mount, bind or change the propagation of ``target``."""
    result = _libc.mount(
        os.fsencode(source),
        os.fsencode(target),
        os.fsencode(kind) if kind else None,
        ctypes.c_ulong(flags),
        os.fsencode(options) if options else None,
    )
    _check(result, f"mount {kind or source} on {target}")


def umount(target: str, flags: int = MNT_DETACH) -> bool:
    """Detach what is mounted on ``target``; false where nothing was."""
    if _libc.umount2(os.fsencode(target), ctypes.c_int(flags)) == 0:
        return True
    number = ctypes.get_errno()
    if number in (errno.EINVAL, errno.ENOENT):
        return False
    raise OSError(number, os.strerror(number), f"umount {target}")


def open_in_root(root: int, path: str, flags: int, mode: int = 0) -> int:
    """Open ``path`` below the directory ``root`` as if that were ``/``: no link or ``..`` leads out of it."""
    how = struct.pack("=QQQ", flags | os.O_CLOEXEC, mode, RESOLVE_IN_ROOT)
    result = _libc.syscall(
        ctypes.c_long(_SYS_OPENAT2),
        ctypes.c_int(root),
        os.fsencode(path),
        ctypes.c_char_p(how),
        ctypes.c_size_t(len(how)),
    )
    return _check(int(result), path)


def syncfs(descriptor: int) -> None:
    """Write the whole file system that ``descriptor`` is on to its disk."""
    _check(_libc.syncfs(ctypes.c_int(descriptor)), "syncfs")


def filesystem_magic(path: str) -> int:
    """The type number of the file system that ``path`` is on."""
    answer = ctypes.create_string_buffer(256)
    _check(_libc.statfs(os.fsencode(path), answer), f"statfs {path}")
    return int(struct.unpack_from("@q", answer)[0]) & 0xFFFFFFFF


def is_namespace(path: str) -> bool:
    """Whether a namespace is bound to ``path``."""
    try:
        return filesystem_magic(path) == NSFS_MAGIC
    except FileNotFoundError:
        return False
