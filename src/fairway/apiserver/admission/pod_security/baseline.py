"""Baseline: what would let a pod out of its box.

Source: Kubernetes docs, "Pod Security Standards", "Baseline"; the texts are upstream's.
"""

from collections.abc import Iterator

from fairway.apiserver.admission.pod_security.findings import Check, Finding, Subject, containers, plural, quoted, uses
from fairway.objects import Object

_ADDED = frozenset(
    [
        "AUDIT_WRITE",
        "CHOWN",
        "DAC_OVERRIDE",
        "FOWNER",
        "FSETID",
        "KILL",
        "MKNOD",
        "NET_BIND_SERVICE",
        "SETFCAP",
        "SETGID",
        "SETPCAP",
        "SETUID",
        "SYS_CHROOT",
    ]
)
_SYSCTLS = {
    "kernel.shm_rmid_forced": 0, "net.ipv4.ip_local_port_range": 0, "net.ipv4.tcp_syncookies": 0,
    "net.ipv4.ping_group_range": 0, "net.ipv4.ip_unprivileged_port_start": 0, "net.ipv4.ip_local_reserved_ports": 27,
    "net.ipv4.tcp_keepalive_time": 29, "net.ipv4.tcp_fin_timeout": 29, "net.ipv4.tcp_keepalive_intvl": 29,
    "net.ipv4.tcp_keepalive_probes": 29, "net.ipv4.tcp_rmem": 32, "net.ipv4.tcp_wmem": 32,
}  # fmt: skip
"""The minor version from which a sysctl is taken to be safe."""
_SELINUX = {"": 0, "container_t": 0, "container_init_t": 0, "container_kvm_t": 0, "container_engine_t": 31}
_SECCOMP = ("RuntimeDefault", "Localhost")
_APP_ARMOR = "container.apparmor.security.beta.kubernetes.io/"


def _app_armor(pod: Subject) -> Finding | None:
    found = pod.metadata.get("annotations") or {}
    bad = sorted(
        f'{name}="{value}"'
        for name, value in found.items()
        if name.startswith(_APP_ARMOR) and value not in ("", "runtime/default") and not value.startswith("localhost/")
    )
    values: set[str] = set()

    def is_bad(context: Object) -> bool:
        type_ = (context.get("appArmorProfile") or {}).get("type")
        if type_ in (None, *_SECCOMP):
            return False
        values.add(type_)
        return True

    setters = pod.setters(is_bad)
    details = [f"{plural('annotation', len(bad))} {', '.join(bad)}"] if bad else []
    if setters:
        details.insert(0, f"{setters} must not set AppArmor profile type to {quoted(sorted(values))}")
    count = len(bad) + len(values)
    return Finding(plural("forbidden AppArmor profile", count), "; ".join(details)) if details else None


def _host_namespaces(pod: Subject) -> Finding | None:
    found = [f"{name}=true" for name in ("hostNetwork", "hostPID", "hostIPC") if pod.spec.get(name)]
    return Finding("host namespaces", ", ".join(found)) if found else None


def _host_ports(pod: Subject) -> Finding | None:
    named, ports = [], set()
    for container in pod.containers():
        own = {str(one["hostPort"]) for one in container.get("ports") or () if one.get("hostPort")}
        if own:
            named.append(container["name"])
            ports |= own
    if not named:
        return None
    listed = ", ".join(sorted(ports))
    return Finding("hostPort", f"{containers(named)} {uses(named)} {plural('hostPort', len(ports))} {listed}")


def _hosts_of(container: Object) -> Iterator[str]:
    lifecycle = container.get("lifecycle") or {}
    handlers = [container.get(name) for name in ("livenessProbe", "readinessProbe", "startupProbe")]
    handlers += [lifecycle.get("postStart"), lifecycle.get("preStop")]
    for handler in handlers:
        for kind in ("httpGet", "tcpSocket"):
            host = ((handler or {}).get(kind) or {}).get("host")
            if host:
                yield host


def _probe_hosts(pod: Subject) -> Finding | None:
    if pod.minor < 34:
        return None
    named = sorted({container["name"] for container in pod.containers() if any(_hosts_of(container))})
    if not named:
        return None
    hosts = sorted({host for container in pod.containers() for host in _hosts_of(container)})
    what = f"{plural('probe or lifecycle host', len(hosts))} {quoted(hosts)}"
    return Finding("probe or lifecycle host", f"{containers(named)} {uses(named)} {what}")


