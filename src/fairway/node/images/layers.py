"""Layers: unpack one layer's tar into a folder that overlayfs takes as a lower directory.

Nothing in the tar can reach outside: every path is resolved by the kernel as if the folder were ``/`` (openat2 with
RESOLVE_IN_ROOT) and the last component is never followed.  Whiteouts become what overlayfs understands: a character
device 0/0, and the opaque attribute.  Sources: OCI image specification, layer.md; overlayfs.rst of the kernel.
"""

import os
import shutil
import stat
import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from fairway.node.syscalls import open_in_root

WHITEOUT = ".wh."
OPAQUE = ".wh..wh..opq"
COPY_BYTES = 1 << 20
_XATTR_PREFIX = "SCHILY.xattr."
_DIRECTORY = os.O_PATH | os.O_DIRECTORY


class InvalidLayer(Exception):
    """The tar holds what no layer may hold; the text names the entry."""


def clean_name(name: str) -> str:
    """The entry's path relative to the root, empty for the root itself.  Raises: ``InvalidLayer``."""
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if ".." in parts:
        raise InvalidLayer(f"entry {name!r} leads out of the layer")
    return "/".join(parts)


class LayerWriter:
    """Writes entries below one folder."""

    def __init__(self, root: Path) -> None:
        self._root = os.open(root, _DIRECTORY | os.O_CLOEXEC)
        self._parent_path: str | None = None
        self._parent = -1
        self._times: list[tuple[str, float]] = []

    def write(self, archive: tarfile.TarFile, entry: tarfile.TarInfo) -> None:
        """Put one entry in its place.  Raises: ``InvalidLayer``."""
        path = clean_name(entry.name)
        if not path:
            self._own(".", entry, self._open_parent(""))
            return
        parent_path, _, name = path.rpartition("/")
        parent = self._open_parent(parent_path)
        if name.startswith(WHITEOUT):
            self._write_whiteout(parent, name)
            return
        self._write_entry(archive, entry, parent, name)
        if entry.isdir():
            self._times.append((path, entry.mtime))

    def close(self) -> None:
        """Set the folders' times, which every entry inside had changed, and let go."""
        for path, mtime in self._times:
            with suppress(OSError):
                descriptor = open_in_root(self._root, path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
                os.utime(descriptor, (mtime, mtime))
                os.close(descriptor)
        if self._parent >= 0:
            os.close(self._parent)
        os.close(self._root)

    def _open_parent(self, path: str) -> int:
        if path == self._parent_path:
            return self._parent
        descriptor = self._open_folder(path)
        if self._parent >= 0:
            os.close(self._parent)
        self._parent, self._parent_path = descriptor, path
        return descriptor

    def _open_folder(self, path: str) -> int:
        try:
            return open_in_root(self._root, path or ".", _DIRECTORY)
        except FileNotFoundError:
            above, _, name = path.rpartition("/")
            with _opened(self._open_folder(above)) as parent:
                return _make_folder(parent, name, path)
        except OSError as error:
            raise InvalidLayer(f"{path!r} is used as a folder and is none: {error.strerror}") from None

    def _write_whiteout(self, parent: int, name: str) -> None:
        if name == OPAQUE:
            os.setxattr(f"/proc/self/fd/{parent}", "trusted.overlay.opaque", b"y")
        elif not name.startswith(WHITEOUT + WHITEOUT):
            hidden = name.removeprefix(WHITEOUT)
            if hidden in ("", ".", ".."):
                raise InvalidLayer(f"whiteout {name!r} hides nothing that can be")
            _clear(parent, hidden)
            os.mknod(hidden, stat.S_IFCHR | 0o000, os.makedev(0, 0), dir_fd=parent)

    def _write_entry(self, archive: tarfile.TarFile, entry: tarfile.TarInfo, parent: int, name: str) -> None:
        if entry.isdir():
            if not _is_folder(parent, name):
                _clear(parent, name)
                os.mkdir(name, dir_fd=parent)
        else:
            _clear(parent, name)
        maker = _MAKERS.get(entry.type)
        if entry.islnk():
            self._link(entry, parent, name)
            return
        if entry.isreg():
            _write_file(archive, entry, parent, name)
        elif maker is not None:
            maker(entry, parent, name)
        elif not entry.isdir():
            raise InvalidLayer(f"entry {entry.name!r} is of a type that no layer may hold")
        self._own(name, entry, parent)

    def _link(self, entry: tarfile.TarInfo, parent: int, name: str) -> None:
        target = clean_name(entry.linkname)
        above, _, target_name = target.rpartition("/")
        try:
            with _opened(open_in_root(self._root, above or ".", _DIRECTORY)) as folder:
                os.link(target_name, name, src_dir_fd=folder, dst_dir_fd=parent, follow_symlinks=False)
        except FileNotFoundError:
            raise InvalidLayer(f"hard link {entry.name!r} points to {entry.linkname!r}, which is not there") from None

    def _own(self, name: str, entry: tarfile.TarInfo, parent: int) -> None:
        """Owner first: changing it clears set-id bits and capabilities."""
        os.chown(name, entry.uid, entry.gid, dir_fd=parent, follow_symlinks=False)
        if not entry.issym():
            os.chmod(name, entry.mode & 0o7777, dir_fd=parent)
        for header, value in entry.pax_headers.items():
            if header.startswith(_XATTR_PREFIX):
                _set_attribute(parent, name, header.removeprefix(_XATTR_PREFIX), value)
        if not entry.isdir():
            os.utime(name, (entry.mtime, entry.mtime), dir_fd=parent, follow_symlinks=False)


@contextmanager
def _opened(descriptor: int) -> Iterator[int]:
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _make_folder(parent: int, name: str, path: str) -> int:
    try:
        os.mkdir(name, 0o755, dir_fd=parent)
    except FileExistsError:
        raise InvalidLayer(f"{path!r} is used as a folder and is a link to nowhere") from None
    return os.open(name, _DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=parent)


def _is_folder(parent: int, name: str) -> bool:
    try:
        return stat.S_ISDIR(os.stat(name, dir_fd=parent, follow_symlinks=False).st_mode)
    except FileNotFoundError:
        return False


def _clear(parent: int, name: str) -> None:
    """Remove what stands where an entry goes: the later entry of a tar wins."""
    if _is_folder(parent, name):
        shutil.rmtree(name, dir_fd=parent)
        return
    with suppress(FileNotFoundError):
        os.unlink(name, dir_fd=parent)


def _write_file(archive: tarfile.TarFile, entry: tarfile.TarInfo, parent: int, name: str) -> None:
    content = archive.extractfile(entry)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(name, flags, 0o600, dir_fd=parent)
    with os.fdopen(descriptor, "wb", buffering=0) as file:
        if content is not None:
            shutil.copyfileobj(content, file, COPY_BYTES)


def _write_symlink(entry: tarfile.TarInfo, parent: int, name: str) -> None:
    os.symlink(entry.linkname, name, dir_fd=parent)


def _write_device(entry: tarfile.TarInfo, parent: int, name: str) -> None:
    kind = stat.S_IFCHR if entry.ischr() else stat.S_IFBLK
    os.mknod(name, kind | 0o600, os.makedev(entry.devmajor, entry.devminor), dir_fd=parent)


def _write_fifo(entry: tarfile.TarInfo, parent: int, name: str) -> None:
    os.mkfifo(name, 0o600, dir_fd=parent)


_MAKERS: dict[bytes, Callable[[tarfile.TarInfo, int, str], None]] = {
    tarfile.SYMTYPE: _write_symlink,
    tarfile.CHRTYPE: _write_device,
    tarfile.BLKTYPE: _write_device,
    tarfile.FIFOTYPE: _write_fifo,
}


def _set_attribute(parent: int, name: str, attribute: str, value: str) -> None:
    """Extended attributes where the file system takes them; never overlayfs' own, which would steer the mount."""
    if attribute.startswith("trusted.overlay.") or attribute.startswith("user.overlay."):
        return
    raw = value.encode("utf-8", "surrogateescape")
    with suppress(OSError):
        os.setxattr(f"/proc/self/fd/{parent}/{name}", attribute, raw, follow_symlinks=False)


def unpack_layer(stream: BinaryIO, root: Path) -> None:
    """Unpack an uncompressed layer into the empty folder ``root``.  Raises: ``InvalidLayer``."""
    try:
        with tarfile.open(fileobj=stream, mode="r|", bufsize=COPY_BYTES, errorlevel=2) as archive:
            writer = LayerWriter(root)
            try:
                for entry in archive:
                    writer.write(archive, entry)
                    archive.members.clear()  # type: ignore[attr-defined]  # they would pile up
            finally:
                writer.close()
    except tarfile.TarError as error:
        raise InvalidLayer(f"the layer is no tar archive: {error}") from error
    except EOFError as error:
        raise InvalidLayer(f"the layer ends too early: {error}") from error
