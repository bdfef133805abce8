"""Rules of probes and lifecycle hooks."""

from collections.abc import Callable, Iterator

from fairway.kinds.rules.values import POSITIVE, header_name, non_negative, one_of, port_number_or_name
from fairway.objects import Object
from fairway.objects.errors import Problem, forbidden_value, invalid_value, not_supported, required

_SIGNALS_OF_WINDOWS = ("SIGKILL", "SIGTERM")
_SIGNALS = tuple(
    sorted(
        f"SIG{name}"
        for name in (
            "ABRT ALRM BUS CHLD CLD CONT FPE HUP ILL INT IO IOT KILL PIPE POLL PROF PWR QUIT SEGV STKFLT STOP SYS TERM "
            "TRAP TSTP TTIN TTOU URG USR1 USR2 VTALRM WINCH XCPU XFSZ RTMIN RTMAX "
            + " ".join([*(f"RTMIN+{n}" for n in range(1, 16)), *(f"RTMAX-{n}" for n in range(1, 15))])
        ).split()
    )
)
_NUMBERS = ("initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold")


def probes(path: str, container: Object) -> Iterator[Problem]:
    """The three probes of a container that keeps running."""
    yield from _probe(f"{path}.livenessProbe", container.get("livenessProbe"), is_once=True)
    yield from _readiness(f"{path}.readinessProbe", container.get("readinessProbe"))
    yield from _probe(f"{path}.startupProbe", container.get("startupProbe"), is_once=True)


def _readiness(path: str, probe: Object | None) -> Iterator[Problem]:
    yield from _probe(path, probe, is_once=False)
    grace = None if probe is None else probe.get("terminationGracePeriodSeconds")
    if grace is not None:
        yield invalid_value(f"{path}.terminationGracePeriodSeconds", grace, "must not be set for readinessProbes")


def _probe(path: str, probe: Object | None, *, is_once: bool) -> Iterator[Problem]:
    if probe is None:
        return
    yield from _handler(path, probe, ("exec", "httpGet", "tcpSocket", "grpc"), None)
    for name in _NUMBERS:
        yield from non_negative(f"{path}.{name}", probe.get(name))
    grace = probe.get("terminationGracePeriodSeconds")
    if grace is not None and grace <= 0:
        yield invalid_value(f"{path}.terminationGracePeriodSeconds", grace, POSITIVE)
    if is_once and probe.get("successThreshold") != 1:
        yield invalid_value(f"{path}.successThreshold", probe.get("successThreshold"), "must be 1")


def lifecycle(path: str, hooks: Object | None, spec: Object) -> Iterator[Problem]:
    """postStart, preStop and the signal that ends it, in a pod of that ``spec``."""
    for name in ("postStart", "preStop"):
        hook = (hooks or {}).get(name)
        if hook is not None:
            grace_s = spec.get("terminationGracePeriodSeconds")
            yield from _handler(f"{path}.{name}", hook, ("exec", "httpGet", "tcpSocket", "sleep"), grace_s)
    if (signal := (hooks or {}).get("stopSignal")) is not None:
        yield from _stop_signal(f"{path}.stopSignal", signal, spec.get("os"))


def _stop_signal(path: str, signal: str, system: Object | None) -> Iterator[Problem]:
    if system is None:
        yield forbidden_value(path, "may not be set for containers with empty `spec.os.name`")
        return
    known = {"windows": _SIGNALS_OF_WINDOWS, "linux": _SIGNALS}.get(system.get("name") or "")
    if known is not None and signal not in known:
        yield not_supported(path, signal, known)


def _handler(path: str, handler: Object, names: tuple[str, ...], grace_s: int | None) -> Iterator[Problem]:
    given = [name for name in names if handler.get(name) is not None]
    if not given:
        yield required(path, "must specify a handler type")
        return
    first, *others = given
    if first == "sleep":
        yield from _sleep(f"{path}.sleep", handler["sleep"], grace_s)
    else:
        yield from _ACTIONS[first](f"{path}.{first}", handler[first])
    for name in others:
        yield forbidden_value(f"{path}.{name}", "may not specify more than 1 handler type")


def _exec(path: str, action: Object) -> Iterator[Problem]:
    if not action.get("command"):
        yield required(f"{path}.command")


def _http(path: str, action: Object) -> Iterator[Problem]:
    if not action.get("path"):
        yield required(f"{path}.path")
    yield from port_number_or_name(f"{path}.port", _target(action))
    yield from one_of(f"{path}.scheme", action.get("scheme"), ("HTTP", "HTTPS"))
    for header in action.get("httpHeaders") or ():
        yield from header_name(f"{path}.httpHeaders", header.get("name") or "")


def _port(path: str, action: Object) -> Iterator[Problem]:
    return port_number_or_name(f"{path}.port", _target(action))


def _sleep(path: str, action: Object, grace_s: int | None) -> Iterator[Problem]:
    seconds = action.get("seconds") or 0
    if grace_s is not None and not 0 <= seconds <= grace_s:
        yield invalid_value(
            path, seconds, f"must be non-negative and less than terminationGracePeriodSeconds ({grace_s})"
        )


_ACTIONS: dict[str, Callable[[str, Object], Iterator[Problem]]] = {
    "exec": _exec, "httpGet": _http, "tcpSocket": _port, "grpc": _port,
}  # fmt: skip


def _target(action: Object) -> int | str:
    port: int | str | None = action.get("port")
    return 0 if port is None else port
