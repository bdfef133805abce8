"""Runtime: sandboxes and containers on this machine, by crun and conmon.

What is true lies on disk and in the kernel; this object is a picture of it, drawn once at first use and kept up to
date by the ends of the monitors.  Blocking work runs on threads of its own; the steps of one pod follow each other.
"""

import asyncio
import os
import signal as signals
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence, Set
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from typing import TypeVar

from fairway.node import cgroups, records
from fairway.node.cgroup_limits import limit
from fairway.node.cgroup_usage import usage_of
from fairway.node.machine import Machine
from fairway.node.names import cluster_cgroup, container_cgroup
from fairway.node.pod_network.host_ports.publishing import HostPorts
from fairway.node.pod_network.network import PodNetwork
from fairway.node.records import ContainerRecord, SandboxRecord
from fairway.node.runtimes.changes import Changes
from fairway.node.runtimes.crun import attach_session, listeners, pod_namespaces
from fairway.node.runtimes.crun.attempts import Attempt, adopt
from fairway.node.runtimes.crun.clearing import clear_attempt, clear_pod
from fairway.node.runtimes.crun.exec_session import CrunExecSession
from fairway.node.runtimes.crun.launch import Launcher
from fairway.node.runtimes.crun.log_rotation import LogRotation
from fairway.node.runtimes.crun.programs import find_programs
from fairway.node.runtimes.interface import (
    ContainerSpec,
    ContainerState,
    ExecSession,
    Limits,
    RuntimeFailure,
    Sandbox,
    SandboxSpec,
    Usage,
)
from fairway.node.syscalls import is_namespace

T = TypeVar("T")
THREADS = 4
DEFAULT_SYSCTLS = {"net.ipv4.ip_unprivileged_port_start": "0", "net.ipv4.ping_group_range": "0 2147483647"}
"""As in containerd 2: any user of a pod may bind port 80 and ping."""


