"""The description of a Node: what it is, how it is, and which pods take how much of it."""

from __future__ import annotations

from fairway.cli.describe import events
from fairway.cli.describe.node_resources import allocated
from fairway.cli.describe.page import NONE, UNSET, Page, stamp, true
from fairway.cli.describe.world import Refused, within
from fairway.objects.quantity import canonical

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fairway.cli.describe.world import World
    from fairway.objects import Object

ROLE_PREFIX, ROLE = "node-role.kubernetes.io/", "kubernetes.io/role"
LEASES = "kube-node-lease"
_SYSTEM = (
    ("Machine ID", "machineID"),
    ("System UUID", "systemUUID"),
    ("Boot ID", "bootID"),
    ("Kernel Version", "kernelVersion"),
    ("OS Image", "osImage"),
    ("Operating System", "operatingSystem"),
    ("Architecture", "architecture"),
    ("Container Runtime Version", "containerRuntimeVersion"),
    ("Kubelet Version", "kubeletVersion"),
)


def write(page: Page, found: Object, world: World) -> None:
    """The whole description."""
    metadata, spec, status = found["metadata"], found.get("spec") or {}, found.get("status") or {}
    page.line(0, "Name:", metadata["name"])
    page.line(0, "Roles:", ",".join(sorted(_roles(metadata.get("labels") or {}))) or NONE)
    page.marks(metadata)
    page.line(0, "CreationTimestamp:", stamp(metadata.get("creationTimestamp")))
    taints = sorted(spec.get("taints") or (), key=lambda each: f"{each.get('effect', '')},{each.get('key', '')}")
    page.column("Taints:", [taint(each) for each in taints])
    page.line(0, "Unschedulable:", true(spec.get("unschedulable")))
    _lease(page, world, metadata["name"])
    _conditions(page, status.get("conditions") or ())
    _status(page, status)
    for title, value in (
        ("PodCIDR:", spec.get("podCIDR")),
        ("PodCIDRs:", ",".join(spec.get("podCIDRs") or ())),
        ("ProviderID:", spec.get("providerID")),
    ):
        if value:
            page.line(0, title, value)
    _pods(page, found, world)
    _events(page, found, world)


def _roles(labels: dict[str, str]) -> set[str]:
    roles = {key.removeprefix(ROLE_PREFIX) for key in labels if key.startswith(ROLE_PREFIX)}
    return (roles | {labels.get(ROLE, "")}) - {""}


def taint(found: Object) -> str:
    """``key=value:effect``."""
    key, value, effect = found.get("key", ""), found.get("value") or "", found.get("effect") or ""
    if not effect:
        return f"{key}={value}:" if value else key
    return f"{key}={value}:{effect}" if value else f"{key}:{effect}"


def _lease(page: Page, world: World, name: str) -> None:
    try:
        lease = world.get(f"{within(LEASES, 'leases', 'coordination.k8s.io')}/{name}")
    except Refused as error:
        page.line(0, "Lease:", f"Failed to get lease: {error}")
        return
    spec = lease.get("spec") or {}
    page.line(0, "Lease:")
    holder = spec.get("holderIdentity")
    page.line(1, "HolderIdentity:", UNSET if holder is None else holder)
    for title, field in (("AcquireTime:", "acquireTime"), ("RenewTime:", "renewTime")):
        page.line(1, title, UNSET if spec.get(field) is None else stamp(spec[field]))


def _conditions(page: Page, found: list[Object] | tuple[()]) -> None:
    if not found:
        return
    page.line(0, "Conditions:")
    page.line(1, "Type", "Status", "LastHeartbeatTime", "LastTransitionTime", "Reason", "Message")
    page.line(1, "----", "------", "-----------------", "------------------", "------", "-------")
    for each in found:
        times = (f"{stamp(each.get(field))} " for field in ("lastHeartbeatTime", "lastTransitionTime"))
        words = (f"{each.get(field, '')} " for field in ("type", "status"))
        page.line(1, *words, *times, f"{each.get('reason', '')} ", each.get("message", ""))


def _status(page: Page, status: Object) -> None:
    page.line(0, "Addresses:")
    for each in status.get("addresses") or ():
        page.line(1, f"{each.get('type', '')}:", each.get("address", ""))
    for title, field in (("Capacity:", "capacity"), ("Allocatable:", "allocatable")):
        if status.get(field):
            page.line(0, title)
            for name, amount in sorted(status[field].items()):
                page.line(1, f"{name}:", canonical(str(amount)))
    page.line(0, "System Info:")
    info = status.get("nodeInfo") or {}
    for title, field in _SYSTEM:
        page.line(1, f"{title}:", info.get(field, ""))


def _pods(page: Page, found: Object, world: World) -> None:
    fields = f"spec.nodeName={found['metadata']['name']},status.phase!=Succeeded,status.phase!=Failed"
    try:
        pods = world.list(within("", "pods"), fields=fields)
    except Refused as error:
        if error.code != 403:
            raise
        page.line(0, "Pods:", "not authorized")
        return
    allocated(page, pods, found)


def _events(page: Page, found: Object, world: World) -> None:
    """Controllers name a node by its uid, its agent by its name: both are looked for."""
    if page.has_events:
        metadata = found["metadata"]
        seen = [each for uid in (metadata.get("uid", ""), metadata["name"]) for each in _named(world, metadata, uid)]
        events.table(page, seen)


def _named(world: World, metadata: Object, uid: str) -> list[Object]:
    return events.search(world, metadata, "Node", uid)
