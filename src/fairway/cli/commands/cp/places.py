"""Places: ``[NAMESPACE/]POD:PATH`` or a local path, and the paths within an archive.  Pure."""

import posixpath

from fairway.cli.failure import Failure


class Place:
    """One end of a copy; ``pod`` is empty for this machine."""

    __slots__ = ("namespace", "path", "pod")

    def __init__(self, path: str, pod: str = "", namespace: str = "") -> None:
        self.path, self.pod, self.namespace = path, pod, namespace


def place_of(text: str) -> Place:
    """What a word means.  Raises: ``Failure``."""
    before, colon, path = text.partition(":")
    if not colon:
        return Place(_without_slash(text))
    pieces = before.split("/")
    if not before or len(pieces) > 2:
        raise Failure("filespec must match the canonical format: [[namespace/]pod:]file/path")
    return Place(_without_slash(path), pieces[-1], pieces[0] if len(pieces) == 2 else "")


def _without_slash(path: str) -> str:
    return path[:-1] if len(path) > 1 and path.endswith("/") else path


def without_shortcuts(path: str) -> str:
    """A path that leads nowhere above its start."""
    while path.startswith("../"):
        path = path[3:]
    return "" if path in (".", "..") else path.removeprefix("/")


def prefix_of(source: str) -> str:
    """How the names in the archive of a remote path begin."""
    return without_shortcuts(posixpath.normpath(source.lstrip("/") or "."))


def is_inside(base: str, path: str) -> bool:
    """Whether ``path`` lies in ``base``, or is it."""
    relative = posixpath.relpath(path, base)
    return relative == "." or relative == without_shortcuts(relative)
