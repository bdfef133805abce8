"""Tunnels: one connection through the API server to a pod, which carries many connections to its ports.

Shape: ``open_tunnel`` gives a ``Tunnel``; ``tunnel.open(port)`` the two streams of one connection.
Source: KEP-4006: SPDY frames in the binary messages of a WebSocket; servers before 1.30 know SPDY alone.
"""

import asyncio

from fairway.cli.streams.pods import pods_path
from fairway.cli.streams.socket_bytes import SocketBytes
from fairway.client.blocking import Api, ApiError
from fairway.node.streams.spdy.connection import SpdyConnection, SpdyStream

TUNNEL, PROTOCOL = "SPDY/3.1+portforward.k8s.io", "portforward.k8s.io"


class Tunnel:
    """A live connection to one pod."""

    def __init__(self, raw: SocketBytes) -> None:
        self._connection = SpdyConnection(raw, lambda stream: None, is_client=True)
        self._running = asyncio.create_task(self._connection.run())
        self._request = 0

    @property
    def gone(self) -> asyncio.Event:
        """Set once the other side has gone."""
        return self._connection.gone

    async def open(self, port: int) -> tuple[SpdyStream, SpdyStream]:
        """The error stream and the data stream of a connection to a port.  Raises: ``ConnectionError``."""
        if self.gone.is_set():
            raise ConnectionResetError("the connection to the pod is lost")
        number, self._request = self._request, self._request + 1
        headers = {"streamtype": "error", "port": str(port), "requestid": str(number)}
        error = await self._connection.open(headers)
        await error.finish()
        data = await self._connection.open({**headers, "streamtype": "data"})
        await data.answered.wait()
        return error, data

    def forget(self, *streams: SpdyStream) -> None:
        """These have ended."""
        for stream in streams:
            self._connection.forget(stream)

    async def close(self) -> None:
        """End it with all that it carries."""
        self._running.cancel()
        await asyncio.gather(self._running, return_exceptions=True)


async def open_tunnel(api: Api, namespace: str, pod: str) -> Tunnel:
    """Connect.  Raises: ``ApiError``, ``Unreachable``."""
    return Tunnel(await asyncio.to_thread(_connected, api, pods_path(namespace, pod, "portforward")))


def _connected(api: Api, path: str) -> SocketBytes:
    try:
        socket = api.upgrade(path, protocols=(TUNNEL,))
    except ApiError as refusal:
        if refusal.code in (401, 403, 404) and refusal.status.get("details", {}).get("kind"):
            raise
        headers = {"Connection": "Upgrade", "Upgrade": "SPDY/3.1", "X-Stream-Protocol-Version": PROTOCOL}
        connection, _ = api.switched("POST", path, headers=headers)
        return SocketBytes(connection, None)
    return SocketBytes(socket.connection, socket)
