"""Service variables: the environment by which a container finds the Services that existed before it.  Pure.

Source: services.md 10.1; Kubernetes docs, "Service", "Environment variables".
"""

from collections.abc import Iterable

from fairway.objects import Object
from fairway.objects.authority import authority


def service_variables(services: Iterable[Object], namespace: str, *, has_links: bool) -> dict[str, str]:
    """Variables for the Services of ``namespace`` (if ``has_links``) and always for the API server's own."""
    variables: dict[str, str] = {}
    seen = sorted(services, key=lambda service: (service["metadata"].get("creationTimestamp", ""), _key(service)))
    for service in seen:
        meta = service["metadata"]
        is_api = (meta["namespace"], meta["name"]) == ("default", "kubernetes")
        is_linked = has_links and meta["namespace"] == namespace
        if (is_linked or is_api) and _has_cluster_ip(service):
            for name, value in variables_of(service).items():
                if is_linked or name not in variables:
                    variables[name] = value
    return variables


def _key(service: Object) -> tuple[str, str]:
    return service["metadata"]["namespace"], service["metadata"]["name"]


def _has_cluster_ip(service: Object) -> bool:
    return service["spec"].get("clusterIP") not in (None, "", "None") and bool(service["spec"].get("ports"))


def variables_of(service: Object) -> dict[str, str]:
    """What one Service with a cluster IP adds."""
    prefix = service["metadata"]["name"].upper().replace("-", "_")
    address, ports = service["spec"]["clusterIP"], service["spec"]["ports"]
    variables = {f"{prefix}_SERVICE_HOST": address, f"{prefix}_SERVICE_PORT": str(ports[0]["port"])}
    for port in ports:
        if port.get("name"):
            name = port["name"].upper().replace("-", "_")
            variables[f"{prefix}_SERVICE_PORT_{name}"] = str(port["port"])
    for index, port in enumerate(ports):
        protocol = port.get("protocol", "TCP")
        url = f"{protocol.lower()}://{authority(address, port['port'])}"
        if index == 0:
            variables[f"{prefix}_PORT"] = url
        stem = f"{prefix}_PORT_{port['port']}_{protocol.upper()}"
        variables |= {
            stem: url, f"{stem}_PROTO": protocol.lower(),
            f"{stem}_PORT": str(port["port"]), f"{stem}_ADDR": address,
        }  # fmt: skip
    return variables
