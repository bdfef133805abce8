"""Merging: the lines of one log or of several, one after the other or as they come.

Shape: one log at a time needs no thread; those that are followed have one each, and put whole lines into one queue.
On a terminal each pod of several has a colour: of its prefixes, or where there are none of its lines.
"""

import os
import sys
import zlib

from fairway.cli.commands.logs.sources import Source, Wanted, containers
from fairway.cli.failure import Failure, told
from fairway.client.blocking import ApiError, Unreachable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Any

    from fairway.cli.call import Call
    from fairway.client.blocking import Api

_COLOURS = (36, 33, 32, 35, 34, 96, 93, 92, 95, 94)
"""Codes of SGR: cyan, yellow, green, magenta, blue, and the bright ones.  Red is for errors."""


def show(call: "Call", wanted: Wanted) -> int:
    """Print everything.  Raises: ``Failure``, ``ApiError``, ``Unreachable``."""
    flags = call.flags
    count = len(wanted.sources)
    is_joined = bool(flags.follow and wanted.selector and wanted.sources)
    if flags.follow and (count > 1 or is_joined):
        if count > flags.max_log_requests:
            raise Failure(
                f"you are attempting to follow {count} log streams, but maximum allowed concurrency is "
                f"{flags.max_log_requests}, use --max-log-requests to increase the limit"
            )
        return _Following(call, wanted).show()
    write = Writer(wanted.with_prefix, is_coloured=is_coloured(wanted.sources))
    for source in wanted.sources:
        try:
            _pass_on(call.session.api.stream(source.path, query_of(wanted, source)), source, write)
        except (ApiError, Unreachable) as error:
            if not flags.ignore_errors:
                raise
            sys.stdout.flush()
            print(told(error) if told(error).startswith("error") else f"error: {error}", flush=True)
    return 0


def query_of(wanted: Wanted, source: Source) -> "dict[str, Any]":
    """Nothing of it is left out for being 0: ``tailLines=0`` means none."""
    query = {**wanted.options, "container": source.container}
    return {name: str(value) if isinstance(value, int) and not isinstance(value, bool) else value
            for name, value in query.items()}  # fmt: skip


def is_coloured(sources: "Iterable[Source]") -> bool:
    """Whether colours help: several pods, on a terminal."""
    return takes_colours() and len({each.pod for each in sources}) > 1


def takes_colours() -> bool:
    """Whether standard output is a terminal whose user wants colours, or one that is not asked."""
    from fairway.cli.printers.colour import is_wanted

    return is_wanted(sys.stdout.isatty(), os.environ)


def colours(pods: "Iterable[str]") -> dict[str, int]:
    """A colour for each pod: the one that its name has drawn, or the next that is free.  Pure."""
    found: dict[str, int] = {}
    for pod in pods:
        start = zlib.crc32(pod.encode()) % len(_COLOURS)
        order = [*_COLOURS[start:], *_COLOURS[:start]]
        found[pod] = next((each for each in order if each not in found.values()), order[0])
    return found


class Writer:
    """Writes lines of many logs, each whole."""

    def __init__(self, with_prefix: bool, *, is_coloured: bool) -> None:
        self._with_prefix, self._is_coloured = with_prefix, is_coloured
        self._colours: dict[str, int] = {}
        self._out = sys.stdout.buffer

    @property
    def is_plain(self) -> bool:
        """Whether bytes may go through as they are."""
        return not self._with_prefix and not self._is_coloured

    def piece(self, piece: bytes) -> None:
        """Bytes as they are."""
        self._out.write(piece)
        self._out.flush()

    def line(self, source: Source, line: bytes) -> None:
        """One line, with its newline if it has one."""
        self._out.write(self.dressed(source, line))
        self._out.flush()

    def dressed(self, source: Source, line: bytes) -> bytes:
        """The line as it is printed."""
        prefix = source.prefix.encode() if self._with_prefix else b""
        if not self._is_coloured:
            return prefix + line
        if source.pod not in self._colours:
            self._colours = colours((*self._colours, source.pod))
        begin, end = f"\x1b[{self._colours[source.pod]}m".encode(), b"\x1b[0m"
        if prefix:
            return begin + prefix.rstrip() + end + b" " + line
        text = line.rstrip(b"\r\n")
        return begin + text + end + line[len(text) :]


