"""The description of an EndpointSlice."""

from __future__ import annotations

from fairway.cli.describe import events
from fairway.cli.describe.page import NONE, UNSET, Page, true

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fairway.cli.describe.world import World
    from fairway.objects import Object


def write(page: Page, found: Object, world: World) -> None:
    """The whole description."""
    page.head(found["metadata"])
    page.line(0, "AddressType:", found.get("addressType", ""))
    _ports(page, found.get("ports") or ())
    if not found.get("endpoints"):
        page.line(0, "Endpoints: <none>")
    else:
        page.line(0, "Endpoints:")
        for endpoint in found["endpoints"]:
            _endpoint(page, endpoint)
    events.write(page, found, world)


def _ports(page: Page, ports: list[Object] | tuple[()]) -> None:
    if not ports:
        page.line(0, "Ports: <unset>")
        return
    page.line(0, "Ports:")
    page.line(1, "Name", "Port", "Protocol")
    page.line(1, "----", "----", "--------")
    for port in ports:
        number = UNSET if port.get("port") is None else port["port"]
        page.line(1, port.get("name") or UNSET, number, port.get("protocol", ""))


def _endpoint(page: Page, endpoint: Object) -> None:
    page.line(1, "- Addresses:", ", ".join(endpoint.get("addresses") or ()) or NONE)
    page.line(2, "Conditions:")
    ready = (endpoint.get("conditions") or {}).get("ready")
    page.line(3, "Ready:", UNSET if ready is None else true(ready))
    page.line(2, "Hostname:", _or_unset(endpoint, "hostname"))
    target = endpoint.get("targetRef")
    if target is not None:
        page.line(2, "TargetRef:", f"{target.get('kind', '')}/{target.get('name', '')}")
    page.line(2, "NodeName:", _or_unset(endpoint, "nodeName"))
    page.line(2, "Zone:", _or_unset(endpoint, "zone"))


def _or_unset(endpoint: Object, field: str) -> str:
    value = endpoint.get(field)
    return UNSET if value is None else str(value)
