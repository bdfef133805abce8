"""The description of a Pod: where it runs, its containers one by one, its volumes, its conditions."""

from __future__ import annotations

from fairway.cli.describe import events
from fairway.cli.describe.containers import containers
from fairway.cli.describe.page import NONE, Page, selector, stamp
from fairway.cli.describe.resources import amounts
from fairway.cli.describe.volumes import volumes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fairway.cli.describe.world import World
    from fairway.objects import Object

MIRROR = "kubernetes.io/config.mirror"
"""Annotation of a static pod's picture in the API; events name the pod by its value."""
_ENDED = ("Failed", "Succeeded")


def write(page: Page, found: Object, world: World) -> None:
    """The whole description."""
    spec, status = found.get("spec") or {}, found.get("status") or {}
    _head(page, found["metadata"], spec, status)
    page.marks(found["metadata"])
    _state(page, found["metadata"], spec, status)
    _addresses(page, found, status)
    if spec.get("resources") is not None:
        page.line(0, "Resources:")
        amounts(page, spec["resources"], 1)
    _containers(page, found, spec, status)
    _conditions(page, spec, status)
    volumes(page, spec.get("volumes"))
    page.line(0, "QoS Class:", _qos(found))
    page.labels("Node-Selectors", spec.get("nodeSelector"))
    tolerations(page, spec.get("tolerations"))
    spread(page, spec.get("topologySpreadConstraints"))
    if page.has_events:
        uid = (found["metadata"].get("annotations") or {}).get(MIRROR) or found["metadata"].get("uid", "")
        events.table(page, events.search(world, found["metadata"], "", uid))


def missing(page: Page, namespace: str, name: str, message: str, world: World) -> bool:
    """The events of a pod that is not there (any more), if there are any; whether there are."""
    found = events.search(world, {"name": name, "namespace": namespace}, "", "") if page.has_events else []
    if found:
        page.line(0, f"Pod '{name}': error '{message}', but found events.")
        events.table(page, found)
    return bool(found)


def _head(page: Page, metadata: Object, spec: Object, status: Object) -> None:
    page.line(0, "Name:", metadata.get("name", ""))
    page.line(0, "Namespace:", metadata.get("namespace", ""))
    if spec.get("priority") is not None:
        page.line(0, "Priority:", spec["priority"])
    for title, field in (
        ("Priority Class Name:", "priorityClassName"),
        ("Runtime Class Name:", "runtimeClassName"),
        ("Service Account:", "serviceAccountName"),
    ):
        if spec.get(field):
            page.line(0, title, spec[field])
    node = spec.get("nodeName")
    page.line(0, "Node:", f"{node}/{status.get('hostIP', '')}" if node else NONE)
    if status.get("startTime") is not None:
        page.line(0, "Start Time:", stamp(status["startTime"]))


def _state(page: Page, metadata: Object, spec: Object, status: Object) -> None:
    if metadata.get("deletionTimestamp") and status.get("phase") not in _ENDED:
        page.line(0, "Status:", f"Terminating (lasts {page.since(metadata['deletionTimestamp'])})")
        page.line(0, "Termination Grace Period:", f"{metadata.get('deletionGracePeriodSeconds', 0)}s")
    else:
        page.line(0, "Status:", status.get("phase", ""))
    for title, field in (("Reason:", "reason"), ("Message:", "message")):
        if status.get(field):
            page.line(0, title, status[field])
    profile = (spec.get("securityContext") or {}).get("seccompProfile")
    if profile is not None:
        page.line(0, "SeccompProfile:", profile.get("type", ""))
        if profile.get("type") == "Localhost":
            page.line(0, "LocalhostProfile:", profile.get("localhostProfile", ""))


def _addresses(page: Page, found: Object, status: Object) -> None:
    page.line(0, "IP:", status.get("podIP", ""))
    if status.get("podIPs"):
        page.line(0, "IPs:")
        for each in status["podIPs"]:
            page.line(1, "IP:", each.get("ip", ""))
    else:
        page.line(0, "IPs:", NONE)
    controlled_by(page, found)
    if status.get("nominatedNodeName"):
        page.line(0, "NominatedNodeName:", status["nominatedNodeName"])


