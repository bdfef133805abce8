"""Verbs: runs a command of the API: its sub-command, its flags, its help, its failures.

Shape: ``run_verb(name, module, words)``.  A failure is told on standard error in kubectl's words (``cli/failure.py``).
"""

import sys

from fairway.cli.call import Call
from fairway.cli.failure import PROGRAM, Failure, Failures, UsageFailure, told
from fairway.cli.flags import Flag, FlagError, parse
from fairway.cli.global_flags import GLOBAL_FLAGS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any

_HELP = Flag("help", "h", "bool", "show this help")


def run_verb(name: str, module: "Any", words: "Sequence[str]") -> int:
    """Run the command ``name`` of ``module``."""
    command, words = name, list(words)
    while commands := getattr(module, "COMMANDS", None):
        place = first_word(_flags(module), words)
        if place is not None:
            words[place] = getattr(module, "ALIASES", {}).get(words[place], words[place])
        if place is None or words[place] not in commands:
            if not hasattr(module, "run"):
                return _without_sub_command(command, module, words, place)
            break
        from fairway.cli.main import _module

        command = f"{command} {words[place]}"
        module = _module(*command.split())
        del words[place]
    try:
        parsed = parse(_flags(module), words, is_interspersed=getattr(module, "IS_INTERSPERSED", True))
    except FlagError as error:
        if not {"-h", "--help"} & set(words):
            print(f"error: {error}\nSee '{PROGRAM} {command} --help' for usage.", file=sys.stderr)
            return 1
        parsed = None
    if parsed is None or parsed.values.help:
        from fairway.cli.help import help_of

        print(help_of(command, module))
        return 0
    call = Call(command, parsed)
    try:
        return _warned(call, int(module.run(call)))
    except Exception as error:
        return _failed(command, error)


def _warned(call: Call, code: int) -> int:
    if call.flags.warnings_as_errors and call.session.warnings:
        count = call.session.warnings
        print(f"error: {count} warning{'s' if count > 1 else ''} received", file=sys.stderr)
        return code or 1
    return code


def _failed(command: str, error: Exception) -> int:
    from fairway.client.blocking.errors import ApiError, Unreachable

    if not isinstance(error, Failure | Failures | ApiError | Unreachable):
        from fairway.client.kubeconfig.plugin import PluginError
        from fairway.client.kubeconfig.selection import KubeconfigError

        if not isinstance(error, KubeconfigError | PluginError):
            raise error
    sys.stdout.flush()
    if text := told(error) if str(error) else "":
        print(text, file=sys.stderr)
    if isinstance(error, UsageFailure):
        print(f"See '{PROGRAM} {command} -h' for help and examples", file=sys.stderr)
    return getattr(error, "exit_code", 1)


def _without_sub_command(command: str, module: "Any", words: "Sequence[str]", place: int | None) -> int:
    if place is not None and not {"-h", "--help"} & set(words):
        known = _flags(module)
        try:
            said = " ".join(parse(known, words).words)
        except FlagError:
            said = words[place]
        print(f'error: unknown command "{said}"', file=sys.stderr)
        print(f"See '{PROGRAM} {command} -h' for help and examples", file=sys.stderr)
        return 1
    from fairway.cli.help import help_of

    is_asked = bool({"-h", "--help"} & set(words))
    print(help_of(command, module), file=sys.stdout if is_asked else sys.stderr)
    return 0 if is_asked else 1


def _flags(module: "Any") -> "list[Flag]":
    own: tuple[Flag, ...] = getattr(module, "FLAGS", ())
    names = {flag.name for flag in own}
    letters = {flag.short for flag in own if flag.short}
    return [*own, *(flag for flag in (*GLOBAL_FLAGS, _HELP) if flag.name not in names and flag.short not in letters)]


def first_word(flags: "Iterable[Flag]", words: "Sequence[str]") -> int | None:
    """The place of the first word that is neither a flag nor the value of one.  Pure."""
    known = list(flags)
    with_value = {f"--{flag.name}" for flag in known if not flag.bare}
    with_value |= {f"-{flag.short}" for flag in known if flag.short and not flag.bare}
    is_value = False
    for place, word in enumerate(words):
        if is_value:
            is_value = False
        elif word == "--":
            return None
        elif word.startswith("-") and word != "-":
            is_value = word in with_value
        else:
            return place
    return None
