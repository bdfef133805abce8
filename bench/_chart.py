"""Draws the curves in docs/benchmarks: a CSV file in, an SVG file out.  ``python bench/_chart.py`` draws all again."""

import csv
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple
from xml.sax.saxutils import escape

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "benchmarks"
WIDTH, HEIGHT = 760, 420
LEFT, RIGHT, TOP, BOTTOM = 76, 36, 64, 56
COLOURS = ("#0b62a8", "#d1495b", "#2e8b57", "#b8860b", "#6a4c93", "#555555")
LINE = 20


class Line(NamedTuple):
    """One column of a CSV file as a line."""

    column: str
    label: str
    file: str = ""
    """Another file than the chart's."""


@dataclass(frozen=True)
class Chart:
    """One picture: the number of Services on a logarithmic axis, something measured on the other."""

    name: str
    title: str
    unit: str
    file: str
    lines: Sequence[Line]
    bars: Sequence[tuple[float, str]] = field(default_factory=tuple)
    x: str = "services"


CHARTS = (
    Chart(
        "programming-latency", "From an event to rules in the kernel, one Service more", "ms", "proxy",
        [Line("program_p50_ms", "proxy, p50"), Line("program_p99_ms", "proxy, p99"),
         Line("commit_p50_ms", "of that the kernel transaction, p50"),
         Line("from_ack_ms_p50", "API answer to first connection, p50", "latency"),
         Line("from_ack_ms_p99", "API answer to first connection, p99", "latency")],
        [(10, "bar p50"), (50, "bar p99")],
    ),
    Chart(
        "connect-latency", "TCP connect from a pod", "µs", "proxy",
        [Line("direct_p50_us", "to the pod, p50"), Line("cluster_ip_p50_us", "to the cluster IP, p50"),
         Line("direct_p99_us", "to the pod, p99"), Line("cluster_ip_p99_us", "to the cluster IP, p99")],
    ),
    Chart(
        "load-time", "All Services into the kernel", "s", "proxy",
        [Line("full_load_s", "empty kernel"), Line("restart_s", "restart, rules compared"),
         Line("proxy_load_s", "`fairway proxy` from exec, over TLS, empty kernel", "scale"),
         Line("proxy_restart_s", "`fairway proxy` from exec, restart", "scale")],
        [(5, "bar at 50,000")],
    ),
    Chart(
        "memory", "Memory (RSS)", "MB", "scale",
        [Line("proxy_rss_mb", "`fairway proxy`"), Line("proxy_restart_rss_mb", "`fairway proxy` after a restart"),
         Line("control_rss_mb", "control"), Line("node_rss_mb", "node: agent, proxy and DNS")],
        [(250, "bar of the proxy")],
    ),
    Chart(
        "api", "The API server with many Services", "1/s, ms", "scale",
        [Line("creates_per_s", "creates a second (32 at once, durable)"),
         Line("watch_start_ms", "watch begins, ms")],
    ),
)  # fmt: skip


class Scale(NamedTuple):
    """A logarithmic axis from ``low`` to ``high``, laid from ``start`` to ``end`` in pixels."""

    low: float
    high: float
    start: float
    end: float

    def at(self, value: float) -> float:
        share = (math.log10(value) - math.log10(self.low)) / (math.log10(self.high) - math.log10(self.low))
        return self.start + share * (self.end - self.start)

    def ticks(self) -> list[float]:
        return [10.0**power for power in range(round(math.log10(self.low)), round(math.log10(self.high)) + 1)]


def decades(values: Sequence[float]) -> tuple[float, float]:
    """The powers of ten around ``values``."""
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    return 10.0**low, 10.0 ** max(high, low + 1)


def points(chart: Chart, line: Line) -> list[tuple[float, float]]:
    """What a file says of a line; nothing if it is not there."""
    path = FOLDER / f"{line.file or chart.file}.csv"
    if not path.exists():
        return []
    with path.open(newline="") as reading:
        rows = list(csv.DictReader(reading))
    pairs = [(float(row[chart.x]), float(row[line.column])) for row in rows if row.get(line.column)]
    return [(x, y) for x, y in pairs if x > 0 and y > 0]


def shown(value: float) -> str:
    return f"{value:,.0f}" if value >= 1 else f"{value:g}"


def text(x: float, y: float, words: str, anchor: str = "start", more: str = "") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{more}>{escape(words)}</text>'


def draw(chart: Chart) -> str:
    """The picture, or nothing where there are no figures."""
    lines = [(line, found) for line in chart.lines if (found := points(chart, line))]
    if not lines:
        return ""
    xs = [x for _, found in lines for x, _ in found]
    ys = [y for _, found in lines for _, y in found] + [at for at, _ in chart.bars]
    top = TOP + LINE * len(lines)
    height = HEIGHT + LINE * len(lines)
    across = Scale(*decades(xs), LEFT, WIDTH - RIGHT)
    up = Scale(*decades(ys), height - BOTTOM, top)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="sans-serif" '
        f'font-size="13"><rect width="{WIDTH}" height="{height}" fill="#fff"/>',
        text(LEFT, 28, f"{chart.title} ({chart.unit})", more=' font-size="17" font-weight="bold"'),
        text((LEFT + WIDTH - RIGHT) / 2, height - 12, "Services", "middle"),
    ]
    for tick in across.ticks():
        x = across.at(tick)
        parts.append(f'<path d="M{x:.1f} {top}V{height - BOTTOM}" stroke="#ddd"/>')
        parts.append(text(x, height - BOTTOM + 18, shown(tick), "middle"))
    for tick in up.ticks():
        y = up.at(tick)
        parts.append(f'<path d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}" stroke="#ddd"/>')
        parts.append(text(LEFT - 8, y + 4, shown(tick), "end"))
    for at, name in chart.bars:
        y = up.at(at)
        parts.append(f'<path d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}" stroke="#999" stroke-dasharray="6 4"/>')
        parts.append(text(WIDTH - RIGHT - 4, y - 5, f"{name}: {shown(at)}", "end", ' fill="#777"'))
    for number, (line, found) in enumerate(lines):
        colour = COLOURS[number % len(COLOURS)]
        places = [(across.at(x), up.at(y)) for x, y in found]
        path = "L".join(f"{x:.1f} {y:.1f}" for x, y in places)
        parts.append(f'<path d="M{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{colour}"/>' for x, y in places]
        y = 50 + LINE * number
        parts.append(f'<path d="M{LEFT} {y}h24" stroke="{colour}" stroke-width="3"/>')
        parts.append(text(LEFT + 32, y + 4, line.label))
    return "\n".join([*parts, "</svg>"]) + "\n"


def draw_all() -> None:
    """Every picture whose figures are there."""
    FOLDER.mkdir(exist_ok=True)
    for chart in CHARTS:
        if picture := draw(chart):
            (FOLDER / f"{chart.name}.svg").write_text(picture)


if __name__ == "__main__":
    draw_all()
