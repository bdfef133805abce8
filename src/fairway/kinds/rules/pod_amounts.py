"""Pod amounts: what all containers of a pod ask for together, of each resource.  Pure.

Source: Kubernetes docs, "Resource Management for Pods and Containers", "Sidecar Containers"; KEP-753, KEP-2837.
"""

from fairway.objects import Object
from fairway.objects.quantity import Quantity, parse

Amounts = dict[str, Quantity]


def amounts(found: Object | None) -> Amounts:
    """A resource list as numbers; malformed ones, which validation tells of, are left out."""
    read: Amounts = {}
    for name, value in (found or {}).items():
        try:
            read[name] = parse(str(value))
        except ValueError:
            continue
    return read


def add(total: Amounts, more: Amounts) -> None:
    """Add ``more`` to ``total``."""
    for name, value in more.items():
        total[name] = total[name] + value if name in total else value


def _raise_to(total: Amounts, least: Amounts) -> None:
    for name, value in least.items():
        if name not in total or total[name] < value:
            total[name] = value


def of_containers(spec: Object, field: str) -> Amounts:
    """The ``requests`` or ``limits`` of containers and sidecars together, or of the largest moment before."""
    total: Amounts = {}
    for container in spec.get("containers") or ():
        add(total, _of_container(container, field))
    sidecars: Amounts = {}
    largest: Amounts = {}
    for container in spec.get("initContainers") or ():
        moment = _of_container(container, field)
        add(moment, sidecars)
        if container.get("restartPolicy") == "Always":
            add(sidecars, _of_container(container, field))
        _raise_to(largest, moment)
    add(total, sidecars)
    _raise_to(total, largest)
    return total


def of_pod(spec: Object, field: str, *, with_overhead: bool) -> Amounts:
    """The ``requests`` or ``limits`` of a pod: what it says of itself goes before what its containers add up to."""
    total = of_containers(spec, field)
    total.update(amounts((spec.get("resources") or {}).get(field)))
    if with_overhead:
        overhead = amounts(spec.get("overhead"))
        # A pod without a limit has none, however much it costs to run it.
        add(total, overhead if field == "requests" else {name: overhead[name] for name in overhead if name in total})
    return total


def _of_container(container: Object, field: str) -> Amounts:
    return amounts((container.get("resources") or {}).get(field))
