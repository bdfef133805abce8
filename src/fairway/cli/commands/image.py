"""Import, list and remove the container images of a cluster's node.

fairway image import FILE   takes a `docker save` or OCI archive, also gzipped
fairway image list
fairway image remove NAME
"""

import argparse
import asyncio
import errno
import json
import os
import sys
from collections.abc import Sequence

from fairway.cli.main import add_cluster_flags
from fairway.cluster.config import Config, locate, name_flags
from fairway.cluster.errors import ClusterError, NoClusterError
from fairway.node.runtimes.interface import Image, Images, RuntimeFailure


def configure(parser: argparse.ArgumentParser) -> None:
    """Three sub-commands."""
    add_cluster_flags(parser)
    actions = parser.add_subparsers(dest="action", required=True, metavar="{import,list,remove}")
    importing = actions.add_parser("import", help="import an image archive", allow_abbrev=False)
    importing.add_argument("file", help="archive made by `docker save` or in the OCI layout; - for standard input")
    importing.add_argument("--tag", default="", help="name for an archive that holds one image without a name")
    listing = actions.add_parser("list", help="list images", allow_abbrev=False)
    listing.add_argument("--json", action="store_true", help="print JSON")
    removing = actions.add_parser("remove", help="remove an image by name or id", allow_abbrev=False)
    removing.add_argument("image")
    for action in (importing, removing):
        action.add_argument("--json", action="store_true", help="print JSON")
    for action in (importing, listing, removing):
        add_cluster_flags(action, is_again=True)


def run(args: argparse.Namespace) -> int:
    """Work on the image store itself: no process of the cluster need run."""
    if os.geteuid() != 0:
        raise ClusterError(
            "images belong to root", f"run: sudo fairway image {args.action}{name_flags(args.name, args.data_dir)}"
        )
    try:
        return asyncio.run(_run(args))
    except RuntimeFailure as error:
        raise ClusterError(str(error), _cure(args, error)) from error


def _cure(args: argparse.Namespace, error: RuntimeFailure) -> str:
    if args.action != "import":
        return f"see: sudo fairway image list{name_flags(args.name, args.data_dir)}"
    if args.tag and args.tag in str(error):
        return "give a name such as --tag example/app:1"
    cause = error.__cause__
    if isinstance(cause, OSError) and cause.errno in (errno.ENOSPC, errno.EDQUOT, errno.EROFS):
        return f"make room in {args.data_dir}, or name another folder in --data-dir"
    return "give an archive made by: docker save NAME -o FILE"


def _config(args: argparse.Namespace) -> Config:
    try:
        return locate(args.name, args.data_dir)
    except NoClusterError:
        config = Config(name=args.name, data_dir=args.data_dir)  # images may come before the first `up`
        if args.action == "import" or config.state_dir.exists():
            return config
        raise


async def _run(args: argparse.Namespace) -> int:
    from fairway.cluster.machine import machine_of
    from fairway.node.images.store import ImageStore

    config = _config(args)
    config.state_dir.mkdir(parents=True, exist_ok=True)
    images: Images = ImageStore(machine_of(config))
    if args.action == "import":
        await _import(args, images)
    elif args.action == "remove":
        await images.remove(args.image)
        print(json.dumps({"removed": args.image}) if args.json else f"removed {args.image}")
    else:
        _print(await images.list(), is_json=args.json)
    return 0


async def _import(args: argparse.Namespace, images: Images) -> None:
    from fairway.cli.printers.progress import moving, share_read

    with moving(f"importing {args.file}", share_read(args.file)):
        found = await images.load("/dev/stdin" if args.file == "-" else args.file, args.tag)
    if args.json:
        _print(found, is_json=True)
        return
    for image in found:
        print(f"imported {', '.join(image.names) or image.id}  ({image.size_bytes / 1e6:.1f} MB)")


def _print(images: Sequence[Image], *, is_json: bool) -> None:
    rows = [
        (name, image.id.removeprefix("sha256:")[:12], f"{image.size_bytes / 1e6:.1f} MB")
        for image in images
        for name in image.names or ("<none>",)
    ]
    if is_json:
        print(json.dumps([{"names": i.names, "id": i.id, "sizeBytes": i.size_bytes} for i in images], indent=1))
        return
    if not rows:
        print("no images; import one: sudo fairway image import FILE", file=sys.stderr)
        return
    table = [("IMAGE", "ID", "SIZE"), *rows]
    widths = [max(len(row[i]) for row in table) for i in range(3)]
    for row in table:
        print("   ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
