"""Places: the files and programs of this machine in which our name server is entered, and taken out of again.

Rules for those who change it: whatever is entered is found again by the cluster's name alone, so that ``down`` takes it
out even where nothing was recorded; a file is changed in place, since it may be a link's target or a mount.
"""

import os
import shutil
import socket
import subprocess
from pathlib import Path
from typing import Final

from fairway.cluster.errors import ClusterError
from fairway.cluster.resolver.manners import DNSMASQ_FOLDER, NETWORK_MANAGER_FOLDER, Host, Manner, sources_of
from fairway.cluster.resolver.resolv_conf import block, holders, without

RESOLV_CONF: Final = Path("/etc/resolv.conf")
_NSSWITCH: Final = Path("/etc/nsswitch.conf")
_RESOLVED: Final = Path("/run/systemd/resolve")
_RELOADS: Final = {
    Manner.NETWORK_MANAGER: (("nmcli", "general", "reload", "dns-full"),),
    Manner.DNSMASQ: (("systemctl", "try-restart", "dnsmasq.service"), ("service", "dnsmasq", "restart")),
}
_FOLDERS: Final = {Manner.NETWORK_MANAGER: NETWORK_MANAGER_FOLDER, Manner.DNSMASQ: DNSMASQ_FOLDER}
_PATIENCE_S: Final = 15.0


def look() -> Host:
    """What is seen of this machine."""
    return Host(
        text=_text(RESOLV_CONF),
        target=os.path.realpath(RESOLV_CONF),
        sources=sources_of(_text(_NSSWITCH)),
        runs_resolved=(_RESOLVED / "resolv.conf").exists(),
        has_resolvectl=shutil.which("resolvectl") is not None,
        folders=frozenset(folder for folder in _FOLDERS.values() if Path(folder).is_dir()),
    )


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode(errors="surrogateescape")  # as bytes: line ends stay as they are
    except OSError:
        return ""


# The file


def put_block(name: str, address: str, undo: str) -> bool:
    """Enter the server at the top of the file; whether that changed anything.  Raises: ``ClusterError``."""
    is_made = not RESOLV_CONF.exists()
    text = _text(RESOLV_CONF)
    others = [each for each in holders(text) if each != name]
    if others:
        raise ClusterError(
            f'this machine asks the DNS of cluster "{others[0]}" already, and can ask only one first',
            f"take that out: sudo fairway dns remove-resolver --name {others[0]}",
        )
    rest = without(text, name)
    wanted = block(name, address, undo, is_made=is_made or rest is None) + (rest or "")
    if wanted == text:
        return False
    try:
        _write(RESOLV_CONF, wanted)
    except OSError as error:
        raise ClusterError(
            f"{RESOLV_CONF} cannot be changed: {error.strerror}",
            f"make it writable, or enter there: nameserver {address}",
        ) from error
    return True


def take_block(name: str) -> bool:
    """Take our lines out; whether there were any.  Raises: ``ClusterError``."""
    text = _text(RESOLV_CONF)
    if name not in holders(text):
        return False
    rest = without(text, name)
    try:
        if rest is None:
            os.unlink(os.path.realpath(RESOLV_CONF))  # a link stays, as it was, leading nowhere
        else:
            _write(RESOLV_CONF, rest)
    except OSError as error:
        raise ClusterError(
            f"{RESOLV_CONF} cannot be changed: {error.strerror}", f'make it writable, or take out the lines of "{name}"'
        ) from error
    return True


def _write(path: Path, text: str) -> None:
    """In place, and never empty meanwhile: the same file for whoever holds, links or mounts it."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        data = text.encode(errors="surrogateescape")
        if os.pwrite(descriptor, data, 0) != len(data):
            raise OSError(28, "no space left", str(path))
        os.ftruncate(descriptor, len(data))
    finally:
        os.close(descriptor)


# Programs that forward


def put_conf(manner: Manner, name: str, text: str) -> bool:
    """Enter the server in dnsmasq's settings; whether that changed anything.  Raises: ``ClusterError``."""
    path = _conf(manner, name)
    if _text(path) == text:
        return False
    try:
        path.write_text(text)
    except OSError as error:
        raise ClusterError(f"{path} cannot be written: {error.strerror}", "make the folder writable") from error
    _reload(manner)
    return True


def take_conf(manner: Manner, name: str) -> bool:
    """Take it out; whether it was there.  Raises: ``ClusterError``."""
    path = _conf(manner, name)
    try:
        path.unlink()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        raise ClusterError(f"{path} cannot be removed: {error.strerror}", "make the folder writable") from error
    _reload(manner)
    return True


def _conf(manner: Manner, name: str) -> Path:
    return Path(_FOLDERS[manner]) / f"fairway-{name}.conf"


def _reload(manner: Manner) -> None:
    said = "there is no command for it here"
    for words in _RELOADS[manner]:
        if shutil.which(words[0]):
            said = _run(words)
            if not said:
                return
    raise ClusterError(
        f"the settings are in place, but {manner.value} could not be told: {said}", f"restart {manner.value} by hand"
    )


def put_link(device: str, address: str, domains: list[str]) -> bool:
    """Have systemd-resolved ask for some domains, and no others, behind our device; whether that is new.

    Raises: ``ClusterError``.
    """
    before = _link_server(device)
    for words in (
        ("dns", device, address),
        ("domain", device, *(f"~{domain}" for domain in domains)),
        ("default-route", device, "false"),
        ("dnssec", device, "no"),
        ("llmnr", device, "no"),
        ("mdns", device, "no"),
    ):
        if said := _run(("resolvectl", *words)):
            raise ClusterError(
                f"resolvectl {words[0]} {device} failed: {said}", "see: systemctl status systemd-resolved"
            )
    return before != address


def take_link(device: str) -> bool:
    """Take back what was told of the device; whether anything was.  At the latest it ends with the device."""
    return bool(_link_server(device)) and not _run(("resolvectl", "revert", device))


def _link_server(device: str) -> str:
    """The name servers behind a device as systemd-resolved knows them; empty where there are none."""
    if shutil.which("resolvectl") is None or device not in {name for _, name in socket.if_nameindex()}:
        return ""
    try:
        done = subprocess.run(
            ["resolvectl", "dns", device], capture_output=True, text=True, timeout=_PATIENCE_S, check=False
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.partition(":")[2].strip() if done.returncode == 0 else ""


def _run(words: tuple[str, ...]) -> str:
    """What went wrong, in the program's own words; empty if nothing did."""
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=_PATIENCE_S, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    return "" if done.returncode == 0 else (done.stderr or done.stdout).strip() or f"exit code {done.returncode}"
