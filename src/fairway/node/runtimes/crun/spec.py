"""Spec: the OCI runtime configuration of one container.  Pure.

Sources: OCI runtime specification, config.md and config-linux.md; the defaults of containerd and Docker for
capabilities and for what of /proc and /sys is hidden; Kubernetes docs, "Define a Command and Arguments for a
Container" and "Node-pressure Eviction" (oom_score_adj).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fairway.node.runtimes.crun.users import Identity
from fairway.node.runtimes.interface import ContainerSpec

DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
DEFAULT_CAPABILITIES = (
    "CAP_CHOWN",
    "CAP_DAC_OVERRIDE",
    "CAP_FSETID",
    "CAP_FOWNER",
    "CAP_MKNOD",
    "CAP_NET_RAW",
    "CAP_SETGID",
    "CAP_SETUID",
    "CAP_SETFCAP",
    "CAP_SETPCAP",
    "CAP_NET_BIND_SERVICE",
    "CAP_SYS_CHROOT",
    "CAP_KILL",
    "CAP_AUDIT_WRITE",
)
ALL_CAPABILITIES = tuple(
    f"CAP_{name}"
    for name in [
        "CHOWN",
        "DAC_OVERRIDE",
        "DAC_READ_SEARCH",
        "FOWNER",
        "FSETID",
        "KILL",
        "SETGID",
        "SETUID",
        "SETPCAP",
        "LINUX_IMMUTABLE",
        "NET_BIND_SERVICE",
        "NET_BROADCAST",
        "NET_ADMIN",
        "NET_RAW",
        "IPC_LOCK",
        "IPC_OWNER",
        "SYS_MODULE",
        "SYS_RAWIO",
        "SYS_CHROOT",
        "SYS_PTRACE",
        "SYS_PACCT",
        "SYS_ADMIN",
        "SYS_BOOT",
        "SYS_NICE",
        "SYS_RESOURCE",
        "SYS_TIME",
        "SYS_TTY_CONFIG",
        "MKNOD",
        "LEASE",
        "AUDIT_WRITE",
        "AUDIT_CONTROL",
        "SETFCAP",
        "MAC_OVERRIDE",
        "MAC_ADMIN",
        "SYSLOG",
        "WAKE_ALARM",
        "BLOCK_SUSPEND",
        "AUDIT_READ",
        "PERFMON",
        "BPF",
        "CHECKPOINT_RESTORE",
    ]
)
"""In the kernel's order: the place of each is its bit."""
MASKED_PATHS = (
    "/proc/acpi",
    "/proc/asound",
    "/proc/interrupts",
    "/proc/kcore",
    "/proc/keys",
    "/proc/latency_stats",
    "/proc/sched_debug",
    "/proc/scsi",
    "/proc/timer_list",
    "/proc/timer_stats",
    "/sys/devices/virtual/powercap",
    "/sys/firmware",
)
READ_ONLY_PATHS = ("/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger")
CPU_PERIOD_US = 100_000
BEST_EFFORT_OOM_SCORE = 1000
BURSTABLE_OOM_SCORE_MIN = 3
NETWORK_SYSCTL = "net."


class UnusableSpec(Exception):
    """The container cannot be described; the text says why."""


@dataclass(frozen=True, slots=True)
class Device:
    """A device node of the machine, for privileged containers."""

    path: str
    kind: str
    major: int
    minor: int
    mode: int


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the runtime knows of the place where a container is to run."""

    rootfs: str
    joined: Mapping[str, str]
    """Namespaces that are not the container's own, by kind: where they are found; empty for the machine's own."""
    hostname: str
    cgroup: str
    identity: Identity
    pids_limit: int
    memory_of_machine: int
    files_limit: int
    cgroup_version: int
    sysctls: Mapping[str, str]
    devices: Sequence[Device] = ()
    shm: str = ""
    """What is seen as /dev/shm; empty for a file system of the container's own."""
    capabilities: int = -1
    """What the runtime itself may do, as the kernel's bits: nobody can be given more."""


