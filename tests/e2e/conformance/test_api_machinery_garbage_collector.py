"""[sig-api-machinery] Garbage collector: the specs' neighbours, over kinds of all sorts.

The specs themselves, with pods, are asked in ``component/test_controllers.py``.
"""

from collections.abc import Iterator
from typing import Any

import pytest

from .asking import JSON_PATCH, MERGE, Api, until
from .definitions import GROUP, defined, definition

HOLD = "example.com/hold"
FOREGROUND = "foregroundDeletion"


class Garden:
    """Objects of one namespace that own one another; ``plots`` and ``fences`` are custom, the latter of the cluster."""

    def __init__(self, api: Api, namespace: str) -> None:
        self.api = api
        self.namespace = namespace
        self._paths = {
            "ConfigMap": f"/api/v1/namespaces/{namespace}/configmaps",
            "Secret": f"/api/v1/namespaces/{namespace}/secrets",
            "Plots": f"/apis/{GROUP}/v1/namespaces/{namespace}/plots",
            "Fences": f"/apis/{GROUP}/v1/fences",
        }

    def path(self, kind: str, name: str = "") -> str:
        return f"{self._paths[kind]}/{name}".rstrip("/")

    def make(self, kind: str, name: str, *owners: Any, blocks: bool = True, **metadata: Any) -> Any:
        """An object that belongs to ``owners``."""
        version = f"{GROUP}/v1" if kind in ("Plots", "Fences") else "v1"
        references = [
            {
                "apiVersion": owner["apiVersion"], "kind": owner["kind"], "name": owner["metadata"]["name"],
                "uid": owner["metadata"]["uid"], "blockOwnerDeletion": blocks,
            }
            for owner in owners
        ]  # fmt: skip
        about = {"name": name, "labels": {"garden": self.namespace}, **metadata}
        if references:
            about["ownerReferences"] = references
        return self.api.must("POST", self.path(kind), {"apiVersion": version, "kind": kind, "metadata": about})

    def delete(self, kind: str, name: str, policy: str) -> None:
        self.api.must("DELETE", self.path(kind, name), {"propagationPolicy": policy})

    def gone(self, kind: str, *names: str) -> None:
        """Return once none of them is there."""
        for name in names:
            with self.api.watching(self.path(kind), fieldSelector=f"metadata.name={name}", timeoutSeconds=20) as events:
                if self.api.is_there(self.path(kind, name)):
                    until(events, lambda event: event["type"] == "DELETED", f"{kind} {name} went")

    def met(self, kind: str, name: str, condition: Any) -> Any:
        """The object once it meets ``condition``."""
        with self.api.watching(self.path(kind), fieldSelector=f"metadata.name={name}", timeoutSeconds=20) as events:
            return until(events, lambda event: condition(event["object"]["metadata"]), f"{kind} {name}")["object"]

    def release(self, kind: str, name: str) -> None:
        """Take the test's own finalizer off."""
        found = self.api.must("GET", self.path(kind, name))
        left = [one for one in found["metadata"]["finalizers"] if one != HOLD]
        patch = [
            {"op": "test", "path": "/metadata/resourceVersion", "value": found["metadata"]["resourceVersion"]},
            {"op": "replace", "path": "/metadata/finalizers", "value": left},
        ]
        self.api.must("PATCH", self.path(kind, name), patch, media=JSON_PATCH)


@pytest.fixture(scope="module")
def kinds(api: Api) -> Iterator[None]:
    with (
        defined(api, definition("plots", scope="Namespaced")),
        defined(api, definition("fences", scope="Cluster")),
    ):
        yield


@pytest.fixture
def garden(api: Api, namespace: str, kinds: None) -> Iterator[Garden]:
    yield Garden(api, namespace)
    api.must("DELETE", f"/apis/{GROUP}/v1/fences", labelSelector=f"garden={namespace}")


def test_what_is_owned_goes_over_kinds_and_scopes(garden: Garden) -> None:
    fence = garden.make("Fences", f"f-{garden.namespace}")
    plot = garden.make("Plots", "p", fence)
    garden.make("ConfigMap", "m", plot)
    garden.make("Secret", "s", fence)
    garden.delete("Fences", fence["metadata"]["name"], "Background")
    garden.gone("Secret", "s")
    garden.gone("Plots", "p")
    garden.gone("ConfigMap", "m")


def test_in_the_foreground_the_last_comes_first(garden: Garden) -> None:
    plot = garden.make("Plots", "p")
    middle = garden.make("ConfigMap", "m", plot)
    garden.make("Secret", "held", middle, finalizers=[HOLD])
    garden.delete("Plots", "p", "Foreground")
    garden.met("Secret", "held", lambda meta: "deletionTimestamp" in meta)
    middle = garden.met("ConfigMap", "m", lambda meta: FOREGROUND in meta.get("finalizers", ()))
    owner = garden.api.must("GET", garden.path("Plots", "p"))
    assert owner["metadata"]["finalizers"] == [FOREGROUND] and owner["metadata"]["deletionTimestamp"]
    garden.release("Secret", "held")
    garden.gone("Plots", "p")
    assert not garden.api.is_there(garden.path("ConfigMap", "m"))


def test_who_does_not_block_is_not_waited_for(garden: Garden) -> None:
    plot = garden.make("Plots", "p")
    garden.make("Secret", "held", plot, blocks=False, finalizers=[HOLD])
    garden.delete("Plots", "p", "Foreground")
    garden.gone("Plots", "p")
    garden.met("Secret", "held", lambda meta: "deletionTimestamp" in meta)
    garden.release("Secret", "held")
    garden.gone("Secret", "held")


