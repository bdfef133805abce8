"""The Runtime seam: whatever makes a pod's sandbox and containers run on this machine.

Shape: the agent decides *what* should run (``node/plan``); a runtime does it and tells what it sees.
Rules for drivers: every resource made (netns, veth, mount, cgroup, process) carries the cluster's name and the pod's
uid, so that it is found again after a crash and swept; containers outlive the agent; repeating a call is harmless.
"""

from collections.abc import AsyncIterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Protocol


class RuntimeFailure(Exception):
    """The machine refused; the text says what was tried and what it answered.

    ``reason`` is the word for containerStatuses or an event: ``ErrImagePull``, ``CreateContainerError``,
    ``RunContainerError``, ``FailedCreatePodSandBox``...
    """

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Mount:
    """A host path seen inside the container."""

    source: str
    target: str
    read_only: bool = False


@dataclass(frozen=True, slots=True)
class Limits:
    """What a container may take of the machine; ``None`` where there is no limit."""

    cpu_shares: int | None = None
    cpu_quota_us: int | None = None
    memory_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Usage:
    """What a container has used of the processors since it began, in nanoseconds, and the memory that it holds now.

    ``working_set_bytes`` leaves out what the kernel could take back at once.
    """

    cpu_ns: int
    memory_bytes: int
    working_set_bytes: int


@dataclass(frozen=True, slots=True)
class ContainerSpec:
    """One container to be started, everything resolved: no reference to the API is left.

    ``command`` and ``args`` override the image's Entrypoint and Cmd when not empty (Kubernetes' rules);
    ``env`` overrides the image's.  Limits are ``None`` where there is none.
    """

    pod_uid: str
    name: str
    attempt: int
    image_id: str
    command: Sequence[str] = ()
    args: Sequence[str] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    working_dir: str = ""
    mounts: Sequence[Mount] = ()
    tty: bool = False
    stdin: bool = False
    stdin_once: bool = False
    """Stdin ends with the first client that was attached to it."""
    user: int | None = None
    group: int | None = None
    groups: Sequence[int] = ()
    """Supplementary ones, beside those that the image's account files give the user."""
    no_new_privileges: bool = False
    privileged: bool = False
    read_only_root: bool = False
    capabilities_add: Sequence[str] = ()
    capabilities_drop: Sequence[str] = ()
    target: str = ""
    """The container of the pod whose processes this one is to be among; empty for none."""
    cpu_shares: int | None = None
    cpu_quota_us: int | None = None
    memory_bytes: int | None = None
    pod_limits: Limits | None = None
    """What all containers of the pod may take together; ``None`` for a pod that says nothing of it."""


@dataclass(frozen=True, slots=True)
class HostPort:
    """A port of the machine that leads to the pod's ``container_port``; ``address`` empty: at all its addresses."""

    address: str
    protocol: str
    port: int
    container_port: int


@dataclass(frozen=True, slots=True)
class SandboxSpec:
    """The pod's own surroundings.

    ``host_network``, ``host_pid`` and ``host_ipc`` share the machine's namespaces.  ``shares_processes``: the
    containers of the pod see each other's processes.
    """

    pod_uid: str
    namespace: str
    name: str
    hostname: str
    """Empty: the machine's own, with its network."""
    host_network: bool = False
    sysctls: Mapping[str, str] = field(default_factory=dict)
    host_ports: tuple[HostPort, ...] = ()
    host_pid: bool = False
    host_ipc: bool = False
    shares_processes: bool = False


@dataclass(frozen=True, slots=True)
class Sandbox:
    """A pod's surroundings as they are.  ``ips``: primary first; empty for host network.

    ``is_released``: they are given back, and only logs are left; ``ips`` are those that it had.
    """

    pod_uid: str
    namespace: str
    name: str
    ips: tuple[str, ...]
    netns: str
    is_released: bool = False


@dataclass(frozen=True, slots=True)
class ContainerState:
    """One container attempt now.  ``exit_code`` is ``None`` while it runs; times are Unix seconds."""

    pod_uid: str
    name: str
    attempt: int
    container_id: str
    image_id: str
    pid: int
    started_s: float
    exit_code: int | None = None
    finished_s: float | None = None
    oom_killed: bool = False


