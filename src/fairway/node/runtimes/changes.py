"""Changes: tells every listener which pods have changed, each pod once however often it did."""

import asyncio
from collections.abc import AsyncIterator


class _Listener:
    """One listener; iterating waits while nothing has changed."""

    def __init__(self, changes: "Changes") -> None:
        self._changes = changes
        self._due: dict[str, None] = {}
        self._wake = asyncio.Event()

    def put(self, pod_uid: str) -> None:
        self._due[pod_uid] = None
        self._wake.set()

    def __aiter__(self) -> "_Listener":
        return self

    async def __anext__(self) -> str:
        while not self._due:
            self._wake.clear()
            await self._wake.wait()
        pod_uid = next(iter(self._due))
        del self._due[pod_uid]
        return pod_uid

    async def aclose(self) -> None:
        """Stop listening."""
        self._changes.forget(self)


class Changes:
    """Listeners hear what happens after they were made."""

    def __init__(self) -> None:
        self._listeners: list[_Listener] = []

    def listen(self) -> AsyncIterator[str]:
        """A new listener."""
        listener = _Listener(self)
        self._listeners.append(listener)
        return listener

    def tell(self, pod_uid: str) -> None:
        """Something of this pod has changed."""
        for listener in self._listeners:
            listener.put(pod_uid)

    def forget(self, listener: _Listener) -> None:
        """Drop a listener."""
        if listener in self._listeners:
            self._listeners.remove(listener)
