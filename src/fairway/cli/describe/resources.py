"""Amounts: what containers and pods ask for, and what they may use at most.

Source: KEP-753 (sidecars), KEP-688 (overhead), KEP-1287 (resize in place): how a pod's amounts add up.
"""

from typing import Any

from fairway.cli.describe.page import Page
from fairway.objects import Object
from fairway.objects.quantity import ZERO, Quantity, parse

Amounts = dict[str, Quantity]
_ALMOST_UNKNOWN = "node allocatable"


def amounts(page: Page, found: Object | None, level: int) -> None:
    """Limits and requests, by name."""
    for title, field in (("Limits:", "limits"), ("Requests:", "requests")):
        listed = (found or {}).get(field)
        if listed:
            page.line(level, title)
            for name, amount in sorted(listed.items()):
                page.line(level + 1, f"{name}:", parse(str(amount)))


def of_container(reference: Object, container: Object) -> str:
    """What a variable that takes a resource of the container will hold."""
    word, _, name = reference.get("resource", "").partition(".")
    if word not in ("limits", "requests") or not _is_known(name):
        return ""
    amount = parsed((container.get("resources") or {}).get(word)).get(name, ZERO)
    divisor = parse(str(reference.get("divisor") or "1"))
    divisor = divisor if divisor else Quantity(10**9)
    part, whole = (amount.milli, divisor.milli) if name == "cpu" else (amount.whole, divisor.whole)
    text = str(-(-part // whole))
    is_open = text == "0" and word == "limits" and name in ("cpu", "memory")
    return _ALMOST_UNKNOWN if is_open else text


def _is_known(name: str) -> bool:
    return name in ("cpu", "memory", "ephemeral-storage") or name.startswith("hugepages-")


def parsed(found: dict[str, Any] | None) -> Amounts:
    """Amounts by name."""
    return {name: parse(str(amount)) for name, amount in (found or {}).items()}


def of_pod(pod: Object, *, as_written: bool = False) -> tuple[Amounts, Amounts]:
    """What a pod asks for and what it may use: (requests, limits); ``as_written``: whatever is in force."""
    spec = pod.get("spec") or {}
    requests, limits = _total(pod, "requests", as_written=as_written), _total(pod, "limits", as_written=as_written)
    for name, amount in parsed(spec.get("overhead")).items():
        requests[name] = requests.get(name, ZERO) + amount
        if limits.get(name):
            limits[name] += amount
    return requests, limits


def _total(pod: Object, word: str, *, as_written: bool) -> Amounts:
    spec, status = pod.get("spec") or {}, {} if as_written else pod.get("status") or {}
    seen = {each.get("name"): each for each in status.get("containerStatuses") or ()}
    total: Amounts = {}
    for container in spec.get("containers") or ():
        add(total, _of(container, seen.get(container.get("name")), word, status))
    sidecars: Amounts = {}
    highest: Amounts = {}
    for container in spec.get("initContainers") or ():
        asked = parsed((container.get("resources") or {}).get(word))
        if container.get("restartPolicy") == "Always":
            add(total, asked)
            add(sidecars, asked)
            asked = dict(sidecars)
        else:
            add(asked, sidecars)
        _raise(highest, asked)
    _raise(total, highest)
    return total


def _of(container: Object, seen: Object | None, word: str, status: Object) -> Amounts:
    """What one container asks for: the largest of what is written, what was promised and what is in force."""
    asked = parsed((container.get("resources") or {}).get(word))
    if word == "limits" or seen is None or seen.get("resources") is None:
        return asked
    given = parsed(seen["resources"].get(word))
    _raise(given, parsed(seen.get("allocatedResources")))
    if not _is_infeasible(status):
        _raise(given, asked)
    return given


def _is_infeasible(status: Object) -> bool:
    """Whether what is written will never be given."""
    found = (each for each in status.get("conditions") or () if each.get("type") == "PodResizePending")
    return any(each.get("reason") == "Infeasible" for each in found)


def add(total: Amounts, more: Amounts) -> None:
    """Add ``more`` to ``total``."""
    for name, amount in more.items():
        total[name] = total[name] + amount if name in total else amount


def _raise(total: Amounts, other: Amounts) -> None:
    for name, amount in other.items():
        if name not in total or amount > total[name]:
            total[name] = amount
