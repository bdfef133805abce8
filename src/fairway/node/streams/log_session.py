"""Log session: attach to a container's output by its log, for a runtime that offers no way to its streams."""

from collections.abc import AsyncIterator
from contextlib import aclosing

from fairway.node.container_record import ContainerRecord
from fairway.node.logs.container_log import container_log
from fairway.node.logs.cri import LogOptions


class LogSession:
    """An ``ExecSession`` that shows what attempt ``number`` writes from now on; stderr is not told from stdout."""

    def __init__(self, record: ContainerRecord, number: int, path: str) -> None:
        self._record = record
        self._number = number
        self._path = path

    async def output(self) -> AsyncIterator[tuple[int, bytes]]:
        """See ``ExecSession``."""
        options = LogOptions(follow=True, tail_lines=0)
        async with aclosing(container_log(self._record, self._number, self._path, options)) as pieces:
            async for piece in pieces:
                yield 1, piece

    async def write(self, data: bytes) -> None:
        """See ``ExecSession``; there is no way in."""

    def close_stdin(self) -> None:
        """See ``ExecSession``."""

    def resize(self, width: int, height: int) -> None:
        """See ``ExecSession``."""

    async def wait(self) -> int:
        """The container's exit code, or 0 while it runs on."""
        found = (attempt.exit_code for attempt in self._record.attempts if attempt.number == self._number)
        return next(found, None) or 0

    def kill(self) -> None:
        """The client has gone; the container goes on."""