def _privileged(pod: Subject) -> Finding | None:
    named = pod.named(lambda context: context.get("privileged"))
    return Finding("privileged", f"{containers(named)} must not set securityContext.privileged=true") if named else None


def _proc_mount(pod: Subject) -> Finding | None:
    if pod.has_own_users:
        return None
    values: set[str] = set()

    def is_bad(context: Object) -> bool:
        mount = context.get("procMount")
        if mount in (None, "Default"):
            return False
        values.add(mount)
        return True

    named = pod.named(is_bad)
    text = f"{containers(named)} must not set securityContext.procMount to {quoted(sorted(values))}"
    return Finding("procMount", text) if named else None


def _selinux(pod: Subject) -> Finding | None:
    types: set[str] = set()
    fields: set[str] = set()

    def is_bad(context: Object) -> bool:
        options = context.get("seLinuxOptions") or {}
        own = {field for field in ("user", "role") if options.get(field)}
        fields.update(own)
        type_ = options.get("type") or ""
        is_allowed = type_ in _SELINUX and _SELINUX[type_] <= pod.minor
        if not is_allowed:
            types.add(type_)
        return bool(own) or not is_allowed

    setters = pod.setters(is_bad)
    if not setters:
        return None
    wrong = [f"{plural('type', len(types))} {quoted(sorted(types))}"] if types else []
    wrong += [f"{field} may not be set" for field in ("user", "role") if field in fields]
    return Finding("seLinuxOptions", f"{setters} set forbidden securityContext.seLinuxOptions: {'; '.join(wrong)}")


def _sysctls(pod: Subject) -> Finding | None:
    names = [one.get("name") or "" for one in (pod.spec.get("securityContext") or {}).get("sysctls") or ()]
    bad = [name for name in names if _SYSCTLS.get(name, pod.minor + 1) > pod.minor]
    return Finding("forbidden sysctls", ", ".join(bad)) if bad else None


def _host_process(pod: Subject) -> Finding | None:
    setters = pod.setters(lambda context: (context.get("windowsOptions") or {}).get("hostProcess"))
    text = f"{setters} must not set securityContext.windowsOptions.hostProcess=true"
    return Finding("hostProcess", text) if setters else None


def bad_capabilities(pod: Subject, allowed: frozenset[str]) -> str:
    """Who adds capabilities that are not allowed, and which; empty if nobody does."""
    values: set[str] = set()

    def is_bad(context: Object) -> bool:
        own = set((context.get("capabilities") or {}).get("add") or ()) - allowed
        values.update(own)
        return bool(own)

    named = pod.named(is_bad)
    if not named:
        return ""
    return f"{containers(named)} must not include {quoted(sorted(values))} in securityContext.capabilities.add"


def _capabilities(pod: Subject) -> Finding | None:
    detail = bad_capabilities(pod, _ADDED)
    return Finding("non-default capabilities", detail) if detail else None


def _host_paths(pod: Subject) -> Finding | None:
    names = [one.get("name") or "" for one in pod.spec.get("volumes") or () if one.get("hostPath") is not None]
    return Finding("hostPath volumes", f"{plural('volume', len(names))} {quoted(names)}") if names else None


def bad_seccomp(pod: Subject) -> Finding | None:
    """Profiles that leave every system call open."""
    values: set[str] = set()

    def is_bad(context: Object) -> bool:
        profile = context.get("seccompProfile")
        if profile is None or profile.get("type") in _SECCOMP:
            return False
        values.add(str(profile.get("type") or ""))
        return True

    setters = pod.setters(is_bad)
    text = f"{setters} must not set securityContext.seccompProfile.type to {quoted(sorted(values))}"
    return Finding("seccompProfile", text) if setters else None


CHECKS: tuple[Check, ...] = (
    _app_armor, _capabilities, _host_namespaces, _host_paths, _host_ports, _probe_hosts, _privileged, _proc_mount,
    _selinux, bad_seccomp, _sysctls, _host_process,
)  # fmt: skip
"""In the order of upstream's names for them."""
OVERRIDDEN: dict[Check, int] = {_capabilities: 22, _host_paths: 0, bad_seccomp: 19}
"""Those in whose place restricted has a stricter one, and since which minor version."""
