"""The pages of ``docs/commands``: what follows from the commands themselves is written here, the rest by hand.

Run by ``scripts/docs``; ``--check`` changes nothing and ends with 1 where a page is not up to date.  What is written
stands between two marks; a page that is not there yet is begun.
"""

import argparse
import importlib
import inspect
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fairway.cli.flags import Flag
from fairway.cli.global_flags import GLOBAL_FLAGS
from fairway.cli.help import _shown
from fairway.cli.main import COMMANDS
from fairway.cli.operator_parser import OperatorParser

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "commands"
BEGIN, END = "<!-- made by: scripts/docs, up to the next mark -->", "<!-- made by: hand, from here on -->"
PLACEHOLDERS = {"int": "N", "duration": "TIME", "strings": "TEXT,...", "array": "TEXT", "string": "TEXT"}


def pages() -> dict[str, str]:
    """File name -> the part that is made, for every command and the index."""
    return {"README.md": _index(), **{f"{name}.md": _command(name) for name in COMMANDS}}


def merged(text: str, made: str) -> str:
    """A page with its made part renewed; all else stays.  Pure."""
    if BEGIN not in text:
        return f"{BEGIN}\n{made}\n{END}\n"
    before, _, rest = text.partition(BEGIN)
    return f"{before}{BEGIN}\n{made}\n{END}{rest.partition(END)[2]}"


def _index() -> str:
    rows = [f"| [`fairway {name}`]({name}.md) | {text} |" for name, text in COMMANDS.items()]
    table = _flag_table([_row(flag) for flag in GLOBAL_FLAGS if not flag.is_hidden])
    return "\n".join([
        "# Commands", "", "| command | what it is for |", "|---|---|", *rows, "",
        "## Flags of every command that speaks to the API", "", *table,
    ])  # fmt: skip


def _module(*names: str) -> Any:
    return importlib.import_module(".".join(("fairway.cli.commands", *(name.replace("-", "_") for name in names))))


def _command(name: str) -> str:
    module = _module(name)
    lines = [f"# fairway {name}", "", *_summary(module)]
    if hasattr(module, "configure"):
        parser = OperatorParser(prog=f"fairway {name}")
        module.configure(parser)
        lines += _operator(parser)
    else:
        lines += _verb(module, name)
    return "\n".join(lines).rstrip() + "\n"


def _summary(module: Any) -> Iterator[str]:
    text = inspect.cleandoc(module.__doc__ or "")
    yield from text.partition("\n\n")[0].splitlines()
    yield ""


def _operator(parser: argparse.ArgumentParser, depth: int = 2) -> Iterator[str]:
    rows, subs = [], {}
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            subs = dict(action.choices)
        elif action.option_strings and "--help" not in action.option_strings and action.help is not argparse.SUPPRESS:
            value = "" if action.nargs == 0 else f" {action.metavar or action.dest.upper()}"
            rows.append((f"{', '.join(action.option_strings)}{value}", action.help or ""))
    usage = parser.format_usage().removeprefix("usage: ").split()
    words = [word for word in usage if word != "[-h]"]
    yield from _usage(_without_flags(words) if len(words) > 12 else " ".join(words))
    yield from _flag_table(rows)
    seen: set[int] = set()
    for name, sub in subs.items():
        if id(sub) not in seen:
            seen.add(id(sub))
            yield f"{'#' * depth} {sub.prog.partition(' [')[0].split()[0]} {' '.join(_path(sub, name))}"
            yield ""
            yield from _operator(sub, depth + 1)


def _path(parser: argparse.ArgumentParser, name: str) -> list[str]:
    return [parser.prog.split()[1], name]


def _without_flags(words: list[str]) -> str:
    text = " ".join(words)
    while "[--" in text:
        start = text.index("[--")
        text = text[:start].rstrip() + text[_closing(text, start) + 1 :]
    return " ".join([*text.split(), "[flags]"])


def _closing(text: str, start: int) -> int:
    depth = 0
    for place in range(start, len(text)):
        depth += {"[": 1, "]": -1}.get(text[place], 0)
        if not depth:
            return place
    return len(text) - 1


def _verb(module: Any, *names: str, depth: int = 2) -> Iterator[str]:
    commands: dict[str, str] = getattr(module, "COMMANDS", {})
    if hasattr(module, "run"):
        usage = getattr(module, "USAGE", "")
        yield from _usage(" ".join(filter(None, ["fairway", *names, usage, "[flags]"])))
        flags = sorted(getattr(module, "FLAGS", ()), key=lambda flag: flag.name)
        yield from _flag_table([_row(flag) for flag in flags if not flag.is_hidden])
        place = "README.md#flags-of-every-command-that-speaks-to-the-api"
        yield f"And the [flags of every command that speaks to the API]({place})."
        yield ""
    for name, text in commands.items():
        yield f"{'#' * depth} fairway {' '.join((*names, name))}"
        yield ""
        yield f"{text[:1].upper()}{text[1:]}."
        yield ""
        try:
            sub = _module(*names, name)
        except ModuleNotFoundError:  # another test says so
            continue
        yield from (line for line in _verb(sub, *names, name, depth=depth + 1) if not line.startswith("And the ["))


def _usage(text: str) -> list[str]:
    return ["```text", text, "```", ""]


def _row(flag: Flag) -> tuple[str, str]:
    value = "" if flag.type == "bool" else f"={PLACEHOLDERS[flag.type]}"
    default = f" (default {_shown(flag)})" if flag.default not in ("", False, 0, (), 0.0) else ""
    return f"{flag.spelled}{value}", f"{flag.help}{default}"


def _flag_table(rows: list[tuple[str, str]]) -> list[str]:
    if not rows:
        return []
    escaped = [(flag, text.replace("|", "\\|").replace("<", "&lt;")) for flag, text in rows]
    return ["| flag | meaning |", "|---|---|", *(f"| `{flag}` | {text} |" for flag, text in escaped), ""]


def main() -> int:
    """Write, or compare."""
    is_check, stale = "--check" in sys.argv[1:], []
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, made in pages().items():
        path = FOLDER / name
        old = path.read_text() if path.exists() else ""
        if (new := merged(old, made.rstrip() + "\n")) != old:
            stale.append(name)
            if not is_check:
                path.write_text(new)
    for name in stale:
        print(f"docs/commands/{name} {'is not up to date: run scripts/docs' if is_check else 'is written'}")
    return int(is_check and bool(stale))


if __name__ == "__main__":
    sys.exit(main())
