"""Node: the process of the node agent, the Service proxy and cluster DNS.  Needs root; speaks to the API over TLS."""

import asyncio
import gc
import logging
import signal
import sys
from pathlib import Path

import uvloop

from fairway.client.http import HttpClient
from fairway.client.interface import Client
from fairway.cluster import logs, processes
from fairway.cluster.config import Config, locate
from fairway.cluster.machine import machine_of
from fairway.dns.dns import Settings as DnsSettings
from fairway.dns.dns import keep_serving
from fairway.dns.upstreams import upstream_of
from fairway.kinds import NODE
from fairway.node.agent import Agent
from fairway.node.images.store import ImageStore
from fairway.node.pod_network.node import node_network_up
from fairway.node.runtimes.crun.programs import runtime_identity
from fairway.node.runtimes.crun.runtime import CrunRuntime
from fairway.node.settings import Settings as AgentSettings
from fairway.objects import Object
from fairway.proxy.dataplanes.nftables import NftablesDataplane
from fairway.proxy.model import Settings as ProxySettings
from fairway.proxy.proxy import Proxy
from fairway.proxy.status_server import Listening, StatusServer
from fairway.reconcile.informer import Informer
from fairway.transport import tls

log = logging.getLogger("node")


def agent_settings(config: Config) -> AgentSettings:
    """What the agent is told."""
    pki = config.pki_dir
    runtime_name, runtime_version = runtime_identity()
    return AgentSettings(
        node_name=config.node_name,
        node_ips=config.node_ips,
        root_dir=config.state_dir,
        secrets_dir=config.run_dir / "secrets",
        port=config.node_api_port,
        certificate_file=str(pki / "node.crt"),
        key_file=str(pki / "node.key"),
        client_ca_file=str(pki / "ca.crt"),
        pod_cidrs=config.node_pod_cidrs,
        cluster_dns=config.dns_ips,
        cluster_domain=config.cluster_domain,
        runtime_name=runtime_name,
        runtime_version=runtime_version,
    )


def proxy_settings(config: Config) -> ProxySettings:
    """What the proxy is told."""
    return ProxySettings(service_cidrs=config.service_cidrs, pod_cidrs=config.node_pod_cidrs)


def dns_settings(config: Config) -> DnsSettings:
    """What cluster DNS is told.  It is served at its cluster IP for this node's pods, and where the Service leads."""
    return DnsSettings(
        domain=config.cluster_domain,
        addresses=config.dns_ips,
        listen=(*config.dns_ips, *config.gateways),
        metrics_port=9153,
        cidrs=(*config.service_cidrs, *config.pod_cidrs),
        upstreams=tuple(upstream_of(text) for text in config.dns_upstreams.split(",") if text),
    )


async def run(config: Config, ready: processes.ReadyPipe) -> None:
    """Work until SIGTERM; pods and rules stay.  A task that dies ends the process; the supervisor starts it again."""
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    machine, pki = machine_of(config), config.pki_dir
    context = tls.client_context(pki / "ca.crt", pki / "node.crt", pki / "node.key")
    client = HttpClient(config.server, ssl_context=context, agent="fairway-node")
    await node_network_up(machine)
    images = ImageStore(machine)
    dataplane = NftablesDataplane(config.name)
    proxy = Proxy(client, dataplane, node_name=config.node_name, settings=proxy_settings(config))

    async def before_stop(pod: Object) -> None:
        await proxy.wait_left(each["ip"] for each in (pod.get("status") or {}).get("podIPs") or ())

    agent = Agent(client, CrunRuntime(machine), images, agent_settings(config), before_stop=before_stop)
    listening = Listening(health_port=config.proxy_health_port, metrics_port=config.proxy_metrics_port)
    status = StatusServer(proxy, listening)
    names = keep_serving(client, dns_settings(config))
    works = (agent.run(), proxy.run(), status.run(), names, _tell(client, config.node_name, proxy, ready, stopping))
    tasks = [asyncio.ensure_future(work) for work in (*works, stopping.wait())]
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in tasks:
        task.cancel()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    dataplane.close()
    await client.close()
    for result in results:
        if isinstance(result, Exception):
            raise result


async def _tell(
    client: Client, node_name: str, proxy: Proxy, ready: processes.ReadyPipe, stopping: asyncio.Event
) -> None:
    """Ready is: the Node says so, and the kernel holds the Services.  Then wait for the end."""
    nodes = Informer(client, NODE, fields=f"metadata.name={node_name}")
    is_ready = asyncio.Event()
    nodes.subscribe(lambda change: is_ready.set() if change.new and _is_ready(change.new) else None)
    following = asyncio.create_task(nodes.run())
    try:
        await is_ready.wait()
        await proxy.wait_programmed()
    finally:
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)
    gc.freeze()
    ready.say("node ready")
    log.info("node is ready")
    await stopping.wait()


def _is_ready(node: Object) -> bool:
    conditions = (node.get("status") or {}).get("conditions") or ()
    return any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)


def main(argv: list[str]) -> None:
    """Run as a process of its own."""
    logs.begin()
    given = processes.arguments(argv)
    config = locate(given["name"], str(Path(given["data_dir"])))
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(run(config, processes.ReadyPipe(given.get("ready_fd"))))


if __name__ == "__main__":
    main(sys.argv[1:])
