"""Node: the process of the node agent, the Service proxy and cluster DNS.  Needs root; speaks to the API over TLS.

A further node (``--node 2``) first moves into a network namespace of its own; from then on it is as any other.
"""

import asyncio
import logging
import sys
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from ipaddress import ip_address
from pathlib import Path
from typing import Final

import uvloop

from fairway.client.http import HttpClient
from fairway.client.interface import Client
from fairway.client.shared_lists import SharedLists
from fairway.cluster import logs, processes
from fairway.cluster.collector import collect_rarely, settle
from fairway.cluster.config import Config, locate
from fairway.cluster.ingress import METRICS as INGRESS_METRICS
from fairway.cluster.ingress import Ingresses
from fairway.cluster.kept_sockets import KeptSockets
from fairway.cluster.machine import machine_of
from fairway.cluster.nodes import ClusterNode, node_of, nodes_of
from fairway.cluster.until_told import told_to_stop, until_told
from fairway.dns.dns import Settings as DnsSettings
from fairway.dns.dns import keep_serving
from fairway.dns.exchange import Upstream
from fairway.dns.server import bind
from fairway.dns.upstreams import servers_of, upstream_of
from fairway.kinds import ENDPOINT_SLICE, NODE, SERVICE
from fairway.node.agent import Agent
from fairway.node.announcements import Announcer, stay_silent
from fairway.node.announcements import Settings as AnnouncerSettings
from fairway.node.images.store import ImageStore
from fairway.node.machine import Machine
from fairway.node.names import gateway_device
from fairway.node.pod_network.keeping import keep
from fairway.node.pod_network.loopback import keep_loopback
from fairway.node.pod_network.node import gateway_up, node_network_up, settle_connections
from fairway.node.pod_spec import addresses_of, shared_ports_of
from fairway.node.propagation import make_shared
from fairway.node.rtnetlink.connection import Connection
from fairway.node.runtimes.crun.programs import runtime_identity
from fairway.node.runtimes.crun.runtime import CrunRuntime
from fairway.node.settings import Settings as AgentSettings
from fairway.node.uplink import Uplink, enter, repair
from fairway.objects import Object
from fairway.objects.conditions import is_true
from fairway.proxy.dataplanes.nftables import NftablesDataplane
from fairway.proxy.model import Settings as ProxySettings
from fairway.proxy.neighbours import PORT_ANNOTATION, Neighbours
from fairway.proxy.proxy import Proxy
from fairway.proxy.status_server import Listening, StatusServer
from fairway.reconcile.informer import Informer
from fairway.transport import tls

log = logging.getLogger("node")

NAMES_FIRST_S: Final = 2.0
"""How long the others wait with their long lists until cluster DNS has had its own."""


def agent_settings(config: Config, node: ClusterNode) -> AgentSettings:
    """What the agent is told."""
    pki = config.pki_dir
    runtime_name, runtime_version = runtime_identity()
    return AgentSettings(
        node_name=node.name,
        node_ips=node.addresses,
        root_dir=node.state_dir,
        secrets_dir=node.run_dir / "secrets",
        volumes_dir=config.volumes_dir,
        port=config.node_api_port,
        certificate_file=str(pki / f"{node.part}.crt"),
        key_file=str(pki / f"{node.part}.key"),
        client_ca_file=str(pki / "ca.crt"),
        pod_cidrs=node.pod_cidrs,
        cluster_dns=config.dns_ips,
        cluster_domain=config.cluster_domain,
        annotations={PORT_ANNOTATION: str(config.proxy_health_port)},
        runtime_name=runtime_name,
        runtime_version=runtime_version,
    )


def proxy_settings(config: Config, node: ClusterNode) -> ProxySettings:
    """What the proxy is told."""
    return ProxySettings(
        service_cidrs=config.service_cidrs,
        pod_cidrs=node.pod_cidrs,
        nodeport_addresses=config.node_port_cidrs,
        balances_nodes=node.is_first and config.nodes > 1,
        serves_host_ports=True,
    )


def announcer_settings(config: Config, node: ClusterNode) -> AnnouncerSettings:
    """What the announcer is told."""
    return AnnouncerSettings(
        node_name=node.name,
        devices=config.load_balancer_devices,
        pool=config.load_balancer_cidrs,
        gateway_device=gateway_device(config.name),
        sources={ip_address(at).version: at for at in node.gateways},
        balances_nodes=config.nodes > 1,
    )


def dns_settings(config: Config, node: ClusterNode) -> DnsSettings:
    """What cluster DNS is told.  It is served at its cluster IP for this node's pods, and where the Service leads."""
    return DnsSettings(
        domain=config.cluster_domain,
        addresses=config.dns_ips,
        listen=(*config.dns_ips, *node.gateways),
        metrics_port=9153,
        cidrs=(*config.service_cidrs, *config.pod_cidrs),
        upstreams=dns_upstreams(config, node, _resolv_conf()),
    )


def dns_upstreams(config: Config, node: ClusterNode, resolv_conf: str) -> tuple[Upstream, ...]:
    """The servers for other names, none for those of the machine.

    A further node cannot ask servers on the machine's loopback, so it asks the first node's DNS instead.
    """
    given = tuple(upstream_of(text) for text in config.dns_upstreams.split(",") if text)
    asked = given or tuple(servers_of(resolv_conf))
    if not node.is_first and any(ip_address(each.host).is_loopback for each in asked):
        return tuple(map(Upstream, config.gateways))
    return given


def _resolv_conf() -> str:
    try:
        return Path("/etc/resolv.conf").read_text(errors="replace")
    except OSError:
        return ""


