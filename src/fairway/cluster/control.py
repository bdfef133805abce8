"""Control: the process of the API server, its store and the controllers.  Gives up root before it serves."""

import asyncio
import gc
import logging
import socket
import sys
from collections.abc import Sequence
from pathlib import Path

import uvloop

from fairway import controllers
from fairway.apiserver.audit.log_file import LogFile
from fairway.apiserver.audit.policy import EVERYTHING, Policy
from fairway.apiserver.audit.policy import read as read_policy
from fairway.apiserver.http import transport_error
from fairway.apiserver.server import ApiServer
from fairway.apiserver.settings import NodeTunnel, Settings
from fairway.apiserver.subresources.proxy.target import hands_on
from fairway.client.in_process import InProcessClient
from fairway.cluster import logs, privileges, processes
from fairway.cluster.config import NONE, Config, locate
from fairway.cluster.until_told import told_to_stop, until_told
from fairway.store.sqlite import SqliteStore
from fairway.transport import tls
from fairway.transport.limits import Limits
from fairway.transport.server import serve

IP_FREEBIND = 15
FILES_OF_OURS = 256
log = logging.getLogger("control")


def settings_of(config: Config) -> Settings:
    """What the API server is told."""
    pki, ports = config.pki_dir, config.node_ports
    return Settings(
        service_cidrs=config.service_cidrs,
        node_port_range=(ports.start, ports.stop - 1),
        advertise_address=config.gateways[0],
        advertise_port=config.api_port,
        has_ingress=bool(config.ingress_http_port or config.ingress_https_port),
        dns_addresses=config.dns_ips,
        dns_endpoints=config.gateways,
        # A cluster that was made without this key gets it at its next `up`.
        token_key=token_key if (token_key := pki / "sa.key").exists() else None,
        root_ca=pki / "ca.crt",
        token_issuer=f"https://kubernetes.default.svc.{config.cluster_domain}",
        front_proxy=NodeTunnel(
            pki / "front-proxy-client.crt", pki / "front-proxy-client.key", pki / "front-proxy-ca.crt"
        ),
        node_tunnel=NodeTunnel(
            pki / "apiserver-kubelet-client.crt", pki / "apiserver-kubelet-client.key", pki / "ca.crt"
        ),
    )


def listen(config: Config) -> list[socket.socket]:
    """Sockets for clients of this machine and, at the node's addresses in the pod network, for pods."""
    hosts = [config.bind_address]
    if config.bind_address != "::":  # which is both families
        hosts += [at for at in config.gateways if ":" in at or config.bind_address != "0.0.0.0"]
    return [_bind(host, config.api_port) for host in dict.fromkeys(hosts)]


def _bind(host: str, port: int) -> socket.socket:
    listening = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    # The gateway address is made by the node process, which may start later.
    listening.setsockopt(socket.IPPROTO_IP, IP_FREEBIND, 1)
    listening.bind((host, port))
    return listening


def connections_for(files: int) -> int:
    """How many connections may be open at once, so that enough of ``files`` is left for the store and the rest."""
    return max(64, min(Limits().connections, files - FILES_OF_OURS if files > 0 else Limits().connections))


def auditing(config: Config) -> tuple[Policy, LogFile] | None:
    """What is told of requests, and the file, open.  Raises: ``OSError``, ``ValueError``."""
    path = config.audit_file
    if path is None:
        return None
    told = EVERYTHING
    if config.audit_policy != NONE:
        # Not at module level: few clusters have a policy, and the parser costs start-up time.
        from fairway.apiserver import yaml_form

        told = read_policy(yaml_form.load(Path(config.audit_policy).read_bytes()))
    return told, LogFile(path)


async def run(
    config: Config, sockets: Sequence[socket.socket], ready: processes.ReadyPipe, audit: tuple[Policy, LogFile] | None
) -> None:
    """Serve until SIGTERM.  A background task that dies ends the process, and the supervisor starts it again."""
    stopping = told_to_stop()
    store = await SqliteStore.open(config.state_dir / "store" / "fairway.db")
    api_server = ApiServer(store, settings_of(config), (audit[0], audit[1].write) if audit else None)
    pki = config.pki_dir
    await api_server.start()
    context = tls.server_context(pki / "apiserver.crt", pki / "apiserver.key", pki / "ca.crt")
    limits = Limits(
        error_response=transport_error, hands_on=hands_on, connections=connections_for(processes.raise_files_limit())
    )
    server = await serve(api_server.handler, ssl_context=context, sockets=sockets, limits=limits)
    ready.say("control ready")
    log.info("serving at %s", config.server)
    gc.freeze()
    client = InProcessClient(api_server.api, agent="fairway-controllers")
    told = controllers.Settings(
        root_ca=(pki / "ca.crt").read_text(),
        signing_ca=(pki / "ca.crt", pki / "ca.key"),
        volumes_dir=str(config.volumes_dir),
        load_balancer_cidrs=config.load_balancer_cidrs,
        is_announcing=bool(config.load_balancer_devices),
        empty_extensions=api_server.empty_extensions,
        extension_kinds=api_server.follow_extensions,
    )
    counted = controllers.Metrics()
    api_server.metrics.others.append(counted.lines)
    controlling = controllers.run(controllers.ALL, client, settings=told, metrics=counted)
    try:
        await until_told(controlling, api_server.wait_failed(), stopping=stopping)
    finally:
        await server.close(grace_s=2.0)
        await api_server.stop()
        await store.close()
        if audit is not None:
            audit[1].close()


def main(argv: list[str]) -> None:
    """Run as a process of its own."""
    logs.begin()
    given = processes.arguments(argv)
    ready = processes.ReadyPipe(given.get("ready_fd"))
    config = locate(given["name"], str(Path(given["data_dir"])))
    gc.set_threshold(20_000, 20, 50)
    try:
        sockets = listen(config)
    except OSError as error:
        ready.say(f"control cannot listen on port {config.api_port}: {error.strerror}")
        raise
    try:
        audit = auditing(config)
    except (OSError, ValueError) as error:
        ready.say(f"control cannot audit as --audit-policy and --audit-log say: {error}")
        raise
    privileges.drop()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(run(config, sockets, ready, audit))


if __name__ == "__main__":
    main(sys.argv[1:])
