"""Pods: why one pod takes no new connections, as far as the pod itself can tell.

Shape: ``state(pod, events, families)`` gives (reason, text, commands); an empty reason means that it is ready.
Source: Kubernetes docs, "Pod Lifecycle", "Debug Pods"; API reference, "PodStatus", "ContainerStatus".
"""

import time
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from fairway.objects import Object
from fairway.why.facts import condition, joined, labels_of, meta
from fairway.why.words import clipped, replaced

_PULLS = ("ImagePullBackOff", "ErrImagePull", "InvalidImageName", "ErrImageNeverPull", "ImageInspectError")
_FAILED = ("CrashLoopBackOff",)
MANY_RESTARTS = 2
SETTLED_S = 600
_TIME = "%Y-%m-%dT%H:%M:%SZ"
_SCHEDULER = "default-scheduler"
_SIGNALS = {137: "killed", 139: "segmentation fault", 143: "terminated", 126: "cannot be executed", 127: "not found"}


class State(NamedTuple):
    """Why a pod is out; ``reason`` is empty for one that is ready."""

    reason: str = ""
    text: str = ""
    commands: tuple[str, ...] = ()
    cure: str = ""


READY = State()


def addresses(pod: Object, families: Sequence[str] = ()) -> list[str]:
    """The pod's addresses in ``families``; all of them where none are given."""
    status = pod.get("status") or {}
    ips: list[str] = [each["ip"] for each in status.get("podIPs") or ()] or [ip for ip in (status.get("podIP"),) if ip]
    return [ip for ip in ips if not families or family(ip) in families]


def family(ip: str) -> str:
    """``IPv4`` or ``IPv6``."""
    return "IPv6" if ":" in ip else "IPv4"


def state(pod: Object, events: Sequence[Object], families: Sequence[str] = (), *, ready_or_not: bool = False) -> State:
    """What keeps ``pod`` out of a Service of these address families; ``ready_or_not``: it takes pods that are not."""
    status, metadata = pod.get("status") or {}, meta(pod)
    phase = status.get("phase")
    if phase in ("Succeeded", "Failed"):
        why = ": ".join(filter(None, (status.get("reason"), status.get("message"))))
        return State("Ended", f"it has ended ({phase}{': ' + clipped(why) if why else ''})", _describe(pod))
    if metadata.get("deletionTimestamp"):
        return State("Terminating", _leaving(pod))
    if not pod["spec"].get("nodeName"):
        return _unscheduled(pod)
    if not addresses(pod):
        reason, text = _trouble(pod, events) or ("NoAddress", _not_started(pod, events))
        return State(reason, f"it has no IP yet: {text}", _commands(pod, reason))
    if not addresses(pod, families):
        return State("NoAddressOfFamily", f"it has no {' and no '.join(families)} address")
    if not ready_or_not and condition(pod, "Ready").get("status") != "True":
        return _not_ready(pod, events)
    return READY


def is_ready(pod: Object) -> bool:
    """Whether its Ready condition is true."""
    return bool(condition(pod, "Ready").get("status") == "True")


def owner(pod: Object) -> str:
    """The workload that a pod belongs to, as far as the pod can tell; ReplicaSets of a Deployment count as that."""
    for each in meta(pod).get("ownerReferences") or ():
        if each.get("controller"):
            hash_ = labels_of(pod).get("pod-template-hash")
            if each["kind"] == "ReplicaSet" and hash_ and each["name"].endswith(f"-{hash_}"):
                return f"deploy/{each['name'].removesuffix(f'-{hash_}')}"
            return f"{each['kind'].lower()}/{each['name']}"
    return ""


def _leaving(pod: Object) -> str:
    """Since when it leaves; the deletionTimestamp is when its time is up."""
    metadata = meta(pod)
    grace = metadata.get("deletionGracePeriodSeconds")
    until = f", and has until {metadata['deletionTimestamp']}" if grace else ""
    serving = condition(pod, "Ready").get("status") == "True"
    return f"it is terminating{until}" + ("; it still serves the connections that it has" if serving else "")


