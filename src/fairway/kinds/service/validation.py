"""Every rule of a Service, in the order in which upstream reports them.

Source: Kubernetes API reference, "ServiceSpec v1 core".
"""

from collections.abc import Iterator

from fairway.kinds.rules import addresses, host_ports, values
from fairway.kinds.service import cluster_ips
from fairway.kinds.service.defaults import is_externally_accessible
from fairway.kinds.service.transitions import is_headless, needs_health_check
from fairway.kinds.well_known import SOURCE_RANGES, TOPOLOGY_MODES
from fairway.objects import Object
from fairway.objects.errors import Problem, duplicate, forbidden_value, invalid_value, not_supported, required
from fairway.objects.labels import validate_labels

TOPOLOGY_HINTS, TOPOLOGY_MODE = TOPOLOGY_MODES
_TYPES = ("ClusterIP", "ExternalName", "LoadBalancer", "NodePort")
_AFFINITIES = ("ClientIP", "None")
_TRAFFIC_POLICIES = ("Cluster", "Local")
_DISTRIBUTIONS = ("PreferClose", "PreferSameZone", "PreferSameNode")
_AFFINITY_TIMEOUT_MAX_S = 86400
_KUBELET_PORT = 10250
_ONLY_BALANCER = "may only be used when `type` is 'LoadBalancer'"


def validate(new: Object, old: Object | None) -> Iterator[Problem]:
    """Every broken rule; a write of the status alone is judged by its status alone."""
    if old is not None and new["spec"] is old["spec"]:
        yield from _status(new)
        return
    if old is not None:
        yield from cluster_ips.update_problems(new, old)
        yield from _balancer_class_change(new["spec"], old["spec"])
        yield from _health_check_change(new["spec"], old["spec"])
    yield from _service(new, {} if old is None else old["spec"])


def _service(new: Object, had: Object) -> Iterator[Problem]:
    spec = new["spec"]
    annotations = new["metadata"].get("annotations") or {}
    yield from _topology(annotations)
    yield from host_ports.problems(annotations)
    yield from _type_demands(spec)
    yield from _ports(spec.get("ports") or [])
    yield from validate_labels(spec.get("selector"), "spec.selector")
    yield from _affinity(spec)
    yield from cluster_ips.problems(spec, had.get("clusterIPs") or ())
    yield from _external_ips(spec, had)
    if spec["type"] not in _TYPES:
        yield not_supported("spec.type", spec["type"], _TYPES)
    yield from _node_ports(spec)
    yield from _duplicate_ports(spec.get("ports") or [])
    yield from _source_ranges(spec, annotations, had)
    yield from _balancer(spec)
    yield from _traffic_policies(spec)
    distribution = spec.get("trafficDistribution")
    if distribution is not None and distribution not in _DISTRIBUTIONS:
        yield not_supported("spec.trafficDistribution", distribution, _DISTRIBUTIONS)


def _topology(annotations: Object) -> Iterator[Problem]:
    mode, hints = annotations.get(TOPOLOGY_MODE), annotations.get(TOPOLOGY_HINTS)
    if mode is not None and hints is not None and mode != hints:
        yield invalid_value(
            f"metadata.annotations[{TOPOLOGY_MODE}]", mode,
            f"must match annotations[{TOPOLOGY_HINTS}] when both are specified",
        )  # fmt: skip


def _type_demands(spec: Object) -> Iterator[Problem]:
    type_ = spec["type"]
    if type_ == "ExternalName":
        yield from _external_name(spec)
        return
    if not spec.get("ports") and not is_headless(spec):
        yield required("spec.ports")
    if type_ == "LoadBalancer":
        for index, port in enumerate(spec.get("ports") or ()):
            if port.get("port") == _KUBELET_PORT:
                yield invalid_value(
                    f"spec.ports[{index}]", _KUBELET_PORT,
                    f"may not expose port {_KUBELET_PORT} externally since it is used by kubelet",
                )  # fmt: skip
    if type_ in ("LoadBalancer", "NodePort") and is_headless(spec):
        yield invalid_value("spec.clusterIPs[0]", "None", f"may not be set to 'None' for {type_} services")


