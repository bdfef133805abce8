"""Exposing: the Service that stands for the pods of another object.

Pure: object and options in, Service out.  Source: kubectl's documentation of ``expose``.
"""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from fairway.cli.generators import GeneratorError, head, metadata
from fairway.objects import Object

_NAME_MAX = 63
_GROUPS: dict[str, tuple[str, ...]] = {
    "Deployment": ("apps", "extensions"), "ReplicaSet": ("apps", "extensions"),
    "ReplicationController": ("",), "Service": ("",), "Pod": ("",),
}  # fmt: skip


class Wish(NamedTuple):
    """The options, as they were typed; empty is not given."""

    name: str = ""
    port: str = ""
    protocol: str = ""
    target_port: str = ""
    labels: str = ""
    selector: str = ""
    type: str = ""
    external_ip: str = ""
    load_balancer_ip: str = ""
    session_affinity: str = ""
    cluster_ip: str = ""


def expose(exposed: Object, wish: Wish) -> Object:
    """The Service.  ``exposed`` is a pod, Service, ReplicationController, Deployment or ReplicaSet."""
    _check_kind(exposed)
    selector = parse_labels(wish.selector) if wish.selector else _selector(exposed)
    words = _ports_wanted(exposed, wish)
    labels = parse_labels(wish.labels) if wish.labels else exposed["metadata"].get("labels")
    name = wish.name or str(exposed["metadata"].get("name", ""))[:_NAME_MAX]
    ports = _ports(words, wish, _protocols(exposed))
    if wish.session_affinity not in ("", "None", "ClientIP"):
        raise GeneratorError(f"unknown session affinity: {wish.session_affinity}")
    spec: Object = {
        "ports": ports,
        "selector": dict(sorted(selector.items())),
        "clusterIP": wish.cluster_ip,
        "type": wish.type,
        "externalIPs": [wish.external_ip] if wish.external_ip else [],
        "sessionAffinity": wish.session_affinity,
        "loadBalancerIP": wish.load_balancer_ip if wish.type == "LoadBalancer" else "",
    }
    spec = {field: value for field, value in spec.items() if value}
    return head("Service", "v1", metadata(name, labels), spec=spec, status={"loadBalancer": {}})


def _check_kind(exposed: Object) -> None:
    kind, group = exposed.get("kind", ""), exposed.get("apiVersion", "").rpartition("/")[0]
    if group not in _GROUPS.get(kind, ()):
        raise GeneratorError(f"cannot expose a {kind}.{group}" if group else f"cannot expose a {kind}")


def parse_labels(text: str) -> dict[str, str]:
    """``a=b,c=d`` as labels."""
    labels: dict[str, str] = {}
    for word in text.split(","):
        key, equals, value = word.partition("=")
        if not equals or "=" in value:
            raise GeneratorError(f"unexpected label spec: {word}")
        if not key:
            raise GeneratorError("unexpected empty label key")
        labels[key] = value
    return labels


def _selector(exposed: Object) -> dict[str, str]:
    try:
        return _told_selector(exposed)
    except GeneratorError as error:
        raise GeneratorError(f"couldn't retrieve selectors via --selector flag or introspection: {error}") from error


def _told_selector(exposed: Object) -> dict[str, str]:
    kind, spec = exposed["kind"], exposed.get("spec") or {}
    if kind == "Pod":
        found = exposed["metadata"].get("labels")
        if not found:
            raise GeneratorError("the pod has no labels and cannot be exposed")
    elif kind == "Service":
        found = spec.get("selector")
        if not found:
            raise GeneratorError("the service has no pod selector set")
    elif kind == "ReplicationController":
        found = spec.get("selector") or {}
    else:
        found = (spec.get("selector") or {}).get("matchLabels")
        if not found:
            raise GeneratorError(f"invalid {kind.lower()}: no selectors, therefore cannot be exposed")
        if expressions := spec["selector"].get("matchExpressions"):
            shown = " ".join(map(_shown, expressions))
            raise GeneratorError(f'couldn\'t convert expressions - "[{shown}]" to map-based selector format')
    return dict(found)


def _shown(expression: Mapping[str, Any]) -> str:
    values = " ".join(expression.get("values") or ())
    return f"{{Key:{expression.get('key', '')} Operator:{expression.get('operator', '')} Values:[{values}]}}"


def _declared(exposed: Object) -> list[tuple[str, str]]:
    """Ports and protocols that the object declares, in its order."""
    spec = exposed.get("spec") or {}
    if exposed["kind"] == "Service":
        ports = [(port.get("port"), port) for port in spec.get("ports") or ()]
    else:
        pod = spec if exposed["kind"] == "Pod" else ((spec.get("template") or {}).get("spec") or {})
        ports = [
            (port.get("containerPort"), port)
            for container in pod.get("containers") or ()
            for port in container.get("ports") or ()
        ]
    return [(str(number), port.get("protocol") or "TCP") for number, port in ports]


def _protocols(exposed: Object) -> dict[str, list[str]]:
    protocols: dict[str, list[str]] = {}
    for port, protocol in _declared(exposed):
        protocols.setdefault(port, []).append(protocol)
    return protocols


def _ports_wanted(exposed: Object, wish: Wish) -> list[str]:
    if wish.port:
        return wish.port.split(",")
    found = list(dict.fromkeys(port for port, _ in _declared(exposed)))
    if not found and wish.cluster_ip != "None":
        raise GeneratorError("couldn't find port via --port flag or introspection")
    return found


def _ports(words: list[str], wish: Wish, protocols: Mapping[str, list[str]]) -> list[Object]:
    made = []
    for place, word in enumerate(words, 1):
        number = _number(word)
        name = f"port-{place}" if len(words) > 1 else ""
        spoken = [wish.protocol] if wish.protocol else protocols.get(word, ["TCP"])
        for protocol in spoken:
            one = f"port-{place}-{protocol.lower()}" if len(spoken) > 1 else name
            target = _target(wish.target_port) if wish.target_port else number
            made.append({**({"name": one} if one else {}), "protocol": protocol, "port": number, "targetPort": target})
    return made


def _number(word: str) -> int:
    if not re.fullmatch("[+-]?[0-9]+", word, re.ASCII):
        raise GeneratorError(f'strconv.Atoi: parsing "{word}": invalid syntax')
    return int(word)


def _target(word: str) -> int | str:
    return int(word) if re.fullmatch("[+-]?[0-9]+", word, re.ASCII) else word
