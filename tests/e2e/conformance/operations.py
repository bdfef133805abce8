"""What the tests called "... API" do with a kind of the cluster: each verb, on it and on its status."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from .asking import MERGE, Api

CONDITION = {
    "type": "StatusUpdateFailed", "status": "False", "reason": "E2E", "message": "Set from an e2e test",
    "lastTransitionTime": "2024-01-01T00:00:00Z",
}  # fmt: skip
_TRIES = 5


@dataclass(frozen=True)
class Row:
    """A kind: ``patch`` and ``update`` are what its spec is changed to, one after the other."""

    group: str
    plural: str
    name: str
    spec: dict[str, Any]
    patch: dict[str, Any]
    update: dict[str, Any]
    has_status: bool = True
    version: str = "v1"
    namespaced: bool = False
    more: dict[str, Any] = field(default_factory=dict)

    @property
    def group_version(self) -> str:
        return f"{self.group}/{self.version}"

    def collection(self, namespace: str) -> str:
        place = f"/namespaces/{namespace}" if self.namespaced else ""
        return f"/apis/{self.group_version}{place}/{self.plural}"


def discovered(api: Api, row: Row) -> None:
    """All three levels of discovery know the kind."""
    groups = {group["name"]: group for group in api.must("GET", "/apis")["groups"]}
    assert row.version in [one["version"] for one in groups[row.group]["versions"]]
    group = api.must("GET", f"/apis/{row.group}")
    assert row.group_version in [one["groupVersion"] for one in group["versions"]]
    names = {one["name"] for one in api.must("GET", f"/apis/{row.group_version}")["resources"]}
    assert row.plural in names
    assert (f"{row.plural}/status" in names) is row.has_status


def exercised(api: Api, row: Row, namespace: str = "") -> None:
    """Create, get, list, watch, patch, update, delete and delete all."""
    where, label = row.collection(namespace), f"example-e2e={row.plural}"
    key, _, value = label.partition("=")
    template = {
        "apiVersion": row.group_version, "kind": row.name,
        "metadata": {"generateName": "e2e-example-", "labels": {key: value}}, **row.more,
    }  # fmt: skip
    if row.spec:
        template["spec"] = row.spec
    try:
        _exercised(api, row, where, label, template)
    finally:
        api.must("DELETE", where, labelSelector=label)


def _exercised(api: Api, row: Row, where: str, label: str, template: dict[str, Any]) -> None:
    made = [api.must("POST", where, template) for _ in range(3)][-1]
    one = f"{where}/{made['metadata']['name']}"
    assert api.must("GET", one)["metadata"]["uid"] == made["metadata"]["uid"]
    listed = api.must("GET", where, labelSelector=label)
    assert len(listed["items"]) == 3 and listed["kind"] == f"{row.name}List"
    revision = listed["metadata"]["resourceVersion"]
    with api.watching(where, labelSelector=label, resourceVersion=revision) as events:
        patch: dict[str, Any] = {"metadata": {"annotations": {"patched": "true"}}}
        merge(patch, row.patch)
        patched = api.must("PATCH", one, patch, media=MERGE)
        assert patched["metadata"]["annotations"]["patched"] == "true"
        assert holds(patched, row.patch), patched
        assert int(patched["metadata"]["resourceVersion"]) > int(made["metadata"]["resourceVersion"])
        change: dict[str, Any] = {"metadata": {"annotations": {"updated": "true"}}}
        merge(change, row.update)
        updated = changed(api, one, one, lambda fresh: merge(fresh, change))
        assert updated["metadata"]["annotations"]["updated"] == "true" and holds(updated, row.update), updated
        for event in events:
            assert event["type"] == "MODIFIED", event
            if event["object"]["metadata"].get("annotations", {}).get("patched") == "true":
                break
    if row.has_status:
        of_status(api, row, one, made)
    api.must("DELETE", one)
    assert not api.is_there(one)
    assert len(api.must("GET", where, labelSelector=label)["items"]) == 2
    api.must("DELETE", where, labelSelector=label)
    assert not api.must("GET", where, labelSelector=label)["items"]


def of_status(api: Api, row: Row, one: str, made: dict[str, Any]) -> None:
    """Get, patch and update the status by its own path."""
    read = api.must("GET", f"{one}/status")
    assert (read["kind"], read["metadata"]["uid"]) == (row.name, made["metadata"]["uid"])
    first = {**CONDITION, "type": "PatchStatusFailed"}
    patched = api.must("PATCH", f"{one}/status", {"status": {"conditions": [first]}}, media=MERGE)
    assert "PatchStatusFailed" in [found["type"] for found in patched["status"]["conditions"]]
    updated = changed(
        api, one, f"{one}/status", lambda fresh: fresh["status"].setdefault("conditions", []).append(CONDITION)
    )
    assert CONDITION["type"] in [found["type"] for found in updated["status"]["conditions"]]
    assert updated.get("spec") == read.get("spec")


def changed(api: Api, one: str, where: str, change: Callable[[dict[str, Any]], None]) -> Any:
    """What a PUT makes of the newest state; tried anew where somebody was faster, as controllers may be."""
    for _ in range(_TRIES):
        fresh = api.must("GET", one)
        change(fresh)
        told = api.ask("PUT", where, fresh)
        if told.status != 409:
            break
    assert told.status == 200, told.body
    return told.body


def merge(target: dict[str, Any], change: dict[str, Any]) -> None:
    """Put ``change`` into ``target``, member by member."""
    for name, value in change.items():
        if isinstance(value, dict) and isinstance(target.get(name), dict):
            merge(target[name], value)
        else:
            target[name] = value


def holds(found: Any, wanted: Any) -> bool:
    """Whether all that is wanted is there."""
    if isinstance(wanted, dict):
        return isinstance(found, dict) and all(holds(found.get(name), value) for name, value in wanted.items())
    return bool(found == wanted)
