"""Runtime in memory: a double that starts nothing, for tests of what decides.

Shape: a container runs until ``exit`` ends it or its first signal does; ``refusals`` and ``commands`` script the rest.
Rules for those who use it: call ``exit`` for an end, never change ``states`` by hand.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence, Set
from dataclasses import dataclass, field, replace
from pathlib import Path

from fairway.node.runtimes.interface import (
    ContainerSpec,
    ContainerState,
    ExecSession,
    Image,
    Limits,
    RuntimeFailure,
    Sandbox,
    SandboxSpec,
    Usage,
)

Command = Callable[[Sequence[str]], tuple[int, bytes, bytes]]
"""A command line -> exit code, stdout, stderr."""

Key = tuple[str, str, int]


def _well(command: Sequence[str]) -> tuple[int, bytes, bytes]:
    return 0, b"", b""


@dataclass
class MemoryRuntime:
    """A ``Runtime``.

    ``refusals`` are raised one by one by the next calls of the method they stand under.  A container whose name is in
    ``deaf`` ends by no signal but SIGKILL.  ``calls`` keeps (method, what) in order.
    """

    log_dir: Path
    now_s: Callable[[], float]
    addresses: Sequence[str] = ()
    """Addresses to give out; without any, made up from 10.244.0.0/24."""
    refusals: dict[str, list[RuntimeFailure]] = field(default_factory=dict)
    deaf: set[str] = field(default_factory=set)
    command: Command = _well
    calls: list[tuple[str, str]] = field(default_factory=list)
    specs: dict[Key, ContainerSpec] = field(default_factory=dict)
    signals: list[tuple[str, int]] = field(default_factory=list)
    listeners: set[int] = field(default_factory=set)
    """Ports at which every container is seen to listen."""
    usages: dict[str, Usage] = field(default_factory=dict)
    """What running containers of a name use."""
    _sandboxes: dict[str, Sandbox] = field(default_factory=dict)
    _states: dict[Key, ContainerState] = field(default_factory=dict)
    _listeners: list[asyncio.Queue[str]] = field(default_factory=list)
    _next: int = 2

    # What tests do to it

    def exit(self, pod_uid: str, name: str, code: int, *, oom_killed: bool = False) -> None:
        """End the running attempt of a container."""
        key = self._running(pod_uid, name)
        if key is not None:
            self._states[key] = replace(
                self._states[key], exit_code=code, finished_s=self.now_s(), oom_killed=oom_killed
            )
            self._tell(pod_uid)

    def reboot(self) -> None:
        """Everything that ran is gone without a trace."""
        self._sandboxes.clear()
        self._states.clear()

    def running(self) -> list[tuple[str, str]]:
        """(pod uid, container) of all that runs."""
        return [key[:2] for key, state in self._states.items() if state.exit_code is None]

    def _running(self, pod_uid: str, name: str) -> Key | None:
        for key, state in self._states.items():
            if key[:2] == (pod_uid, name) and state.exit_code is None:
                return key
        return None

    def _tell(self, pod_uid: str) -> None:
        for listener in self._listeners:
            listener.put_nowait(pod_uid)

    def _called(self, method: str, what: str) -> None:
        self.calls.append((method, what))
        if self.refusals.get(method):
            raise self.refusals[method].pop(0)

    # Runtime

    async def sandboxes(self) -> Sequence[Sandbox]:
        """See ``Runtime``."""
        return list(self._sandboxes.values())

    async def containers(self) -> Sequence[ContainerState]:
        """See ``Runtime``."""
        return list(self._states.values())

    async def changes(self) -> AsyncIterator[str]:
        """See ``Runtime``."""
        listener: asyncio.Queue[str] = asyncio.Queue()
        self._listeners.append(listener)
        try:
            while True:
                yield await listener.get()
        finally:
            self._listeners.remove(listener)

    async def make_sandbox(self, spec: SandboxSpec) -> Sandbox:
        """See ``Runtime``."""
        self._called("make_sandbox", spec.pod_uid)
        number, self._next = self._next, self._next + 1
        address = self.addresses[(number - 2) % len(self.addresses)] if self.addresses else f"10.244.0.{number}"
        ips = () if spec.host_network else (address,)
        made = Sandbox(spec.pod_uid, spec.namespace, spec.name, ips, "")
        return self._sandboxes.setdefault(spec.pod_uid, made)

    async def release_sandbox(self, pod_uid: str) -> None:
        """See ``Runtime``."""
        self._called("release_sandbox", pod_uid)
        found = self._sandboxes.get(pod_uid)
        if found is not None:
            self._sandboxes[pod_uid] = replace(found, is_released=True)

    async def remove_sandbox(self, pod_uid: str) -> None:
        """See ``Runtime``."""
        self._called("remove_sandbox", pod_uid)
        self._sandboxes.pop(pod_uid, None)
        for key in [key for key in self._states if key[0] == pod_uid]:
            del self._states[key]

    async def start(self, spec: ContainerSpec) -> ContainerState:
        """See ``Runtime``."""
        self._called("start", f"{spec.name}/{spec.attempt}")
        key = (spec.pod_uid, spec.name, spec.attempt)
        self.specs[key] = spec
        state = ContainerState(
            spec.pod_uid, spec.name, spec.attempt, f"{spec.pod_uid}-{spec.name}-{spec.attempt}", spec.image_id,
            4_000_000, self.now_s(),
        )  # fmt: skip
        return self._states.setdefault(key, state)

    async def signal(self, pod_uid: str, name: str, signal: int) -> None:
        """See ``Runtime``."""
        self._called("signal", f"{name}/{signal}")
        self.signals.append((name, signal))
        if name not in self.deaf or signal == 9:
            self.exit(pod_uid, name, 128 + signal)

    async def limit(self, pod_uid: str, name: str, limits: Limits) -> None:
        """See ``Runtime``."""
        self._called("limit", name)
        key = self._running(pod_uid, name)
        if key is not None:
            self.specs[key] = replace(
                self.specs[key], cpu_shares=limits.cpu_shares, cpu_quota_us=limits.cpu_quota_us,
                memory_bytes=limits.memory_bytes,
            )  # fmt: skip

    async def usage(self, pod_uid: str, name: str) -> Usage | None:
        """See ``Runtime``."""
        return self.usages.get(name) if self._running(pod_uid, name) is not None else None

    async def remove(self, pod_uid: str, name: str, attempt: int) -> None:
        """See ``Runtime``."""
        self._called("remove", f"{name}/{attempt}")
        self._states.pop((pod_uid, name, attempt), None)

    def log_path(self, pod_uid: str, name: str, attempt: int) -> str:
        """See ``Runtime``."""
        return str(self.log_dir / f"{pod_uid}_{name}_{attempt}.log")

    def written(self, pod_uid: str, name: str) -> Sequence[str]:
        """See ``Runtime``."""
        return [str(self.log_dir / "written" / pod_uid / name)]

    async def listening(self, pod_uid: str, name: str) -> Set[int]:
        """See ``Runtime``."""
        return frozenset(self.listeners)

    async def exec(
        self, pod_uid: str, name: str, command: Sequence[str], *, tty: bool = False, stdin: bool = False
    ) -> ExecSession:
        """See ``Runtime``."""
        self._called("exec", " ".join(command))
        return MemoryExec(*self.command(command))

    async def attach(self, pod_uid: str, name: str, *, stdin: bool = False) -> ExecSession:
        """See ``Runtime``."""
        self._called("attach", name)
        return MemoryExec(*self.command(("attach", name)))


@dataclass
class MemoryExec:
    """An ``ExecSession`` whose answers are known beforehand; stdin is kept in ``received``."""

    code: int
    stdout: bytes = b""
    stderr: bytes = b""
    received: bytearray = field(default_factory=bytearray)
    sizes: list[tuple[int, int]] = field(default_factory=list)

    async def output(self) -> AsyncIterator[tuple[int, bytes]]:
        """See ``ExecSession``."""
        if self.stdout:
            yield 1, self.stdout
        if self.stderr:
            yield 2, self.stderr

    async def write(self, data: bytes) -> None:
        """See ``ExecSession``."""
        self.received += data

    def close_stdin(self) -> None:
        """See ``ExecSession``."""

    def resize(self, width: int, height: int) -> None:
        """See ``ExecSession``."""
        self.sizes.append((width, height))

    async def wait(self) -> int:
        """See ``ExecSession``."""
        return self.code

    def kill(self) -> None:
        """See ``ExecSession``."""


@dataclass
class MemoryImages:
    """An ``Images`` that holds what ``local`` names and pulls what ``remote`` names."""

    local: dict[str, Image] = field(default_factory=dict)
    remote: dict[str, Image] = field(default_factory=dict)
    pulls: list[str] = field(default_factory=list)

    async def find(self, reference: str) -> Image | None:
        """See ``Images``."""
        by_id = {image.id: image for image in self.local.values()}
        return self.local.get(reference) or by_id.get(reference)

    async def list(self) -> Sequence[Image]:
        """See ``Images``."""
        return [*self.local.values()]

    async def pull(self, reference: str) -> Image:
        """See ``Images``."""
        self.pulls.append(reference)
        if reference not in self.remote:
            raise RuntimeFailure("ErrImagePull", f'no registry has "{reference}"')
        self.local[reference] = self.remote[reference]
        return self.remote[reference]

    async def load(self, path: str, name: str = "") -> Sequence[Image]:
        """See ``Images``."""
        raise RuntimeFailure("ErrImagePull", f"{path}: this image store takes no archives")

    async def remove(self, reference: str) -> None:
        """See ``Images``."""
        self.local.pop(reference, None)
