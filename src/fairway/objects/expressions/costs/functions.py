"""Functions: what calls cost whose cost depends on the sizes of what they are called with.

Pure.  Source: Kubernetes docs, "Resource use by validation functions"; the numbers are those of the Go implementation.
"""

from collections.abc import Sequence
from math import ceil
from typing import NamedTuple

from fairway.objects.expressions.costs.ranges import MOST, ONE, UNKNOWN, Range
from fairway.objects.expressions.syntax import Constant, Node
from fairway.objects.expressions.types import Type

LETTER, PATTERN = 0.1, 0.25
Path = tuple[str, ...]
Cost = tuple[Range, Range | None]
"""What a call costs, and how large its value is."""


class Operand(NamedTuple):
    """What a function is called with."""

    node: Node
    path: Path
    type: Type
    size: Range | None


TRAVERSING = frozenset(("isSorted", "sum", "max", "min", "indexOf", "lastIndexOf"))
FORM = Range(30, 60)
"""Letters of the patterns behind most named forms."""
NOMINAL = frozenset(
    (
        "serviceAccount", "path", "group", "resource", "subresource", "namespace", "name", "fieldSelector",
        "labelSelector", "allowed", "reason", "error", "errored", "masked", "prefixLength", "family", "isUnspecified",
        "isLoopback", "isLinkLocalMulticast", "isLinkLocalUnicast", "sign", "asInteger", "isInteger",
        "asApproximateFloat", "isGreaterThan", "isLessThan", "compareTo", "add", "sub", "major", "minor", "patch",
    )
)  # fmt: skip


def _pieces(size: Range, args: Sequence[Operand]) -> int:
    limit = args[1].node if len(args) > 1 else None
    if isinstance(limit, Constant) and isinstance(limit.value, int) and limit.value >= 0:
        return limit.value
    return size.most


def _replaced(size: Range, before: Range, after: Range) -> Range:
    """How large a text can be when parts of it are replaced."""
    most_count, most_kept = 0, 0
    if before.least == 0:
        most_count, most_kept = min(size.most + 1, MOST), size.most
    elif after.most <= before.least:
        most_kept = size.most
    else:
        most_count = ceil(size.most / before.least)
    least_count, least_kept = 0, 0
    if before.most == 0:
        least_count, least_kept = size.least + 1, size.least
    elif before.most <= after.least:
        least_kept = size.least
    else:
        least_count = ceil(size.least / before.most)
    return Range(least_count, most_count).times(after).plus(Range(least_kept, most_kept))


_ADDRESS = Range(4, 16)


def _contained(function: str, overload: str, other: Range) -> Range:
    found = _ADDRESS.plus(_ADDRESS).by(LETTER)
    if function == "containsCIDR":
        found = found.plus(_ADDRESS.by(LETTER)).plus(ONE)
    return found.plus(other.by(LETTER)) if overload.endswith("_string") else found


def standard(overload: str, target: Operand | None, args: Sequence[Operand]) -> Cost | None:
    """What the language's own functions cost whose cost depends on sizes."""
    first = (args[0].size or UNKNOWN) if args else UNKNOWN
    own = (target.size or UNKNOWN) if target else UNKNOWN
    if overload in ("equals", "not_equals") or overload in _COMPARED:
        most = min(first.most, (args[1].size or UNKNOWN).most)
        return Range(1 if most else 0, most).by(LETTER), None
    match overload:
        case "string_format":
            return own.by(LETTER), None
        case "starts_with_string" | "ends_with_string":
            return first.by(LETTER), None
        case "in_list":
            return args[1].size or UNKNOWN, None
        case "matches_string":
            return own.plus(ONE).by(LETTER).times(first.by(PATTERN)), None
        case "contains_string":
            return own.by(LETTER).times(first.by(LETTER)), None
    return _converted(overload, first)


def _converted(overload: str, size: Range) -> Cost | None:
    match overload:
        case "string_to_bytes":
            return size.by(LETTER), Range(size.least, min(size.most * 4, MOST))
        case "bytes_to_string":
            return size.by(LETTER), Range(size.least // 4, size.most)
        case "int64_to_string" | "uint64_to_string" | "double_to_string" | "bool_to_string":
            return ONE, Range(0, 32)  # upstream knows no bound, so that a message with a number would be too dear
        case "strings_quote":
            return size.by(LETTER), Range(size.least + 2, min(size.most * 2 + 2, MOST))
    return None


_COMPARED = frozenset(
    f"{word}_{kind}" for word in ("less", "less_equals", "greater", "greater_equals") for kind in ("string", "bytes")
)


def of_texts(function: str, overload: str, size: Range, args: Sequence[Operand], sizes: Sequence[Range]) -> Cost | None:
    """What a call costs methods of texts, addresses and forms, ``size`` large; ``sizes`` are those of ``args``."""
    first = sizes[0] if sizes else UNKNOWN
    match function:
        case "lowerAscii" | "upperAscii" | "substring" | "trim":
            return size.by(LETTER), size
        case "replace" if len(args) >= 2:
            return size.by(2 * LETTER), _replaced(size, first, sizes[1])
        case "split":
            return size.by(2 * LETTER), Range(0, _pieces(size, args))
        case "find" | "findAll":
            return size.plus(ONE).by(LETTER).times(first.by(PATTERN)), Range(0, size.most)
        case "containsIP" | "containsCIDR":
            return _contained(function, overload, first), None
        case "ip":
            return ONE, None
        case "validate":
            return first.plus(ONE).by(LETTER).times(FORM.by(PATTERN)), None
    return None
