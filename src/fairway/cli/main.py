"""The command line: finds the command, parses its flags, turns failures into sentences.

Shape: ``COMMANDS`` names a module of ``cli/commands`` for each command; only the one asked for is imported.  A command
module has ``configure(parser)`` and ``run(args) -> int``.  Exit codes: 0 success, 1 failure, 2 wrong usage, 130 broken
off by Ctrl-C, 141 nobody reads what is printed.
"""

import os
import sys
from collections.abc import Sequence
from types import ModuleType

TYPE_CHECKING = False  # typing itself costs as much as all else that `fairway --help` needs
if TYPE_CHECKING:
    import argparse

COMMANDS = {
    "up": "start a cluster, or what is missing of it",
    "down": "stop a cluster and remove everything it made from the machine",
    "status": "show the health, addresses and versions of every part",
    "logs": "show the logs of the control plane, the node or the supervisor",
    "kubeconfig": "print a kubeconfig for the cluster",
    "image": "import, list and remove container images of the node",
    "proxy": "work as the Service proxy of a node, alone, against any API server",
    "dns": "serve the names of a cluster's Services, alone, against any API server",
    "ca": "have this machine trust the certificates of a cluster's Ingresses, or no more",
    "probe": "measure the first packet and a whole answer of a Service",
    "why": "say why each pod is, or is not, behind a Service",
    "version": "print the version",
}
USAGE, BROKEN_OFF, UNREAD = 2, 130, 141


def run(argv: Sequence[str]) -> int:
    """Run ``argv`` and give the exit code."""
    from fairway.cluster.errors import ClusterError

    try:
        code = _run(list(argv))
        sys.stdout.flush()
        return code
    except ClusterError as error:
        sys.stdout.flush()
        print(f"error: {error}" + (f"\n  fix: {error.fix}" if error.fix else ""), file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return BROKEN_OFF
    except BrokenPipeError:
        # Python flushes once more at its end: let it go nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return UNREAD
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        print(f"error: {where}{error.strerror or error}", file=sys.stderr)
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def _run(argv: list[str]) -> int:
    if argv[:1] == ["help"] and len(argv) > 1:
        argv = [argv[1], "--help"]
    if not argv or argv[0] in ("-h", "--help", "help"):
        print(_overview())
        return 0 if argv else USAGE
    name, *rest = argv
    if name == "--version":
        name = "version"
    if name not in COMMANDS:
        print(f'error: unknown command "{name}"\n  fix: {_suggestion(name)}', file=sys.stderr)
        return USAGE
    import importlib

    return _call(name, importlib.import_module(f"fairway.cli.commands.{name}"), rest)


def _call(name: str, module: ModuleType, words: Sequence[str]) -> int:
    import argparse

    parser = argparse.ArgumentParser(
        prog=f"fairway {name}",
        description=module.__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    module.configure(parser)
    return int(module.run(parser.parse_args(words)))


def _suggestion(name: str) -> str:
    from difflib import get_close_matches

    near = get_close_matches(name, COMMANDS, n=1, cutoff=0.7)
    return f"did you mean: fairway {near[0]}" if near else "see all commands: fairway --help"


def add_cluster_flags(parser: "argparse.ArgumentParser", *, is_again: bool = False) -> None:
    """The two flags that say which cluster is meant; ``is_again`` where an outer parser has them too."""
    from argparse import SUPPRESS

    from fairway.cluster.config import DEFAULT_DATA_DIR, DEFAULT_NAME

    parser.add_argument(
        "--name",
        default=SUPPRESS if is_again else DEFAULT_NAME,
        help=f"name of the cluster (default {DEFAULT_NAME})",
    )
    parser.add_argument(
        "--data-dir",
        type=_folder,
        default=SUPPRESS if is_again else DEFAULT_DATA_DIR,
        metavar="DIR",
        help=f"where clusters keep their data (default {DEFAULT_DATA_DIR})",
    )


def _folder(text: str) -> str:
    if not text:
        from argparse import ArgumentTypeError

        raise ArgumentTypeError("it is empty; name a folder")
    return os.path.abspath(text)


def _overview() -> str:
    width = max(map(len, COMMANDS))
    lines = "\n".join(f"  {name:<{width}}  {text}" for name, text in COMMANDS.items())
    return (
        "Fairway: the Kubernetes Service made real.\n\n"
        f"Usage: fairway COMMAND [flags]\n\nCommands:\n{lines}\n\n"
        "`fairway COMMAND --help` shows a command's flags.  First steps: sudo fairway up"
    )
