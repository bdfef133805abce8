"""IPAddress (networking.k8s.io/v1): one cluster address that is in use; its name is the address.

Source: KEP-1880.
"""

from collections.abc import Iterator

from fairway.kinds.kind import Column, Kind
from fairway.kinds.rules.addresses import canonical_ip
from fairway.kinds.rules.cells import AGE, field
from fairway.kinds.rules.values import child, each, unchanged
from fairway.objects import Object, names
from fairway.objects.errors import Problem, required

_PATH = "spec.parentRef"


def defaults(new: Object) -> None:
    """Nothing is filled in; the core group has no name."""
    parent = child(new, "spec").get("parentRef")
    if isinstance(parent, dict) and parent.get("group") == "":
        del parent["group"]


def validate(new: Object, old: Object | None) -> Iterator[Problem]:
    """The owner must be named, and stays."""
    parent = new["spec"].get("parentRef")
    if parent is None:
        yield required(_PATH)
    else:
        yield from _parent(parent)
    if old is not None:
        yield from unchanged(_PATH, parent, old["spec"].get("parentRef"))


def _parent(parent: Object) -> Iterator[Problem]:
    group, resource, name = parent.get("group"), parent.get("resource"), parent.get("name")
    if group:
        yield from each(f"{_PATH}.group", group, names.dns_subdomain(group))
    if resource:
        yield from each(f"{_PATH}.resource", resource, names.path_segment(resource))
    else:
        yield required(f"{_PATH}.resource")
    if name:
        yield from each(f"{_PATH}.name", name, names.path_segment(name))
    else:
        yield required(f"{_PATH}.name")
    if namespace := parent.get("namespace"):
        yield from each(f"{_PATH}.namespace", namespace, names.path_segment(namespace))


def _validate_name(name: str, is_prefix: bool) -> Iterator[str]:
    return (problem.detail.partition(": ")[2].partition(": ")[2] for problem in canonical_ip("", name))


def _parent_text(address: Object, _now: float) -> str:
    parent = address["spec"].get("parentRef") or {}
    if not parent.get("resource"):
        return ""
    resource = f"{parent['resource']}.{parent['group']}" if parent.get("group") else parent["resource"]
    return "/".join(part for part in (resource.lower(), parent.get("namespace"), parent.get("name")) if part)


IP_ADDRESS = Kind(
    group="networking.k8s.io", version="v1", name="IPAddress", plural="ipaddresses",
    short_names=("ip",),
    namespaced=False,
    columns=(Column("ParentRef", _parent_text), AGE),
    fields={f"{_PATH}.{name}": field("spec", "parentRef", name) for name in ("group", "resource", "namespace", "name")},
    defaults=defaults,
    validate=validate,
    validate_name=_validate_name,
)  # fmt: skip