def arguments(spec: ContainerSpec, image: Mapping[str, Any]) -> list[str]:
    """What is executed: the container's command and args over the image's.  Raises: ``UnusableSpec``.

    A command without args also discards the image's Cmd.
    """
    entrypoint, cmd = list(image.get("Entrypoint") or ()), list(image.get("Cmd") or ())
    if spec.command:
        found = [*spec.command, *spec.args]
    elif spec.args:
        found = [*entrypoint, *spec.args]
    else:
        found = [*entrypoint, *cmd]
    if not found or not found[0]:
        raise UnusableSpec("failed to generate container spec: no command specified")
    return found


def environment(spec: ContainerSpec, image: Mapping[str, Any], hostname: str) -> list[str]:
    """The image's variables, overridden by the container's."""
    found = {"PATH": DEFAULT_PATH, "HOSTNAME": hostname}
    if spec.tty:
        found["TERM"] = "xterm"
    for pair in image.get("Env") or ():
        name, _, value = pair.partition("=")
        found[name] = value
    found.update(spec.env)
    return [f"{name}={value}" for name, value in found.items()]


def _capability(name: str) -> str:
    upper = name.upper()
    return upper if upper.startswith("CAP_") or upper == "ALL" else f"CAP_{upper}"


def capabilities(spec: ContainerSpec, possible: int = -1) -> list[str]:
    """``ALL`` added, then ``ALL`` dropped, then single additions, then single drops.  Privileged has all.

    Raises: ``UnusableSpec``.
    """
    held = {name for bit, name in enumerate(ALL_CAPABILITIES) if possible >> bit & 1}
    if spec.privileged:
        return sorted(held)
    add = {_capability(name) for name in spec.capabilities_add}
    drop = {_capability(name) for name in spec.capabilities_drop}
    unknown = sorted((add | drop) - {"ALL"} - set(ALL_CAPABILITIES))
    if unknown:
        raise UnusableSpec(f"unknown capability {unknown[0]!r}")
    found = set(ALL_CAPABILITIES) if "ALL" in add else set(DEFAULT_CAPABILITIES)
    if "ALL" in drop:
        found.clear()
    return sorted(((found | add) - drop) & held)


def oom_score(spec: ContainerSpec, memory_of_machine: int) -> int:
    """Who is killed first when the machine runs out of memory: the less was promised, the sooner."""
    if spec.memory_bytes is None and (spec.cpu_shares or 0) <= 2:
        return BEST_EFFORT_OOM_SCORE
    share = 1000 * (spec.memory_bytes or 0) // max(memory_of_machine, 1)
    return max(BURSTABLE_OOM_SCORE_MIN, min(999, 1000 - share))


def resources(spec: ContainerSpec, pids_limit: int) -> dict[str, Any]:
    """The limits for the control group."""
    allow_all = {"allow": True, "access": "rwm"}
    deny_all = {"allow": False, "access": "rwm"}
    found: dict[str, Any] = {
        "devices": [allow_all if spec.privileged else deny_all],
        "pids": {"limit": pids_limit},
    }
    if spec.memory_bytes is not None:
        found["memory"] = {"limit": spec.memory_bytes, "swap": spec.memory_bytes}
    cpu: dict[str, int] = {}
    if spec.cpu_shares is not None:
        cpu["shares"] = max(spec.cpu_shares, 2)
    if spec.cpu_quota_us is not None:
        cpu |= {"quota": spec.cpu_quota_us, "period": CPU_PERIOD_US}
    if cpu:
        found["cpu"] = cpu
    return found


def _mount(target: str, kind: str, source: str, *options: str) -> dict[str, Any]:
    return {"destination": target, "type": kind, "source": source, "options": list(options)}


