"""Start a cluster: certificates, control plane, node; ready when it returns.

Run again after a crash it starts what is missing and leaves alone what runs.
"""

import argparse

from fairway.cli.main import add_cluster_flags
from fairway.cluster.config import SETTINGS


def configure(parser: argparse.ArgumentParser) -> None:
    """Flags, made from the list of settings."""
    add_cluster_flags(parser)
    parser.add_argument("--config", metavar="FILE", help="TOML file with any of the settings below")
    parser.add_argument("--json", action="store_true", help="print JSON; progress goes to standard error")
    parser.add_argument("--timeout", type=_seconds, default=60.0, metavar="SECONDS", help="give up after (default 60)")
    for setting in SETTINGS:
        parser.add_argument(f"--{setting.name.replace('_', '-')}", metavar=setting.metavar, help=setting.help)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= 86400:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds")
    return seconds


def run(args: argparse.Namespace) -> int:
    """Resolve the settings and start."""
    import contextlib
    import sys

    from fairway.cli.printers.progress import moving
    from fairway.cluster import up
    from fairway.cluster.config import resolve

    given = {setting.name: getattr(args, setting.name) for setting in SETTINGS}
    config = resolve(args.name, args.data_dir, given, args.config)
    aside = contextlib.redirect_stdout(sys.stderr) if args.json else contextlib.nullcontext()
    with moving(f'starting cluster "{config.name}"'), aside:
        up.run(config, timeout_s=args.timeout)
    if args.json:
        _print(args)
    return 0


def _print(args: argparse.Namespace) -> None:
    """The settings as they were settled."""
    import json
    from dataclasses import asdict

    from fairway.cluster import kubeconfig
    from fairway.cluster.config import locate

    config = locate(args.name, args.data_dir)
    told = {"name": config.name, "context": config.context, "server": config.server}
    print(json.dumps({**told, "kubeconfig": str(kubeconfig.path()), "config": asdict(config)}, indent=1))