def whole_lines(pieces: "Iterable[bytes]") -> "Iterator[bytes]":
    """The lines with their newlines; the last one may have none.  Pure."""
    held = b""
    for piece in pieces:
        *lines, held = (held + piece).split(b"\n")
        for line in lines:
            yield line + b"\n"
    if held:
        yield held


def _pass_on(pieces: "Iterator[bytes]", source: Source, write: Writer) -> None:
    if write.is_plain:
        for piece in pieces:
            write.piece(piece)
    else:
        for line in whole_lines(pieces):
            write.line(source, line)


class _Following:
    """Several logs at once, and the pods that join them."""

    def __init__(self, call: "Call", wanted: Wanted) -> None:
        from queue import SimpleQueue

        self._call, self._wanted = call, wanted
        self._queue: SimpleQueue[tuple[Source | None, bytes | Exception | None]] = SimpleQueue()
        self._joined: SimpleQueue[dict[str, Any]] = SimpleQueue()
        self._live = 0
        self._known = {(each.uid, each.container) for each in wanted.sources}
        self._write = Writer(wanted.with_prefix, is_coloured=takes_colours())

    def show(self) -> int:
        """Until all have ended."""
        for source in self._wanted.sources:
            self._begin(source)
        if self._wanted.selector:
            self._in_background(self._join)
        while self._live:
            came, what = self._queue.get()
            if came is not None:
                self._take(came, what)
            self._take_joined()
        return 0

    def _take(self, source: Source, what: bytes | Exception | None) -> None:
        """A line, a failure, or the end of a log."""
        if what is None:
            self._live -= 1
        elif isinstance(what, bytes):
            self._write.line(source, what)
        elif self._call.flags.ignore_errors:
            print(f"error: {what}", flush=True)
        else:
            raise what

    def _begin(self, source: Source) -> None:
        self._live += 1
        api = _another(self._call)

        def read() -> None:
            try:
                for line in whole_lines(api.stream(source.path, query_of(self._wanted, source))):
                    self._queue.put((source, line))
            except (ApiError, Unreachable) as error:
                self._queue.put((source, error))
            self._queue.put((source, None))

        self._in_background(read)

    @staticmethod
    def _in_background(work: "Callable[[], None]") -> None:
        from threading import Thread

        Thread(target=work, daemon=True).start()

    def _join(self) -> None:
        """Tell of pods that come, or begin to run, after the list."""
        from fairway.cli.streams.pods import pods_path

        api, path = _another(self._call), pods_path(self._wanted.namespace)
        query = {"labelSelector": self._wanted.selector, "resourceVersion": self._wanted.version}
        try:
            for kind, pod in api.watch(path, query):
                if kind in ("ADDED", "MODIFIED") and (pod.get("status") or {}).get("phase") == "Running":
                    self._joined.put(pod)
                    self._queue.put((None, None))
        except (ApiError, Unreachable):
            return  # those that are followed go on

    def _take_joined(self) -> None:
        flags = self._call.flags
        while not self._joined.empty():
            pod = self._joined.get()
            for name in _quietly(pod, flags.container, flags.all_containers):
                source = Source(pod, name)
                if (source.uid, name) in self._known:
                    continue
                self._known.add((source.uid, name))
                if self._live >= flags.max_log_requests:
                    text = f"pod/{source.pod} is not followed: use --max-log-requests to follow more than {self._live}"
                    print(text, file=sys.stderr)
                    continue
                self._begin(source)


def _quietly(pod: "dict[str, Any]", name: str, is_all: bool) -> "list[str]":
    if not name and not is_all:
        from fairway.cli.streams.choice import default_container

        return [default_container(pod)[0]]
    try:
        return list(containers(pod, name, is_all))
    except Failure:
        return []


def _another(call: "Call") -> "Api":
    """A client of a thread of its own: a connection is not shared."""
    from fairway.cli.session import Session

    return Session(call.flags).api
