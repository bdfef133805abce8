"""Stop a cluster and remove from the machine whatever it made; `--purge` removes its data too."""

import argparse

from fairway.cli.main import add_cluster_flags


def configure(parser: argparse.ArgumentParser) -> None:
    """Flags."""
    add_cluster_flags(parser)
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--purge", action="store_true", help="remove the cluster's data: objects, keys, images, logs")


def run(args: argparse.Namespace) -> int:
    """Stop and sweep."""
    from fairway.cli.printers.progress import moving
    from fairway.cluster import down

    with moving(f'stopping cluster "{args.name}"' + (" and removing its data" if args.purge else "")):
        outcome = down.run(args.name, args.data_dir, purge=args.purge)
    if args.json:
        import json

        print(json.dumps(outcome._asdict(), indent=1))
    else:
        print(outcome.text)
    return 0
