"""Engine: HAProxy brought to what is wanted, by its runtime socket wherever that will do."""

import asyncio
import contextlib
import json
import logging
import os
import pwd
import resource
import socket
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from fairway.ingress.certificates import digest
from fairway.ingress.engine import EngineError
from fairway.ingress.haproxy import commands
from fairway.ingress.haproxy.commands import Held
from fairway.ingress.haproxy.config_text import Layout, certificate_file, header
from fairway.ingress.haproxy.files import Files
from fairway.ingress.haproxy.process import Process, StartError
from fairway.ingress.haproxy.program import Program, Slots
from fairway.ingress.haproxy.runtime_socket import RefusedError, ask, tell
from fairway.ingress.haproxy.server_names import filters
from fairway.ingress.model import TABLES, Wanted

log = logging.getLogger(__name__)

PACKAGE_MISSING: Final = (
    "HAProxy is not installed on this machine, so no Ingress is served; run: sudo apt-get install -y haproxy"
)
ACCOUNTS: Final = ("haproxy", "www-data", "nobody")
REFUSED: Final = "CertificateRefused"
WRITE_S: Final = 1.0
MOST_THREADS: Final = 4
MOST_CONNECTIONS: Final = 20_000
FILES_OF_ITS_OWN: Final = 300
Opening = Callable[[], tuple[Sequence[socket.socket], Sequence[socket.socket]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the engine is told.

    ``find`` gives HAProxy's path; ``opening`` gives bound sockets for HTTP and HTTPS, each time anew, or fails with
    ``OSError``; ``keeping`` is told of the sockets of a HAProxy that ran before us, by its pid and their descriptors
    there; ``ports`` are where clients reach them, 0 if nowhere.
    """

    folder: Path
    log: Path
    find: Callable[[], str | None]
    opening: Opening
    keeping: Callable[[int, Sequence[int]], None] = lambda _pid, _descriptors: None
    ports: tuple[int, int] = (80, 443)


class Haproxy:
    """The engine of one node."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._layout = Layout(
            settings.folder, ports=settings.ports, account=_account(), threads=_threads(), connections=_connections()
        )
        self._files = Files()
        self._slots = Slots()
        self._held: Held | None = None
        self._refused: dict[str, str] = {}
        self._telling = asyncio.Lock()
        self._unwritten: Program | None = None
        self._writing: asyncio.Task[None] | None = None
        self._process = Process(settings.find() or "haproxy", settings.folder, settings.log)
        self.reloads = 0

    async def adopt(self) -> bool:
        """See ``Engine``."""
        if not self._process.adopt():
            return False
        try:
            if self._told()["ports"] != list(self._settings.ports):
                raise KeyError("ports")
        except (OSError, ValueError, KeyError):
            await self._process.end()  # a reload would leave it at the ports that it has
            return True
        try:
            self._read_layout()
            self._keep_sockets()
            self._held = await self._read_held()
        except (OSError, ValueError, KeyError, TimeoutError) as error:
            log.warning("a running HAProxy is not understood and is reloaded", extra={"error": str(error)})
        log.info("adopted HAProxy", extra={"understood": self._held is not None})
        return True

    def _keep_sockets(self) -> None:
        """HAProxy may be the last one that holds its sockets; who connects after its end must only wait."""
        try:
            self._settings.keeping(self._process.pid, [*self._layout.http, *self._layout.https])
        except OSError as error:
            log.warning("the sockets of a running HAProxy cannot be kept", extra={"error": str(error)})

    @property
    def is_running(self) -> bool:
        """See ``Engine``."""
        return self._process.is_running

    async def apply(self, wanted: Wanted) -> Mapping[str, str]:
        """See ``Engine``."""
        async with self._telling:
            while True:
                usable, refused = self._usable(wanted.certificates)
                certificates = filters(usable)
                try:
                    await self._apply(replace(wanted, certificates=certificates))
                    return refused
                except EngineError as error:
                    if error.reason != REFUSED and not self._is_to_blame(certificates, str(error)):
                        raise

    def _usable(self, certificates: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
        """The certificates, the fallback in place of each that HAProxy has refused; and what it said of those."""
        refused = {host: said for host, pem in certificates.items() if (said := self._refused.get(digest(pem)))}
        return {**certificates, **dict.fromkeys(refused, certificates[""])}, refused

    def _is_to_blame(self, certificates: Mapping[str, str], said: str) -> bool:
        """Whether it is for one certificate that HAProxy refused all; it is left out from now on."""
        for host, pem in certificates.items():
            if host and pem != certificates[""] and str(certificate_file(self._layout, host)) in said:
                self._refused[digest(pem)] = said
                self._held = None
                log.warning("HAProxy refuses a certificate", extra={"host": host, "error": said})
                return True
        return False

    async def _apply(self, wanted: Wanted) -> None:
        has_grown = self._slots.assign(wanted.upstreams, self._held.servers if self._held is not None else ())
        program = self._slots.program(wanted)
        digests = {host: digest(pem) for host, pem in program.certificates.items()}
        try:
            if not self._process.is_running:
                await self._start(program)
            elif has_grown or self._held is None or not await self._change(self._held, program, digests):
                self._write(program)
                await self._reload()
            else:
                self._held = commands.after(self._held, program, digests)
                self._write_later(program)
                return
        except OSError as error:
            self._held = None
            raise EngineError("IngressFilesFailed", f"{error.filename or self._settings.folder}: {error}") from error
        self._held = commands.after(Held(), program, digests)

    async def ended(self) -> None:
        """See ``Engine``."""
        await self._process.ended()
        self._held = None

    async def tidy(self) -> bool:
        """See ``Engine``."""
        async with self._telling:  # else a server is deleted that a change has meanwhile found to be there
            return await self._tidy()

    async def _tidy(self) -> bool:
        held = self._held
        waiting = list(commands.removals(held)) if held is not None else []
        if held is None or not waiting:
            return False
        try:
            answers = await ask(self._layout.path("runtime.sock"), [command for *_, command in waiting])
        except (OSError, TimeoutError):
            return True
        for (slot, name, _), answer in zip(waiting, answers, strict=True):
            if answer.startswith(("Server deleted", "No such server")) and held.servers[slot].get(name) is False:
                del held.servers[slot][name]
                if not held.servers[slot]:
                    del held.servers[slot]
        return any(commands.removals(held))

    async def metrics(self) -> str:
        """See ``Engine``."""
        if not self._process.is_running:
            return ""
        with contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(5):
                reader, writer = await asyncio.open_unix_connection(str(self._layout.path("metrics.sock")))
                try:
                    writer.write(b"GET /metrics HTTP/1.0\r\n\r\n")
                    return (await reader.read()).partition(b"\r\n\r\n")[2].decode()
                finally:
                    writer.close()
        return ""

    def let_go(self) -> None:
        """See ``Engine``."""
        if self._writing is not None:
            self._writing.cancel()
        self._process.let_go()

    # How it is done

    async def _change(self, held: Held, program: Program, digests: dict[str, str]) -> bool:
        """By the runtime socket; whether that worked."""
        steps = (
            commands.additions(self._layout, held, program, digests),
            commands.withdrawals(self._layout, held, program),
        )
        try:
            for step in steps:
                if told := list(step):
                    await tell(self._layout.path("runtime.sock"), told)
        except (OSError, TimeoutError, RefusedError) as error:
            if self._is_to_blame(program.certificates, str(error)):
                raise EngineError(REFUSED, str(error)) from error
            log.warning("HAProxy refused a change and is reloaded", extra={"error": str(error)})
            return False
        return True

    async def _start(self, program: Program) -> None:
        if (found := self._settings.find()) is None:
            raise EngineError("HAProxyMissing", PACKAGE_MISSING)
        try:
            http, https = self._settings.opening()
        except OSError as error:
            raise EngineError("PortTaken", error.strerror or str(error)) from error
        try:
            self._layout = replace(
                self._layout,
                http=tuple(each.fileno() for each in http),
                https=tuple(each.fileno() for each in https),
            )
            self._files.forget()
            self._write(program)
            self._process = Process(found, self._settings.folder, self._settings.log)
            await self._process.start([*self._layout.http, *self._layout.https])
        except StartError as error:
            raise EngineError("HAProxyFailed", str(error)) from error
        finally:
            for each in (*http, *https):
                each.close()
        log.info("HAProxy serves", extra={"routes": sum(map(len, program.maps.values()))})

    async def _reload(self) -> None:
        self._held = None
        self.reloads += 1
        try:
            await self._process.reload()
        except StartError as error:
            raise EngineError("HAProxyFailed", str(error)) from error
        log.info("HAProxy reloaded", extra={"slots": self._slots.capacity})

    def _write_later(self, program: Program) -> None:
        """The files follow within a second: who reloads HAProxy by hand, and who adopts it, find what it was told."""
        self._unwritten = program
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write_soon())

    async def _write_soon(self) -> None:
        await asyncio.sleep(WRITE_S)
        async with self._telling:
            if (program := self._unwritten) is not None:
                try:
                    await asyncio.to_thread(self._write, program)
                    await asyncio.to_thread(self._process.trim_log)
                except OSError as error:
                    log.warning("the files of HAProxy are not written", extra={"error": str(error)})

    def _write(self, program: Program) -> None:
        self._unwritten = None
        self._settings.folder.mkdir(mode=0o755, parents=True, exist_ok=True)
        self._files.write(self._layout, program)
        given = [[*key, slot] for key, slot in self._slots.given.items()]
        self._layout.path("slots.json").write_text(json.dumps(given))

    def _read_layout(self) -> None:
        """What the running HAProxy was started with.  Raises: ``ValueError``, ``KeyError``, ``OSError``."""
        told = self._told()
        self._layout = replace(self._layout, http=tuple(told["http"]), https=tuple(told["https"]))
        self._slots.capacity = {int(key): count for key, count in told["capacity"].items()}
        given = json.loads(self._layout.path("slots.json").read_text())
        self._slots.given = {(service, port, affinity): slot for service, port, affinity, slot in given}
        if json.loads(header(self._layout, self._slots.capacity).removeprefix("# ")) != told:
            raise ValueError("it was started by another release")

    def _told(self) -> dict[str, Any]:
        with open(self._layout.path("haproxy.cfg")) as file:
            told: dict[str, Any] = json.loads(file.readline().removeprefix("# "))
        return told

    async def _read_held(self) -> Held:
        """What the running HAProxy holds.  Raises: ``OSError``, ``ValueError``, ``TimeoutError``."""
        asked = [f"show map {self._layout.path(f'{table}.map')}" for table in TABLES]
        *maps, servers, listed = await ask(
            self._layout.path("runtime.sock"),
            [*asked, "show servers state", f"show ssl crt-list {self._layout.path('crt-list')}"],
        )
        return held_of(self._layout, maps, servers, listed)


def held_of(layout: Layout, maps: Sequence[str], servers: str, listed: str) -> Held:
    """HAProxy's answers, read.  Pure.  Raises: ``ValueError``."""
    held = Held()
    for table, text in zip(TABLES, maps, strict=True):
        for line in text.splitlines():
            _, key, value = line.split(" ")
            held.maps[table][key] = value
    for line in servers.splitlines():
        fields = line.split()
        if len(fields) > 6 and fields[0].isdecimal():
            held.servers.setdefault(fields[1], {})[fields[3]] = fields[6] == "0"
    for line in listed.splitlines():
        words = line.split()
        if words and words[0].endswith(".pem"):
            held.certificates[" ".join(words[1:])] = ""
    return held


def _account() -> str:
    for name in ACCOUNTS:
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name).pw_name
    return "root"


def _connections() -> int:
    """As many as the limit of open files allows: each takes two, one to either side."""
    _, files = resource.getrlimit(resource.RLIMIT_NOFILE)
    return (
        MOST_CONNECTIONS if files == resource.RLIM_INFINITY else min(MOST_CONNECTIONS, (files - FILES_OF_ITS_OWN) // 2)
    )


def _threads() -> int:
    return min(MOST_THREADS, len(os.sched_getaffinity(0)))
