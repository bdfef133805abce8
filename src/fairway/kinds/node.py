"""Node (core/v1): a machine that runs pods.

Source: Kubernetes docs, "Nodes"; "Taints and Tolerations".
"""

import re
from collections.abc import Iterator
from typing import Any

from fairway.kinds.kind import STATUS, Column, Kind, proxy_of
from fairway.kinds.rules.addresses import cidr, family_of_range
from fairway.kinds.rules.cells import AGE, NONE, UNKNOWN, at
from fairway.kinds.rules.quantities import canonical_amounts, whole_amount
from fairway.kinds.rules.values import child, drop_null, qualified_name
from fairway.objects import Object, names
from fairway.objects.errors import Problem, duplicate, forbidden_value, invalid_value, not_supported, required

TAINT_EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")
_ROLE = "node-role.kubernetes.io/"
_FEATURE_MAX = 253
_is_feature = re.compile("[A-Z][a-zA-Z0-9]*(/[a-zA-Z][a-zA-Z0-9]*)*").fullmatch
_ONE_ROLE = "kubernetes.io/role"

_INFO = (
    "machineID", "systemUUID", "bootID", "kernelVersion", "osImage", "containerRuntimeVersion", "kubeletVersion",
    "kubeProxyVersion", "operatingSystem", "architecture",
)  # fmt: skip
"""What every node tells of itself; empty until it does."""


def defaults(new: Object) -> None:
    """What can be allocated is, unless said, all there is."""
    spec, status = child(new, "spec"), child(new, "status")
    drop_null(spec, "podCIDRs", "taints")
    if single := spec.get("podCIDR"):
        if (spec.get("podCIDRs") or [""])[0] != single:
            spec["podCIDRs"] = [single]
    elif spec.get("podCIDRs"):
        spec["podCIDR"] = spec["podCIDRs"][0]
    if not spec.get("unschedulable"):
        spec.pop("unschedulable", None)
    child(child(status, "daemonEndpoints"), "kubeletEndpoint").setdefault("Port", 0)
    info = child(status, "nodeInfo")
    for name in _INFO:
        info.setdefault(name, "")
    for name in ("capacity", "allocatable"):
        canonical_amounts(status.get(name))
    if status.get("capacity") and status.get("allocatable") is None:
        status["allocatable"] = dict(status["capacity"])


def prepare(new: Object, old: Object | None, subresource: str) -> None:
    """The status belongs to the status subresource, the spec to the main resource."""
    if old is None:
        return
    if subresource == "status":
        new["spec"] = old["spec"]
    else:
        new["status"] = old.get("status") or {}


def validate(new: Object, old: Object | None) -> Iterator[Problem]:
    """Taints, pod ranges, and what an update may not change."""
    spec = new["spec"]
    yield from _taints(spec.get("taints") or [])
    ranges = spec.get("podCIDRs") or []
    for index, value in enumerate(ranges):
        yield from cidr(f"spec.podCIDRs[{index}]", value, () if old is None else old["spec"].get("podCIDRs") or ())
    if len({family_of_range(value) for value in ranges}) < len(ranges):
        yield invalid_value("spec.podCIDRs", ranges, "may specify no more than one CIDR for each IP family")
    if old is not None:
        yield from _changes(spec, old["spec"])
    status = new.get("status") or {}
    for name in ("capacity", "allocatable"):
        for resource, value in (status.get(name) or {}).items():
            yield from whole_amount(f"status.{name}.{resource}", resource, value)
    if (swap := ((status.get("nodeInfo") or {}).get("swap") or {}).get("capacity")) is not None and swap <= 0:
        yield invalid_value("metadata.nodeSwapStatus.capacity", swap, "must be greater than zero")
    yield from _features("status.declaredFeatures", status.get("declaredFeatures") or [])
    yield from _addresses(status.get("addresses") or [])


