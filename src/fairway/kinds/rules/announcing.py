"""Announcing: what the load balancer controller and the nodes tell each other about addresses on a LAN.

1. The controller names on a Service the addresses that it would like to give (``CANDIDATES``).
2. The nodes look for them on their LANs and each says on its own Node what it found (``FINDINGS``), also when an
   address that is in use turns up at another machine.  So nobody writes where another writes too.

Pure.
"""

import json
from collections.abc import Iterable, Mapping

from fairway.objects import Object

CLASS = "fairway.dev/load-balancer"
"""The ``spec.loadBalancerClass`` by which a Service asks for Fairway's controller by name."""
CANDIDATES = "fairway.dev/load-balancer-candidates"
"""Annotation of a Service: addresses with commas that wait for a finding before they are given."""
FINDINGS = "fairway.dev/load-balancer-findings"
"""Annotation of a Node: JSON, address to who has it, in words; empty for nobody."""
DEVICES = "fairway.dev/load-balancer-devices"
"""Annotation of a Node: ``device=MAC`` with commas, the LANs on which it announces addresses."""


def is_of_our_class(service: Object) -> bool:
    """Whether a load balancer of the Service, if it has one, is Fairway's business."""
    return service["spec"].get("loadBalancerClass") in (None, CLASS)


def annotations(found: Object) -> Mapping[str, str]:
    """The annotations of an object."""
    return found["metadata"].get("annotations") or {}


def candidates(service: Object) -> list[str]:
    """The addresses that a Service waits for."""
    return [at for at in annotations(service).get(CANDIDATES, "").split(",") if at]


def findings(node: Object) -> dict[str, str]:
    """What a node found; nothing where it is not in the form that a node writes."""
    try:
        found = json.loads(annotations(node).get(FINDINGS) or "{}")
    except ValueError:
        return {}
    return {str(at): str(who) for at, who in found.items()} if isinstance(found, dict) else {}


def findings_text(found: Mapping[str, str]) -> str:
    """Findings as an annotation's value."""
    return json.dumps(dict(sorted(found.items())), separators=(",", ":"))


def devices(node: Object) -> dict[str, str]:
    """The devices on which a node announces, each with its MAC address."""
    pairs = (text.partition("=") for text in annotations(node).get(DEVICES, "").split(",") if text)
    return {name: mac for name, _, mac in pairs}


def devices_text(found: Mapping[str, str]) -> str:
    """Devices as an annotation's value."""
    return ",".join(f"{name}={mac}" for name, mac in sorted(found.items()))


def with_annotation(meta: Object, name: str, value: str) -> Object:
    """The metadata with an annotation, or without it if ``value`` is empty; the same object if that is so already."""
    found = meta.get("annotations") or {}
    if found.get(name, "") == value:
        return meta
    rest = {key: text for key, text in found.items() if key != name}
    fresh = {**rest, name: value} if value else rest
    kept = {key: part for key, part in meta.items() if key != "annotations"}
    return {**kept, "annotations": fresh} if fresh else kept


def joined(addresses: Iterable[str]) -> str:
    """Addresses as an annotation's value."""
    return ",".join(addresses)
