"""Launch: starts containers and commands in them.  Blocking; runs on threads that do nothing else."""

import json
import os
import resource
import stat
import subprocess
import time
from collections.abc import Sequence
from dataclasses import replace
from itertools import count
from pathlib import Path

from fairway.node import cgroups, records
from fairway.node.cgroup_limits import limit
from fairway.node.images.layout import Layout, Rootfs
from fairway.node.machine import Machine
from fairway.node.names import container_cgroup, container_id, monitors_cgroup, pod_cgroup
from fairway.node.records import ContainerRecord, SandboxRecord
from fairway.node.runtimes.crun import pod_namespaces
from fairway.node.runtimes.crun.clearing import clear_attempt
from fairway.node.runtimes.crun.exec_session import Started, start_exec
from fairway.node.runtimes.crun.monitor import Bundle, monitor_command, runtime_arguments, start_monitor
from fairway.node.runtimes.crun.programs import Programs
from fairway.node.runtimes.crun.rootfs import Place, make_working_dir, mount_rootfs, read_inside
from fairway.node.runtimes.crun.spec import Device, Surroundings, UnusableSpec, exec_process, runtime_config
from fairway.node.runtimes.crun.users import Identity, UnknownUser, identity
from fairway.node.runtimes.interface import ContainerSpec, RuntimeFailure

FILES_LIMIT_MAX = 1 << 20


class Launcher:
    """Knows the machine's programs and control groups."""

    def __init__(self, machine: Machine, programs: Programs, hierarchies: Sequence[cgroups.Hierarchy]) -> None:
        self._machine = machine
        self._programs = programs
        self._hierarchies = hierarchies
        self._place = Place(programs.hidden)
        self._layout = Layout(machine.images_path)
        self._root = machine.run_path / "runtime"
        self._memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        self._files = FILES_LIMIT_MAX if hard == resource.RLIM_INFINITY else min(hard, FILES_LIMIT_MAX)
        self._version = 1 if any(hierarchy.version == 1 for hierarchy in hierarchies) else 2
        self._capabilities = effective_capabilities()
        self._exec_numbers = count(1)

    def close(self) -> None:
        """Let go of the machine's namespace."""
        self._place.close()

    def start(self, spec: ContainerSpec, sandbox: SandboxRecord, target: int = 0) -> ContainerRecord:
        """Create and start one attempt; nothing is left of one that fails.  Raises: ``RuntimeFailure``.

        ``target`` is the process that ``spec.target`` means.
        """
        machine = self._machine
        cid = container_id(machine.cluster, spec.pod_uid, spec.name, spec.attempt)
        record = ContainerRecord(spec.pod_uid, spec.name, spec.attempt, cid, spec.image_id, spec.tty)
        try:
            rootfs = self._layout.rootfs(spec.image_id)
        except (OSError, ValueError) as error:
            raise RuntimeFailure("CreateContainerError", f"image {spec.image_id} is not usable: {error}") from error
        try:
            pid = self._create(spec, sandbox, record, rootfs, target)
        except BaseException as error:
            clear_attempt(machine, self._hierarchies, record)
            raise _failure(error) from error
        record = replace(record, started_s=time.time(), pid=pid)
        records.write_container(machine, record)
        return record

    def _create(
        self, spec: ContainerSpec, sandbox: SandboxRecord, record: ContainerRecord, rootfs: Rootfs, target: int
    ) -> int:
        machine = self._machine
        where = (spec.pod_uid, spec.name, spec.attempt)
        bundle = Bundle(records.bundle_path(machine, *where), record.container_id)
        layer, log = records.layer_path(machine, *where), records.log_path(machine, *where)
        for folder in (bundle.path / "exits", bundle.path / "persist", layer, log.parent):
            folder.mkdir(parents=True, exist_ok=True)
        records.write_container(machine, record)
        with self._place.entered():
            mount_rootfs(rootfs, layer, bundle.rootfs)
            joined = pod_namespaces.joined(machine, sandbox, target)
            config = self._describe(spec, sandbox, record, bundle, rootfs, joined)
            bundle.config.write_text(json.dumps(config, separators=(",", ":")))
            stdin = "none" if not spec.stdin else "once" if spec.stdin_once else "open"
            command = monitor_command(self._programs, self._root, bundle, log, tty=spec.tty, stdin=stdin)
            pid = start_monitor(command, self._settle_monitor)
            if spec.pod_limits is not None:
                limit(self._hierarchies, pod_cgroup(machine.group, spec.pod_uid), spec.pod_limits)
            self._begin(record.container_id)
        return pid

    def _settle_monitor(self, pid: int) -> None:
        """Out of the agent's control group, so that its end is not the monitor's."""
        cgroups.place(self._hierarchies, monitors_cgroup(self._machine.group), pid)

    def _describe(
        self,
        spec: ContainerSpec,
        sandbox: SandboxRecord,
        record: ContainerRecord,
        bundle: Bundle,
        rootfs: Rootfs,
        joined: dict[str, str],
    ) -> dict[str, object]:
        image = rootfs.config.get("config") or {}
        who = self._identity(spec, str(image.get("User") or ""), bundle.rootfs)
        config = runtime_config(
            spec,
            image,
            Surroundings(
                rootfs=str(bundle.rootfs),
                joined=joined,
                shm=pod_namespaces.shm(self._machine, sandbox),
                hostname=sandbox.hostname,
                cgroup=container_cgroup(self._machine.group, spec.pod_uid, record.container_id),
                identity=who,
                pids_limit=self._machine.pids_limit,
                memory_of_machine=self._memory,
                files_limit=self._files,
                cgroup_version=self._version,
                sysctls=sandbox.sysctls,
                devices=host_devices() if spec.privileged else (),
                capabilities=self._capabilities,
            ),
        )
        make_working_dir(bundle.rootfs, config["process"]["cwd"], who.uid, who.gid)
        return config

    def _identity(self, spec: ContainerSpec, image_user: str, rootfs: Path) -> Identity:
        if spec.user is None and image_user in ("", "0", "0:0") and spec.group is None:
            return Identity()
        passwd, groups = read_inside(rootfs, "etc/passwd"), read_inside(rootfs, "etc/group")
        return identity(spec.user, spec.group, image_user, passwd, groups)

    def _begin(self, cid: str) -> None:
        command = [self._programs.runtime, *runtime_arguments(self._programs, self._root), "start", cid]
        answer = subprocess.run(command, capture_output=True, check=False, stdin=subprocess.DEVNULL)
        if answer.returncode:
            told = answer.stderr.decode(errors="replace").strip()
            raise RuntimeFailure("RunContainerError", f"failed to start container: {told}")

    def execute(self, record: ContainerRecord, command: Sequence[str], *, tty: bool, stdin: bool) -> Started:
        """Start a command in a running container.  Raises: ``RuntimeFailure``."""
        where = (record.pod_uid, record.name, record.attempt)
        bundle = Bundle(records.bundle_path(self._machine, *where), record.container_id)
        try:
            process = exec_process(json.loads(bundle.config.read_bytes()), command, tty)
            pid_file = bundle.path / f"exec-{os.getpid()}-{next(self._exec_numbers)}.pid"
            line = [self._programs.runtime, *runtime_arguments(self._programs, self._root)]
            with self._place.entered():
                return start_exec(line, record.container_id, process, pid_file, stdin=stdin)
        except OSError as error:
            raise RuntimeFailure("ExecFailed", f"failed to exec in container: {error}") from error