def _features(path: str, found: list[str]) -> Iterator[Problem]:
    """What a node says that it can do: well named, in order, each once.  Source: KEP-5328."""
    for index, name in enumerate(found):
        if len(name) > _FEATURE_MAX:
            fault = f'invalid feature name "{name}": must be no more than {_FEATURE_MAX} characters'
            yield invalid_value(f"{path}[{index}]", name, fault)
        elif not _is_feature(name):
            fault = (
                f'invalid feature name "{name}": must start with an UpperCamelCase segment, with subsequent segments'
                " separated by '/' (e.g., MyFeature or MyFeature/mySubFeature), and contain only alphanumeric"
                " characters and slashes"
            )
            yield invalid_value(f"{path}[{index}]", name, fault)
        if index and name == found[index - 1]:
            yield duplicate(f"{path}[{index}]", name)
        elif index and name < found[index - 1]:
            yield invalid_value(f"{path}[{index}]", name, "list must be sorted alphabetically")


def _changes(spec: Object, had: Object) -> Iterator[Problem]:
    before = had.get("podCIDRs")
    if before and before != spec.get("podCIDRs"):
        yield forbidden_value("spec.podCIDRs", 'node updates may not change podCIDR except from "" to valid')
    if had.get("providerID") and had["providerID"] != spec.get("providerID"):
        yield forbidden_value("spec.providerID", 'node updates may not change providerID except from "" to valid')


def _addresses(found: list[Object]) -> Iterator[Problem]:
    seen: set[tuple[Any, Any]] = set()
    for index, address in enumerate(found):
        known = address.get("type"), address.get("address")
        if known in seen:
            yield duplicate(f"status.addresses[{index}]", address)
        seen.add(known)


def _taints(taints: list[Object]) -> Iterator[Problem]:
    seen: set[tuple[Any, Any]] = set()
    for index, taint in enumerate(taints):
        path, key, value, effect = (
            f"metadata.taints[{index}]",  # as upstream spells it
            taint.get("key") or "",
            taint.get("value"),
            taint.get("effect"),
        )
        yield from qualified_name(f"{path}.key", key)
        messages = list(names.label_value(value)) if value else []
        if messages:
            yield invalid_value(f"{path}.value", value, ";".join(messages))
        if not effect:
            yield required(f"{path}.effect")
        elif effect not in TAINT_EFFECTS:
            yield not_supported(f"{path}.effect", effect, TAINT_EFFECTS)
        if (key, effect) in seen:
            problem = duplicate(path, taint)
            yield Problem(path, problem.reason, f"{problem.detail}: taints must be unique by key and effect pair")
        seen.add((key, effect))


def _status(node: Object, _now: float) -> str:
    conditions = (node.get("status") or {}).get("conditions") or ()
    ready = next((each for each in conditions if each.get("type") == "Ready"), None)
    shown = "Unknown" if ready is None else "Ready" if ready.get("status") == "True" else "NotReady"
    return f"{shown},SchedulingDisabled" if node["spec"].get("unschedulable") else shown


def _roles(node: Object, _now: float) -> str:
    roles = set()
    for label, value in (node["metadata"].get("labels") or {}).items():
        if label.startswith(_ROLE) and len(label) > len(_ROLE):
            roles.add(label.removeprefix(_ROLE))
        elif label == _ONE_ROLE and value:
            roles.add(value)
    return ",".join(sorted(roles)) or NONE


def _address(type_: str) -> Any:
    def cell(node: Object, _now: float) -> str:
        for address in (node.get("status") or {}).get("addresses") or ():
            if address.get("type") == type_:
                return address.get("address") or ""
        return NONE

    return cell


def _info(name: str) -> Any:
    read = at("status", "nodeInfo", name)
    return lambda node, now: read(node, now) or UNKNOWN


NODE = Kind(
    group="", version="v1", name="Node", plural="nodes",
    short_names=("no",),
    namespaced=False,
    subresources=(STATUS, proxy_of("Node")),
    columns=(
        Column("Status", _status),
        Column("Roles", _roles),
        AGE,
        Column("Version", at("status", "nodeInfo", "kubeletVersion")),
        Column("Internal-IP", _address("InternalIP"), priority=1),
        Column("External-IP", _address("ExternalIP"), priority=1),
        Column("OS-Image", _info("osImage"), priority=1),
        Column("Kernel-Version", _info("kernelVersion"), priority=1),
        Column("Container-Runtime", _info("containerRuntimeVersion"), priority=1),
    ),
    fields={"spec.unschedulable": lambda node: "true" if node["spec"].get("unschedulable") else "false"},
    defaults=defaults,
    prepare=prepare,
    validate=validate,
    judged_twice=True,
)  # fmt: skip
