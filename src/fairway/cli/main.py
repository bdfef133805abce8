"""The command line: finds the command, parses its flags, turns failures into sentences.

Shape: ``COMMANDS`` names a module of ``cli/commands`` for each command; only the one asked for is imported.  A command
module has ``configure(parser)`` and ``run(args) -> int``.
"""

import argparse
import importlib
import sys
from collections.abc import Sequence

from fairway.cluster.config import DEFAULT_DATA_DIR, DEFAULT_NAME
from fairway.cluster.errors import ClusterError

COMMANDS = {
    "up": "start a cluster, or what is missing of it",
    "down": "stop a cluster and remove everything it made from the machine",
    "status": "show the health, addresses and versions of every part",
    "logs": "show the logs of the control plane, the node or the supervisor",
    "kubeconfig": "print a kubeconfig for the cluster",
    "image": "import, list and remove container images of the node",
    "why": "say why each pod is, or is not, behind a Service",
    "version": "print the version",
}


def run(argv: Sequence[str]) -> int:
    """Run ``argv`` and give the exit code: 0 success, 1 failure, 2 wrong usage."""
    if not argv or argv[0] in ("-h", "--help", "help"):
        print(_overview())
        return 0 if argv else 2
    name, *rest = argv
    if name == "--version":
        name = "version"
    if name not in COMMANDS:
        print(f'error: unknown command "{name}"\n\n{_overview()}', file=sys.stderr)
        return 2
    module = importlib.import_module(f"fairway.cli.commands.{name}")
    parser = argparse.ArgumentParser(
        prog=f"fairway {name}", description=module.__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    module.configure(parser)
    try:
        return int(module.run(parser.parse_args(rest)))
    except ClusterError as error:
        print(f"error: {error}" + (f"\n  fix: {error.fix}" if error.fix else ""), file=sys.stderr)
        return 1
    except (KeyboardInterrupt, BrokenPipeError):
        return 130


def add_cluster_flags(parser: argparse.ArgumentParser) -> None:
    """The two flags that say which cluster is meant."""
    parser.add_argument("--name", default=DEFAULT_NAME, help="name of the cluster (default %(default)s)")
    parser.add_argument(
        "--data-dir", default=DEFAULT_DATA_DIR, help="where clusters keep their data (default %(default)s)"
    )


def _overview() -> str:
    width = max(map(len, COMMANDS))
    lines = "\n".join(f"  {name:<{width}}  {text}" for name, text in COMMANDS.items())
    return (
        "Fairway: the Kubernetes Service made real.\n\n"
        f"Usage: fairway COMMAND [flags]\n\nCommands:\n{lines}\n\n"
        "`fairway COMMAND --help` shows a command's flags.  First steps: sudo fairway up"
    )
