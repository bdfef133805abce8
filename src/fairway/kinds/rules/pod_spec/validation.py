"""Every rule of a pod spec, in the order in which upstream reports them."""

from collections.abc import Iterator

from fairway.kinds.rules import addresses
from fairway.kinds.rules.pod_spec import containers, environment, scheduling, security, systems, whole, windows
from fairway.kinds.rules.pod_spec.volumes import sound, volumes
from fairway.kinds.rules.quantities import requirements
from fairway.kinds.rules.values import INT32_MAX, dns_label, dns_subdomain, each, one_of, qualified_name
from fairway.objects import Object, names
from fairway.objects.errors import Problem, forbidden_value, invalid_value, required, too_long
from fairway.objects.labels import validate_labels

_RESTART_POLICIES = ("Always", "OnFailure", "Never")
_DNS_POLICIES = ("ClusterFirstWithHostNet", "ClusterFirst", "Default", "None")
_PREEMPTION = ("PreemptLowerPriority", "Never")
_HOST_NAME_MAX = 64
_NAMESERVERS_MAX, _SEARCHES_MAX, _SEARCH_LENGTH_MAX = 3, 32, 2048


def problems(path: str, spec: Object, *, is_pod: bool, pod_name: str = "") -> Iterator[Problem]:
    """Every broken rule; ``is_pod`` is false for the spec of a template, which has no ``pod_name``."""
    if spec.get("terminationGracePeriodSeconds") is None:
        yield required(f"{path}.terminationGracePeriodSeconds")
    found = spec.get("volumes") or []
    known = sound(found, pod_name)
    yield from volumes(f"{path}.volumes", found, pod_name)
    yield from scheduling.claims(f"{path}.resourceClaims", spec.get("resourceClaims") or [])
    yield from containers.containers(f"{path}.containers", spec, known)
    yield from containers.init_containers(f"{path}.initContainers", spec, known)
    yield from containers.ephemeral_containers(f"{path}.ephemeralContainers", spec, known)
    yield from whole.problems(path, spec)
    if spec.get("hostNetwork"):
        yield from _host_network(path, spec, is_pod=is_pod)
    yield from one_of(f"{path}.restartPolicy", spec.get("restartPolicy"), _RESTART_POLICIES)
    yield from one_of(f"{path}.dnsPolicy", spec.get("dnsPolicy"), _DNS_POLICIES)
    yield from validate_labels(spec.get("nodeSelector"), f"{path}.nodeSelector")
    yield from security.of_pod(f"{path}.securityContext", spec.get("securityContext") or {}, spec)
    yield from scheduling.affinity(f"{path}.affinity", spec.get("affinity"))
    yield from _dns(f"{path}.dnsConfig", spec)
    for index, gate in enumerate(spec.get("readinessGates") or ()):
        yield from qualified_name(f"{path}.readinessGates[{index}].conditionType", gate.get("conditionType") or "")
    yield from scheduling.gates(f"{path}.schedulingGates", spec.get("schedulingGates") or [])
    yield from scheduling.spread(f"{path}.topologySpreadConstraints", spec.get("topologySpreadConstraints") or [])
    yield from windows.host_processes(path, spec)
    yield from security.host_users(path, spec)
    yield from _host_name(path, spec)
    yield from _names(path, spec)
    yield from scheduling.tolerations(f"{path}.tolerations", spec.get("tolerations") or [])
    yield from _rest(path, spec)


def _names(path: str, spec: Object) -> Iterator[Problem]:
    for field in ("serviceAccountName", "nodeName"):
        if name := spec.get(field):
            yield from dns_subdomain(f"{path}.{field}", name)
    deadline = spec.get("activeDeadlineSeconds")
    if deadline is not None and not 1 <= deadline <= INT32_MAX:
        yield invalid_value(f"{path}.activeDeadlineSeconds", deadline, f"must be between 1 and {INT32_MAX}, inclusive")
    for field in ("hostname", "subdomain"):
        if name := spec.get(field):
            yield from dns_label(f"{path}.{field}", name)