class ExecSession(Protocol):
    """A command inside a container.  ``output`` yields (1, stdout bytes) and (2, stderr bytes) until both close."""

    def output(self) -> AsyncIterator[tuple[int, bytes]]:
        """What the command writes, as it comes.  With a tty everything is stream 1."""

    async def write(self, data: bytes) -> None:
        """Feed stdin, waiting while it is full."""

    def close_stdin(self) -> None:
        """End of input: the command reads EOF."""

    def resize(self, width: int, height: int) -> None:
        """Set the terminal's size."""

    async def wait(self) -> int:
        """The exit code; 128 + n when killed by signal n."""

    def kill(self) -> None:
        """The client has gone: end the command."""


class Runtime(Protocol):
    """Drivers: crun, memory."""

    async def sandboxes(self) -> Sequence[Sandbox]:
        """Every sandbox of this cluster on this machine: the truth after a restart of the agent."""

    async def containers(self) -> Sequence[ContainerState]:
        """Every container attempt known, running or exited and not yet removed."""

    def changes(self) -> AsyncIterator[str]:
        """Uids of pods whose containers have changed state (an exit, an OOM kill)."""

    async def make_sandbox(self, spec: SandboxSpec) -> Sandbox:
        """Network namespace, address, cgroup parent.  Raises: ``RuntimeFailure``."""

    async def release_sandbox(self, pod_uid: str) -> None:
        """Give back what others may need (addresses, host ports) of a pod that will run nothing more; logs stay.

        Raises: ``RuntimeFailure``.
        """

    async def remove_sandbox(self, pod_uid: str) -> None:
        """Remove containers, network, mounts, cgroup and files of a pod."""

    async def start(self, spec: ContainerSpec) -> ContainerState:
        """Create and start one container attempt.  Raises: ``RuntimeFailure``."""

    async def signal(self, pod_uid: str, name: str, signal: int) -> None:
        """Send a signal to a container's first process; nothing if it has exited."""

    async def limit(self, pod_uid: str, name: str, limits: Limits) -> None:
        """Hold a running container to other limits.  Raises: ``RuntimeFailure`` if it holds more memory than that."""

    async def usage(self, pod_uid: str, name: str) -> Usage | None:
        """What a running container uses; ``None`` where nobody can tell."""

    async def remove(self, pod_uid: str, name: str, attempt: int) -> None:
        """Forget an exited attempt: mounts and state; its log stays until the sandbox goes."""

    def log_path(self, pod_uid: str, name: str, attempt: int) -> str:
        """Where the container's log lies, in the CRI format (RFC3339Nano stream tag line)."""

    def written(self, pod_uid: str, name: str) -> Sequence[str]:
        """The folders with what a container has written itself, its volumes aside: its file system and its logs."""

    async def listening(self, pod_uid: str, name: str) -> Set[int]:
        """The TCP ports at which somebody listens in a running container's network, loopback aside."""

    async def exec(
        self, pod_uid: str, name: str, command: Sequence[str], *, tty: bool = False, stdin: bool = False
    ) -> ExecSession:
        """Run a command inside a running container.  Raises: ``RuntimeFailure``."""

    async def attach(self, pod_uid: str, name: str, *, stdin: bool = False) -> ExecSession:
        """Join the streams of a running container's own process.  Raises: ``RuntimeFailure``."""


@dataclass(frozen=True, slots=True)
class Image:
    """An image in the local store.  ``id`` is ``sha256:`` of its config; ``names`` are full references."""

    id: str
    names: tuple[str, ...]
    digests: tuple[str, ...]
    size_bytes: int
    user: str = ""
    stop_signal: str = ""
    """What the image asks to be stopped with, as its config says it (``SIGQUIT``, ``3``); empty for SIGTERM."""


class Images(Protocol):
    """The machine's image store, shared by all clusters' data dirs only if they are the same."""

    async def find(self, reference: str) -> Image | None:
        """The local image of that name (``luksa/kubia`` = ``docker.io/luksa/kubia:latest``), id or digest."""

    async def list(self) -> Sequence[Image]:
        """All local images."""

    async def pull(self, reference: str) -> Image:
        """Fetch by the registry v2 API.  Raises: ``RuntimeFailure`` with reason ``ErrImagePull``."""

    async def load(self, path: str, name: str = "") -> Sequence[Image]:
        """Import a ``docker save`` or OCI archive.  Raises: ``RuntimeFailure``."""

    async def remove(self, reference: str) -> None:
        """Drop a name, and the image with its last name."""
