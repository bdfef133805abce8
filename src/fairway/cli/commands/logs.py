"""Show the logs of a cluster's own processes: control, node, supervisor."""

import argparse
import os
import sys
from pathlib import Path

from fairway.cli.main import add_cluster_flags


def configure(parser: argparse.ArgumentParser) -> None:
    """Flags."""
    parser.add_argument("part", nargs="?", choices=("control", "node", "supervisor"), help="one part (default: all)")
    parser.add_argument("-f", "--follow", action="store_true", help="go on as lines are written")
    parser.add_argument("--tail", type=int, default=200, metavar="N", help="begin with the last N lines (default 200)")
    add_cluster_flags(parser)


def run(args: argparse.Namespace) -> int:
    """Let tail(1) do it: it follows by inotify and survives rotation."""
    from fairway.cluster.config import locate

    config = locate(args.name, str(Path(args.data_dir).absolute()))
    parts = [args.part] if args.part else ["supervisor", "control", "node"]
    paths = [str(path) for part in parts if (path := config.log_dir / f"{part}.log").exists()]
    if not paths:
        print(f"no logs yet in {config.log_dir}", file=sys.stderr)
        return 1
    sys.stdout.flush()
    os.execvp("tail", ["tail", "-n", str(args.tail), *(["-F"] if args.follow else []), *paths])
