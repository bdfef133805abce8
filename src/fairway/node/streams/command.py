"""Command: joins a command in a container (or the container itself) with its remote client until one of them ends.

Shape: three pumps (output, stdin, terminal size); the command's end is told to the client, the client's end kills the
command.  Each pump waits for its receiver, so that no amount of output is ever held here.
"""

import asyncio
from contextlib import suppress

from fairway.node.runtimes.interface import ExecSession
from fairway.node.streams.remote import Remote
from fairway.node.streams.statuses import exit_status

KILL_WAIT_S = 10.0


class Activity:
    """When something last went through a connection."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self.last_s = self._loop.time()

    def note(self) -> None:
        """Something went through."""
        self.last_s = self._loop.time()

    async def wait_idle(self, limit_s: float) -> None:
        """Return when nothing has gone through for ``limit_s``."""
        while True:
            left_s = self.last_s + limit_s - self._loop.time()
            if left_s <= 0:
                return
            await asyncio.sleep(left_s)


async def join(remote: Remote, session: ExecSession, *, has_stdin: bool, leaves: bool, idle_s: float) -> None:
    """Carry bytes both ways until the command has ended and its client knows, or the client has gone.

    ``leaves``: who has no more to say leaves, and is told that all is well, as containerd does it for a container
    whose stdin stays open.
    """
    activity = Activity()
    output = asyncio.ensure_future(_pump_output(remote, session, activity))
    stdin = asyncio.ensure_future(_pump_stdin(remote, session, activity) if has_stdin else _no_stdin(session))
    beside = [asyncio.ensure_future(_pump_sizes(remote, session)), stdin]
    ends = [asyncio.ensure_future(remote.gone.wait()), asyncio.ensure_future(activity.wait_idle(idle_s))]
    all_told = [output, stdin] if has_stdin and leaves else [output]
    try:
        await asyncio.wait((*all_told, *ends), return_when=asyncio.FIRST_COMPLETED)
        if any(told.done() and not told.exception() for told in all_told):
            code = await session.wait()
            with suppress(ConnectionError):
                await remote.finish(exit_status(code))
    finally:
        session.kill()
        for task in (output, *beside, *ends):
            task.cancel()
        await asyncio.gather(output, *beside, *ends, return_exceptions=True)
        with suppress(TimeoutError):
            async with asyncio.timeout(KILL_WAIT_S):
                await session.wait()


async def _pump_output(remote: Remote, session: ExecSession, activity: Activity) -> None:
    async for channel, content in session.output():
        activity.note()
        await remote.write(channel, content)


async def _pump_stdin(remote: Remote, session: ExecSession, activity: Activity) -> None:
    # A command that has closed its stdin goes on; what is sent to it is lost, as in a shell.
    with suppress(OSError):
        while content := await remote.read_stdin():
            activity.note()
            await session.write(content)
    session.close_stdin()


async def _no_stdin(session: ExecSession) -> None:
    session.close_stdin()


async def _pump_sizes(remote: Remote, session: ExecSession) -> None:
    while (size := await remote.read_size()) is not None:
        session.resize(*size)
