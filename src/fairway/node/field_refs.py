"""Downward API: what a container may learn of its own pod, by fieldRef and resourceFieldRef.  Pure.

Source: Kubernetes docs, "Downward API"; API reference, "ObjectFieldSelector", "ResourceFieldSelector".
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from fairway.node.pod_spec import find_container
from fairway.node.volumes.token_request import TokenAsked
from fairway.objects import Object
from fairway.objects.quantity import parse


class ReferenceProblem(Exception):
    """A reference cannot be resolved; the text goes into the container's waiting message."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a pod's node adds to the pod object: addresses, what is allocatable (as quantities), tokens."""

    host_ips: Sequence[str] = ()
    pod_ips: Sequence[str] = ()
    allocatable: Mapping[str, str] = field(default_factory=dict)
    tokens: Mapping[TokenAsked, str | ReferenceProblem] = field(default_factory=dict)
    """Service-account tokens, or why there is none."""


_SUBSCRIPT = re.compile(r"^metadata\.(labels|annotations)\['(.*)'\]$")


def pod_field(pod: Object, path: str, around: Surroundings) -> str:
    """The value of a fieldRef.  Raises: ``ReferenceProblem``."""
    if match := _SUBSCRIPT.match(path):
        found: Mapping[str, str] = pod["metadata"].get(match.group(1)) or {}
        return found.get(match.group(2), "")
    if path in ("metadata.labels", "metadata.annotations"):
        return formatted_map(pod["metadata"].get(path.partition(".")[2]) or {})
    values = {
        "metadata.name": pod["metadata"]["name"],
        "metadata.namespace": pod["metadata"].get("namespace", ""),
        "metadata.uid": pod["metadata"].get("uid", ""),
        "spec.nodeName": pod["spec"].get("nodeName", ""),
        "spec.serviceAccountName": pod["spec"].get("serviceAccountName", ""),
        "status.hostIP": around.host_ips[0] if around.host_ips else "",
        "status.hostIPs": ",".join(around.host_ips),
        "status.podIP": around.pod_ips[0] if around.pod_ips else "",
        "status.podIPs": ",".join(around.pod_ips),
    }
    if path not in values:
        raise ReferenceProblem(f"unsupported fieldPath: {path}")
    return str(values[path])


def formatted_map(values: Mapping[str, str]) -> str:
    """Labels or annotations as a downward API file shows them: sorted ``key="value"`` lines."""
    return "\n".join(f"{name}={_quoted(value)}" for name, value in sorted(values.items()))


def _quoted(value: str) -> str:
    escapes = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}
    return '"' + "".join(escapes.get(letter, letter) for letter in value) + '"'


def container_resource(pod: Object, reference: Object, container: str, around: Surroundings) -> str:
    """The value of a resourceFieldRef, in whole multiples of its divisor, rounded up.

    A limit that is not set is what the node has to give.  Raises: ``ReferenceProblem``.
    """
    name = reference.get("containerName") or container
    spec = find_container(pod, name)
    if spec is None:
        raise ReferenceProblem(f"container {name} not found")
    kind, _, resource = reference["resource"].partition(".")
    if kind not in ("limits", "requests"):
        raise ReferenceProblem(f"unsupported container resource : {reference['resource']}")
    resources = spec.get("resources") or {}
    amount = (resources.get(kind) or {}).get(resource)
    if amount is None and kind == "requests":
        amount = (resources.get("limits") or {}).get(resource, "0")
    if amount is None:
        amount = around.allocatable.get(resource, "0")
    divisor = parse(str(reference.get("divisor") or "1")) or parse("1")
    return str(-(-parse(str(amount)).nano // divisor.nano))
