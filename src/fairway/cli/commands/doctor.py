"""Look for what will be in the way of a cluster, and for what is wrong with one.

Each finding says what it is, why it matters, and how to cure it.  Works before the first `fairway up` and after
something has broken.  Exit code 1 if anything fails.
"""

import argparse

from fairway.cli.main import add_cluster_flags

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fairway.cluster.doctor.finding import Told


def configure(parser: argparse.ArgumentParser) -> None:
    """Flags."""
    add_cluster_flags(parser)
    parser.add_argument("-q", "--quiet", action="store_true", help="say only what is not well")
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(args: argparse.Namespace) -> int:
    """Examine and tell."""
    from fairway.cluster.doctor.examination import examine, scene_of
    from fairway.cluster.doctor.finding import FAILURE, OK

    told = examine(scene_of(args.name, args.data_dir))
    if args.json:
        import json

        print(json.dumps({"findings": [each.as_dict() for each in told]}, indent=1, ensure_ascii=False))
    else:
        _print([each for each in told if not args.quiet or each.finding.level != OK], told)
    return 1 if any(each.finding.level == FAILURE for each in told) else 0


def _print(shown: "list[Told]", told: "list[Told]") -> None:
    import sys

    from fairway.cli.printers.colour import BOLD, DIM, GREEN, RED, YELLOW, painter
    from fairway.cluster.doctor.examination import GROUPS
    from fairway.cluster.doctor.finding import FAILURE, OK, WARNING

    paint, group = painter(sys.stdout), ""
    is_fine = (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
    marks = {OK: ("✓" if is_fine else "+", GREEN), WARNING: ("!", YELLOW), FAILURE: ("✗" if is_fine else "x", RED)}
    for each in shown:
        if each.group != group:
            group = each.group
            print(paint(GROUPS[group], BOLD))
        sign, colour = marks[each.finding.level]
        print(f"  {paint(sign, colour)} {each.finding.what}")
        if each.finding.level != OK:
            print(f"      {paint('why:', DIM)} {each.finding.why}\n      {paint('fix:', DIM)} {each.finding.fix}")
    counts = {level: sum(each.finding.level == level for each in told) for level in marks}
    words = (_count(counts[FAILURE], "failure"), _count(counts[WARNING], "warning"))
    print(f"{words[0]}, {words[1]}, {counts[OK]} well")


def _count(number: int, word: str) -> str:
    return f"{number or 'no'} {word}{'' if number == 1 else 's'}"
