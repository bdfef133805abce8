"""Places: where in a pod spec containers stand."""

from collections.abc import Iterator

from fairway.objects import Object

LISTS = ("initContainers", "containers", "ephemeralContainers")
"""In the order in which upstream visits them."""


def containers(path: str, spec: Object) -> Iterator[tuple[str, Object]]:
    """(path, container) for every one, of all three lists."""
    for name in LISTS:
        for index, container in enumerate(spec.get(name) or ()):
            yield f"{path}.{name}[{index}]", container
