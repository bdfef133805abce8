"""Form: what ``-o`` and its companions ask for."""

from fairway.cli.printers import FORMATS, no_format, printer_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from fairway.cli.flags import Values

_MORE = ("custom-columns", "custom-columns-file", "wide")


class Form:
    """``printer`` is ``None`` for tables of the server's columns; ``is_wide`` then asks for all of them.

    ``is_by_item``: a list is printed an object at a time and not as a List.
    """

    __slots__ = ("is_by_item", "is_wide", "printer")

    def __init__(
        self, printer: "Callable[[dict[str, Any]], str] | None", *, is_wide: bool = False, is_by_item: bool = False
    ) -> None:
        self.printer, self.is_wide, self.is_by_item = printer, is_wide, is_by_item


def form_of(flags: "Values") -> Form:
    """What is asked for.  Raises: ``Failure``."""
    name, equals, argument = flags.output.partition("=")
    if (name == "wide" or not (name or flags.template)) and not equals:
        return Form(None, is_wide=name == "wide")
    if name in ("custom-columns", "custom-columns-file"):
        from fairway.cli.printers.custom_columns import columns_printer

        return Form(columns_printer(name, argument, has_headers=not flags.no_headers), is_by_item=True)
    if name not in FORMATS and name:
        raise no_format(flags.output, (*FORMATS, *_MORE))
    return Form(printer_of(flags, more=_MORE))
