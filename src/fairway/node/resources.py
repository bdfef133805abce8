"""Machine resources: what this machine has, as a Node's capacity says it, and what it calls itself."""

import os
import platform
import shutil
from pathlib import Path

from fairway.node.settings import Settings
from fairway.objects import Object

ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64", "armv7l": "arm", "i686": "386"}


def architecture() -> str:
    """The machine's architecture as images and labels name it."""
    machine = platform.machine()
    return ARCHITECTURES.get(machine, machine)


def capacity(settings: Settings) -> dict[str, str]:
    """cpu, memory, disk and pods, as quantities."""
    settings.root_dir.mkdir(parents=True, exist_ok=True)
    return {
        "cpu": str(os.cpu_count() or 1),
        "ephemeral-storage": f"{shutil.disk_usage(settings.root_dir).total // 1024}Ki",
        "memory": f"{memory_kibibytes(_read('/proc/meminfo'))}Ki",
        "pods": str(settings.max_pods),
    }


def memory_kibibytes(meminfo: str) -> int:
    """``MemTotal`` of /proc/meminfo.  Pure."""
    for line in meminfo.splitlines():
        if line.startswith("MemTotal:"):
            return int(line.split()[1])
    return 0


def _read(path: str) -> str:
    try:
        return Path(path).read_text()
    except OSError:
        return ""


def os_image(release: str) -> str:
    """``PRETTY_NAME`` of /etc/os-release.  Pure."""
    for line in release.splitlines():
        if line.startswith("PRETTY_NAME="):
            return line.partition("=")[2].strip().strip('"')
    return "Linux"


def node_info(settings: Settings) -> Object:
    """``status.nodeInfo`` of the Node."""
    return {
        "machineID": _read("/etc/machine-id").strip(),
        "systemUUID": _read("/sys/class/dmi/id/product_uuid").strip(),
        "bootID": _read("/proc/sys/kernel/random/boot_id").strip(),
        "kernelVersion": platform.release(),
        "osImage": os_image(_read("/etc/os-release")),
        "containerRuntimeVersion": f"{settings.runtime_name}://{settings.runtime_version}",
        "kubeletVersion": settings.version,
        "kubeProxyVersion": "",
        "operatingSystem": "linux",
        "architecture": architecture(),
    }
