"""Runtime socket: commands to a running HAProxy, and its answers.

Shape: one connection a batch, in HAProxy's interactive mode, where each answer ends with a prompt; commands are sent
ahead in portions, which is what makes thousands of them quick.
Source: HAProxy 2.6 Management Guide, "Unix Socket commands".
"""

import asyncio
import contextlib
from collections.abc import Sequence
from pathlib import Path
from typing import Final

PROMPT: Final = b"\n> "
PAYLOAD_PROMPTS: Final = "+ \n"
"""Each line of a payload is answered by a plus sign, before the answer itself."""
SETTINGS: Final = ("prompt", "experimental-mode on")
"""Before 2.5 servers are only added in the experimental mode; later releases do not mind it."""
AHEAD: Final = 32
"""How many commands are sent before the first of them is answered."""
_ANSWER_S: Final = 10.0
_LIMIT_BYTES: Final = 64 << 20
_GOOD: Final = (
    "New server registered", "Server deleted", "New empty certificate store", "Transaction created", "Committing",
    "Inserting certificate", "Entry '", "Certificate '", "Success",
)  # fmt: skip
"""How the answers of commands that change something begin when it worked; others then answer nothing."""


class RefusedError(Exception):
    """HAProxy did not do what it was told; the text says which command and what it answered."""


async def ask(path: Path, commands: Sequence[str]) -> list[str]:
    """The answers, in order.  Raises: ``OSError``, ``TimeoutError``."""
    async with asyncio.timeout(_ANSWER_S):
        reader, writer = await asyncio.open_unix_connection(str(path), limit=_LIMIT_BYTES)
        try:
            for setting in SETTINGS:
                writer.write(f"{setting}\n".encode())
                await reader.readuntil(PROMPT)
            answers: list[str] = []
            for start in range(0, len(commands), AHEAD):
                portion = commands[start : start + AHEAD]
                writer.write("".join(f"{command}\n" for command in portion).encode())
                for _ in portion:
                    answer = (await reader.readuntil(PROMPT)).removesuffix(PROMPT).decode()
                    answers.append(answer.lstrip(PAYLOAD_PROMPTS).strip())
            return answers
        except asyncio.IncompleteReadError as error:
            raise ConnectionResetError("HAProxy closed its runtime socket") from error
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()


async def tell(path: Path, commands: Sequence[str]) -> None:
    """Commands that change something.  Raises: ``OSError``, ``TimeoutError``, ``RefusedError``."""
    for command, answer in zip(commands, await ask(path, commands), strict=True):
        if answer and not answer.startswith(_GOOD):
            raise RefusedError(f"{command.partition(chr(10))[0]}: {answer}")
