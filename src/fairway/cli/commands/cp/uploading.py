"""Uploading: local files go into an archive, and the archive into the standard input of tar in the container."""

import glob
import os
import posixpath
import tarfile
import threading
from contextlib import suppress
from typing import BinaryIO

from fairway.cli.call import Call
from fairway.cli.commands.cp.places import Place
from fairway.cli.commands.cp.remote import run_in
from fairway.cli.failure import Failure
from fairway.cli.streams.remote_command import Streams, to_descriptor
from fairway.cli.streams.remote_command import told as told_code
from fairway.client.blocking import ApiError, Unreachable


def copy(call: Call, source: str, destination: Place) -> int:
    """Copy.  Raises: ``Failure``, ``ApiError``, ``Unreachable``."""
    if not os.path.exists(source):
        raise Failure(f"{source} doesn't exist in local filesystem")
    path = destination.path
    if _is_folder(call, destination):
        path = posixpath.join(path, os.path.basename(os.path.normpath(source)))
    command = ["tar", "-xmf", "-"]
    if call.flags.no_preserve:
        command[1:1] = ["--no-same-permissions", "--no-same-owner"]
    command += ["-C", posixpath.dirname(path) or "."]
    reading, writing = os.pipe()
    failures: list[OSError] = []

    def write() -> None:
        try:
            with os.fdopen(writing, "wb") as into, suppress(BrokenPipeError):
                archive(source, posixpath.basename(path), into)
        except OSError as error:
            failures.append(error)

    thread = threading.Thread(target=write, daemon=True)
    thread.start()
    try:
        code = run_in(call, destination, command, Streams(reading, to_descriptor(1), to_descriptor(2)))
    finally:
        os.close(reading)
        thread.join()
    if failures:
        raise Failure(f"{failures[0].filename}: {(failures[0].strerror or '').lower()}")
    return told_code(code)


def _is_folder(call: Call, destination: Place) -> bool:
    """Whether the path in the container is a folder; what is wrong with the container is told by the copy itself."""
    nowhere = Streams(None, lambda content: None, lambda content: None)
    try:
        return run_in(call, destination, ["test", "-d", destination.path], nowhere, is_quiet=True) == 0
    except (Failure, ApiError, Unreachable):
        return False


def archive(source: str, name: str, into: BinaryIO) -> None:
    """Everything at ``source``, which may be a pattern, by the name ``name``."""
    with tarfile.open(fileobj=into, mode="w|", format=tarfile.GNU_FORMAT) as made:
        for path in sorted(glob.glob(source)) or [source]:
            _add(made, path, name)


def _add(made: tarfile.TarFile, path: str, name: str) -> None:
    is_folder = os.path.isdir(path) and not os.path.islink(path)
    inner = sorted(os.listdir(path)) if is_folder else []
    for each in inner:
        _add(made, os.path.join(path, each), posixpath.join(name, each))
    if inner:
        return
    entry = made.gettarinfo(path, name)
    if entry is None:  # a socket
        return
    if entry.islnk():  # the second name of a file is a file of its own there
        entry.type, entry.linkname, entry.size = tarfile.REGTYPE, "", os.path.getsize(path)
    if entry.isreg():
        with open(path, "rb") as content:
            made.addfile(entry, content)
    else:
        made.addfile(entry)
