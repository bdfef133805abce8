"""What controllers count, as Prometheus reads it."""

from fairway.apiserver.metrics import Metrics as ServerMetrics
from fairway.reconcile.metrics import Metric, Metrics

CHANGES = Metric("changes", "Changes made")
SIZES = Metric("sizes", "Sizes seen", "histogram", (1.0, 2.0))


def test_counters_and_histograms_in_text() -> None:
    metrics = Metrics()
    metrics.add(CHANGES, 'operation="create"')
    metrics.add(CHANGES, 'operation="create"', 2)
    for value in (1, 2, 5):
        metrics.observe(SIZES, value)
    assert list(metrics.lines()) == [
        "# HELP changes Changes made", "# TYPE changes counter", 'changes{operation="create"} 3',
        "# HELP sizes Sizes seen", "# TYPE sizes histogram",
        'sizes_bucket{le="1.0"} 1', 'sizes_bucket{le="2.0"} 2', 'sizes_bucket{le="+Inf"} 3',
        "sizes_sum 8", "sizes_count 3",
    ]  # fmt: skip


def test_large_counts_are_told_to_the_last_digit() -> None:
    metrics = Metrics()
    metrics.add(CHANGES, amount=12_345_678)
    metrics.observe(SIZES, 12_345_678.25)
    assert {"changes 12345678", "sizes_sum 12345678.25"} <= set(metrics.lines())


def test_the_api_server_tells_them_along_with_its_own() -> None:
    metrics, server = Metrics(), ServerMetrics()
    server.others.append(metrics.lines)
    metrics.add(CHANGES)
    lines = server.text([]).splitlines()
    assert "changes 1" in lines
    assert lines[-1].startswith("process_")
