"""Scene: the objects around the one that is asked for, as the API has them.

Shape: ``look(world, kind, namespace, name)`` asks for what a picture of that object needs and no more; what the API
refuses to show is missing from the scene and named in ``unseen``.  Nothing is ever written.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property

from fairway.cli.describe.world import Refused, within
from fairway.objects import Object

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fairway.cli.describe.world import World

OWNERS = {
    "ReplicaSet": ("replicasets", "apps"),
    "Deployment": ("deployments", "apps"),
    "DaemonSet": ("daemonsets", "apps"),
    "StatefulSet": ("statefulsets", "apps"),
    "ReplicationController": ("replicationcontrollers", ""),
    "Job": ("jobs", "batch"),
    "CronJob": ("cronjobs", "batch"),
}
"""Kinds that make pods, or make those that do: (plural, group)."""
SLICES = "discovery.k8s.io"
INGRESSES = "networking.k8s.io"
LOOKED_INTO = 12
"""Pods whose sockets are asked for: a picture of hundreds shows what a few of them are like."""


@dataclass
class Scene:
    """What was found.  ``sockets``: what listens in a pod, by its name, where the node tells."""

    namespace: str
    root: Object
    services: list[Object] = field(default_factory=list)
    slices: list[Object] = field(default_factory=list)
    endpoints: dict[str, Object] = field(default_factory=dict)
    pods: list[Object] = field(default_factory=list)
    owners: dict[str, Object] = field(default_factory=dict)
    ingresses: list[Object] = field(default_factory=list)
    events: list[Object] = field(default_factory=list)
    sockets: dict[str, list[Object]] = field(default_factory=dict)
    unseen: list[str] = field(default_factory=list)

    @cached_property
    def pods_by_name(self) -> dict[str, Object]:
        """The pods, each by its name."""
        return {pod["metadata"]["name"]: pod for pod in self.pods}

    @cached_property
    def pods_by_ip(self) -> dict[str, Object]:
        """The pods, each by all of its addresses."""
        return {each.get("ip", ""): pod for pod in self.pods for each in (pod.get("status") or {}).get("podIPs") or ()}


def path_of(kind: str, namespace: str) -> str:
    """Where the objects of a kind are."""
    plural, group = {
        "Service": ("services", ""), "Pod": ("pods", ""), "Ingress": ("ingresses", INGRESSES), **OWNERS,
    }[kind]  # fmt: skip
    return within(namespace, plural, group)


def look(world: World, kind: str, namespace: str, name: str) -> Scene:
    """All that the picture of one object needs.  Raises: ``Refused`` if the object itself is not to be had."""
    root = {"kind": kind, **world.get(f"{path_of(kind, namespace)}/{name}")}
    scene = Scene(namespace, root)
    scene.services = _seen(scene, world, within(namespace, "services"), "Services")
    scene.ingresses = _seen(scene, world, within(namespace, "ingresses", INGRESSES), "Ingresses")
    scene.pods = _pods(scene, world, kind)
    for service in _meant(scene, kind):
        _look_at_service(scene, world, service)
    _look_at_owners(scene, world)
    if any(not is_ready(pod) for pod in scene.pods):
        path = within(namespace, "events")
        scene.events = _seen(scene, world, path, "events", fields="involvedObject.kind=Pod")
    _look_into(scene, world)
    return scene


def _seen(scene: Scene, world: World, path: str, what: str, labels: str = "", fields: str = "") -> list[Object]:
    try:
        return world.list(path, labels=labels, fields=fields)
    except Refused as error:
        scene.unseen.append(f"{what}: {error}")
        return []


def labels_of(found: Object) -> dict[str, str]:
    """Its labels."""
    return found["metadata"].get("labels") or {}


def selects(service: Object, labels: dict[str, str]) -> bool:
    """Whether a Service's selector picks a pod with these labels; without one it picks none."""
    wanted = (service.get("spec") or {}).get("selector") or {}
    is_alias = (service.get("spec") or {}).get("type") == "ExternalName"
    return bool(wanted) and not is_alias and all(labels.get(key) == value for key, value in wanted.items())


def is_ready(pod: Object) -> bool:
    """Whether the pod is ready and stays."""
    conditions = (pod.get("status") or {}).get("conditions") or ()
    is_true = any(each.get("type") == "Ready" and each.get("status") == "True" for each in conditions)
    return is_true and not pod["metadata"].get("deletionTimestamp")