class CrunRuntime:
    """Implements ``Runtime``."""

    def __init__(self, machine: Machine, network: PodNetwork | None = None) -> None:
        self._machine = machine
        self._network = network if network is not None else PodNetwork(machine)
        self._host_ports = HostPorts(machine)
        self._executor = ThreadPoolExecutor(THREADS, thread_name_prefix="crun")
        self._changes = Changes()
        self._sandboxes: dict[str, SandboxRecord] = {}
        self._attempts: dict[tuple[str, str, int], Attempt] = {}
        self._locks: dict[str, asyncio.Lock] = {}
        self._sessions: set[CrunExecSession] = set()
        self._opening: asyncio.Future[None] | None = None
        self._launcher: Launcher | None = None
        self._rotation: LogRotation | None = None
        self._hierarchies: list[cgroups.Hierarchy] = []

    # The seam

    async def sandboxes(self) -> Sequence[Sandbox]:
        """Every whole sandbox."""
        await self.open()
        return [self._sandbox(record) for record in self._sandboxes.values()]

    async def containers(self) -> Sequence[ContainerState]:
        """Every attempt that runs or has ended."""
        await self.open()
        return [attempt.state for attempt in self._attempts.values()]

    def changes(self) -> AsyncIterator[str]:
        """Uids of pods of which a container has ended."""
        return self._changes.listen()

    async def make_sandbox(self, spec: SandboxSpec) -> Sandbox:
        """Network namespace and address; the one that is there if there is.  Raises: ``RuntimeFailure``."""
        return await self._alone(spec.pod_uid, lambda: self._make_sandbox(spec))

    async def remove_sandbox(self, pod_uid: str) -> None:
        """Remove everything of a pod.  Raises: ``RuntimeFailure`` naming what would not go."""
        await self._alone(pod_uid, lambda: self._remove_sandbox(pod_uid))

    async def release_sandbox(self, pod_uid: str) -> None:
        """Give back address, host ports and namespaces; logs stay.  Raises: ``RuntimeFailure``."""
        await self._alone(pod_uid, lambda: self._release_sandbox(pod_uid))

    async def start(self, spec: ContainerSpec) -> ContainerState:
        """Create and start an attempt; the one that is there if there is.  Raises: ``RuntimeFailure``."""
        return await self._alone(spec.pod_uid, lambda: self._start(spec))

    async def signal(self, pod_uid: str, name: str, signal: int) -> None:
        """Send a signal to the first process of the running attempt."""
        await self.open()
        attempt = self._running(pod_uid, name)
        if attempt is None:
            return
        with suppress(ProcessLookupError):
            descriptor = os.pidfd_open(attempt.record.pid)
            try:
                if attempt.owns_process():
                    signals.pidfd_send_signal(descriptor, signal)
            finally:
                os.close(descriptor)

    async def limit(self, pod_uid: str, name: str, limits: Limits) -> None:
        """Write the running attempt's control group anew.  Raises: ``RuntimeFailure``."""
        await self._alone(pod_uid, lambda: self._limit(pod_uid, name, limits))

    async def usage(self, pod_uid: str, name: str) -> Usage | None:
        """What the running attempt's control group has counted."""
        attempt = self._running(pod_uid, name)
        if attempt is None:
            return None
        group = container_cgroup(self._machine.group, pod_uid, attempt.record.container_id)
        return await self._run(lambda: usage_of(self._hierarchies, group))

    async def remove(self, pod_uid: str, name: str, attempt: int) -> None:
        """Forget an attempt; one that still runs is killed."""
        await self._alone(pod_uid, lambda: self._remove((pod_uid, name, attempt)))

    def log_path(self, pod_uid: str, name: str, attempt: int) -> str:
        """The log of an attempt."""
        return str(records.log_path(self._machine, pod_uid, name, attempt))

    def written(self, pod_uid: str, name: str) -> Sequence[str]:
        """The writable layers and the logs of all attempts that are kept."""
        layer, log = (path(self._machine, pod_uid, name, 0) for path in (records.layer_path, records.log_path))
        return [str(layer.parent), str(log.parent)]

    async def listening(self, pod_uid: str, name: str) -> Set[int]:
        """The TCP ports that the container's network listens at; none for what does not run."""
        attempt = self._running(pod_uid, name)
        return listeners.listening(attempt.record.pid) if attempt is not None else frozenset()

    async def exec(
        self, pod_uid: str, name: str, command: Sequence[str], *, tty: bool = False, stdin: bool = False
    ) -> ExecSession:
        """Run a command in the running attempt of a container.  Raises: ``RuntimeFailure``."""
        await self.open()
        attempt = self._running(pod_uid, name)
        if attempt is None:
            raise RuntimeFailure("ContainerNotRunning", f"container {name} of pod {pod_uid} is not running")
        if not command:
            raise RuntimeFailure("ExecFailed", "you must specify at least one command for the container")
        launcher = self._ready()
        started = await self._run(lambda: launcher.execute(attempt.record, command, tty=tty, stdin=stdin))
        session = CrunExecSession(started)
        self._sessions.add(session)
        session.ended.add_done_callback(lambda _ended: self._sessions.discard(session))
        return session

    async def attach(self, pod_uid: str, name: str, *, stdin: bool = False) -> ExecSession:
        """Join the streams of the running attempt of a container.  Raises: ``RuntimeFailure``."""
        await self.open()
        attempt = self._running(pod_uid, name)
        if attempt is None:
            raise RuntimeFailure("ContainerNotRunning", f"container {name} of pod {pod_uid} is not running")
        return attach_session.attach(attempt.bundle.path, stdin=stdin)

    # Life of the object

    async def open(self) -> None:
        """Learn what exists and remove what is half made; later calls return at once.  Raises: ``RuntimeFailure``."""
        if self._opening is None:
            self._opening = asyncio.ensure_future(self._open())
        try:
            await asyncio.shield(self._opening)
        except RuntimeFailure:
            self._opening = None
            raise

    async def repair_network(self) -> None:
        """Put back what other programs have taken away of the sandboxes' surroundings.  Raises: ``RuntimeFailure``."""
        await self.open()
        await self._network.repair()
        await self._run(self._host_ports.repair)

    async def close(self) -> None:
        """Stop watching; sandboxes and containers live on."""
        for session in list(self._sessions):
            session.kill()
            session.close()
        for attempt in self._attempts.values():
            attempt.close()
        if self._rotation is not None:
            self._rotation.close()
        await asyncio.to_thread(self._executor.shutdown)
        await asyncio.to_thread(self._network.close)
        if self._launcher is not None:
            self._launcher.close()

    async def _open(self) -> None:
        self._hierarchies = await self._run(cgroups.hierarchies)
        programs = find_programs(self._hierarchies)
        self._machine.run_pods_path.mkdir(parents=True, exist_ok=True)
        self._launcher = Launcher(self._machine, programs, self._hierarchies)
        self._rotation = LogRotation(self._machine.log_max_bytes, self._machine.log_max_files)
        await self._network.open()
        found = await self._run(lambda: list(records.read_sandboxes(self._machine)))
        whole = {record.pod_uid: record for record in found if self._is_alive(record)}
        for uid in await self._run(self._traces) - set(whole):
            await self._clear(uid)
        by_age = sorted(whole.values(), key=lambda record: record.made_s)
        published = {record.pod_uid: (record.host_ports, record.ips) for record in by_age if not record.is_released}
        await self._run(lambda: self._host_ports.adopt(published))
        for record in whole.values():
            self._sandboxes[record.pod_uid] = record
            if record.is_released:
                await self._give_back(record.pod_uid)
            for container in await self._run(lambda uid=record.pod_uid: list(self._adopted(uid))):  # type: ignore[misc]
                self._keep(container)

    def _is_alive(self, record: SandboxRecord) -> bool:
        return record.host_network or record.is_released or is_namespace(str(self._network.netns(record.pod_uid)))

    def _traces(self) -> set[str]:
        groups = cgroups.children(self._hierarchies, cluster_cgroup(self._machine.group))
        of_groups = {name.removeprefix("pod") for name in groups if name.startswith("pod")}
        return records.pods_with_files(self._machine) | set(self._network.attached()) | of_groups

    def _adopted(self, pod_uid: str) -> list[ContainerRecord]:
        """The pod's attempts; those that were being made when the agent ended are removed."""
        kept = []
        for record in list(records.read_containers(self._machine, pod_uid)):
            if record.started_s is None:
                clear_attempt(self._machine, self._hierarchies, record)
            else:
                kept.append(record)
        return kept

    # Steps; each runs while no other step of the same pod does

    async def _make_sandbox(self, spec: SandboxSpec) -> Sandbox:
        present = self._sandboxes.get(spec.pod_uid)
        if present is not None:
            return self._sandbox(present)
        sysctls = dict(spec.sysctls) if spec.host_network else DEFAULT_SYSCTLS | dict(spec.sysctls)
        ips = () if spec.host_network else await self._network.attach(spec.pod_uid, sysctls)
        await self._run(lambda: self._host_ports.publish(spec.pod_uid, spec.host_ports, ips))
        hostname = os.uname().nodename if spec.host_network and not spec.hostname else spec.hostname
        record = SandboxRecord(
            spec.pod_uid, spec.namespace, spec.name, hostname, spec.host_network, ips, dict(spec.sysctls),
            spec.host_ports, spec.host_pid, spec.host_ipc, spec.shares_processes, made_s=time.time(),
        )  # fmt: skip
        await self._run(lambda: pod_namespaces.make(self._machine, self._hierarchies, record))
        await self._run(lambda: records.write_sandbox(self._machine, record))
        self._sandboxes[spec.pod_uid] = record
        return self._sandbox(record)

    async def _release_sandbox(self, pod_uid: str) -> None:
        record = self._sandboxes.get(pod_uid)
        if record is None or record.is_released:
            return
        released = replace(record, is_released=True)
        # Written first: what is then still there when the agent ends is found as a trace of nothing.
        await self._run(lambda: records.write_sandbox(self._machine, released))
        self._sandboxes[pod_uid] = released
        await self._give_back(pod_uid)

    async def _give_back(self, pod_uid: str) -> None:
        await self._run(lambda: self._host_ports.withdraw(pod_uid))
        await self._network.detach(pod_uid)
        await self._run(lambda: pod_namespaces.remove(self._machine, self._hierarchies, pod_uid))

    async def _remove_sandbox(self, pod_uid: str) -> None:
        for key in [key for key in self._attempts if key[0] == pod_uid]:
            self._drop(key)
        self._sandboxes.pop(pod_uid, None)
        problems = await self._clear(pod_uid)
        if problems:
            raise RuntimeFailure("FailedKillPod", f"not everything of pod {pod_uid} would go: {', '.join(problems)}")

    async def _start(self, spec: ContainerSpec) -> ContainerState:
        present = self._attempts.get((spec.pod_uid, spec.name, spec.attempt))
        if present is not None:
            return present.state
        sandbox = self._sandboxes.get(spec.pod_uid)
        if sandbox is None or sandbox.is_released:
            raise RuntimeFailure("CreateContainerError", f"pod {spec.pod_uid} has no sandbox")
        launcher, target = self._ready(), self._running(spec.pod_uid, spec.target) if spec.target else None
        if spec.target and target is None:
            raise RuntimeFailure("CreateContainerError", f"target container {spec.target} is not running")
        pid = target.record.pid if target is not None else 0
        record = await self._run(lambda: launcher.start(spec, sandbox, pid))
        return self._keep(record).state

    async def _limit(self, pod_uid: str, name: str, limits: Limits) -> None:
        attempt = self._running(pod_uid, name)
        if attempt is None:
            return
        group = container_cgroup(self._machine.group, pod_uid, attempt.record.container_id)
        await self._run(lambda: limit(self._hierarchies, group, limits))

    async def _remove(self, key: tuple[str, str, int]) -> None:
        attempt = self._drop(key)
        if attempt is not None:
            await self._run(lambda: clear_attempt(self._machine, self._hierarchies, attempt.record))

    async def _clear(self, pod_uid: str) -> list[str]:
        problems = await self._run(lambda: clear_pod(self._machine, self._hierarchies, pod_uid))
        await self._run(lambda: self._host_ports.withdraw(pod_uid))
        await self._network.detach(pod_uid)
        return problems

    # The picture

    def _keep(self, record: ContainerRecord) -> Attempt:
        attempt = adopt(self._machine, record, self._ended)
        self._attempts[record.pod_uid, record.name, record.attempt] = attempt
        if attempt.state.exit_code is None and self._rotation is not None:
            self._rotation.watch(attempt.log, attempt.bundle.path / "ctl")
        return attempt

    def _drop(self, key: tuple[str, str, int]) -> Attempt | None:
        attempt = self._attempts.pop(key, None)
        if attempt is not None:
            attempt.close()
            if self._rotation is not None:
                self._rotation.forget(attempt.log)
        return attempt

    def _ended(self, attempt: Attempt) -> None:
        if self._rotation is not None:
            self._rotation.forget(attempt.log)
        if attempt.monitor_lost:
            group = container_cgroup(self._machine.group, attempt.record.pod_uid, attempt.record.container_id)
            self._executor.submit(cgroups.kill, self._hierarchies, group)
        self._changes.tell(attempt.record.pod_uid)

    def _running(self, pod_uid: str, name: str) -> Attempt | None:
        for attempt in self._attempts.values():
            record = attempt.record
            if (record.pod_uid, record.name) == (pod_uid, name) and attempt.state.exit_code is None:
                return attempt
        return None

    def _sandbox(self, record: SandboxRecord) -> Sandbox:
        netns = "" if record.host_network else str(self._network.netns(record.pod_uid))
        return Sandbox(record.pod_uid, record.namespace, record.name, record.ips, netns, record.is_released)

    # How steps are run

    def _ready(self) -> Launcher:
        assert self._launcher is not None
        return self._launcher

    async def _run(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._executor, work)

    async def _alone(self, pod_uid: str, step: Callable[[], Awaitable[T]]) -> T:
        """Run a step to its end, even if who asked for it has gone: half a step would be forgotten."""
        await self.open()

        async def locked() -> T:
            lock = self._locks.setdefault(pod_uid, asyncio.Lock())
            async with lock:
                found = await step()
            if not lock.locked() and pod_uid not in self._sandboxes:
                self._locks.pop(pod_uid, None)
            return found

        return await asyncio.shield(asyncio.ensure_future(locked()))
