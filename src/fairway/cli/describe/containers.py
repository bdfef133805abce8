"""The part of a description that tells a pod's containers one by one."""

from __future__ import annotations

from fairway.cli.describe.environment import environment
from fairway.cli.describe.page import NONE, Page, stamp
from fairway.cli.describe.probes import PROBES, probe
from fairway.cli.describe.resources import amounts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from fairway.objects import Object


def containers(
    page: Page, title: str, found: Sequence[Object] | None, statuses: Sequence[Object] | None, *,
    indent: str = "", pod: Object | None = None,
) -> None:  # fmt: skip
    """All containers below ``title``.  ``pod`` is whose they are; a template has none, nor statuses."""
    seen = {each.get("name"): each for each in statuses or ()}
    page.line(0, f"{indent}{title}:" + ("" if found else f" {NONE}"))
    for container in found or ():
        status = seen.get(container.get("name"))
        _basics(page, container, status, " " if indent else "")
        _words(page, "Command:", container.get("command"))
        _words(page, "Args:", container.get("args"))
        if status is not None:
            _states(page, status)
        amounts(page, container.get("resources"), 2)
        for word, field in PROBES:
            if container.get(field) is not None:
                page.line(2, word, probe(container[field]))
        environment(page, container, pod)
        _mounts(page, container)


def _basics(page: Page, container: Object, status: Object | None, indent: str) -> None:
    page.line(1, f"{indent}{container.get('name', '')}:")
    if status is not None:
        page.line(2, "Container ID:", status.get("containerID", ""))
    page.line(2, "Image:", container.get("image", ""))
    if status is not None:
        page.line(2, "Image ID:", status.get("imageID", ""))
    for word, field in (("Port", "containerPort"), ("Host Port", "hostPort")):
        ports = container.get("ports") or ()
        shown = ", ".join(_port(port, field) for port in ports)
        page.line(2, f"{word}s:" if "," in shown else f"{word}:", shown or NONE)
    profile = (container.get("securityContext") or {}).get("seccompProfile")
    if profile is not None:
        page.line(2, "SeccompProfile:", profile.get("type", ""))
        if profile.get("type") == "Localhost":
            page.line(3, "LocalhostProfile:", profile.get("localhostProfile", ""))


def _port(port: Object, field: str) -> str:
    name = f" ({port['name']})" if port.get("name") else ""
    return f"{port.get(field) or 0}/{port.get('protocol', '')}{name}"


def _words(page: Page, title: str, found: Sequence[str] | None) -> None:
    if found:
        page.line(2, title)
        for word in found:
            for line in word.split("\n"):
                page.line(3, line)


def _states(page: Page, status: Object) -> None:
    _state(page, "State:", status.get("state") or {})
    last = status.get("lastState") or {}
    if last.get("terminated") is not None:
        _state(page, "Last State:", last)
    page.line(2, "Ready:", str(bool(status.get("ready"))))
    page.line(2, "Restart Count:", status.get("restartCount", 0))


def _state(page: Page, title: str, state: Object) -> None:
    running, waiting, ended = state.get("running"), state.get("waiting"), state.get("terminated")
    if running is not None:
        page.line(2, title, "Running")
        page.line(3, "Started:", stamp(running.get("startedAt")))
    elif waiting is None and ended is not None:
        _ended(page, title, ended)
    else:
        page.line(2, title, "Waiting")
        if waiting and waiting.get("reason"):
            page.line(3, "Reason:", waiting["reason"])


def _ended(page: Page, title: str, ended: Object) -> None:
    page.line(2, title, "Terminated")
    for word in ("Reason", "Message"):
        if ended.get(word.lower()):
            page.line(3, f"{word}:", ended[word.lower()])
    page.line(3, "Exit Code:", ended.get("exitCode", 0))
    if (ended.get("signal") or 0) > 0:
        page.line(3, "Signal:", ended["signal"])
    page.line(3, "Started:", stamp(ended.get("startedAt")))
    page.line(3, "Finished:", stamp(ended.get("finishedAt")))


def _mounts(page: Page, container: Object) -> None:
    mounts = container.get("volumeMounts") or ()
    page.line(2, *(("Mounts:",) if mounts else ("Mounts:", NONE)))
    for mount in sorted(mounts, key=lambda mount: str(mount.get("mountPath", ""))):
        flags = "ro" if mount.get("readOnly") else "rw"
        if mount.get("subPath"):
            flags += f",path={_quoted(mount['subPath'])}"
        page.line(3, f"{mount.get('mountPath', '')} from {mount.get('name', '')} ({flags})")
    devices = container.get("volumeDevices")
    if devices:
        page.line(2, *(("Devices:",) if mounts else ("Devices:", NONE)))
        for device in sorted(devices, key=lambda device: str(device.get("devicePath", ""))):
            page.line(3, f"{device.get('devicePath', '')} from {device.get('name', '')}")


def _quoted(text: str) -> str:
    import json

    return json.dumps(text, ensure_ascii=False)
