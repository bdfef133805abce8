"""docs/compatibility.md: which kinds there are, what can be done with each, and which test proves it.

Run by ``scripts/compatibility``; ``--check`` changes nothing and ends with 1 where the page is not up to date.
"""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

from component.proofs import ASKED, SUBRESOURCES, VERBS, WITHOUT_KUBECTL
from fairway.apiserver.discovery import version_rank
from fairway.apiserver.protobuf.messages import message_of
from fairway.kinds import ALL, VIRTUAL
from fairway.kinds.group_priorities import group_rank
from fairway.kinds.kind import Kind

PAGE = Path(__file__).resolve().parent.parent / "docs" / "compatibility.md"
_HEAD = """\
# Compatibility

<!-- made by: scripts/compatibility -->

The kinds of Kubernetes 1.36 that Fairway serves, what can be done with each, and the test that proves it. A number
stands for a test of the list below; a test of every kind runs once for each of them. Custom kinds come beside these by
CustomResourceDefinitions, and kinds of extension servers by APIServices (`component/test_aggregation.py`).
"""
_COLUMNS = (
    "create", "get", "list", "watch", "update", "patch", "apply", "delete", "delete options", "deletecollection",
    "dry run", "versions", "table", "protobuf", "validation", "discovery", "explain", "kubectl",
)  # fmt: skip
_NEEDS = {
    "apply": "patch", "dry run": "create", "table": "list", "validation": "create", "delete options": "delete",
}  # fmt: skip


class Numbers:
    """The number of each test, in the order in which they are first named."""

    def __init__(self) -> None:
        self.tests: dict[str, int] = {}

    def of(self, test: str) -> str:
        """Its number; a dash for a test that nobody names."""
        return str(self.tests.setdefault(test, len(self.tests) + 1)) if test else "–"


def page() -> str:
    """The whole page.  Pure."""
    numbers = Numbers()
    tables = [*_stored(numbers), "", *_below(numbers), "", *_asked(numbers)]
    listed = [f"{number}. `{test}`" for test, number in numbers.tests.items()]
    return "\n".join([_HEAD, *tables, "", "## The tests", "", *listed, ""])


def _ordered(kinds: tuple[Kind, ...]) -> list[Kind]:
    return sorted(kinds, key=lambda kind: (group_rank(kind.group), version_rank(kind.version), kind.plural))


def _versions(kind: Kind) -> str:
    also = [f"{one.group}/{one.version}" for one in kind.also if not one.warning]
    return ", ".join([kind.api_version, *also])


def _stored(numbers: Numbers) -> Iterator[str]:
    yield from ("## Kinds", "")
    yield f"| kind | version | names | {' | '.join(_COLUMNS)} |"
    yield f"|{'---|' * (len(_COLUMNS) + 3)}"
    for kind in _ordered(ALL):
        cells = [numbers.of(VERBS[one]) if _is_proven(kind, one) else "" for one in _COLUMNS]
        names = ", ".join((kind.plural, *kind.short_names))
        yield f"| {kind.name} | {_versions(kind)} | {names} | {' | '.join(cells)} |"


def _is_proven(kind: Kind, column: str) -> bool:
    match column:
        case "kubectl":
            return kind.name not in WITHOUT_KUBECTL
        case "protobuf":
            return message_of(kind.api_version, kind.name) is not None
        case "versions":
            return len(kind.served) > 1
        case "discovery" | "explain":
            return True
    return _NEEDS.get(column, column) in kind.verbs


def _below(numbers: Numbers) -> Iterator[str]:
    yield from ("## Subresources", "", "| subresource | verbs | of | test |", "|---|---|---|---|")
    found: dict[tuple[str, tuple[str, ...], str], list[str]] = {}
    for kind in _ordered(ALL):
        for below in kind.subresources:
            test = SUBRESOURCES.get(f"{kind.plural}/{below.name}") or SUBRESOURCES[below.name]
            found.setdefault((below.name, below.verbs, test), []).append(kind.plural)
    for (name, verbs, test), kinds in sorted(found.items()):
        yield f"| {name} | {', '.join(verbs)} | {', '.join(kinds)} | {numbers.of(test)} |"


def _asked(numbers: Numbers) -> Iterator[str]:
    yield from (
        "## Kinds that are asked and never stored",
        "",
        "| kind | version | verbs | test |",
        "|---|---|---|---|",
    )
    for kind in _ordered(VIRTUAL):
        yield (
            f"| {kind.name} | {kind.api_version} | {', '.join(kind.verbs)} | {numbers.of(ASKED.get(kind.name, ''))} |"
        )


def main() -> int:
    """Write the page, or check it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing")
    made = page()
    if parser.parse_args().check:
        is_same = PAGE.exists() and PAGE.read_text() == made
        if not is_same:
            print(f"{PAGE.name} is not up to date: run scripts/compatibility", file=sys.stderr)
        return 0 if is_same else 1
    PAGE.write_text(made)
    return 0


if __name__ == "__main__":
    sys.exit(main())