def _pods(scene: Scene, world: World, kind: str) -> list[Object]:
    if kind == "Pod":
        return [scene.root]
    if kind == "Service":
        selector = (scene.root.get("spec") or {}).get("selector")
        return _chosen(scene, world, [selector] if selector else [])
    if kind == "Ingress":
        return _chosen(scene, world, [each["spec"]["selector"] for each in _behind(scene) if selectable(each)])
    template = ((scene.root.get("spec") or {}).get("template") or {}).get("metadata") or {}
    return _chosen(scene, world, [template["labels"]] if template.get("labels") else [])


def selectable(service: Object) -> bool:
    """Whether the Service has a selector at all."""
    return bool((service.get("spec") or {}).get("selector"))


def _chosen(scene: Scene, world: World, selectors: Iterable[dict[str, str]]) -> list[Object]:
    found: dict[str, Object] = {}
    for selector in selectors:
        labels = ",".join(f"{key}={value}" for key, value in sorted(selector.items()))
        for pod in _seen(scene, world, within(scene.namespace, "pods"), "pods", labels=labels):
            found.setdefault(pod["metadata"]["name"], pod)
    return list(found.values())


def _behind(scene: Scene) -> list[Object]:
    """The Services that the Ingress leads to."""
    names = {name for name, _ in backends(scene.root)}
    return [each for each in scene.services if each["metadata"]["name"] in names]


def backends(ingress: Object) -> list[tuple[str, Object]]:
    """(Service, {host, path, port}) of each place that an Ingress leads to; the default one has neither."""
    spec = ingress.get("spec") or {}
    found: list[tuple[Object, Object]] = [({}, spec["defaultBackend"])] if spec.get("defaultBackend") else []
    for rule in spec.get("rules") or ():
        for path in (rule.get("http") or {}).get("paths") or ():
            place = {"host": rule.get("host") or "*", "path": path.get("path") or "/"}
            found.append((place, path.get("backend") or {}))
    routes = []
    for place, backend in found:
        service = backend.get("service")
        if service:
            port = service.get("port") or {}
            routes.append((service.get("name", ""), {**place, "port": port.get("name") or port.get("number")}))
    return routes


def _meant(scene: Scene, kind: str) -> list[Object]:
    """The Services that the picture shows in full."""
    if kind == "Service":
        return [scene.root]
    if kind == "Ingress":
        return _behind(scene)
    if kind == "Pod":
        return [each for each in scene.services if selects(each, labels_of(scene.root))]
    template = ((scene.root.get("spec") or {}).get("template") or {}).get("metadata") or {}
    return [each for each in scene.services if selects(each, template.get("labels") or {})]


def _look_at_service(scene: Scene, world: World, service: Object) -> None:
    name = service["metadata"]["name"]
    path = within(scene.namespace, "endpointslices", SLICES)
    scene.slices += _seen(scene, world, path, "EndpointSlices", labels=f"kubernetes.io/service-name={name}")
    try:
        scene.endpoints[name] = world.get(f"{within(scene.namespace, 'endpoints')}/{name}")
    except Refused as error:
        if error.code != 404:
            scene.unseen.append(f"Endpoints: {error}")


def controller_of(found: Object) -> Object | None:
    """The owner reference of who made it."""
    for each in found["metadata"].get("ownerReferences") or ():
        if each.get("controller"):
            owner: Object = each
            return owner
    return None


def _look_at_owners(scene: Scene, world: World) -> None:
    """Who made the pods, who made them, and so on."""
    waiting = [scene.root, *scene.pods]
    while waiting:
        owner = controller_of(waiting.pop())
        if owner is None or owner["uid"] in scene.owners or owner["kind"] not in OWNERS:
            continue
        try:
            found = world.get(f"{path_of(owner['kind'], scene.namespace)}/{owner['name']}")
        except Refused:
            continue
        scene.owners[owner["uid"]] = {"kind": owner["kind"], **found}
        waiting.append(found)


def _look_into(scene: Scene, world: World) -> None:
    """What listens in the pods, where the API server can ask their nodes (Fairway's own subresource)."""
    running = [pod for pod in scene.pods if (pod.get("status") or {}).get("phase") == "Running"]
    for pod in running[:LOOKED_INTO]:
        name = pod["metadata"]["name"]
        try:
            found = world.get(f"{within(scene.namespace, 'pods')}/{name}/sockets")
        except Refused as error:
            if error.code in (403, 404, 405):
                return  # no such subresource here: all others would say the same
            continue
        scene.sockets[name] = found.get("sockets") or []
