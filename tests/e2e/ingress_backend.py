"""A program behind an Ingress, for a network namespace of its own: HTTP/1.1, WebSocket and gRPC, a port each.

HTTP: ``/`` tells the request as it came, as JSON; ``/upload`` counts and digests the body; ``/download/N`` sends N
bytes; ``/slow/N`` sends N bytes, one each 100 ms, and anything else is answered by 404.
"""

import asyncio
import hashlib
import json
import sys
from collections.abc import AsyncIterator, Iterator
from typing import Any

import grpc
import grpc.aio
import websockets.asyncio.server as ws_server

HTTP, WEB_SOCKET, GRPC = 9001, 9002, 9003
BLOCK = bytes(range(256)) * 256


async def serve_http(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """One connection, as many requests as come."""
    try:
        while line := await reader.readline():
            method, path, _ = line.decode().split(" ", 2)
            headers = [pair async for pair in read_headers(reader)]
            await answer(method, path, headers, reader, writer)
            await writer.drain()
    except (ConnectionError, asyncio.IncompleteReadError):
        pass
    finally:
        writer.close()


async def read_headers(reader: asyncio.StreamReader) -> AsyncIterator[tuple[str, str]]:
    while (line := await reader.readline()).strip():
        name, _, value = line.decode().partition(":")
        yield name.lower(), value.strip()


async def read_body(headers: list[tuple[str, str]], reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    known = dict(headers)
    if known.get("expect", "").lower() == "100-continue":
        return
    if known.get("transfer-encoding") == "chunked":
        while size := int((await reader.readline()).split(b";")[0], 16):
            yield await reader.readexactly(size)
            await reader.readline()
        await reader.readline()
        return
    left = int(known.get("content-length", "0"))
    while left:
        part = await reader.read(min(left, 1 << 16))
        if not part:
            raise asyncio.IncompleteReadError(b"", left)
        left -= len(part)
        yield part


async def answer(
    method: str, path: str, headers: list[tuple[str, str]], reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    if dict(headers).get("expect", "").lower() == "100-continue":
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        headers = [pair for pair in headers if pair[0] != "expect"]
    digest, size = hashlib.sha256(), 0
    async for part in read_body(headers, reader):
        digest.update(part)
        size += len(part)
    kind, _, count = path.strip("/").partition("/")
    if kind == "download":
        left = int(count)
        writer.write(f"HTTP/1.1 200 OK\r\nContent-Length: {left}\r\n\r\n".encode())
        while left:
            writer.write(BLOCK[:left])
            left -= min(left, len(BLOCK))
            await writer.drain()
        return
    if kind == "slow":
        writer.write(f"HTTP/1.1 200 OK\r\nContent-Length: {count}\r\n\r\n".encode())
        for _ in range(int(count)):
            writer.write(b".")
            await asyncio.sleep(0.1)
        return
    told: dict[str, Any] = {"name": sys.argv[1], "method": method, "path": path, "headers": headers, "size": size}
    text = json.dumps({**told, "sha256": digest.hexdigest()}).encode()
    status = "404 Not Found" if kind == "nothing" else "200 OK"
    writer.write(f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(text)}\r\n\r\n".encode())
    writer.write(text)


async def serve_web_socket(connection: ws_server.ServerConnection) -> None:
    """Say the name and the path, then whatever is said."""
    path = connection.request.path if connection.request else ""
    await connection.send(f"{sys.argv[1]} {path}")
    async for message in connection:
        await connection.send(message)


class Echo(grpc.GenericRpcHandler):
    """``/echo.Echo/Say`` gives back a message, ``/echo.Echo/Talk`` each of a stream, ``/echo.Echo/Fail`` a status."""

    def service(self, details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler | None:
        match details.method:
            case "/echo.Echo/Say":
                return grpc.unary_unary_rpc_method_handler(self.say)
            case "/echo.Echo/Talk":
                return grpc.stream_stream_rpc_method_handler(self.talk)
            case "/echo.Echo/Fail":
                return grpc.unary_unary_rpc_method_handler(self.fail)
        return None

    async def say(self, message: bytes, context: Any) -> bytes:
        context.set_trailing_metadata((("from", sys.argv[1]),))
        return message

    async def talk(self, messages: AsyncIterator[bytes], context: Any) -> AsyncIterator[bytes]:
        async for message in messages:
            yield message

    async def fail(self, message: bytes, context: Any) -> bytes:
        await context.abort(grpc.StatusCode.FAILED_PRECONDITION, "as it was asked to")
        return b""


def handlers() -> Iterator[grpc.GenericRpcHandler]:
    yield Echo()


async def main() -> None:
    grpc_server = grpc.aio.server()
    grpc_server.add_generic_rpc_handlers(tuple(handlers()))
    grpc_server.add_insecure_port(f"0.0.0.0:{GRPC}")
    await grpc_server.start()
    http = await asyncio.start_server(serve_http, "0.0.0.0", HTTP, limit=1 << 20)
    async with http, ws_server.serve(serve_web_socket, "0.0.0.0", WEB_SOCKET):
        print("ready", flush=True)
        await asyncio.to_thread(sys.stdin.read)
    await grpc_server.stop(None)


if __name__ == "__main__":
    asyncio.run(main())
