"""Print the version of Fairway and the Kubernetes version it speaks."""

import argparse

from fairway import __version__


def configure(parser: argparse.ArgumentParser) -> None:
    """No flags."""


def run(args: argparse.Namespace) -> int:
    """Two short lines."""
    print(f"fairway {__version__}\nkubernetes API v1.36")
    return 0
