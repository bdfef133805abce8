"""Objects of custom kinds as owners, as dependents, and as content of a namespace."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from component.controlled_cluster import ControlledCluster, controlled_cluster
from component.custom_kinds import definition, widget
from fairway.kinds import CONFIG_MAP, CUSTOM_RESOURCE_DEFINITION, NAMESPACE
from fairway.kinds.custom import plain_kind
from fairway.kinds.custom_resource_definition.naming import is_established
from fairway.kinds.kind import Kind
from fairway.objects import Object
from fairway.objects.meta import owner_reference


@pytest.fixture
async def cluster(tmp_path: Path) -> AsyncIterator[ControlledCluster]:
    async with controlled_cluster(tmp_path) as made:
        yield made


async def widgets(cluster: ControlledCluster) -> Kind:
    made = definition()
    await cluster.client.create(CUSTOM_RESOURCE_DEFINITION, made)
    await cluster.wait_one(CUSTOM_RESOURCE_DEFINITION, made["metadata"]["name"], is_established)
    kind = plain_kind(made)
    assert kind is not None
    return kind


async def make(
    cluster: ControlledCluster, kind: Kind, body: Object, *owners: Object, namespace: str = "default"
) -> Object:
    metadata: dict[str, Any] = {"namespace": namespace, "ownerReferences": [owner_reference(one) for one in owners]}
    return await cluster.client.create(kind, {**body, "metadata": {**body["metadata"], **metadata}})


def config_map(name: str) -> Object:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}}


async def test_what_a_custom_object_owns_goes_with_it_and_the_reverse(cluster: ControlledCluster) -> None:
    kind = await widgets(cluster)
    owner = await make(cluster, kind, widget("owner"))
    below = await make(cluster, CONFIG_MAP, config_map("below"), owner)
    await make(cluster, kind, widget("leaf"), below)
    await cluster.client.delete(kind, "default", "owner")
    await cluster.wait(CONFIG_MAP, lambda found: not any(one["metadata"]["name"] == "below" for one in found))
    await cluster.wait(kind, lambda found: not found)


async def test_a_namespace_takes_custom_objects_along(cluster: ControlledCluster) -> None:
    kind = await widgets(cluster)
    await cluster.client.create(NAMESPACE, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}})
    await make(cluster, kind, widget(), namespace="shop")
    await cluster.client.delete(NAMESPACE, None, "shop")
    await cluster.wait(NAMESPACE, lambda found: not any(one["metadata"]["name"] == "shop" for one in found))
    assert (await cluster.client.list(kind))[0] == []


async def test_what_objects_of_a_kind_own_goes_when_the_kind_goes(cluster: ControlledCluster) -> None:
    kind = await widgets(cluster)
    owner = await make(cluster, kind, widget("owner"))
    await make(cluster, CONFIG_MAP, config_map("below"), owner)
    await cluster.client.delete(CUSTOM_RESOURCE_DEFINITION, None, kind.resource)
    await cluster.wait(CONFIG_MAP, lambda found: not any(one["metadata"]["name"] == "below" for one in found))
    await cluster.wait(CUSTOM_RESOURCE_DEFINITION, lambda found: not found)
