"""Show the logs of a cluster's own processes: control, node (a further one is node-2), supervisor."""

import argparse
import os
import re
import sys

from fairway.cli.main import add_cluster_flags


def configure(parser: argparse.ArgumentParser) -> None:
    """Flags."""
    parser.add_argument(
        "part", nargs="?", type=_part, metavar="PART", help="control, node, node-2, ... or supervisor (default: all)"
    )
    parser.add_argument("-f", "--follow", action="store_true", help="go on as lines are written")
    parser.add_argument(
        "--tail", type=_count, default=200, metavar="N", help="begin with the last N lines (default 200)"
    )
    add_cluster_flags(parser)


def _part(text: str) -> str:
    if not re.fullmatch(r"control|supervisor|node(-[0-9]{1,2})?", text):
        raise argparse.ArgumentTypeError(f"{text!r} is no part: choose from control, node, node-2, ..., supervisor")
    return text


def _count(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is no number of lines")
    return int(text)


def run(args: argparse.Namespace) -> int:
    """Let tail(1) do it: it follows by inotify and survives rotation."""
    from fairway.cluster.config import locate
    from fairway.cluster.errors import ClusterError
    from fairway.cluster.nodes import parts

    config = locate(args.name, args.data_dir)
    wanted = [args.part] if args.part else parts(config)
    paths = [str(path) for part in wanted if (path := config.log_dir / f"{part}.log").exists()]
    if not paths:
        raise ClusterError(f"no logs yet in {config.log_dir}", f"start the cluster: sudo fairway up{config.flags}")
    if not all(os.access(path, os.R_OK) for path in paths):
        raise ClusterError(
            f"the logs in {config.log_dir} are for root to read", f"run: sudo fairway logs{config.flags}"
        )
    sys.stdout.flush()
    os.execvp("tail", ["tail", "-n", str(args.tail), *(["-F"] if args.follow else []), *paths])
