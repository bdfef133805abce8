"""What is doubtful about the ports of a pod's containers, taken together."""

from collections.abc import Iterator

from fairway.objects import Object

Containers = list[tuple[str, Object]]
"""Containers with their paths."""
_COMPARED = 16
"""Definitions of one port that later ones are compared with: more than headers hold, and a bound on the work."""


def port_hints(containers: Containers) -> Iterator[str]:
    """Names and numbers that stand twice, and addresses without a port."""
    yield from _names(containers)
    yield from _numbers(containers)


def _names(containers: Containers) -> Iterator[str]:
    """One name on several ports: which one a Service's targetPort means is then left to the order."""
    seen: dict[str, str] = {}
    for path, container in containers:
        mine: set[str] = set()
        for index, port in enumerate(container.get("ports") or ()):
            name, here = port.get("name"), f"{path}.ports[{index}]"
            if not name or name in mine:
                continue
            mine.add(name)
            if name in seen:
                yield (
                    f'{here}: duplicate port name "{name}" with {seen[name]}, services and probes that select ports by'
                    f" name will use {seen[name]}"
                )
            else:
                seen[name] = here


def _numbers(containers: Containers) -> Iterator[str]:
    seen: dict[tuple[int, str], list[tuple[str, Object]]] = {}
    for path, container in containers:
        for index, port in enumerate(container.get("ports") or ()):
            here = f"{path}.ports[{index}]"
            if port.get("hostIP") and not port.get("hostPort"):
                yield f"{here}: hostIP set without hostPort: {_shown(port)}"
            others = seen.setdefault((port.get("containerPort") or 0, port.get("protocol") or ""), [])
            for other_path, other in others:
                if word := _clash(port, other):
                    yield f"{here}: {word} port definition with {other_path}"
            if len(others) < _COMPARED:
                others.append((here, port))


def _clash(port: Object, other: Object) -> str:
    """What two definitions of one port and protocol are to each other; empty for no harm."""
    number, other_number = port.get("hostPort") or 0, other.get("hostPort") or 0
    address, other_address = port.get("hostIP") or "", other.get("hostIP") or ""
    if (address, number) == (other_address, other_number):
        return "duplicate"
    if not number or not other_number:
        return "overlapping"
    if number == other_number and bool(address) != bool(other_address):
        return "dangerously ambiguous"
    return ""


def _shown(port: Object) -> str:
    """As Go prints its structs."""
    return (
        f"{{Name:{port.get('name') or ''} HostPort:{port.get('hostPort') or 0}"
        f" ContainerPort:{port.get('containerPort') or 0} Protocol:{port.get('protocol') or ''}"
        f" HostIP:{port.get('hostIP') or ''}}}"
    )
