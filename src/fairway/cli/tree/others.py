"""Facts about what else a picture may begin with: an Ingress, a maker of pods, a pod."""

from fairway.cli.tree import pod as pods
from fairway.cli.tree import service as services
from fairway.cli.tree.scene import Scene, backends, controller_of, labels_of, selects
from fairway.objects import Object


def facts(scene: Scene) -> Object:
    """All about the object that was asked for."""
    kind = scene.root["kind"]
    if kind == "Service":
        return services.facts(scene, scene.root)
    if kind == "Ingress":
        return ingress(scene)
    return pod(scene) if kind == "Pod" else workload(scene)


def ingress(scene: Scene) -> Object:
    """Where an Ingress leads to, and the Services there."""
    spec, status = scene.root.get("spec") or {}, scene.root.get("status") or {}
    routes = [{"service": name, **place} for name, place in backends(scene.root)]
    behind = {route["service"] for route in routes}
    balancers = (status.get("loadBalancer") or {}).get("ingress") or ()
    return {
        "kind": "Ingress",
        "namespace": scene.namespace,
        "name": scene.root["metadata"]["name"],
        "class": spec.get("ingressClassName") or "",
        "addresses": [each.get("ip") or each.get("hostname") or "" for each in balancers],
        "tls": [
            {"hosts": list(each.get("hosts") or ()), "secret": each.get("secretName") or ""}
            for each in spec.get("tls") or ()
        ],
        "routes": routes,
        "services": [services.facts(scene, each) for each in scene.services if each["metadata"]["name"] in behind],
        "unseen": scene.unseen,
    }


def workload(scene: Scene) -> Object:
    """What makes pods, its pods, and the Services that pick them."""
    root = scene.root
    own = [each for each in scene.pods if root["metadata"].get("uid") in _makers(scene, each)]
    template = ((root.get("spec") or {}).get("template") or {}).get("metadata") or {}
    chosen = [each for each in scene.services if selects(each, template.get("labels") or {})]
    return {
        **services.maker(root),
        "namespace": scene.namespace,
        "madeBy": _made_by(root),
        "makes": _makes(services.owners(scene, own), root),
        "pods": [pods.facts(scene, each, chosen) for each in own],
        "services": [services.facts(scene, each) for each in chosen],
        "unseen": scene.unseen,
    }


def pod(scene: Scene) -> Object:
    """A pod, who made it, and the Services that pick it."""
    chosen = [each for each in scene.services if selects(each, labels_of(scene.root))]
    return {
        **pods.facts(scene, scene.root, chosen),
        "namespace": scene.namespace,
        "owners": services.owners(scene, [scene.root]),
        "services": [services.facts(scene, each) for each in chosen],
        "unseen": scene.unseen,
    }


def _makes(trees: list[Object], root: Object) -> list[Object]:
    """What the root has made that makes pods in turn."""
    for each in trees:
        if (each["kind"], each["name"]) == (root["kind"], root["metadata"]["name"]):
            found: list[Object] = each["makes"]
            return found
        below = _makes(each["makes"], root)
        if below:
            return below
    return []


def _made_by(found: Object) -> str:
    owner = controller_of(found)
    return f"{owner['kind']}/{owner['name']}" if owner else ""


def _makers(scene: Scene, found: Object) -> list[str]:
    """The uids of all that made an object, from the nearest up."""
    uids = []
    owner = controller_of(found)
    while owner is not None:
        uids.append(owner["uid"])
        above = scene.owners.get(owner["uid"])
        owner = controller_of(above) if above else None
    return uids