def _failure(error: BaseException) -> BaseException:
    """The failure as the seam has it."""
    if isinstance(error, (UnusableSpec, UnknownUser)):
        return RuntimeFailure("CreateContainerError", str(error))
    if isinstance(error, OSError):
        what = f"{error.filename}: {error.strerror}" if error.filename else str(error)
        return RuntimeFailure("CreateContainerError", f"failed to prepare the container: {what}")
    return error


def effective_capabilities() -> int:
    """What this process may do, as the kernel's bits; all where it does not say."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("CapEff:"):
            return int(line.split()[1], 16)
    return -1


def host_devices() -> list[Device]:
    """The machine's device nodes, for privileged containers; terminals and shared memory are the container's own."""
    found = []
    for folder, below, names in os.walk("/dev"):
        below[:] = [name for name in below if name not in ("pts", "shm", "mqueue", "fd")]
        for name in names:
            path = os.path.join(folder, name)
            try:
                status = os.lstat(path)
            except OSError:
                continue
            kind = "c" if stat.S_ISCHR(status.st_mode) else "b" if stat.S_ISBLK(status.st_mode) else ""
            if kind and name not in ("ptmx", "console", "tty"):
                major, minor = os.major(status.st_rdev), os.minor(status.st_rdev)
                found.append(Device(path, kind, major, minor, stat.S_IMODE(status.st_mode)))
    return found
