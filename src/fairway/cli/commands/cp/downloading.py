"""Downloading: tar in the container writes an archive, which is taken apart here.

Nothing is written outside the destination, and no links are made, whatever the archive says.
"""

import os
import sys
import tarfile
import threading
from typing import BinaryIO

from fairway.cli.call import Call
from fairway.cli.commands.cp.places import Place, is_inside, prefix_of
from fairway.cli.commands.cp.remote import run_in
from fairway.cli.failure import PROGRAM, Failure
from fairway.cli.streams.remote_command import Streams, to_descriptor
from fairway.cli.streams.remote_command import told as told_code


def copy(call: Call, source: Place, destination: str) -> int:
    """Copy, again if it breaks off and ``--retries`` says so.  Raises: ``Failure``, ``ApiError``, ``Unreachable``."""
    tries = 0
    while True:
        unpacker = Unpacker(source, destination)
        code = _once(call, source, unpacker)
        if unpacker.is_complete:
            if unpacker.failure is not None:
                raise unpacker.failure
            return 0  # what tar could not read it has told itself
        tries += 1
        if 0 <= call.flags.retries < tries:
            if unpacker.failure is not None:
                raise unpacker.failure
            return told_code(code)


def _once(call: Call, source: Place, unpacker: "Unpacker") -> int:
    reading, writing = os.pipe()
    is_wanted = True

    def sink(content: bytes) -> None:
        nonlocal is_wanted
        if is_wanted:
            try:
                to_descriptor(writing)(content)
            except BrokenPipeError:
                is_wanted = False

    def unpack() -> None:
        with os.fdopen(reading, "rb") as archive:
            unpacker.unpack(archive)

    thread = threading.Thread(target=unpack, daemon=True)
    thread.start()
    try:
        streams = Streams(None, sink, to_descriptor(1))  # as kubectl, which tells on standard output what tar says
        return run_in(call, source, ["tar", "cf", "-", source.path], streams, into=sys.stdout)
    finally:
        os.close(writing)
        thread.join()


class Unpacker:
    """``is_complete``: the archive was read to its end, or to something that must not be."""

    def __init__(self, source: Place, destination: str) -> None:
        self._source, self._destination = source, destination
        self._prefix = prefix_of(source.path)
        self._has_told = False
        self.is_complete = False
        self.failure: Failure | None = None

    def unpack(self, archive: BinaryIO) -> None:
        """Take it apart; what goes wrong is in ``failure``."""
        try:
            with tarfile.open(fileobj=archive, mode="r|") as found:
                for entry in found:
                    self._unpack(found, entry)
            self.is_complete = True
        except Failure as failure:
            self.failure, self.is_complete = failure, True
        except OSError as error:
            text = f"open {error.filename}: {(error.strerror or '').lower()}"
            self.failure, self.is_complete = Failure(text), True
        except tarfile.ReadError as error:
            self.failure = Failure(str(error)) if "empty" not in str(error) else None

    def _unpack(self, found: tarfile.TarFile, entry: tarfile.TarInfo) -> None:
        if not entry.name.startswith(self._prefix):
            raise Failure("tar contents corrupted")
        path = os.path.normpath(os.path.join(self._destination, entry.name[len(self._prefix) :].lstrip("/")))
        if not is_inside(os.path.normpath(self._destination), path):
            print(f'warning: file "{path}" is outside target destination, skipping', file=sys.stderr)
            return
        if entry.isdir():
            os.makedirs(path, 0o755, exist_ok=True)
            return
        os.makedirs(os.path.dirname(path) or ".", 0o755, exist_ok=True)
        if entry.issym():
            self._tell_link(path, entry.linkname)
            return
        content = found.extractfile(entry) if entry.isreg() else None
        with open(path, "wb") as into:
            while content is not None and (piece := content.read(1 << 20)):
                into.write(piece)

    def _tell_link(self, path: str, target: str) -> None:
        hint = ""
        if not self._has_told:
            place = self._source
            hint = (
                f' (consider using "{PROGRAM} exec -n "{place.namespace}" "{place.pod}" -- tar cf - "{place.path}" '
                '| tar xf -")'
            )
        self._has_told = True
        print(f'warning: skipping symlink: "{path}" -> "{target}"{hint}', file=sys.stderr)
