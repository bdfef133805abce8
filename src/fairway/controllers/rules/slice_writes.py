"""Slice writes: carry out what ``slices`` planned, and note how the slices were left."""

from fairway.controllers.rules.repairs import Repairs
from fairway.controllers.rules.slices import Writes
from fairway.kinds import ENDPOINT_SLICE
from fairway.objects import Object
from fairway.reconcile.cluster import Cluster


async def write(writes: Writes, cluster: Cluster, repairs: Repairs) -> None:
    """Carry out ``writes``, all at once."""

    async def create(new: Object) -> None:
        repairs.wrote(await cluster.create(ENDPOINT_SLICE, new))

    async def update(new: Object) -> None:
        repairs.wrote(await cluster.update(ENDPOINT_SLICE, new))

    async def delete(old: Object) -> None:
        await cluster.delete(ENDPOINT_SLICE, old)
        repairs.removed(old["metadata"]["name"])

    await cluster.together(*map(create, writes.create), *map(update, writes.update), *map(delete, writes.delete))
