"""Help: what ``fairway COMMAND --help`` prints: the module's docstring, its sub-commands, its flags.  Pure."""

import inspect

from fairway.cli.failure import PROGRAM
from fairway.cli.flags import Flag

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

    from fairway.cli.call import Call


def help_of(command: str, module: "Any") -> str:
    """The text.  A module may say in ``USAGE`` which words it takes: ``(TYPE NAME | -f FILE)``."""
    usage = getattr(module, "USAGE", "COMMAND" if hasattr(module, "COMMANDS") else "")
    parts = [f"usage: {PROGRAM} {command} {usage} [flags]".replace("  ", " "), inspect.cleandoc(module.__doc__ or "")]
    commands: dict[str, str] = getattr(module, "COMMANDS", {})
    if commands:
        width = max(map(len, commands))
        parts.append("Commands:\n" + "\n".join(f"  {name:<{width}}  {text}" for name, text in commands.items()))
    flags = [flag for flag in getattr(module, "FLAGS", ()) if not flag.is_hidden]
    if flags:
        parts.append("Flags:\n" + "\n".join(flag_lines(flags)))
    parts.append(f"Flags of every command that speaks to the API: {PROGRAM} options")
    return "\n\n".join(parts)


def show_help(call: "Call") -> None:
    """Print the help of a command that was not used as it should be."""
    from fairway.cli.main import _module

    print(help_of(call.command, _module(*call.command.split())))


def flag_lines(flags: "Iterable[Flag]") -> "Iterator[str]":
    """Two lines a flag, in the order of their names."""
    for flag in sorted(flags, key=lambda flag: flag.name):
        short = f"-{flag.short}, " if flag.short else "    "
        value = "" if flag.type == "bool" else f"={_METAVARS.get(flag.type, 'TEXT')}"
        default = f" (default {_shown(flag)})" if flag.default not in ("", False, 0, (), 0.0) else ""
        yield f"  {short}--{flag.name}{value}\n          {flag.help}{default}"


_METAVARS = {"int": "N", "duration": "TIME", "strings": "TEXT,...", "array": "TEXT"}


def _shown(flag: Flag) -> str:
    if flag.type == "duration":
        return f"{flag.default:g}s"
    return ",".join(flag.default) if isinstance(flag.default, tuple) else str(flag.default).lower()
