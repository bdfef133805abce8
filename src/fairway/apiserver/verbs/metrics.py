"""Metrics: what nodes and pods use now, asked of the nodes when somebody asks for it.

A node that does not answer, and a pod that does not run, have none: they are left out of lists and not found.
Source: the Metrics API as metrics-server serves it.
"""

import asyncio
import logging
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

import orjson

from fairway.apiserver.call import Call
from fairway.apiserver.reply import Found, Page, Reply
from fairway.apiserver.selection import select
from fairway.apiserver.stored import Stored
from fairway.apiserver.subresources.node_tunnel import open_node
from fairway.apiserver.subresources.pod_node import address_of
from fairway.kinds import NODE, NODE_METRICS, POD
from fairway.objects import Object
from fairway.objects.conditions import is_true
from fairway.objects.durations import go_duration
from fairway.objects.errors import StatusError, not_found

if TYPE_CHECKING:
    from fairway.apiserver.serve import Api

log = logging.getLogger(__name__)

_ANSWERS_WITHIN_S = 5.0
_MOST_BYTES = 8 * 1024 * 1024
_PATH = "/stats/summary"
Summaries = Mapping[str, Object]
"""What each node says, by its name."""


async def metrics(call: Call, api: "Api") -> Reply:
    """Get and list.  Raises: ``StatusError`` 404, 400."""
    options = call.options
    selection = select(
        call.kind, call.namespace, options.get("labelSelector", ""), options.get("fieldSelector", "")
    )  # fmt: skip
    made = await (_of_nodes(call, api) if call.kind is NODE_METRICS else _of_pods(call, api))
    found = [Stored(_key(call, one), api.cache.revision, orjson.dumps(one)) for one in made]
    if call.verb == "get":
        if not found:
            name = f"{call.namespace}/{call.name}" if call.namespace else call.name
            raise not_found(call.kind.group, call.kind.name.lower(), name)
        return Found(found[0])
    chosen = [one for one in found if selection.covers(one.key) and selection.matches(one)]
    return Page(call.kind, chosen, api.cache.revision)


def _key(call: Call, made: Object) -> str:
    return call.kind.key(made["metadata"].get("namespace"), made["metadata"]["name"])


async def _of_nodes(call: Call, api: "Api") -> list[Object]:
    nodes = {name: one for name, one in _nodes(api).items() if not call.name or name == call.name}
    said = await _said(nodes.values(), api)
    return [_node_metrics(call, nodes[name], said[name]["node"]) for name in sorted(said)]


async def _of_pods(call: Call, api: "Api") -> list[Object]:
    pods = {pod["metadata"]["uid"]: pod for pod in _pods(call, api)}
    wanted = {pod["spec"].get("nodeName") for pod in pods.values()}
    said = await _said((one for name, one in _nodes(api).items() if name in wanted), api)
    told = ((stats, pods.get(stats["podRef"]["uid"])) for one in said.values() for stats in one["pods"])
    made = [_pod_metrics(call, pod, stats) for stats, pod in told if pod is not None]
    return sorted(made, key=lambda one: (one["metadata"]["namespace"], one["metadata"]["name"]))


def _pods(call: Call, api: "Api") -> Iterator[Object]:
    if call.name:
        stored = api.cache.get(POD, call.namespace, call.name)
        yield from () if stored is None else (stored.object,)
        return
    collection = api.cache.of(POD)
    prefix = f"{POD.prefix}{call.namespace}/" if call.namespace else POD.prefix
    for key in collection.keys(prefix, ""):
        yield collection.live[key].object


def _nodes(api: "Api") -> dict[str, Object]:
    """Those that are well: others would keep everybody waiting."""
    every = (stored.object for stored in api.cache.of(NODE).live.values())
    return {node["metadata"]["name"]: node for node in every if is_true(node, "Ready")}


async def _said(nodes: Iterable[Object], api: "Api") -> dict[str, Object]:
    asked = list(nodes)
    answers = await asyncio.gather(*(_ask(node, api) for node in asked))
    pairs = zip(asked, answers, strict=True)
    return {node["metadata"]["name"]: answer for node, answer in pairs if answer is not None}


async def _ask(node: Object, api: "Api") -> Object | None:
    try:
        async with asyncio.timeout(_ANSWERS_WITHIN_S):
            answer = await open_node(
                api.settings.node_tunnel, address_of(node), "GET", _PATH, [("Connection", "close")]
            )  # fmt: skip
            try:
                found: Object = orjson.loads(await answer.body(_MOST_BYTES))
                return found
            finally:
                answer.close()
    except (TimeoutError, OSError, ValueError, StatusError) as error:
        log.info("a node does not tell what it uses", extra={"node": node["metadata"]["name"], "error": str(error)})
        return None


def _node_metrics(call: Call, node: Object, stats: Object) -> Object:
    return {**_head(call, node, [stats]), "usage": usage_of(stats)}


def _pod_metrics(call: Call, pod: Object, stats: Object) -> Object:
    containers = stats["containers"]
    named = [{"name": one["name"], "usage": usage_of(one)} for one in containers]
    return {**_head(call, pod, containers), "containers": named}


def _head(call: Call, of: Object, stats: list[Object]) -> Object:
    time = max(one["cpu"]["time"] for one in stats)
    kept = {name: of["metadata"][name] for name in ("name", "namespace", "labels") if name in of["metadata"]}
    window_s = max(one["cpu"]["windowSeconds"] for one in stats)
    return {
        "kind": call.kind.name, "apiVersion": call.kind.api_version, "metadata": {**kept, "creationTimestamp": time},
        "timestamp": time, "window": go_duration(window_s),
    }  # fmt: skip


def usage_of(stats: Object) -> Object:
    """The amounts.  Pure."""
    return {"cpu": f"{stats['cpu']['usageNanoCores']}n", "memory": f"{stats['memory']['workingSetBytes'] // 1024}Ki"}
