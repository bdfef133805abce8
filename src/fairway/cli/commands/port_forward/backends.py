"""Backends: which pod the next connection goes to, and a tunnel to it.

Shape: ``Single`` is one pod, and ends with it; ``Following`` knows the pods of a Service or workload by a watch, stays
with one as long as it is ready, and moves on to another, which it says; where none is ready, it waits.
"""

import asyncio
import sys
import threading
import time

from fairway.cli.commands.port_forward.tunnels import Tunnel, open_tunnel
from fairway.cli.streams.choice import ENDED, best_first, is_ready
from fairway.cli.streams.pods import pods_path
from fairway.client.blocking import Api, ApiError, Unreachable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Object = dict[str, Any]

_RETRY_S, _RETRY_MAX_S = 0.2, 5.0
_HELD_BACK_S = 1.0
"""How long a pod that refused a connection comes after the others."""


class NoBackend(Exception):
    """No pod could be had in time; the text says so."""


class Backend:
    """A pod, and the tunnel to it."""

    def __init__(self, pod: "Object") -> None:
        self.pod = pod
        self.tunnel: Tunnel | None = None
        self._opening = asyncio.Lock()

    @property
    def name(self) -> str:
        """The pod's name."""
        return str(self.pod["metadata"]["name"])

    async def connected(self, api: "Callable[[], Api]") -> Tunnel:
        """A tunnel that lives.  Raises: ``ApiError``, ``Unreachable``."""
        async with self._opening:
            if self.tunnel is None or self.tunnel.gone.is_set():
                self.tunnel = await open_tunnel(api(), self.pod["metadata"]["namespace"], self.name)
            return self.tunnel

    async def close(self) -> None:
        """Let go of the tunnel."""
        if self.tunnel is not None:
            await self.tunnel.close()


class Watch:
    """The pods that ``query`` selects, followed in a thread, told on the event loop: all of them, then each change."""

    def __init__(
        self, api: "Callable[[], Api]", namespace: str, query: "dict[str, str]",
        replace: "Callable[[dict[str, Object]], None]", take: "Callable[[str, Object], None]",
    ) -> None:  # fmt: skip
        self._api, self._path, self._query = api, pods_path(namespace), query
        self._replace, self._take = replace, take
        self._loop = asyncio.get_running_loop()

    def start(self) -> None:
        """Follow until the process ends."""
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        delay_s = _RETRY_S
        while not self._loop.is_closed():
            began_s = time.monotonic()
            try:
                self._follow(self._api())
            except (ApiError, Unreachable, OSError):
                # Who may not list pods stays with the one that he has; the server is not asked again and again.
                delay_s = _RETRY_S if time.monotonic() - began_s > _RETRY_MAX_S else min(2 * delay_s, _RETRY_MAX_S)
                time.sleep(delay_s)

    def _follow(self, api: Api) -> None:
        listed = api.get(self._path, self._query)
        self._tell(self._replace, {pod["metadata"]["uid"]: pod for pod in listed.get("items") or ()})
        version = (listed.get("metadata") or {}).get("resourceVersion") or ""
        for kind, pod in api.watch(self._path, {**self._query, "resourceVersion": version}):
            if kind != "BOOKMARK":
                self._tell(self._take, kind, pod)

    def _tell(self, work: "Callable[..., None]", *what: "Any") -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(work, *what)


