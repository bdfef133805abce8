"""Print a kubeconfig with the administrator's credentials for the cluster."""

import argparse

from fairway.cli.main import add_cluster_flags


def configure(parser: argparse.ArgumentParser) -> None:
    """Flags."""
    add_cluster_flags(parser)


def run(args: argparse.Namespace) -> int:
    """Print it."""
    from fairway.cluster import kubeconfig
    from fairway.cluster.config import locate

    print(kubeconfig.text(locate(args.name, args.data_dir)), end="")
    return 0
