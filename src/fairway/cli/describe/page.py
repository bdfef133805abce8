"""Page: the sheet that a description is written on, line by line.

Shape: ``line(level, *cells)`` writes one line, two spaces for each level, cells parted by tabs; ``put`` writes text as
it is.  ``text()`` gives the whole with its columns lined up; what is written after ``cut()`` has columns of its own.
"""

from __future__ import annotations

from fairway.cli.describe.tabs import aligned
from fairway.cli.printers.control_signs import harmless

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fairway.objects import Object

NONE, UNSET, UNKNOWN = "<none>", "<unset>", "<unknown>"
LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
LONGEST = 140
"""Bytes of a line of an annotation; more is cut."""
_BEGIN_OF_TIME = "Mon, 01 Jan 0001 00:00:00 +0000"
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class Page:
    """What has been written so far, and what all parts of a description must know."""

    def __init__(self, now_s: float, *, has_events: bool = True) -> None:
        self.now_s = now_s
        self.has_events = has_events
        self._done: list[str] = []
        self._parts: list[str] = []

    def line(self, level: int, *cells: object) -> None:
        """One line."""
        self._parts.append("  " * level + "\t".join(map(str, cells)) + "\n")

    def put(self, text: str) -> None:
        """Text as it is; the line goes on."""
        self._parts.append(text)

    def cut(self) -> None:
        """Columns end here."""
        self._done.append(aligned(harmless(self.written())))
        self._parts = []

    def written(self) -> str:
        """What was written since the last cut, its columns not yet lined up."""
        return "".join(self._parts)

    def text(self) -> str:
        """All that was written."""
        self.cut()
        return "".join(self._done)

    def head(self, metadata: Object, *, has_namespace: bool = True) -> None:
        """The first lines of nearly all: name, namespace, labels, annotations."""
        self.line(0, "Name:", metadata.get("name", ""))
        if has_namespace:
            self.line(0, "Namespace:", metadata.get("namespace", ""))
        self.marks(metadata)

    def marks(self, metadata: Object, indent: str = "") -> None:
        """Labels and annotations."""
        self.labels(f"{indent}Labels", metadata.get("labels"))
        self.annotations(f"{indent}Annotations", metadata.get("annotations"))

    def labels(self, title: str, found: Mapping[str, str] | None, indent: str = "") -> None:
        """``key=value`` on a line each, by key."""
        self.column(f"{indent}{title}:", [f"{key}={value}" for key, value in sorted((found or {}).items())], indent)

    def column(self, title: str, shown: Sequence[str], indent: str = "") -> None:
        """A title, and values below one another beside it; ``<none>`` if there are none."""
        for place, value in enumerate(shown or (NONE,)):
            self.line(0, title if place == 0 else indent, value)

    def annotations(self, title: str, found: Mapping[str, str] | None) -> None:
        """``key: value`` on a line each; a long one, or one of several lines, stands below its key, cut."""
        keys = sorted(key for key in found or () if key != LAST_APPLIED)
        if not keys or found is None:
            self.line(0, f"{title}:", NONE)
            return
        for place, key in enumerate(keys):
            value = found[key].removesuffix("\n")
            beside = f"{title}:" if place == 0 else ""
            if _size(value) + _size(key) + 2 <= LONGEST and "\n" not in value:
                self.line(0, beside, f"{key}: {value}")
                continue
            self.line(0, beside, f"{key}:")
            for one in value.split("\n"):
                self.line(0, "", f"  {shortened(one, LONGEST - 2)}")

    def since(self, stamp: str | None) -> str:
        """How long ago, as in an AGE column."""
        from fairway.objects.ages import age

        return age(stamp, self.now_s)


def _size(text: str) -> int:
    return len(text.encode())


def shortened(text: str, limit: int) -> str:
    """The first ``limit`` bytes of ``text``, and dots where it goes on."""
    shown = text.encode()
    return shown[:limit].decode(errors="replace") + "..." if len(shown) > limit else text


def stamp(text: str | None) -> str:
    """A time in full, of this machine's zone, as in a mail: ``Thu, 26 Nov 2026 13:47:41 +0000``."""
    if not text:
        return _BEGIN_OF_TIME
    from datetime import datetime

    at = datetime.fromisoformat(text).astimezone()
    return f"{_DAYS[at.weekday()]}, {at.day:02} {_MONTHS[at.month - 1]} {at:%Y %H:%M:%S %z}"


def joined(found: Mapping[str, str] | None) -> str:
    """``a=b,c=d`` by key, or ``<none>``."""
    return ",".join(f"{key}={value}" for key, value in sorted((found or {}).items())) or NONE


def selector(found: Object | None) -> str:
    """A LabelSelector as text, empty if it selects nothing in particular, ``<error>`` if it is none."""
    from fairway.objects.labels import from_label_selector

    for each in (found or {}).get("matchExpressions") or ():
        needs_values = each.get("operator") in ("In", "NotIn")
        is_known = needs_values or each.get("operator") in ("Exists", "DoesNotExist")
        if not each.get("key") or not is_known or needs_values != bool(each.get("values")):
            return "<error>"
    return str(from_label_selector(found))


def true(found: object) -> str:
    """A boolean as Go prints it."""
    return "true" if found else "false"


def listed(found: Sequence[object] | None) -> str:
    """A list as Go prints it: ``[a b]``."""
    return f"[{' '.join(map(str, found or ()))}]"


def mapped(found: Mapping[str, str] | None) -> str:
    """A map as Go prints it: ``map[a:b c:d]``."""
    return f"map[{' '.join(f'{key}:{value}' for key, value in sorted((found or {}).items()))}]"