def _rest(path: str, spec: Object) -> Iterator[Problem]:
    for index, alias in enumerate(spec.get("hostAliases") or ()):
        here = f"{path}.hostAliases[{index}]"
        yield from addresses.ip(f"{here}.ip", alias.get("ip") or "")
        for place, name in enumerate(alias.get("hostnames") or ()):
            yield from dns_subdomain(f"{here}.hostnames[{place}]", name)
    for field in ("priorityClassName", "runtimeClassName"):
        if name := spec.get(field):
            yield from dns_subdomain(f"{path}.{field}", name)
    if (policy := spec.get("preemptionPolicy")) is not None:
        yield from one_of(f"{path}.preemptionPolicy", policy, _PREEMPTION)
    yield from requirements(f"{path}.overhead", {"limits": spec.get("overhead")})
    yield from systems.of_pod(path, spec)
    yield from environment.files(path, spec)


def _host_name(path: str, spec: Object) -> Iterator[Problem]:
    """The name that overrides all others.  Source: KEP-4762."""
    name, here = spec.get("hostnameOverride"), f"{path}.hostnameOverride"
    if name is None:
        return
    for field in ("setHostnameAsFQDN", "hostNetwork"):
        if spec.get(field):
            yield forbidden_value(here, f"may not be specified when {field} is true")
    if len(name.encode(errors="surrogatepass")) > _HOST_NAME_MAX:
        yield too_long(here, _HOST_NAME_MAX)
    yield from dns_subdomain(here, name)


def _host_network(path: str, spec: Object, *, is_pod: bool) -> Iterator[Problem]:
    for place, container in enumerate(spec.get("containers") or ()):
        for index, port in enumerate(container.get("ports") or ()):
            host, inner = port.get("hostPort") or 0, port.get("containerPort") or 0
            if (is_pod or host) and host != inner:
                yield invalid_value(
                    f"{path}.containers[{place}].ports[{index}].hostPort", host,
                    "must match `containerPort` when `hostNetwork` is true",
                )  # fmt: skip


def _dns(path: str, spec: Object) -> Iterator[Problem]:
    config = spec.get("dnsConfig")
    if spec.get("dnsPolicy") == "None":
        if config is None:
            yield required(path, "must provide `dnsConfig` when `dnsPolicy` is None")
            return
        if not config.get("nameservers"):
            yield required(f"{path}.nameservers", "must provide at least one DNS nameserver when `dnsPolicy` is None")
            return
    if config is not None:
        yield from _dns_config(path, config)


def _dns_config(path: str, config: Object) -> Iterator[Problem]:
    servers, searches = config.get("nameservers") or [], config.get("searches") or []
    if len(servers) > _NAMESERVERS_MAX:
        yield invalid_value(f"{path}.nameservers", servers, f"must not have more than {_NAMESERVERS_MAX} nameservers")
    for index, server in enumerate(servers):
        yield from addresses.ip(f"{path}.nameservers[{index}]", server)
    if len(searches) > _SEARCHES_MAX:
        yield invalid_value(f"{path}.searches", searches, f"must not have more than {_SEARCHES_MAX} search paths")
    if len(" ".join(searches)) > _SEARCH_LENGTH_MAX:
        yield invalid_value(
            f"{path}.searches", searches,
            f"must not have more than {_SEARCH_LENGTH_MAX} characters (including spaces) in the search list",
        )  # fmt: skip
    for index, search in enumerate(searches):
        domain = search.removesuffix(".")
        if search != ".":
            yield from each(f"{path}.searches[{index}]", domain, names.search_domain(domain))
    for index, option in enumerate(config.get("options") or ()):
        if not option.get("name"):
            yield required(f"{path}.options[{index}]", "must not be empty")
