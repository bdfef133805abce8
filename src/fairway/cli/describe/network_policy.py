"""The description of a NetworkPolicy: who may talk to the pods, and to whom they may talk."""

from __future__ import annotations

from datetime import datetime

from fairway.cli.describe.page import NONE, Page, selector

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fairway.cli.describe.world import World
    from fairway.objects import Object

_DIRECTIONS = (("Ingress", "ingress", "from", "From", "source"), ("Egress", "egress", "to", "To", "destination"))


def write(page: Page, found: Object, world: World) -> None:
    """The whole description; kubectl shows no events here."""
    metadata, spec = found["metadata"], found.get("spec") or {}
    page.line(0, "Name:", metadata.get("name", ""))
    page.line(0, "Namespace:", metadata.get("namespace", ""))
    page.line(0, "Created on:", _moment(metadata.get("creationTimestamp")))
    page.marks(metadata)
    page.line(0, "Spec:")
    chosen = selector(spec.get("podSelector"))
    everyone = f"{NONE} (Allowing the specific traffic to all pods in this namespace)"
    page.line(1, f"PodSelector:     {chosen or everyone}")
    types = spec.get("policyTypes") or ()
    for kind, field, peers, word, side in _DIRECTIONS:
        if kind not in types:
            page.line(1, f"Not affecting {field} traffic")
            continue
        page.line(1, f"Allowing {field} traffic:")
        _rules(page, spec.get(field) or (), field, peers, word, side)
    page.line(1, f"Policy Types: {', '.join(types) or NONE}")


def _moment(text: str | None) -> str:
    if not text:
        return "0001-01-01 00:00:00 +0000 UTC"
    return f"{datetime.fromisoformat(text).astimezone():%Y-%m-%d %H:%M:%S %z %Z}"


def _rules(page: Page, rules: list[Object] | tuple[()], field: str, peers: str, word: str, side: str) -> None:
    if not rules:
        page.line(2, f"{NONE} (Selected pods are isolated for {field} connectivity)")
    for place, rule in enumerate(rules):
        if place:
            page.line(2, "----------")
        for port in rule.get("ports") or ():
            page.line(2, _port(port))
        if not rule.get("ports"):
            page.line(2, "To Port: <any> (traffic allowed to all ports)")
        for peer in rule.get(peers) or ():
            page.line(2, f"{word}:")
            _peer(page, peer)
        if not rule.get(peers):
            page.line(2, f"{word}: <any> (traffic not restricted by {side})")


def _port(port: Object) -> str:
    protocol = port.get("protocol") or "TCP"
    number = "<nil>" if port.get("port") is None else port["port"]
    if port.get("endPort") is None:
        return f"To Port: {number}/{protocol}"
    return f"To Port Range: {number}-{port['endPort']}/{protocol}"


def _peer(page: Page, peer: Object) -> None:
    pods, namespaces, block = peer.get("podSelector"), peer.get("namespaceSelector"), peer.get("ipBlock")
    if namespaces is not None:
        page.line(3, f"NamespaceSelector: {selector(namespaces) or NONE}")
    if pods is not None:
        page.line(3, f"PodSelector: {selector(pods) or NONE}")
    if pods is None and namespaces is None and block is not None:
        page.line(3, "IPBlock:")
        page.line(4, f"CIDR: {block.get('cidr', '')}")
        page.line(4, f"Except: {', '.join(block.get('except') or ())}")
