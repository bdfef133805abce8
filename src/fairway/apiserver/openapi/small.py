"""Small: the documents of OpenAPI 3 beside those of group versions: of groups, of the server, of its tokens.

Shape: ``places(groups)`` are their paths below ``/openapi/v3/``, ``operations(place)`` what one of them describes.
"""

from collections.abc import Iterable, Iterator

from fairway.apiserver.openapi.operations import Operation, about_group, about_server


def places(groups: Iterable[str]) -> Iterator[str]:
    """Where the documents of these groups, and of what belongs to none, are."""
    yield from (operation.path.strip("/") for operation in about_server())
    yield from (about_group(group).path.strip("/") for group in groups)


def operations(place: str) -> tuple[Operation, ...]:
    """What is described there."""
    for operation in about_server():
        if operation.path.strip("/") == place:
            return (operation,)
    return (about_group(place.removeprefix("apis/") if place != "api" else ""),)
