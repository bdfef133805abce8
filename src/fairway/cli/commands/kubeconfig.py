"""Print a kubeconfig with the administrator's credentials for the cluster."""

import argparse

from fairway.cli.main import add_cluster_flags


def configure(parser: argparse.ArgumentParser) -> None:
    """Flags."""
    add_cluster_flags(parser)
    parser.add_argument("--json", action="store_true", help="print it as JSON, which kubectl reads as well")


def run(args: argparse.Namespace) -> int:
    """Print it."""
    from fairway.cluster import kubeconfig
    from fairway.cluster.config import locate

    text = kubeconfig.text(locate(args.name, args.data_dir))
    if args.json:
        import json

        import yaml

        text = json.dumps(yaml.safe_load(text), indent=1) + "\n"
    print(text, end="")
    return 0
