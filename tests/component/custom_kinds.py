"""A definition of a kind to try things with, and how to wait until it is served."""

from typing import Any

from component.api_world import Told, World

CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
GROUP = "shop.example.com"
WIDGETS = f"/apis/{GROUP}/v1/namespaces/default/widgets"

SPEC: dict[str, Any] = {
    "type": "object",
    "required": ["size"],
    "properties": {
        "size": {"type": "integer", "minimum": 1, "maximum": 100},
        "colour": {"type": "string", "enum": ["red", "green"], "default": "red"},
        "label": {"type": "string", "pattern": "^[a-z]+$", "maxLength": 5},
        "port": {"x-kubernetes-int-or-string": True},
        "tags": {"type": "array", "x-kubernetes-list-type": "set", "items": {"type": "string"}},
        "ports": {
            "type": "array",
            "x-kubernetes-list-type": "map",
            "x-kubernetes-list-map-keys": ["name"],
            "items": {
                "type": "object",
                "required": ["name"],
                "properties": {"name": {"type": "string"}, "port": {"type": "integer"}},
            },
        },
        "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
        "labels": {"type": "object", "additionalProperties": {"type": "string"}},
        "replicas": {"type": "integer"},
    },
}


def version(name: str = "v1", *, spec: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    """One version of a definition."""
    properties = {
        "spec": SPEC if spec is None else spec,
        "status": {
            "type": "object",
            "properties": {
                "phase": {"type": "string"},
                "replicas": {"type": "integer"},
                "selector": {"type": "string"},
            },
        },
    }
    schema = {"openAPIV3Schema": {"type": "object", "description": "A thing to sell.", "properties": properties}}
    return {"name": name, "served": True, "storage": True, "schema": schema, **more}


def definition(
    *versions: dict[str, Any], kind: str = "Widget", plural: str = "widgets", group: str = GROUP, **more: Any
) -> dict[str, Any]:
    """A definition; one version unless others are given."""
    names = {"plural": plural, "kind": kind, "shortNames": more.pop("short", ["wd"]), "categories": ["all"]}
    spec = {"group": group, "scope": "Namespaced", "names": names, "versions": list(versions) or [version()], **more}
    return {
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{group}"}, "spec": spec,
    }  # fmt: skip


def widget(name: str = "w", **spec: Any) -> dict[str, Any]:
    """One object of it."""
    about = {"apiVersion": f"{GROUP}/v1", "kind": "Widget", "metadata": {"name": name}}
    return {**about, "spec": {"size": 3, **spec}}


async def established(world: World, made: dict[str, Any]) -> Told:
    """Create the definition, and return when it says that it is established."""
    created = await world.ask("POST", CRDS, made)
    assert created.status == 201, created.body
    return await when(world, made["metadata"]["name"], "Established", "True")


async def when(world: World, name: str, condition: str, status: str) -> Told:
    """Return when a definition says so, told by a watch."""
    watch = await world.watch(f"{CRDS}?watch=true&fieldSelector=metadata.name%3D{name}")
    count = 1
    while True:
        event = (await watch.events(count))[count - 1]
        found = {one["type"]: one for one in (event["object"].get("status") or {}).get("conditions") or ()}
        if found.get(condition, {}).get("status") == status:
            watch.close()
            return await world.ask("GET", f"{CRDS}/{name}")
        count += 1