@pytest.mark.parametrize("how", ["one", "collection"])
def test_orphans_forget_their_owner_and_stay(garden: Garden, how: str) -> None:
    plot, other = garden.make("Plots", "p"), garden.make("Plots", "q")
    garden.make("ConfigMap", "m", plot)
    garden.make("Secret", "s", plot, other)
    if how == "one":
        garden.delete("Plots", "p", "Orphan")
    else:
        options = {"propagationPolicy": "Orphan"}
        garden.api.must("DELETE", garden.path("Plots"), options, fieldSelector="metadata.name=p")
    garden.gone("Plots", "p")
    assert "ownerReferences" not in garden.api.must("GET", garden.path("ConfigMap", "m"))["metadata"]
    kept = garden.api.must("GET", garden.path("Secret", "s"))["metadata"]["ownerReferences"]
    assert [one["uid"] for one in kept] == [other["metadata"]["uid"]]


def test_one_owner_that_stays_is_enough(garden: Garden) -> None:
    plot, fence = garden.make("Plots", "p"), garden.make("Fences", f"g-{garden.namespace}")
    garden.make("ConfigMap", "m", plot, fence)
    garden.delete("Plots", "p", "Foreground")
    garden.gone("Plots", "p")
    kept = garden.met("ConfigMap", "m", lambda meta: len(meta.get("ownerReferences", ())) == 1)
    assert kept["metadata"]["ownerReferences"][0]["uid"] == fence["metadata"]["uid"]
    assert "deletionTimestamp" not in kept["metadata"]


def test_a_circle_goes_whatever_the_policy(garden: Garden) -> None:
    for policy in ("Background", "Foreground"):
        first = garden.make("Plots", "a")
        second = garden.make("ConfigMap", "b", first)
        third = garden.make("Secret", "c", second)
        reference = {
            "apiVersion": "v1", "kind": "Secret", "name": "c", "uid": third["metadata"]["uid"],
            "blockOwnerDeletion": True,
        }  # fmt: skip
        patch = {"metadata": {"ownerReferences": [reference]}}
        garden.api.must("PATCH", garden.path("Plots", "a"), patch, media=MERGE)
        garden.delete("ConfigMap", "b", policy)
        garden.gone("Plots", "a")
        garden.gone("ConfigMap", "b")
        garden.gone("Secret", "c")


def test_who_never_had_an_owner_by_that_uid_goes_and_who_has_one_of_an_unknown_kind_stays(garden: Garden) -> None:
    plot = garden.make("Plots", "p")
    stranger = {**plot, "metadata": {**plot["metadata"], "uid": "00000000-0000-0000-0000-000000000000"}}
    unknown = {**plot, "kind": "Nobody", "apiVersion": "nobody.example.com/v1"}
    garden.make("ConfigMap", "unknown", unknown)
    garden.make("ConfigMap", "stranger", stranger)
    garden.make("ConfigMap", "both", stranger, plot)
    garden.gone("ConfigMap", "stranger")
    both = garden.met("ConfigMap", "both", lambda meta: len(meta["ownerReferences"]) == 1)
    assert both["metadata"]["ownerReferences"][0]["uid"] == plot["metadata"]["uid"]
    assert garden.api.is_there(garden.path("ConfigMap", "unknown"))


def test_an_owner_in_another_namespace_is_none_and_the_cluster_belongs_to_no_namespace(
    garden: Garden, api: Api
) -> None:
    other = f"{garden.namespace}-two"
    api.must("POST", "/api/v1/namespaces", {"metadata": {"name": other}})
    try:
        owner = api.must("POST", f"/api/v1/namespaces/{other}/configmaps", {"metadata": {"name": "owner"}})
        owner |= {"apiVersion": "v1", "kind": "ConfigMap"}
        fence = garden.make("Fences", f"h-{garden.namespace}", owner)
        with api.watching(
            f"/api/v1/namespaces/{garden.namespace}/events", fieldSelector="reason=OwnerRefInvalidNamespace"
        ) as events:
            garden.make("ConfigMap", "m", owner)
            garden.gone("ConfigMap", "m")
            uid = owner["metadata"]["uid"]
            told = until(events, lambda event: event["type"] == "ADDED", "it was told")["object"]
            assert told["message"] == (
                f"ownerRef [v1/ConfigMap, namespace: {garden.namespace}, name: owner, uid: {uid}] does not exist in "
                f'namespace "{garden.namespace}"'
            )
        assert api.is_there(garden.path("Fences", fence["metadata"]["name"]))
    finally:
        api.must("DELETE", f"/api/v1/namespaces/{other}")


def test_the_last_policy_that_is_asked_for_counts(garden: Garden) -> None:
    plot = garden.make("Plots", "p", finalizers=[HOLD])
    garden.make("Secret", "held", plot, finalizers=[HOLD])
    garden.make("ConfigMap", "m", plot)
    garden.delete("Plots", "p", "Foreground")
    garden.gone("ConfigMap", "m")
    garden.delete("Plots", "p", "Orphan")
    left = garden.met("Plots", "p", lambda meta: meta["finalizers"] == [HOLD])
    assert left["metadata"]["deletionTimestamp"]
    garden.met("Secret", "held", lambda meta: "ownerReferences" not in meta)
    garden.release("Plots", "p")
    garden.gone("Plots", "p")
    garden.release("Secret", "held")
