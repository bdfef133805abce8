"""The description of an Ingress: which host and path leads to which Service, and to which endpoints."""

from __future__ import annotations

from fairway.cli.describe import events
from fairway.cli.describe.page import NONE, Page
from fairway.cli.describe.service import endpoints
from fairway.cli.describe.world import Refused, within

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fairway.cli.describe.world import World
    from fairway.objects import Object


def write(page: Page, found: Object, world: World) -> None:
    """The whole description."""
    metadata, spec = found["metadata"], found.get("spec") or {}
    namespace = metadata.get("namespace", "")
    page.line(0, "Name:", metadata.get("name", ""))
    page.labels("Labels", metadata.get("labels"))
    page.line(0, "Namespace:", namespace)
    page.line(0, "Address:", _addresses(found))
    page.line(0, "Ingress Class:", NONE if spec.get("ingressClassName") is None else spec["ingressClassName"])
    default = spec.get("defaultBackend")
    fallback = "<default>" if default is None else _backend(world, namespace, default)
    page.line(0, "Default backend:", fallback)
    if spec.get("tls"):
        page.line(0, "TLS:")
        for each in spec["tls"]:
            hosts = ",".join(each.get("hosts") or ())
            secret = each.get("secretName")
            page.line(1, f"{secret} terminates {hosts}" if secret else f"SNI routes {hosts}")
    _rules(page, world, namespace, spec, fallback)
    page.annotations("Annotations", metadata.get("annotations"))
    events.write(page, found, world)


def _addresses(found: Object) -> str:
    listed = ((found.get("status") or {}).get("loadBalancer") or {}).get("ingress") or ()
    return ",".join(sorted({each.get("ip") or each.get("hostname") or "" for each in listed} - {""}))


def _rules(page: Page, world: World, namespace: str, spec: Object, fallback: str) -> None:
    page.line(0, "Rules:")
    page.line(1, "Host", "Path", "Backends")
    page.line(1, "----", "----", "--------")
    rules = [rule for rule in spec.get("rules") or () if rule.get("http") is not None]
    for rule in rules:
        page.line(1, rule.get("host") or "*", "")
        for path in rule["http"].get("paths") or ():
            page.line(2, "", f"{path.get('path', '')} ", _backend(world, namespace, path.get("backend") or {}))
    if not rules:
        page.line(1, "*", "*", fallback)


def _backend(world: World, namespace: str, backend: Object) -> str:
    service, resource = backend.get("service"), backend.get("resource")
    if service is not None:
        port = service.get("port") or {}
        shown = f"{service.get('name', '')}:{port.get('number') or port.get('name', '')}"
        return f"{shown} ({_endpoints(world, namespace, service.get('name', ''), port)})"
    if resource is not None:
        group = NONE if resource.get("apiGroup") is None else resource["apiGroup"]
        return f"APIGroup: {group}, Kind: {resource.get('kind', '')}, Name: {resource.get('name', '')}"
    return ""


def _endpoints(world: World, namespace: str, name: str, port: Object) -> str:
    path = within(namespace, "endpointslices", "discovery.k8s.io")
    try:
        slices = world.list(path, labels=f"kubernetes.io/service-name={name}")
        service = world.get(f"{within(namespace, 'services')}/{name}")
    except Refused as error:
        return f"<error: {error}>"
    meant = ""
    for each in (service.get("spec") or {}).get("ports") or ():
        is_number = port.get("number") and port["number"] == each.get("port")
        if is_number or (port.get("name") and port["name"] == each.get("name")):
            meant = each.get("name") or ""
    return endpoints(slices, meant)