class Following:
    """The pods that ``selector`` selects.  ``api`` makes a client for a thread of its own."""

    def __init__(
        self, api: "Callable[[], Api]", namespace: str, selector: str, first: "Object", *, name: str, patience_s: float
    ) -> None:
        self._api, self._namespace, self._selector, self._name = api, namespace, selector, name
        self._patience_s = patience_s
        self._pods: dict[str, Object] = {first["metadata"]["uid"]: first}
        self._current = Backend(first)
        self._held_back: dict[str, float] = {}
        self._changed = asyncio.Event()
        self._left: list[Backend] = []

    async def run(self) -> None:
        """Follow the pods until cancelled."""
        Watch(self._api, self._namespace, {"labelSelector": self._selector}, self._replace, self._take).start()
        await asyncio.get_running_loop().create_future()

    async def backend(self) -> Backend:
        """The pod for a new connection.  Raises: ``NoBackend``."""
        until = time.monotonic() + self._patience_s
        is_told = False
        while (chosen := self._choice()) is None:
            if not is_told:
                is_told = True
                _say(f"No pod of {self._name} is ready: waiting for one, at most {self._patience_s:g}s")
            self._changed.clear()
            try:
                async with asyncio.timeout(until - time.monotonic()):
                    await self._changed.wait()
            except TimeoutError:
                raise NoBackend(f"no pod of {self._name} is ready") from None
        if chosen["metadata"]["uid"] != self._current.pod["metadata"]["uid"]:
            why = "refuses connections" if self._is_held_back() else "is gone or not ready"
            _say(f"Pod {self._current.name} {why}: forwarding to pod {chosen['metadata']['name']}")
            self._left.append(self._current)  # its open connections go on, until the pod or we end
            self._current = Backend(chosen)
        self._current.pod = chosen
        return self._current

    def refused(self, backend: Backend) -> None:
        """Others come first for a moment."""
        self._held_back[backend.pod["metadata"]["uid"]] = time.monotonic() + _HELD_BACK_S

    def _is_held_back(self) -> bool:
        mine = self._current.pod["metadata"]["uid"]
        return mine in self._held_back and mine in self._pods and _is_good(self._pods[mine])

    def is_left(self) -> bool:
        """Whether another try may help."""
        return True

    async def close(self) -> None:
        """Let go of all tunnels."""
        for backend in (*self._left, self._current):
            await backend.close()

    def _choice(self) -> "Object | None":
        """The current pod as long as it is good, else the best one."""
        now = time.monotonic()
        self._held_back = {uid: until for uid, until in self._held_back.items() if until > now}
        good = [pod for pod in self._pods.values() if _is_good(pod)]
        preferred = [pod for pod in good if pod["metadata"]["uid"] not in self._held_back] or good
        mine = self._current.pod["metadata"]["uid"]
        return next((pod for pod in preferred if pod["metadata"]["uid"] == mine), None) or next(
            iter(best_first(preferred)), None
        )

    def _replace(self, pods: "dict[str, Object]") -> None:
        self._pods = pods
        self._changed.set()

    def _take(self, kind: str, pod: "Object") -> None:
        uid = pod["metadata"]["uid"]
        if kind == "DELETED":
            self._pods.pop(uid, None)
        else:
            self._pods[uid] = pod
        self._changed.set()


class Single:
    """One pod, and no other after it."""

    def __init__(self, api: "Callable[[], Api]", pod: "Object") -> None:
        self._api = api
        self._backend = Backend(pod)
        self._ended = asyncio.Event()

    async def run(self) -> None:
        """Return when the pod has ended, or the connection to it is lost."""
        meta = self._backend.pod["metadata"]
        query = {"fieldSelector": f"metadata.name={meta['name']}"}
        Watch(self._api, meta["namespace"], query, self._replace, self._take).start()
        tunnel = await self._backend.connected(self._api)
        ends = [asyncio.create_task(each.wait()) for each in (tunnel.gone, self._ended)]
        try:
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for end in ends:
                end.cancel()

    def _replace(self, pods: "dict[str, Object]") -> None:
        mine = pods.get(self._backend.pod["metadata"]["uid"])
        if mine is None or (mine.get("status") or {}).get("phase") in ENDED:
            self._ended.set()

    def _take(self, kind: str, pod: "Object") -> None:
        self._replace({} if kind == "DELETED" else {pod["metadata"]["uid"]: pod})

    async def backend(self) -> Backend:
        """The pod."""
        return self._backend

    def refused(self, backend: Backend) -> None:
        """There is no other."""

    def is_left(self) -> bool:
        """Whether another try may help."""
        return False

    async def close(self) -> None:
        """Let go of the tunnel."""
        await self._backend.close()


def _is_good(pod: "Object") -> bool:
    status = pod.get("status") or {}
    return is_ready(pod) and not pod["metadata"].get("deletionTimestamp") and status.get("phase") not in ENDED


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
