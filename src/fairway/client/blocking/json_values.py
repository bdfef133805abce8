"""JSON values: bytes as Python values, by the scanner of the standard library in C.

The module ``json`` brings regular expressions with it, which take longer to import than most answers take to read; its
scanner does not.  Where there is no such scanner, ``json`` does it.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


class _Settings:
    """What the scanner is told: JSON as it is, numbers as Python's."""

    strict = True
    object_hook = None
    object_pairs_hook = None
    parse_float = float
    parse_int = int
    parse_constant = float
    memo: "dict[str, str]" = {}  # noqa: RUF012


def _scanner() -> "Callable[[str, int], tuple[Any, int]] | None":
    try:
        from _json import make_scanner
    except ImportError:
        return None
    make: Any = make_scanner
    scanner: Callable[[str, int], tuple[Any, int]] = make(_Settings)
    return scanner


def decoded(body: bytes) -> "Any":
    """The value.  Raises: ``ValueError``."""
    scan = _scanner()
    text = body.decode()
    if scan is not None:
        start = text.lstrip(" \t\r\n")
        try:
            value, end = scan(start, 0)
            if not start[end:].strip(" \t\r\n"):
                return value
        except StopIteration:
            pass
    import json

    return json.loads(text)
