"""Client: the API asked with keywords, for the query, the form of the body and that of the answer."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlencode

from .asking import Answer, Api


class Client:
    """One user's way to the API server."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def ask(
        self, method: str, path: str, body: Any = None, *, media: str = "application/json", accept: str = "",
        **query: Any,
    ) -> Answer:  # fmt: skip
        """One request; nothing is checked."""
        api = self._api.with_headers(Accept=accept) if accept else self._api
        return api.ask(method, f"{path}?{urlencode(query)}" if query else path, body, media)

    def must(self, method: str, path: str, body: Any = None, **how: Any) -> Any:
        """One request that succeeds: its body."""
        told = self.ask(method, path, body, **how)
        assert told.status < 300, f"{method} {path}: {told.status} {told.body}"
        return told.body

    def refused(self, code: int, method: str, path: str, body: Any = None, **how: Any) -> Any:
        """One request that is refused with ``code``: the Status."""
        told = self.ask(method, path, body, **how)
        assert told.status == code, f"{method} {path}: {told.status} {told.body}"
        return told.body

    def is_there(self, path: str) -> bool:
        """Whether there is anything."""
        told = self.ask("GET", path)
        assert told.status in (200, 404), told.body
        return told.status == 200

    @contextmanager
    def watch(self, path: str, **query: Any) -> Iterator[Iterator[Any]]:
        """The events of a watch, which began before the block and ends with it."""
        with self._api.watching(f"{path}?{urlencode(query)}" if query else path) as events:
            yield events


def until(events: Iterator[Any], wanted: Any, what: str) -> Any:
    """The first event that ``wanted`` takes; a watch that tells nothing more for long ends in an error."""
    seen = []
    for event in events:
        if wanted(event):
            return event
        seen.append((event["type"], event["object"]["metadata"]))
    raise AssertionError(f"the watch ended before {what}: {seen}")
