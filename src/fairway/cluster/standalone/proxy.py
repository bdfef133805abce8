"""Proxy: the Service proxy alone, in place of kube-proxy, against any Kubernetes API server.

Shape: ``run`` works until SIGTERM, and the rules stay; ``preview`` says what it would change; ``cleanup`` takes the
rules away.  One proxy works in a network namespace, guarded by a name that only one process can have.
"""

import asyncio
import logging
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import uvloop

from fairway.client.http import HttpClient
from fairway.client.http.answers import status_error
from fairway.client.interface import Client
from fairway.cluster import logs
from fairway.cluster.collector import collect_rarely, settle
from fairway.cluster.errors import ClusterError
from fairway.cluster.standalone.access import client_of
from fairway.cluster.standalone.conntrack import Conntrack, apply
from fairway.cluster.until_told import until_told
from fairway.objects.errors import StatusError
from fairway.proxy.dataplanes.interface import DataplaneError
from fairway.proxy.dataplanes.nftables import NftablesDataplane
from fairway.proxy.model import Settings
from fairway.proxy.preview import Change, json_line, line
from fairway.proxy.proxy import Proxy
from fairway.proxy.status_server import Listening, StatusServer

log = logging.getLogger("proxy")

TABLE = "service.proxy"
"""The table is ``fairway-service.proxy``: no cluster's name has a dot."""
PREVIEW_S = 60.0
VERBOSE = 4
"""From this verbosity on, every detail is logged."""
_FIXES = {
    401: "look at its credentials",
    403: "give the user the ClusterRole system:node-proxier",
    404: "use an API server of Kubernetes 1.21 or newer",
}
_WAIT = "see how the API server fares"
_NEEDED = ("/api/v1/services", "/apis/discovery.k8s.io/v1/endpointslices", "/api/v1/nodes")


@dataclass(frozen=True, slots=True)
class Told:
    """What the command line says."""

    kubeconfig: str = ""
    context: str = ""
    node_name: str = ""
    settings: Settings = field(default_factory=Settings)
    listening: Listening = field(default_factory=Listening)
    conntrack: Conntrack = field(default_factory=Conntrack)
    verbosity: int = 0


def run(told: Told) -> None:
    """Work until SIGTERM; the rules stay.  Raises: ``ClusterError``."""
    _need_root()
    logs.begin()
    if told.verbosity >= VERBOSE:
        logging.getLogger().setLevel(logging.DEBUG)
    collect_rarely()
    client = client_of(told.kubeconfig, told.context, agent="fairway-proxy")
    with _alone(), asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_work(client, told))


async def _work(client: Client, told: Told) -> None:
    dataplane = NftablesDataplane(TABLE)
    proxy = Proxy(client, dataplane, node_name=told.node_name, settings=told.settings)
    try:
        await until_told(proxy.run(), StatusServer(proxy, told.listening).run(), _tell(proxy, dataplane.table, told))
    finally:
        dataplane.close()
        await client.close()


async def _tell(proxy: Proxy, table: str, told: Told) -> None:
    await proxy.wait_programmed()
    apply(told.conntrack.wanted(os.cpu_count() or 1))  # the kernel has these settings once rules ask for tracking
    settle()
    log.info("proxy is ready", extra={"node": proxy.node_name, "services": proxy.services, "table": table})
    await asyncio.get_running_loop().create_future()


def preview(told: Told, *, is_json: bool) -> Iterator[str]:
    """What ``run`` would change at its start, line by line; nothing is changed.  Raises: ``ClusterError``."""
    _need_root(" --dry-run")
    client = client_of(told.kubeconfig, told.context, agent="fairway-proxy")
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        changes = runner.run(_previewed(client, told))
    yield from map(json_line if is_json else line, changes)
    if not changes and not is_json:
        yield "nothing would change"


async def _previewed(client: HttpClient, told: Told) -> list[Change]:
    dataplane = NftablesDataplane(TABLE)
    proxy = Proxy(client, dataplane, node_name=told.node_name, settings=told.settings)
    try:
        await _check(client)
        async with asyncio.timeout(PREVIEW_S):
            return await proxy.preview()
    except TimeoutError as error:
        troubles = "".join(f"; {trouble}" for trouble in proxy.troubles)
        raise ClusterError(
            f"{client.server} did not list everything within {PREVIEW_S:g} s{troubles}", _WAIT
        ) from error
    except DataplaneError as error:
        raise ClusterError(str(error), "run as root: sudo fairway service-proxy --dry-run") from error
    finally:
        dataplane.close()
        await client.close()


async def _check(client: HttpClient) -> None:
    """Say what a person can cure, before informers would try for ever."""
    path = ""
    try:
        for path in _NEEDED:
            answer = await client.request("GET", f"{path}?limit=1")
            if answer.status != 200:
                raise status_error(answer.status, answer.headers, answer.body)
    except StatusError as error:
        raise ClusterError(f"{client.server}{path}: {error}", _FIXES.get(error.code, _WAIT)) from error
    except OSError as error:
        raise ClusterError(str(error), "is the API server up, and its address in the kubeconfig right?") from error


def cleanup() -> None:
    """Take the rules away.  Raises: ``ClusterError``."""
    _need_root(" --cleanup")
    with _alone():
        try:
            asyncio.run(NftablesDataplane(TABLE).remove())
        except DataplaneError as error:
            raise ClusterError(str(error), "see what is there: nft list tables") from error


def _need_root(flags: str = "") -> None:
    if os.geteuid() != 0:
        raise ClusterError("rules in the kernel belong to root", f"run: sudo fairway service-proxy{flags}")


@contextmanager
def _alone() -> Iterator[None]:
    """Hold the proxy's name in this network namespace, which goes with the process.  Raises: ``ClusterError``."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC) as held:
        try:
            held.bind(f"\0fairway-{TABLE}")
        except OSError as error:
            raise ClusterError(
                "another fairway service-proxy works in this network namespace",
                "end it first: see `ps -C fairway` for its pid",
            ) from error
        yield
