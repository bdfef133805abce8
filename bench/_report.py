"""How every bench tells its figures: a table on the terminal, the same as JSON in bench/results/."""

import json
import os
import platform
import statistics
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from _chart import FOLDER, draw_all

RESULTS = Path(__file__).resolve().parent / "results"


def report(name: str, rows: Sequence[dict[str, Any]]) -> None:
    """Print ``rows`` (equal keys) and write them to ``results/NAME.json`` with what the machine was."""
    columns = list(dict.fromkeys(key for row in rows for key in row))
    cells = [columns, *([_shown(row.get(column, "")) for column in columns] for row in rows)]
    widths = [max(len(line[i]) for line in cells) for i in range(len(columns))]
    for line in cells:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())
    RESULTS.mkdir(exist_ok=True)
    machine = {"cores": os.cpu_count(), "kernel": platform.release(), "python": platform.python_version()}
    text = json.dumps(
        {
            "bench": name,
            "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "machine": machine,
            "rows": list(rows),
        },
        indent=1,
    )
    (RESULTS / f"{name}.json").write_text(text + "\n")


def write_csv(name: str, rows: Sequence[dict[str, Any]]) -> None:
    """Write ``rows`` to docs/benchmarks/NAME.csv, four digits each, and draw the pictures anew."""
    columns = list(dict.fromkeys(key for row in rows for key in row))
    lines = [",".join(columns), *(",".join(_digits(row.get(column, "")) for column in columns) for row in rows)]
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / f"{name}.csv").write_text("\n".join(lines) + "\n")
    draw_all()


def _digits(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _shown(value: Any) -> str:
    return (
        f"{value:,.3f}".rstrip("0").rstrip(".")
        if isinstance(value, float)
        else f"{value:,}"
        if isinstance(value, int)
        else str(value)
    )


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which ``share`` (0 to 1) of ``values`` lie."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def median(values: Sequence[float]) -> float:
    """The middle value."""
    return statistics.median(values)