def _unscheduled(pod: Object) -> State:
    found = condition(pod, "PodScheduled")
    gates = [gate.get("name", "") for gate in pod["spec"].get("schedulingGates") or ()]
    if gates:
        return State("SchedulingGated", f"it is not scheduled: it waits for the scheduling gates {joined(gates)}")
    scheduler = pod["spec"].get("schedulerName") or _SCHEDULER
    unseen = "no node was chosen yet"
    if scheduler != _SCHEDULER:
        unseen = f"its schedulerName is {scheduler}, and no scheduler of that name has looked at it"
    text = clipped((found.get("message") or unseen).partition(" preemption: ")[0])
    return State("Unschedulable", f"it is not scheduled: {text}{_wants(pod, text)}", _describe(pod))


def _wants(pod: Object, text: str) -> str:
    """What of the pod keeps it from every node, if the message hints at it."""
    spec, lower = pod["spec"], text.lower()
    if "selector" in lower and spec.get("nodeSelector"):
        pairs = ", ".join(f"{key}={value}" for key, value in spec["nodeSelector"].items())
        return f" (its nodeSelector says {pairs})"
    if "insufficient" in lower:
        asked = [f"{name} {amount}" for name, amount in _requests(pod)]
        return f" (it requests {', '.join(asked)})" if asked else ""
    return ""


def _requests(pod: Object) -> Iterator[tuple[str, str]]:
    for container in pod["spec"].get("containers") or ():
        yield from ((container.get("resources") or {}).get("requests") or {}).items()


def statuses(pod: Object, *, init: bool = False) -> list[Object]:
    """The statuses of its containers."""
    return list((pod.get("status") or {}).get("initContainerStatuses" if init else "containerStatuses") or ())


def _not_started(pod: Object, events: Sequence[Object]) -> str:
    told = _last(events, pod, ("FailedCreatePodSandBox", "FailedMount", "FailedAttachVolume", "NetworkNotReady"))
    return told or "its containers are being created"


def _not_ready(pod: Object, events: Sequence[Object]) -> State:
    found = _trouble(pod, events) or _probing(pod, events) or _gates(pod) or _lost(pod)
    if found:
        cure, commands = probe_cure(pod) if found[0] == "ProbeFails" else ("", ())
        return State(found[0], f"it is not ready: {found[1]}", (*commands, *_commands(pod, found[0])), cure)
    text = condition(pod, "Ready").get("message") or "its containers are starting"
    return State("NotReady", f"it is not ready: {clipped(text)}", _describe(pod))


Found = tuple[str, str] | None


def _trouble(pod: Object, events: Sequence[Object]) -> Found:
    """A container that does not run, init containers first."""
    for status in (*statuses(pod, init=True), *statuses(pod)):
        waiting = (status.get("state") or {}).get("waiting")
        if waiting and waiting.get("reason") not in ("PodInitializing", None):
            return _waiting(pod, status, waiting, events)
        ended = (status.get("state") or {}).get("terminated")
        if ended and ended.get("exitCode"):
            return "Crashed", f"{_called(pod, status)} has ended with {_exit(ended)}"
    sidecars = {c["name"] for c in pod["spec"].get("initContainers") or () if c.get("restartPolicy") == "Always"}
    for status in statuses(pod, init=True):
        is_over = status.get("started") if status["name"] in sidecars else status.get("ready")
        if not is_over and "terminated" not in (status.get("state") or {}):
            verb = "started" if status["name"] in sidecars else "finished"
            return "Initializing", f"init container {status['name']} has not {verb}"
    for status in statuses(pod):
        if (status.get("state") or {}).get("terminated"):
            return "Crashed", f"container {status['name']} has ended"
    return None


def _called(pod: Object, status: Object) -> str:
    """``container web``, ``init container wait``."""
    return f"{'init ' if status in statuses(pod, init=True) else ''}container {status['name']}"


