"""What the pods of a node ask of it, in numbers and in hundredths of what it has."""

from fairway.cli.describe.page import Page
from fairway.cli.describe.resources import Amounts, add, of_pod, parsed
from fairway.objects import Object
from fairway.objects.quantity import ZERO

_HEAD = ("Namespace", "Name", "", "CPU Requests", "CPU Limits", "Memory Requests", "Memory Limits", "Age")
_STANDARD = ("cpu", "memory", "ephemeral-storage")
_NO_NUMBER = -(2**63)
"""What kubectl shows for a part of nothing."""


def allocated(page: Page, pods: list[Object], node: Object) -> None:
    """The pods that have not ended, and what they ask for in all."""
    status = node.get("status") or {}
    has = parsed(status.get("allocatable") or status.get("capacity"))
    page.line(0, "Non-terminated Pods:", f"({len(pods)} in total)")
    page.line(1, *_HEAD)
    page.line(1, *("-" * len(word) for word in _HEAD))
    requests: Amounts = {}
    limits: Amounts = {}
    for pod in pods:
        asked, bounded = of_pod(pod)
        for total, amounts in zip((requests, limits), of_pod(pod, as_written=True), strict=True):
            add(total, amounts)
        cells = (_cell(side, has, name, _NO_NUMBER) for name in ("cpu", "memory") for side in (asked, bounded))
        metadata = pod["metadata"]
        page.line(1, metadata["namespace"], metadata["name"], "", *cells, page.since(metadata.get("creationTimestamp")))
    _total(page, requests, limits, has)


def _cell(amounts: Amounts, has: Amounts, name: str, without: int) -> str:
    amount, all_of_it = amounts.get(name, ZERO), has.get(name, ZERO)
    part, whole = (amount.milli, all_of_it.milli) if name == "cpu" else (amount.whole, all_of_it.whole)
    return f"{amount} ({int(part / whole * 100) if whole else without}%)"


def _total(page: Page, requests: Amounts, limits: Amounts, has: Amounts) -> None:
    page.line(0, "Allocated resources:")
    page.line(1, "(Total limits may be over 100 percent, i.e., overcommitted.)")
    page.line(1, "Resource", "Requests", "Limits")
    page.line(1, "--------", "--------", "------")
    pages = sorted(name for name in has if name.startswith("hugepages-"))
    for name in (*_STANDARD, *pages):
        page.line(1, name, *(_cell(side, has, name, 0) for side in (requests, limits)))
    for name in sorted({*has} - {*_STANDARD, *pages, "pods", "storage"}):
        page.line(1, name, requests.get(name, ZERO), limits.get(name, ZERO))
