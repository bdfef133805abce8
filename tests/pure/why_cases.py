"""A small world of objects that `why` looks at, as an API server would show it."""

from collections.abc import Sequence
from typing import Any

from fairway.objects.labels import parse
from fairway.why.answer import Answer
from fairway.why.answering import Known, answering, drive
from fairway.why.asking import caller
from fairway.why.facts import Look, Question, Seen

Thing = dict[str, Any]
PLURALS = {
    "Service": "services", "Pod": "pods", "EndpointSlice": "endpointslices", "Endpoints": "endpoints",
    "Deployment": "deployments", "ReplicaSet": "replicasets", "DaemonSet": "daemonsets", "Node": "nodes",
    "Namespace": "namespaces", "Event": "events", "NetworkPolicy": "networkpolicies", "Ingress": "ingresses",
    "IngressClass": "ingressclasses",
}  # fmt: skip


class World:
    """Objects; `sockets` by the pod's name; `forbidden` plurals (`pods` or `pods in all namespaces`)."""

    def __init__(
        self, *things: Thing, sockets: dict[str, Sequence[tuple[str, str, int]]] | None = None,
        forbidden: Sequence[str] = (),
    ) -> None:  # fmt: skip
        self.things = things
        self.sockets = sockets or {}
        self.forbidden = forbidden
        self.looks: list[Look] = []

    def see(self, look: Look) -> Seen:
        self.looks.append(look)
        everywhere = "" if look.namespace or look.name else f"{look.plural} in all namespaces"
        if look.plural in self.forbidden or everywhere in self.forbidden:
            return Seen(refused=f"{look.plural} is forbidden")
        if look.subresource == "sockets":
            found = self.sockets.get(look.name)
            keys = ("protocol", "address", "port")
            return (
                Seen()
                if found is None
                else Seen(({"sockets": [dict(zip(keys, each, strict=True)) for each in found]},))
            )
        return Seen([thing for thing in self.things if _is_meant(thing, look)])

    def why(
        self, kind: str, name: str, *, namespace: str = "default", who: str = "", port: str = "", protocol: str = "",
        enforces: bool | None = False,
    ) -> Answer:  # fmt: skip
        question = Question(kind, namespace, name, caller(who, namespace), port, protocol)
        return drive(answering(question, Known(enforces_policies=enforces)), self.see)


def _is_meant(thing: Thing, look: Look) -> bool:
    metadata = thing["metadata"]
    if PLURALS[thing["kind"]] != look.plural or (look.namespace and metadata.get("namespace") != look.namespace):
        return False
    if look.name and metadata["name"] != look.name:
        return False
    return parse(look.labels).matches(metadata.get("labels")) and _has_fields(thing, look.fields)


def _has_fields(thing: Thing, text: str) -> bool:
    for each in filter(None, text.split(",")):
        path, _, wanted = each.partition("=")
        value: Any = thing
        for part in path.split("."):
            value = (value or {}).get(part)
        if value != wanted:
            return False
    return True


def made(
    kind: str, name: str, *, namespace: str = "default", labels: dict[str, str] | None = None, **rest: Any
) -> Thing:
    metadata = {"name": name, "namespace": namespace, "uid": f"uid-{kind}-{name}", "labels": labels or {}}
    if kind in ("Node", "Namespace", "IngressClass"):
        del metadata["namespace"]
    metadata |= rest.pop("metadata", {})
    return {"kind": kind, "metadata": metadata, **rest}


def service(name: str = "kubia", *, namespace: str = "default", status: Thing | None = None, **spec: Any) -> Thing:
    given = {
        "type": "ClusterIP", "clusterIP": "10.96.0.9", "clusterIPs": ["10.96.0.9"], "ipFamilies": ["IPv4"],
        "selector": {"app": "kubia"}, "ports": [{"name": "http", "port": 80, "targetPort": "http", "protocol": "TCP"}],
        **spec,
    }  # fmt: skip
    return made(
        "Service",
        name,
        namespace=namespace,
        spec={k: v for k, v in given.items() if v is not None},
        status=status or {},
    )


def pod(
    name: str = "kubia-1", *, labels: dict[str, str] | None = None, namespace: str = "default", ready: bool = True,
    ip: str = "10.244.0.5", node: str = "a", ports: Sequence[Thing] = ({"name": "http", "containerPort": 8080},),
    metadata: Thing | None = None, spec: Thing | None = None, **status: Any,
) -> Thing:  # fmt: skip
    given = {
        "phase": "Running", "podIP": ip, "podIPs": [{"ip": ip}] if ip else [],
        "conditions": [{"type": "Ready", "status": "True" if ready else "False"}],
        "containerStatuses": [{"name": "kubia", "ready": ready, "state": {"running": {}}}], **status,
    }  # fmt: skip
    container = {"name": "kubia", "image": "luksa/kubia", "ports": list(ports)}
    return made(
        "Pod", name, namespace=namespace, labels={"app": "kubia"} if labels is None else labels,
        metadata=metadata or {}, spec={"nodeName": node, "containers": [container], **(spec or {})}, status=given,
    )  # fmt: skip


def slice_of(
    *pods: Thing, name: str = "kubia", ports: Sequence[Thing] = ({"name": "http", "port": 8080},), **rest: Any
) -> Thing:
    labels = {
        "kubernetes.io/service-name": name,
        "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io",
    }
    ends = [
        {
            "addresses": [each["status"]["podIP"]], "nodeName": each["spec"].get("nodeName"),
            "conditions": {"ready": each["status"]["conditions"][0]["status"] == "True"},
            "targetRef": {"kind": "Pod", "name": each["metadata"]["name"]},
        }
        for each in pods
    ]  # fmt: skip
    return made(
        "EndpointSlice",
        f"{name}-x",
        labels=labels,
        **{"addressType": "IPv4", "ports": list(ports), "endpoints": ends, **rest},
    )


def deployment(
    name: str = "kubia", *, labels: dict[str, str] | None = None, own: dict[str, str] | None = None, replicas: int = 1,
    conditions: Sequence[Thing] = (), ports: Sequence[Thing] = ({"name": "http", "containerPort": 8080},),
) -> Thing:  # fmt: skip
    labels = {"app": "kubia"} if labels is None else labels
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "kubia", "ports": list(ports)}]}}
    spec = {"replicas": replicas, "selector": {"matchLabels": labels}, "template": template}
    return made("Deployment", name, labels=own, spec=spec, status={"conditions": list(conditions)})


def node(name: str, *, zone: str = "", ip: str = "192.0.2.1") -> Thing:
    labels = {"topology.kubernetes.io/zone": zone} if zone else {}
    return made("Node", name, labels=labels, status={"addresses": [{"type": "InternalIP", "address": ip}]})


def event(about: str, reason: str, message: str, at: str = "2026-01-01T00:00:00Z") -> Thing:
    return made(
        "Event",
        f"{about}.{at}",
        reason=reason,
        message=message,
        lastTimestamp=at,
        involvedObject={"kind": "Pod", "name": about},
    )


def policy(name: str, selector: Thing, **spec: Any) -> Thing:
    return made("NetworkPolicy", name, spec={"podSelector": selector, **spec})
