"""A client of an Ingress, for a network namespace of its own: ``ingress_client.py KIND IP PORT HOST [CA]``.

``load``: keep-alive connections that ask one request after the other; ``post``: the same with POST, which nobody may
repeat; ``fresh``: a connection for each request;
``websocket``: one connection that sends and gets back; ``grpc``: calls and one stream; ``certificate`` only tells what
it is shown, unchecked.  Each prints ``going`` once it
has its first answers, goes on until standard input ends, and then prints what it has seen as JSON.  A CA means TLS.
"""

import asyncio
import json
import ssl
import sys
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

CONNECTIONS = 8
PATIENCE_S = 60.0


class Closed(Exception):
    """The server closed a connection that nothing was asked on: whoever asks next asks on another."""


class Load:
    """Requests over plain sockets.  ``retried`` are those on a kept connection that was closed before any answer."""

    def __init__(self, address: str, port: int, host: str, ca: str, *, kind: str) -> None:
        self._at, self._is_fresh = (address, port), kind == "fresh"
        method, body = ("POST", "Content-Length: 4\r\n\r\nbody") if kind == "post" else ("GET", "\r\n")
        self._request = f"{method} / HTTP/1.1\r\nHost: {host}\r\n{body}".encode()
        self._host = host
        self._tls = ssl.create_default_context(cafile=ca) if ca else None
        self.answers: Counter[str] = Counter()
        self.failures: list[str] = []
        self.requests = self.retried = 0
        self.stop = asyncio.Event()
        self.going = asyncio.Barrier(CONNECTIONS + 1)

    async def run(self) -> dict[str, Any]:
        async with asyncio.TaskGroup() as tasks:
            for _ in range(CONNECTIONS):
                tasks.create_task(self._client())
            await self.going.wait()
            print("going", flush=True)
            await until_told()
            self.stop.set()
        return {
            "requests": self.requests, "retried": self.retried, "failures": self.failures[:10],
            "failed": len(self.failures), "answers": self.answers,
        }  # fmt: skip

    async def _client(self) -> None:
        kept: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        is_first = True
        while not self.stop.is_set():
            self.requests += 1
            is_again = kept is not None
            try:
                async with asyncio.timeout(PATIENCE_S):
                    kept = kept or await self._connect()
                    text, is_kept = await self._ask(*kept)
                self.answers[json.loads(text)["name"] if text.startswith("{") else text] += 1
            except Closed:
                is_kept = False
                if is_again:
                    self.requests -= 1
                    self.retried += 1
                else:
                    self.failures.append("closed without an answer")
            except (OSError, asyncio.IncompleteReadError, TimeoutError, ValueError) as error:
                self.failures.append(repr(error))
                is_kept = False
                await asyncio.sleep(0.01)
            if kept and (self._is_fresh or not is_kept):
                kept[1].close()
                kept = None
            if is_first:
                is_first = False
                await self.going.wait()
        if kept:
            kept[1].close()

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection(
            *self._at, ssl=self._tls, server_hostname=self._host if self._tls else None
        )

    async def _ask(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> tuple[str, bool]:
        """One request; the status and the body, and whether the connection may be used again."""
        try:
            writer.write(self._request)
            await writer.drain()
            line = await reader.readline()
        except ConnectionError as error:
            raise Closed from error
        if not line:
            raise Closed
        headers = {}
        while text := (await reader.readline()).strip():
            name, _, value = text.decode().partition(":")
            headers[name.lower()] = value.strip().lower()
        if "chunked" in headers.get("transfer-encoding", ""):
            body = b"".join([part async for part in chunks(reader)])
        else:
            body = await reader.readexactly(int(headers.get("content-length", "0")))
        status = line.split()[1].decode()
        if status != "200":
            raise ValueError(f"{status} {body[:200]!r}")
        return body.decode().strip(), headers.get("connection") != "close"


async def chunks(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    while size := int((await reader.readline()).split(b";")[0], 16):
        yield await reader.readexactly(size)
        await reader.readline()
    await reader.readline()


async def until_told() -> None:
    """Return when standard input ends."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    await reader.read()


async def web_socket(address: str, port: int, host: str, ca: str) -> dict[str, Any]:
    from websockets.asyncio.client import connect

    uri = f"{'wss' if ca else 'ws'}://{host}:{port}/talk?a=1"
    context = ssl.create_default_context(cafile=ca) if ca else None
    async with connect(uri, host=address, port=port, ssl=context, proxy=None, open_timeout=PATIENCE_S) as connection:
        greeting = await connection.recv()
        print("going", flush=True)
        told = asyncio.create_task(until_told())
        count, big = 0, "x" * 200_000
        while not told.done() or count == 0:
            for message in (f"message {count}", big, b"\x00\xff"):
                await connection.send(message)
                async with asyncio.timeout(PATIENCE_S):
                    assert await connection.recv() == message
            count += 1
            await asyncio.wait([told], timeout=0.02)
    return {"greeting": greeting, "rounds": count}


async def grpc_calls(address: str, port: int, host: str, ca: str) -> dict[str, Any]:
    import grpc
    import grpc.aio

    if ca:
        credentials = grpc.ssl_channel_credentials(Path(ca).read_bytes())  # noqa: ASYNC240
        options = [
            ("grpc.ssl_target_name_override", host),
            ("grpc.default_authority", host),
            ("grpc.enable_http_proxy", 0),
        ]
        channel = grpc.aio.secure_channel(f"{address}:{port}", credentials, options)
    else:
        options = [("grpc.default_authority", host), ("grpc.enable_http_proxy", 0)]
        channel = grpc.aio.insecure_channel(f"{address}:{port}", options)
    async with channel:
        say = channel.unary_unary("/echo.Echo/Say")
        call = say(b"x" * 1_000_000, timeout=PATIENCE_S)
        assert await call == b"x" * 1_000_000
        trailers = {key: value for key, value in await call.trailing_metadata() or ()}
        try:
            await channel.unary_unary("/echo.Echo/Fail")(b"", timeout=PATIENCE_S)
            status = "OK"
        except grpc.aio.AioRpcError as error:
            status = f"{error.code().name}: {error.details()}"
        stream = channel.stream_stream("/echo.Echo/Talk")()
        await stream.write(b"first")
        assert await stream.read() == b"first"
        print("going", flush=True)
        told = asyncio.create_task(until_told())
        calls = 0
        while not told.done() or calls == 0:
            await say(b"again", timeout=PATIENCE_S)
            await stream.write(b"%d" % calls)
            assert await stream.read() == b"%d" % calls
            calls += 1
            await asyncio.wait([told], timeout=0.02)
        await stream.done_writing()
    return {"from": trailers.get("from"), "status": status, "calls": calls}


async def shown(address: str, port: int, host: str) -> str:
    """The certificate for a host; for an empty one no name is sent."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    # A name that is an address is not sent.
    _, writer = await asyncio.open_connection(address, port, ssl=context, server_hostname=host or address)
    der = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    writer.close()
    return ssl.DER_cert_to_PEM_cert(der)


async def main() -> None:
    kind, address, port, host, *rest = sys.argv[1:]
    ca = rest[0] if rest else ""
    if kind == "certificate":
        seen: dict[str, Any] = {"pem": await shown(address, int(port), host)}
    elif kind == "websocket":
        seen = await web_socket(address, int(port), host, ca)
    elif kind == "grpc":
        seen = await grpc_calls(address, int(port), host, ca)
    else:
        seen = await Load(address, int(port), host, ca, kind=kind).run()
    print(json.dumps(seen), flush=True)


if __name__ == "__main__":
    asyncio.run(main())