def controlled_by(page: Page, found: Object) -> None:
    """Who made the object, if anybody did."""
    for owner in found["metadata"].get("ownerReferences") or ():
        if owner.get("controller"):
            page.line(0, "Controlled By:", f"{owner.get('kind', '')}/{owner.get('name', '')}")
            return


def _containers(page: Page, found: Object, spec: Object, status: Object) -> None:
    if spec.get("initContainers"):
        containers(page, "Init Containers", spec["initContainers"], status.get("initContainerStatuses"), pod=found)
    containers(page, "Containers", spec.get("containers"), status.get("containerStatuses"), pod=found)
    if spec.get("ephemeralContainers"):
        seen = status.get("ephemeralContainerStatuses")
        containers(page, "Ephemeral Containers", spec["ephemeralContainers"], seen, pod=found)


def _conditions(page: Page, spec: Object, status: Object) -> None:
    known = {each.get("type", ""): each.get("status", "") for each in reversed(status.get("conditions") or ())}
    if spec.get("readinessGates"):
        page.line(0, "Readiness Gates:")
        page.line(1, "Type", "Status")
        for gate in spec["readinessGates"]:
            kind = gate.get("conditionType", "")
            page.line(1, f"{kind} ", f"{known.get(kind, NONE)} ")
    if status.get("conditions"):
        page.line(0, "Conditions:")
        page.line(1, "Type", "Status")
        for each in status["conditions"]:
            page.line(1, f"{each.get('type', '')} ", f"{each.get('status', '')} ")


def _qos(found: Object) -> str:
    return (found.get("status") or {}).get("qosClass") or _reckoned_qos(found.get("spec") or {})


def _reckoned_qos(spec: Object) -> str:
    from fairway.objects.quantity import parse

    totals: dict[str, dict[str, int]] = {"requests": {}, "limits": {}}
    is_guaranteed = True
    for container in (*(spec.get("containers") or ()), *(spec.get("initContainers") or ())):
        limited = set()
        for word in ("requests", "limits"):
            for name, amount in ((container.get("resources") or {}).get(word) or {}).items():
                value = parse(str(amount)).nano
                if name in ("cpu", "memory") and value > 0:
                    totals[word][name] = totals[word].get(name, 0) + value
                    limited |= {name} if word == "limits" else set()
        is_guaranteed = is_guaranteed and limited == {"cpu", "memory"}
    if not totals["requests"] and not totals["limits"]:
        return "BestEffort"
    return "Guaranteed" if is_guaranteed and totals["requests"] == totals["limits"] else "Burstable"


def tolerations(page: Page, found: list[Object] | None, indent: str = "") -> None:
    """Which taints the pod puts up with, by key."""
    ordered = sorted(found or (), key=lambda each: str(each.get("key") or ""))
    page.column(f"{indent}Tolerations:", [_toleration(each) for each in ordered])


def _toleration(found: Object) -> str:
    key, value, effect = found.get("key") or "", found.get("value") or "", found.get("effect") or ""
    text = key + (f"={value}" if value else "") + (f":{effect}" if effect else "")
    if found.get("operator") == "Exists" and not value:
        text += " op=Exists" if key or effect else "op=Exists"
    if found.get("tolerationSeconds") is not None:
        text += f" for {found['tolerationSeconds']}s"
    return text


def spread(page: Page, found: list[Object] | None, indent: str = "") -> None:
    """How the pods are to be spread, by topology key; nothing where nobody asks for it."""
    lines = []
    for each in sorted(found or (), key=lambda each: str(each.get("topologyKey") or "")):
        text = f"{each.get('topologyKey', '')}:{each.get('whenUnsatisfiable', '')}"
        text += f" when max skew {each.get('maxSkew', 0)} is exceeded"
        if each.get("labelSelector") is not None:
            text += f" for selector {selector(each['labelSelector']) or NONE}"
        lines.append(text)
    if lines:
        page.column(f"{indent}Topology Spread Constraints:", lines, indent)
