"""Asking: a list of objects, page by page, each object saying what it is."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from fairway.client.blocking import Api


def listed(api: "Api", path: str, query: "dict[str, Any]", chunk_size: int) -> "Iterator[dict[str, Any]]":
    """The objects at ``path``, asked for ``chunk_size`` at a time (0: all at once).  Raises: ``ApiError``."""
    query = {**query, "limit": chunk_size or ""}
    while True:
        page = api.get(path, query)
        yield from page.get("items") or ()
        query["continue"] = (page.get("metadata") or {}).get("continue")
        if not query["continue"]:
            return