def _waiting(pod: Object, status: Object, waiting: Object, events: Sequence[Object]) -> tuple[str, str]:
    reason, name, called = waiting.get("reason") or "Waiting", status["name"], _called(pod, status)
    message = clipped(waiting.get("message") or "")
    if reason == "CrashLoopBackOff":
        last = (status.get("lastState") or {}).get("terminated") or {}
        ended = f": it ended with {_exit(last)}" if last else ""
        if last.get("reason") != "OOMKilled" and (killed := _killed_by_probe(pod, events)):
            ended = f": {killed}"
        return (
            reason,
            f"{called} keeps ending (CrashLoopBackOff, {status.get('restartCount', 0)} restarts){ended}",
        )
    if reason in _PULLS:
        every = (*(pod["spec"].get("initContainers") or ()), *(pod["spec"].get("containers") or ()))
        image = next((c.get("image", "") for c in every if c["name"] == name), "")
        told = message or _last(events, pod, ("Failed",))
        detail = clipped(": ".join(filter(None, (reason, told))), 180)
        # The two take turns while the node tries again.
        constant = "ImagePullBackOff" if reason == "ErrImagePull" else reason
        return constant, f"the image {image or status.get('image', '')} cannot be had: {detail}"
    if reason == "ContainerCreating":
        told = _last(events, pod, ("FailedMount", "FailedCreatePodSandBox", "FailedAttachVolume"))
        return reason, told or "its containers are being created"
    return reason, f"{called}: {': '.join(filter(None, (reason, message)))}"


def _killed_by_probe(pod: Object, events: Sequence[Object]) -> str:
    """Which probe has its containers ended, and what was answered last; empty if none has."""
    for word in ("liveness", "startup"):
        if told := _last(events, pod, ("Unhealthy",), f"{word.title()} probe"):
            return f"its {word} probe fails: {told.partition(': ')[2]}"
    return ""


def has_restarted(pod: Object) -> bool:
    """Whether a container was started again, more than once."""
    return any((status.get("restartCount") or 0) >= MANY_RESTARTS for status in statuses(pod))


def restarting(pod: Object, events: Sequence[Object]) -> State:
    """A pod that is ready for a moment again and again."""
    for status in statuses(pod):
        count, since = status.get("restartCount") or 0, (status.get("state") or {}).get("running") or {}
        if count < MANY_RESTARTS or _has_settled(since.get("startedAt") or ""):
            continue
        why = _killed_by_probe(pod, events)
        if not why and _last(events, pod, ("BackOff",)):
            ended = (status.get("lastState") or {}).get("terminated")
            why = f"it ended with {_exit(ended)}" if ended else "it keeps ending"
        if why:
            text = f"container {status['name']} has been restarted {count} times: {why}"
            command = _logs(pod, status["name"])
            return State("Restarts", text, (f"{command} --previous", *_describe(pod)))
    return READY


def _has_settled(started_at: str) -> bool:
    """Whether a container runs for so long that its earlier ends are forgotten, as the node's own back-off has it."""
    return bool(started_at) and time.strftime(_TIME, time.gmtime(time.time() - SETTLED_S)) > started_at


def _exit(ended: Object) -> str:
    code = ended.get("exitCode", 0)
    reason = ended.get("reason") or ""
    words = [
        reason if reason not in ("Error", "Completed", "") else _SIGNALS.get(code, ""),
        clipped(ended.get("message") or ""),
    ]
    detail = ", ".join(filter(None, words))
    return f"exit code {code}" + (f" ({detail})" if detail else "")


def _probing(pod: Object, events: Sequence[Object]) -> Found:
    """The probe that a running container has not passed, and what it answered last."""
    for status in statuses(pod):
        if status.get("ready") or "running" not in (status.get("state") or {}):
            continue
        container: Object = next((c for c in pod["spec"].get("containers") or () if c["name"] == status["name"]), {})
        kind = "startupProbe" if status.get("started") is False and container.get("startupProbe") else "readinessProbe"
        if kind not in container:
            return None
        word = "startup" if kind == "startupProbe" else "readiness"
        told = _last(events, pod, ("Unhealthy",), f"{word.title()} probe")
        said = told.partition(":")[2].strip() or "it says nothing"
        delay_s = container[kind].get("initialDelaySeconds")
        waits = f": its initialDelaySeconds is {delay_s}" if delay_s else ""
        verdict = f"fails: {said}" if told else f"has not passed yet{waits}"
        shown = f"the {word} probe of container {status['name']} ({_shown(container[kind])})"
        return "ProbeFails", f"{shown} {verdict}"
    return None