async def run(config: Config, node: ClusterNode, ready: processes.ReadyPipe, kept: KeptSockets) -> None:
    """Work until SIGTERM; pods and rules stay.  A task that dies ends the process; the supervisor starts it again."""
    stopping = told_to_stop()
    machine, pki = machine_of(config, node), config.pki_dir
    context = tls.client_context(pki / "ca.crt", pki / f"{node.part}.crt", pki / f"{node.part}.key")
    client = HttpClient(node.server, ssl_context=context, agent="fairway-node")
    await node_network_up(machine)
    images = ImageStore(machine)
    dataplane = NftablesDataplane(config.name)
    names_known = asyncio.Event()
    shared = SharedLists(client, (SERVICE, ENDPOINT_SLICE), turn=lambda: names_first(names_known))
    proxy = Proxy(shared, dataplane, node_name=node.name, settings=proxy_settings(config, node))

    neighbours = Neighbours(client, node.name)
    ingress = Ingresses(shared, config, node, kept)

    async def wait_left(addresses: Iterable[str], ports: Iterable[int]) -> None:
        await asyncio.gather(proxy.wait_left(addresses, ports), ingress.wait_left(addresses, ports))

    async def before_stop(pod: Object) -> None:
        addresses, ports = addresses_of(pod), shared_ports_of(pod)
        await asyncio.gather(wait_left(addresses, ports), neighbours.wait_left(addresses, ports))

    async def repair_network() -> None:
        if node.is_first:
            await asyncio.to_thread(_repair_uplinks, config)
        await runtime.repair_network()

    runtime = CrunRuntime(machine)
    agent = Agent(shared, runtime, images, agent_settings(config, node), before_stop=before_stop)
    listening = Listening(health_port=config.proxy_health_port, metrics_port=config.proxy_metrics_port)
    status = StatusServer(proxy, listening, wait_left, {INGRESS_METRICS: ingress.metrics_text})
    names = keep_serving(client, dns_settings(config, node), kept.open, names_known)
    # Names first: questions wait already, in the sockets that the process before this one left.
    works = [names, agent.run(), proxy.run(), neighbours.run(), status.run(), ingress.run()]
    works.append(keep(machine, repair_network))
    works += [_settle_connections(machine, proxy), _tell(client, node, proxy, ready)]
    is_announcing = config.load_balancer_devices and node.is_first  # no other is on a LAN
    told = announcer_settings(config, node)
    works.append(Announcer(shared, told).run() if is_announcing else stay_silent(client, node.name))
    try:
        await until_told(*works, stopping=stopping)
    finally:
        dataplane.close()
        await client.close()


async def names_first(known: asyncio.Event) -> None:
    """Return when cluster DNS knows the cluster, or has had its time.

    After a restart questions wait for names, while the kernel still holds the rules and pods still run.
    """
    with suppress(TimeoutError):
        async with asyncio.timeout(NAMES_FIRST_S):
            await known.wait()


async def _settle_connections(machine: Machine, proxy: Proxy) -> None:
    """What the kernel must be told once the proxy's rules are in force, and again when host ports reach localhost."""
    await proxy.wait_programmed()
    changed = proxy.host_ports.changed
    while True:
        changed.clear()
        loopback = {*machine.loopback, *proxy.host_ports.loopback}
        opened = replace(machine, loopback=tuple(sorted(loopback)))
        settle_connections(opened)
        async with asyncio.TaskGroup() as tasks:
            keeping = tasks.create_task(keep_loopback(opened))
            while loopback == {*machine.loopback, *proxy.host_ports.loopback}:
                await changed.wait()
                changed.clear()
            keeping.cancel()


async def _tell(client: Client, node: ClusterNode, proxy: Proxy, ready: processes.ReadyPipe) -> None:
    """Ready is: the Node says so, and the kernel holds the Services.  Then wait for the end."""
    nodes = Informer(client, NODE, fields=f"metadata.name={node.name}")
    is_ready = asyncio.Event()
    nodes.subscribe(lambda change: is_ready.set() if change.new and is_true(change.new, "Ready") else None)
    following = asyncio.create_task(nodes.run())
    try:
        await is_ready.wait()
        await proxy.wait_programmed()
    finally:
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)
    settle()
    ready.say(f"{node.part} ready")
    log.info("node is ready")
    await asyncio.get_running_loop().create_future()


def move_in(config: Config, node: ClusterNode) -> None:
    """Enter a further node's network, before there is any other thread or socket.  Raises: ``OSError``."""
    first = machine_of(config)
    make_shared(first.run_path)  # before anything is mounted below it
    with Connection() as connection:
        # The routes to the new node name addresses of the first, which may be starting at this moment.
        gateway_up(first, connection)
    enter(_uplink(config, node))


def _uplink(config: Config, node: ClusterNode) -> Uplink:
    return Uplink(
        cluster=config.name, number=node.number, host_name=node.name, netns=node.netns, addresses=node.addresses,
        pod_cidrs=node.pod_cidrs, gateways=config.gateways, machine_addresses=config.node_ips,
    )  # fmt: skip


def _repair_uplinks(config: Config) -> None:
    for other in nodes_of(config)[1:]:
        if repair(_uplink(config, other)):
            log.warning("the routes to a node were gone and are back", extra={"node": other.name})


def main(argv: list[str]) -> None:
    """Run as a process of its own."""
    logs.begin()
    collect_rarely()
    given = processes.arguments(argv)
    config = locate(given["name"], str(Path(given["data_dir"])))
    node = node_of(config, int(given.get("node", "1")))
    if not node.is_first:
        move_in(config, node)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        ready = processes.ReadyPipe(given.get("ready_fd"))
        runner.run(run(config, node, ready, KeptSockets(given.get("keep_fds"), bind)))


if __name__ == "__main__":
    main(sys.argv[1:])