def _external_name(spec: Object) -> Iterator[Problem]:
    for name in ("clusterIPs", "ipFamilies", "ipFamilyPolicy"):
        if spec.get(name) or (name == "clusterIPs" and spec.get("clusterIP")):
            yield forbidden_value(f"spec.{name}", "may not be set for ExternalName services")
    name = spec.get("externalName", "").removesuffix(".")
    if name:
        yield from values.dns_subdomain("spec.externalName", name)
    else:
        yield required("spec.externalName")


def _ports(ports: list[Object]) -> Iterator[Problem]:
    seen: set[str] = set()
    for index, port in enumerate(ports):
        path = f"spec.ports[{index}]"
        name = port.get("name", "")
        if name:
            yield from values.dns_label(f"{path}.name", name)
            if name in seen:
                yield duplicate(f"{path}.name", name)
            seen.add(name)
        elif len(ports) > 1:
            yield required(f"{path}.name")
        yield from values.port_number(f"{path}.port", port.get("port") or 0)
        if port["protocol"] not in values.PROTOCOLS:
            yield not_supported(f"{path}.protocol", port["protocol"], values.PROTOCOLS)
        yield from values.port_number_or_name(f"{path}.targetPort", port["targetPort"])
        protocol = port.get("appProtocol")
        if protocol is not None:
            yield from values.qualified_name(f"{path}.appProtocol", protocol)


def _affinity(spec: Object) -> Iterator[Problem]:
    affinity = spec["sessionAffinity"]
    if affinity not in _AFFINITIES:
        yield not_supported("spec.sessionAffinity", affinity, _AFFINITIES)
    if affinity == "ClientIP":
        timeout = spec["sessionAffinityConfig"]["clientIP"]["timeoutSeconds"]
        if not 0 < timeout <= _AFFINITY_TIMEOUT_MAX_S:
            yield invalid_value(
                "spec.sessionAffinityConfig.clientIP.timeoutSeconds", timeout,
                f"must be greater than 0 and less than {_AFFINITY_TIMEOUT_MAX_S}",
            )  # fmt: skip


def _external_ips(spec: Object, had: Object) -> Iterator[Problem]:
    known = had.get("externalIPs") or ()
    for index, ip in enumerate(spec.get("externalIPs") or ()):
        path = f"spec.externalIPs[{index}]"
        faults = list(addresses.ip(path, ip, known))
        yield from faults or addresses.reachable_ip(path, ip)


def _node_ports(spec: Object) -> Iterator[Problem]:
    ports = [(index, port) for index, port in enumerate(spec.get("ports") or ()) if port.get("nodePort")]
    if spec["type"] == "ClusterIP":
        for index, _ in ports:
            yield forbidden_value(f"spec.ports[{index}].nodePort", "may not be used when `type` is 'ClusterIP'")
    seen: set[tuple[str, int]] = set()
    for index, port in ports:
        pair = (port["protocol"], port["nodePort"])
        if pair in seen:
            yield duplicate(f"spec.ports[{index}].nodePort", port["nodePort"])
        seen.add(pair)


def _duplicate_ports(ports: list[Object]) -> Iterator[Problem]:
    if len(ports) < 2:
        return
    seen: set[tuple[str, int]] = set()
    for index, port in enumerate(ports):
        protocol, number = pair = (port["protocol"], port.get("port") or 0)
        if pair in seen:
            # Upstream shows its own record's field names here, and clients have seen nothing else.
            shown = {
                "Name": "",
                "Protocol": protocol,
                "AppProtocol": None,
                "Port": number,
                "TargetPort": 0,
                "NodePort": 0,
            }
            yield duplicate(f"spec.ports[{index}]", shown)
        seen.add(pair)


