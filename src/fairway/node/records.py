"""Records: what is on disk about sandboxes and containers, enough to know everything again after a crash.

<run>/pods/<uid>/sandbox.json                         written when the sandbox is whole
<run>/pods/<uid>/containers/<name>/<attempt>/         the bundle of one attempt:
    container.json    first the intent (``started_s`` null), then the fact
    config.json  pid  monitor.pid  exits/<id>  oom  ctl  attach   of the OCI runtime and the monitor
<data>/sandboxes/<uid>/logs/<name>/<attempt>.log      kept until the sandbox goes
<data>/sandboxes/<uid>/layers/<name>/<attempt>/       the writable layer
"""

import json
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from fairway.node.machine import Machine
from fairway.node.runtimes.interface import HostPort


@dataclass(frozen=True, slots=True)
class SandboxRecord:
    """A sandbox as made."""

    pod_uid: str
    namespace: str
    name: str
    hostname: str
    host_network: bool
    ips: tuple[str, ...]
    sysctls: dict[str, str]
    host_ports: tuple[HostPort, ...] = ()
    host_pid: bool = False
    host_ipc: bool = False
    shares_processes: bool = False
    is_released: bool = False
    made_s: float = 0.0
    """When, in Unix seconds: of two pods with the same host port the younger has it."""


@dataclass(frozen=True, slots=True)
class ContainerRecord:
    """A container attempt as made; ``started_s`` is ``None`` while it is being made."""

    pod_uid: str
    name: str
    attempt: int
    container_id: str
    image_id: str
    tty: bool
    started_s: float | None = None
    pid: int = 0


def pod_path(machine: Machine, pod_uid: str) -> Path:
    """What a reboot ends of one pod."""
    return machine.run_pods_path / pod_uid


def bundle_path(machine: Machine, pod_uid: str, name: str, attempt: int) -> Path:
    """The bundle of one attempt."""
    return pod_path(machine, pod_uid) / "containers" / name / str(attempt)


def namespace_path(machine: Machine, pod_uid: str, kind: str) -> Path:
    """Where a namespace that the pod's containers share, its network aside, is kept: ``ipc`` or ``pid``."""
    return pod_path(machine, pod_uid) / "namespaces" / kind


def shm_path(machine: Machine, pod_uid: str) -> Path:
    """The memory file system that the pod's containers share as /dev/shm."""
    return pod_path(machine, pod_uid) / "shm"


def layer_path(machine: Machine, pod_uid: str, name: str, attempt: int) -> Path:
    """Where an attempt's writable layer lies."""
    return machine.sandboxes_path / pod_uid / "layers" / name / str(attempt)


def log_path(machine: Machine, pod_uid: str, name: str, attempt: int) -> Path:
    """Where an attempt's log lies."""
    return machine.sandboxes_path / pod_uid / "logs" / name / f"{attempt}.log"


def write_json(path: Path, content: object) -> None:
    """Write whole or not at all; a crash of the machine ends what the record is about, so nothing is synced."""
    passing = path.with_name(path.name + ".new")
    passing.write_text(json.dumps(content, separators=(",", ":")))
    os.rename(passing, path)


def write_sandbox(machine: Machine, record: SandboxRecord) -> None:
    """Record a whole sandbox."""
    folder = pod_path(machine, record.pod_uid)
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / "sandbox.json", asdict(record))


def write_container(machine: Machine, record: ContainerRecord) -> None:
    """Record an attempt."""
    folder = bundle_path(machine, record.pod_uid, record.name, record.attempt)
    write_json(folder / "container.json", asdict(record))


def _read(path: Path) -> dict[str, object] | None:
    try:
        found = json.loads(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def read_sandboxes(machine: Machine) -> Iterator[SandboxRecord]:
    """Every sandbox recorded."""
    for folder in _folders(machine.run_pods_path):
        found = _read(folder / "sandbox.json")
        if found is not None:
            found["ips"] = tuple(found["ips"])  # type: ignore[arg-type]
            ports: list[Any] = found.get("host_ports") or []  # type: ignore[assignment]
            found["host_ports"] = tuple(HostPort(**port) for port in ports)
            yield SandboxRecord(**found)  # type: ignore[arg-type]


def read_containers(machine: Machine, pod_uid: str) -> Iterator[ContainerRecord]:
    """Every attempt recorded of one pod, made or being made."""
    return _containers(pod_path(machine, pod_uid))


def _containers(folder: Path) -> Iterator[ContainerRecord]:
    for container in _folders(folder / "containers"):
        for attempt in _folders(container):
            found = _read(attempt / "container.json")
            if found is not None:
                yield ContainerRecord(**found)  # type: ignore[arg-type]


def pods_with_files(machine: Machine) -> set[str]:
    """Uids of all pods that anything on disk speaks of."""
    places = (machine.run_pods_path, machine.sandboxes_path)
    found = {folder.name for place in places for folder in _folders(place)}
    with suppress(FileNotFoundError):
        found.update(entry.name for entry in machine.netns_path.iterdir())
    return found


def images_in_use(machine: Machine) -> set[str]:
    """Ids of the images that containers stand on, on any node that shares the image store."""
    places = (machine.run_pods_path, *(run_dir / "pods" for run_dir in machine.neighbours))
    return {record.image_id for place in places for folder in _folders(place) for record in _containers(folder)}


def _folders(path: Path) -> list[Path]:
    try:
        return [Path(entry.path) for entry in os.scandir(path) if entry.is_dir(follow_symlinks=False)]
    except FileNotFoundError:
        return []