def mounts(spec: ContainerSpec, shm: str = "") -> list[dict[str, Any]]:
    """The kernel's file systems, then the container's own mounts, parents before children."""
    access = "rw" if spec.privileged else "ro"
    memory = _mount("/dev/shm", "tmpfs", "shm", "nosuid", "noexec", "nodev", "mode=1777", "size=65536k")
    if shm:
        memory = _mount("/dev/shm", "bind", shm, "bind", "rprivate", "rw", "nosuid", "noexec", "nodev")
    found = [
        _mount("/proc", "proc", "proc", "nosuid", "noexec", "nodev"),
        _mount("/dev", "tmpfs", "tmpfs", "nosuid", "strictatime", "mode=755", "size=65536k"),
        _mount(
            "/dev/pts", "devpts", "devpts", "nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"
        ),
        memory,
        _mount("/dev/mqueue", "mqueue", "mqueue", "nosuid", "noexec", "nodev"),
        _mount("/sys", "sysfs", "sysfs", "nosuid", "noexec", "nodev", access),
        _mount("/sys/fs/cgroup", "cgroup", "cgroup", "nosuid", "noexec", "nodev", "relatime", access),
    ]
    for mount in sorted(spec.mounts, key=lambda mount: mount.target.rstrip("/").count("/")):
        how = ("rbind", "rprivate", "ro" if mount.read_only else "rw")
        found.append(_mount(mount.target, "bind", mount.source, *how))
    return found


def namespaces(surroundings: Surroundings) -> list[dict[str, str]]:
    """The container's own, and those of its pod; none where the machine's are shared."""
    kinds = ["pid", "ipc", "uts", "mount", *(["cgroup"] if surroundings.cgroup_version == 2 else []), "network"]
    found = []
    for kind in kinds:
        path = surroundings.joined.get(kind)
        if path is None:
            found.append({"type": kind})
        elif path:
            found.append({"type": kind, "path": path})
    return found


def process(spec: ContainerSpec, image: Mapping[str, Any], surroundings: Surroundings) -> dict[str, Any]:
    """The ``process`` part, which a command executed later inherits.  Raises: ``UnusableSpec``."""
    allowed = capabilities(spec, surroundings.capabilities)
    identity = surroundings.identity
    return {
        "terminal": spec.tty,
        "user": {
            "uid": identity.uid,
            "gid": identity.gid,
            "additionalGids": sorted({*identity.groups, *spec.groups}),
        },
        "args": arguments(spec, image),
        "env": environment(spec, image, surroundings.hostname),
        "cwd": spec.working_dir or image.get("WorkingDir") or "/",
        "capabilities": {kind: allowed for kind in ("bounding", "effective", "permitted")},
        "rlimits": [
            {"type": "RLIMIT_NOFILE", "hard": surroundings.files_limit, "soft": surroundings.files_limit},
        ],
        "oomScoreAdj": oom_score(spec, surroundings.memory_of_machine),
        "noNewPrivileges": spec.no_new_privileges,
    }


def runtime_config(spec: ContainerSpec, image: Mapping[str, Any], surroundings: Surroundings) -> dict[str, Any]:
    """The whole configuration.  Raises: ``UnusableSpec``."""
    linux: dict[str, Any] = {
        "namespaces": namespaces(surroundings),
        "cgroupsPath": surroundings.cgroup,
        "resources": resources(spec, surroundings.pids_limit),
        "rootfsPropagation": "rprivate",
        "sysctl": {k: v for k, v in surroundings.sysctls.items() if not k.startswith(NETWORK_SYSCTL)},
    }
    if spec.privileged:
        linux["devices"] = [
            {"path": d.path, "type": d.kind, "major": d.major, "minor": d.minor, "fileMode": d.mode, "uid": 0, "gid": 0}
            for d in surroundings.devices
        ]
    else:
        linux |= {"maskedPaths": list(MASKED_PATHS), "readonlyPaths": list(READ_ONLY_PATHS)}
    return {
        "ociVersion": "1.0.2",
        "process": process(spec, image, surroundings),
        "root": {"path": surroundings.rootfs, "readonly": spec.read_only_root},
        "hostname": surroundings.hostname,
        "mounts": mounts(spec, surroundings.shm),
        "linux": linux,
    }


def exec_process(config: Mapping[str, Any], command: Sequence[str], tty: bool) -> dict[str, Any]:
    """The ``process`` of a command executed in a container that was started with ``config``."""
    found = dict(config["process"])
    found |= {"args": list(command), "terminal": tty}
    if tty and not any(pair.startswith("TERM=") for pair in found["env"]):
        found["env"] = [*found["env"], "TERM=xterm"]
    return found
