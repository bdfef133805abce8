"""Stop a cluster and remove from the machine whatever it made; ``--purge`` removes its data too."""

import argparse

from fairway.cli.main import add_cluster_flags


def configure(parser: argparse.ArgumentParser) -> None:
    """Flags."""
    add_cluster_flags(parser)
    parser.add_argument("--purge", action="store_true", help="remove the cluster's data: objects, keys, images, logs")


def run(args: argparse.Namespace) -> int:
    """Stop and sweep."""
    from fairway.cluster import down

    down.run(args.name, args.data_dir, purge=args.purge)
    return 0