def probe_cure(pod: Object) -> tuple[str, tuple[str, ...]]:
    """What a readiness probe of a port that its container does not declare was probably meant to ask."""
    maker, _, name = owner(pod).partition("/")
    for place, container in enumerate(pod["spec"].get("containers") or ()):
        probe = container.get("readinessProbe") or {}
        how = "httpGet" if "httpGet" in probe else "tcpSocket"
        asked = (probe.get(how) or {}).get("port")
        known = list(container.get("ports") or ())
        if asked is None or len(known) != 1 or asked in (known[0].get("name"), known[0]["containerPort"]):
            continue
        meant = known[0]["containerPort"]
        path = f"/spec/template/spec/containers/{place}/readinessProbe/{how}/port"
        can_change = maker in ("deploy", "daemonset", "statefulset")
        command = replaced(meta(pod).get("namespace", "default"), name, path, meant, maker)
        return f"readinessProbe.{how}.port: {meant}", (command,) if can_change else ()
    return "", ()


def _shown(probe: Object) -> str:
    """What a probe asks: ``GET :8080/healthz``."""
    if http := probe.get("httpGet"):
        scheme = "HTTPS " if http.get("scheme") == "HTTPS" else ""
        return f"{scheme}GET {http.get('host') or ''}:{http['port']}{http.get('path') or '/'}"
    if tcp := probe.get("tcpSocket"):
        return f"TCP {tcp.get('host') or ''}:{tcp['port']}"
    if grpc := probe.get("grpc"):
        return f"gRPC :{grpc['port']}"
    return clipped(" ".join((probe.get("exec") or {}).get("command") or ("exec",)))[:80]


def _gates(pod: Object) -> Found:
    """Readiness gates that are not open."""
    for gate in pod["spec"].get("readinessGates") or ():
        found = condition(pod, gate["conditionType"])
        if found.get("status") != "True":
            said = f"is {found['status']}" if found else "has not been set"
            detail = clipped(found.get("message") or "")
            return "ReadinessGate", f'its readiness gate "{gate["conditionType"]}" {said}' + (
                f": {detail}" if detail else ""
            )
    return None


def _lost(pod: Object) -> Found:
    """Containers that are ready in a pod that is not: its node has gone silent."""
    every = statuses(pod)
    if every and all(status.get("ready") for status in every):
        return "NodeLost", f"all its containers were ready, but its node {pod['spec']['nodeName']} has gone silent"
    return None


def _last(events: Iterable[Object], pod: Object, reasons: Sequence[str], start: str = "") -> str:
    """The newest message among the events of ``pod``."""
    name, uid = meta(pod)["name"], meta(pod).get("uid")
    found = [
        event for event in events
        if event.get("reason") in reasons and (event.get("message") or "").startswith(start)
        and (event.get("involvedObject") or {}).get("name") == name
        and (event.get("involvedObject") or {}).get("uid") in (uid, None, "")
    ]  # fmt: skip
    return clipped(max(found, key=_when)["message"]) if found else ""


def _when(event: Object) -> str:
    series = event.get("series") or {}
    return str(series.get("lastObservedTime") or event.get("lastTimestamp") or event.get("eventTime") or "")


def _describe(pod: Object) -> tuple[str, ...]:
    return (f"kubectl describe pod {meta(pod)['name']} -n {meta(pod).get('namespace', 'default')}",)


def _is_ill(status: Object) -> bool:
    """Whether a container has failed, or waits to be tried again."""
    now = status.get("state") or {}
    return bool((now.get("terminated") or {}).get("exitCode") or (now.get("waiting") or {}).get("reason") in _FAILED)


def _commands(pod: Object, reason: str = "") -> tuple[str, ...]:
    every = [*statuses(pod, init=True), *statuses(pod)]
    container = next((s["name"] for s in every if _is_ill(s)), "") or next(
        (s["name"] for s in statuses(pod) if not s.get("ready")), ""
    )
    if reason in ("CrashLoopBackOff", "Crashed"):
        return (f"{_logs(pod, container)} --previous",)
    if reason == "ProbeFails":
        return (_logs(pod, container), *_describe(pod))
    return _describe(pod)


def _logs(pod: Object, container: str) -> str:
    every = [*statuses(pod, init=True), *statuses(pod)]
    of = f" -c {container}" if container and len(every) > 1 else ""
    return f"kubectl logs {meta(pod)['name']}{of} -n {meta(pod).get('namespace', 'default')}"
