"""Rows of ``test_cli_differs.py``: what is typed at kubectl and at fairway, whose answers must be the same.

One file each part; every file's ``ROWS`` is found by itself.
"""

import importlib
import pkgutil

from .row import Row


def rows() -> list[Row]:
    """The rows of every file, the file's name before the row's."""
    found = []
    for module in pkgutil.iter_modules(__path__):
        for row in getattr(importlib.import_module(f"{__name__}.{module.name}"), "ROWS", ()):
            found.append(Row(f"{module.name}: {row.name}", row.steps, row.is_reading))
    return found
