"""Handlers: one try of what a probe or a lifecycle hook asks for: exec, httpGet, tcpSocket, grpc or sleep.

Source: Kubernetes API reference, "Probe v1 core", "LifecycleHandler v1 core".
"""

import asyncio
import shlex
from dataclasses import dataclass

from fairway.node.probes.http_get import HttpRequest, http_get
from fairway.node.probes.outcome import WELL, Outcome
from fairway.node.runtimes.interface import ExecSession, Runtime, RuntimeFailure
from fairway.objects import Object
from fairway.objects.authority import authority
from fairway.objects.durations import go_duration

MAX_OUTPUT_BYTES = 10 * 1024


@dataclass(frozen=True, slots=True)
class Target:
    """The container that is asked, and the address of its pod."""

    runtime: Runtime
    pod_uid: str
    container: Object
    address: str


class UnknownPort(Exception):
    """A named port that the container does not have."""


def port_number(container: Object, port: object) -> int:
    """The number of a port given by number or by name.  Raises: ``UnknownPort``.  Pure."""
    if isinstance(port, int) or str(port).isdigit():
        return int(str(port))
    for declared in container.get("ports") or []:
        if declared.get("name") == port:
            return int(declared["containerPort"])
    raise UnknownPort(f"couldn't find port: {port}")


async def handle(target: Target, handler: Object, timeout_s: float) -> Outcome:
    """Run the handler once; never longer than ``timeout_s``."""
    try:
        if "exec" in handler:
            return await _exec(target, handler["exec"].get("command") or [], timeout_s)
        if "httpGet" in handler:
            return await http_get(http_request(target, handler["httpGet"], timeout_s))
        if "tcpSocket" in handler:
            return await _tcp(target, handler["tcpSocket"], timeout_s)
        if "grpc" in handler:
            from fairway.node.probes.grpc_health import check_health

            return await check_health(target.address, handler["grpc"], timeout_s)
    except UnknownPort as error:
        return Outcome(False, str(error))
    if "sleep" in handler:
        await asyncio.sleep(min(timeout_s, handler["sleep"].get("seconds") or 0))
        return WELL
    return Outcome(False, "missing probe handler")


def http_request(target: Target, handler: Object, timeout_s: float) -> HttpRequest:
    """The request that an httpGet handler describes.  Raises: ``UnknownPort``."""
    return HttpRequest(
        handler.get("scheme") or "HTTP", handler.get("host") or target.address,
        port_number(target.container, handler["port"]), handler.get("path") or "/",
        [(header["name"], header["value"]) for header in handler.get("httpHeaders") or []], timeout_s,
    )  # fmt: skip


async def _tcp(target: Target, handler: Object, timeout_s: float) -> Outcome:
    host, port = handler.get("host") or target.address, port_number(target.container, handler["port"])
    shown = authority(host, port)
    try:
        async with asyncio.timeout(timeout_s):
            _, writer = await asyncio.open_connection(host, port)
    except TimeoutError:
        return Outcome(False, f"dial tcp {shown}: i/o timeout")
    except OSError as error:
        refused = isinstance(error, ConnectionRefusedError)
        why = "connection refused" if refused else (error.strerror or str(error)).lower()
        return Outcome(False, f"dial tcp {shown}: connect: {why}")
    writer.transport.abort()
    return WELL


async def _exec(target: Target, command: list[str], timeout_s: float) -> Outcome:
    output = bytearray()
    session: ExecSession | None = None
    try:
        async with asyncio.timeout(timeout_s):
            session = await target.runtime.exec(target.pod_uid, target.container["name"], command)
            async for _, piece in session.output():
                output += piece[: MAX_OUTPUT_BYTES - len(output)]
            code = await session.wait()
    except TimeoutError:
        shown = shlex.join(command)
        return Outcome(False, f'command timed out: "{shown}" timed out after {go_duration(timeout_s)}')
    except RuntimeFailure as failure:
        return Outcome(False, f"probe errored and resulted in unknown state: {failure}")
    finally:
        if session is not None:
            session.kill()
    return WELL if code == 0 else Outcome(False, output.decode(errors="replace"))
