"""The ``sockets`` subresource of pods: what listens inside one, as its node sees it.  Fairway's own."""

import asyncio
from typing import TYPE_CHECKING
from urllib.parse import quote

import orjson

from fairway.apiserver.call import Call
from fairway.apiserver.reply import Made
from fairway.apiserver.subresources.log import failure_of, node_address
from fairway.apiserver.subresources.node_tunnel import open_node
from fairway.apiserver.verbs.get import current
from fairway.objects import Object
from fairway.objects.errors import timeout

if TYPE_CHECKING:
    from fairway.apiserver.serve import Api

_ANSWERS_WITHIN_S = 2.0
_MOST_BYTES = 1024 * 1024


async def get_sockets(call: Call, api: "Api") -> Made:
    """GET.  Raises: ``StatusError`` 400 before the pod has a node, 404, 409 before it has a network, 500, 504."""
    pod = current(call, api).object
    metadata = pod["metadata"]
    target = f"/sockets/{quote(metadata['namespace'])}/{quote(metadata['name'])}"
    try:
        async with asyncio.timeout(_ANSWERS_WITHIN_S):
            answer = await open_node(
                api.settings.node_tunnel, node_address(pod, api), "GET", target, [("Connection", "close")]
            )
            if answer.status != 200:
                raise await failure_of(answer)
            try:
                found = orjson.loads(await answer.body(_MOST_BYTES))
            finally:
                answer.close()
    except TimeoutError as error:
        raise timeout(f"node {pod['spec']['nodeName']} does not answer") from error
    return Made(sockets_of(pod, found))


def sockets_of(pod: Object, found: list[Object]) -> Object:
    """The typed object."""
    metadata = {name: pod["metadata"][name] for name in ("name", "namespace", "uid")}
    return {"kind": "PodSockets", "apiVersion": "fairway.dev/v1alpha1", "metadata": metadata, "sockets": found}