def _source_ranges(spec: Object, annotations: Object, had: Object) -> Iterator[Problem]:
    ranges = spec.get("loadBalancerSourceRanges")
    is_balancer = spec["type"] == "LoadBalancer"
    if ranges:
        path = "spec.LoadBalancerSourceRanges"  # a capital L, as upstream has it
        if not is_balancer:
            yield forbidden_value(path, _ONLY_BALANCER)
        known = [value.strip() for value in had.get("loadBalancerSourceRanges") or ()]
        for index, value in enumerate(ranges):
            yield from addresses.cidr(f"{path}[{index}]", value.strip(), known)
    elif (annotation := annotations.get(SOURCE_RANGES)) is not None:
        path = f"metadata.annotations[{SOURCE_RANGES}]"
        if not is_balancer:
            yield forbidden_value(path, _ONLY_BALANCER)
        for value in annotation.split(",") if annotation.strip() else ():
            yield from addresses.cidr(path, value.strip())


def _balancer(spec: Object) -> Iterator[Problem]:
    class_ = spec.get("loadBalancerClass")
    if spec["type"] == "LoadBalancer":
        if class_ is not None:
            yield from values.qualified_name("spec.loadBalancerClass", class_)
        return
    if spec.get("allocateLoadBalancerNodePorts") is not None:
        yield forbidden_value("spec.allocateLoadBalancerNodePorts", _ONLY_BALANCER)
    if class_ is not None:
        yield forbidden_value("spec.loadBalancerClass", _ONLY_BALANCER)


def _traffic_policies(spec: Object) -> Iterator[Problem]:
    external = spec.get("externalTrafficPolicy")
    if not is_externally_accessible(spec):
        if external:
            yield invalid_value(
                "spec.externalTrafficPolicy", external, "may only be set for externally-accessible services"
            )
    elif external not in _TRAFFIC_POLICIES:
        yield not_supported("spec.externalTrafficPolicy", external, _TRAFFIC_POLICIES)
    yield from _health_check(spec)
    internal = spec.get("internalTrafficPolicy")
    if internal is not None and internal not in _TRAFFIC_POLICIES:
        yield not_supported("spec.internalTrafficPolicy", internal, _TRAFFIC_POLICIES)


def _health_check(spec: Object) -> Iterator[Problem]:
    number = spec.get("healthCheckNodePort")
    path = "spec.healthCheckNodePort"
    if needs_health_check(spec):
        if number:
            yield from values.port_number(path, number)
        else:
            yield required(path)
    elif number:
        yield invalid_value(
            path, number, "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'"
        )


def _balancer_class_change(wanted: Object, had: Object) -> Iterator[Problem]:
    if wanted["type"] == had["type"] == "LoadBalancer":
        class_ = wanted.get("loadBalancerClass")
        if class_ != had.get("loadBalancerClass"):
            yield invalid_value("spec.loadBalancerClass", class_, "may not change once set")


def _health_check_change(wanted: Object, had: Object) -> Iterator[Problem]:
    path = "healthCheckNodePort"
    if needs_health_check(wanted) and needs_health_check(had) and wanted.get(path) != had.get(path):
        yield forbidden_value(f"spec.{path}", values.IMMUTABLE)


def _status(new: Object) -> Iterator[Problem]:
    ingresses = ((new.get("status") or {}).get("loadBalancer") or {}).get("ingress") or []
    if ingresses and new["spec"]["type"] != "LoadBalancer":
        yield forbidden_value("status.loadBalancer.ingress", "may only be used when `spec.type` is 'LoadBalancer'")
        return
    for index, ingress in enumerate(ingresses):
        yield from _ingress(f"status.loadBalancer.ingress[{index}]", ingress)


def _ingress(path: str, ingress: Object) -> Iterator[Problem]:
    ip, mode, hostname = ingress.get("ip"), ingress.get("ipMode"), ingress.get("hostname")
    if ip:
        yield from addresses.ip(f"{path}.ip", ip)
    if mode is None:
        if ip:
            yield required(f"{path}.ipMode", "must be specified when `ip` is set")
    elif not ip:
        yield forbidden_value(f"{path}.ipMode", "may not be specified when `ip` is not set")
    elif mode not in ("Proxy", "VIP"):
        yield not_supported(f"{path}.ipMode", mode, ("Proxy", "VIP"))
    if hostname:
        yield from values.dns_subdomain(f"{path}.hostname", hostname)
        if addresses.parsed(hostname) is not None:
            yield invalid_value(f"{path}.hostname", hostname, "must be a DNS name, not an IP address")
