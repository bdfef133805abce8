"""Privileges: how the control process gives up root.

Rules: the control process needs no capability at all.  It keeps CAP_DAC_READ_SEARCH (reading, never writing) only where
the program itself lies in a folder that its user cannot enter, as in a virtual environment under ``/root``.
Source: capabilities(7), capset(2).
"""

import ctypes
import os
import pwd
import stat
import struct
import sys
from pathlib import Path

USERS = ("fairway", "nobody")
CAP_DAC_READ_SEARCH = 2
PR_SET_KEEPCAPS = 8
PR_SET_NO_NEW_PRIVS = 38
CAPABILITY_VERSION_3 = 0x20080522


def user() -> pwd.struct_passwd:
    """The account that the control process runs as: ``fairway`` where the machine has it, else ``nobody``."""
    for name in USERS:
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise RuntimeError(f"this machine has none of the users {', '.join(USERS)}")


def drop() -> None:
    """Become ``user()`` for good.  Nothing happens where the process is not root."""
    if os.geteuid() != 0:
        return
    account = user()
    must_read = not all(_can_enter(path) for path in (sys.prefix, sys.base_prefix, __file__))
    libc = ctypes.CDLL(None, use_errno=True)
    if must_read:
        libc.prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0)
    os.setgroups([])
    os.setresgid(account.pw_gid, account.pw_gid, account.pw_gid)
    os.setresuid(account.pw_uid, account.pw_uid, account.pw_uid)
    kept = 1 << CAP_DAC_READ_SEARCH if must_read else 0
    header = struct.pack("=Ii", CAPABILITY_VERSION_3, 0)
    sets = struct.pack("=6I", kept, kept, 0, 0, 0, 0)
    if libc.capset(header, sets) != 0:
        raise OSError(ctypes.get_errno(), "capset refused")
    libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)


def _can_enter(path: str) -> bool:
    """Whether everyone may pass through all folders above ``path``."""
    place = Path(path).resolve()
    folders = [place, *place.parents] if place.is_dir() else list(place.parents)
    return all(folder.stat().st_mode & stat.S_IXOTH for folder in folders)
