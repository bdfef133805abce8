"""Pod directory: the files that a node gives to every container of a pod, and the message that each leaves.

Shape: below ``<root>/pods/<uid>``: ``hosts``, ``hostname``, ``resolv.conf``, and one termination message per attempt.
Source: services.md 10.2; Kubernetes docs, "Determine the Reason for Pod Failure".
"""

import os
from collections.abc import Sequence
from pathlib import Path

from fairway.node.files import Resolver, hosts_text, parse_resolver, pod_resolver
from fairway.node.pod_spec import is_host_network, kernel_hostname
from fairway.node.runtimes.interface import Mount
from fairway.node.settings import Settings
from fairway.objects import Object

TERMINATION_PATH = "/dev/termination-log"
MAX_MESSAGE_BYTES = 4096
MAX_LOG_MESSAGE_BYTES = 2048
MAX_LOG_MESSAGE_LINES = 80


def write_files(
    settings: Settings, pod: Object, pod_ips: Sequence[str], machine_hosts: str, machine_resolver: str
) -> None:
    """Write the three files; one that is right already is left alone, as containers have it mounted."""
    directory = settings.pods_dir / pod["metadata"]["uid"]
    directory.mkdir(mode=0o750, parents=True, exist_ok=True)
    resolver = resolver_of(settings, pod, machine_resolver)
    _write(directory / "hosts", hosts_text(pod, pod_ips, settings.cluster_domain, machine_hosts))
    _write(directory / "resolv.conf", resolver.text())
    _write(directory / "hostname", kernel_hostname(pod, settings.cluster_domain) + "\n")


def resolver_of(settings: Settings, pod: Object, machine_resolver: str) -> Resolver:
    """How the pod's programs find names, before limits."""
    return pod_resolver(pod, parse_resolver(machine_resolver), settings.cluster_dns, settings.cluster_domain)


def _write(path: Path, text: str) -> None:
    try:
        if path.read_text() == text:
            return
    except FileNotFoundError:
        pass
    path.write_text(text)
    path.chmod(0o644)


def file_mounts(settings: Settings, pod: Object, container: Object) -> list[Mount]:
    """The mounts of those files, but for paths that the container mounts itself."""
    directory = settings.pods_dir / pod["metadata"]["uid"]
    taken = {mount["mountPath"] for mount in container.get("volumeMounts") or []}
    places = {"/etc/hosts": "hosts", "/etc/resolv.conf": "resolv.conf"}
    if not is_host_network(pod):
        places["/etc/hostname"] = "hostname"
    return [Mount(str(directory / name), path) for path, name in places.items() if path not in taken]


def message_mount(settings: Settings, pod: Object, container: Object, attempt: int) -> Mount:
    """A fresh file for the termination message of one attempt."""
    path = _message_path(settings, pod["metadata"]["uid"], container["name"], attempt)
    path.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
    path.touch(mode=0o666)
    os.chmod(path, 0o666)
    return Mount(str(path), container.get("terminationMessagePath") or TERMINATION_PATH)


def _message_path(settings: Settings, uid: str, name: str, attempt: int) -> Path:
    return settings.pods_dir / uid / "containers" / name / str(attempt)


def termination_message(settings: Settings, uid: str, container: Object, attempt: int, exit_code: int, log: str) -> str:
    """What a container said when it ended: its message file, or the end of its log if it asks for that."""
    try:
        with _message_path(settings, uid, container["name"], attempt).open("rb") as opened:
            message = opened.read(MAX_MESSAGE_BYTES).decode(errors="replace")
    except OSError:
        message = ""
    falls_back = container.get("terminationMessagePolicy") == "FallbackToLogsOnError"
    if message or exit_code == 0 or not falls_back:
        return message
    return log_end(log)


def log_end(path: str) -> str:
    """The last lines of a CRI log without their heads, within what a message may hold."""
    try:
        with open(path, "rb") as opened:
            opened.seek(0, os.SEEK_END)
            opened.seek(max(0, opened.tell() - 2 * MAX_LOG_MESSAGE_BYTES))
            lines = opened.read().decode(errors="replace").splitlines()
    except OSError:
        return ""
    said = [parts[3] for parts in (line.split(" ", 3) for line in lines) if len(parts) == 4]
    return "\n".join(said[-MAX_LOG_MESSAGE_LINES:])[-MAX_LOG_MESSAGE_BYTES:] + ("\n" if said else "")
