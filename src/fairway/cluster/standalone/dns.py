"""Dns: cluster DNS alone, for the Services of any Kubernetes API server."""

import asyncio
import ipaddress

import uvloop

from fairway.client.interface import Client
from fairway.cluster import logs
from fairway.cluster.collector import collect_rarely
from fairway.cluster.errors import ClusterError
from fairway.cluster.standalone.access import client_of
from fairway.cluster.until_told import until_told
from fairway.dns.dns import Settings, keep_serving
from fairway.dns.exchange import Upstream
from fairway.dns.upstreams import upstream_of


def listening(text: str) -> tuple[tuple[str, ...], int]:
    """The addresses and the port of ``IP[:PORT],IP[:PORT]``.  Pure.  Raises: ``ClusterError``."""
    places = _places(text, "--listen")
    ports = {place.port for place in places}
    if len(ports) > 1:
        raise ClusterError(f"--listen {text}: every address must have the same port", "run one fairway dns per port")
    hosts = tuple(place.host for place in places)
    if any(ipaddress.ip_address(host).is_unspecified for host in hosts):
        raise ClusterError(
            f"--listen {text}: an answer must come from the address that was asked",
            "name the addresses: --listen IP,IP",
        )
    return hosts, ports.pop()


def settings(*, listen: str, cluster_domain: str, upstreams: str, reverse_cidrs: str, metrics_port: int) -> Settings:
    """What the DNS is told, from flags.  Pure.  Raises: ``ClusterError``."""
    hosts, port = listening(listen)
    return Settings(
        domain=cluster_domain.strip(".").lower(),
        addresses=hosts,
        listen=hosts,
        port=port,
        metrics_port=metrics_port,
        cidrs=tuple(_cidr(each.strip()) for each in reverse_cidrs.split(",") if each.strip()),
        upstreams=_places(upstreams, "--upstreams") if upstreams else (),
    )


def run(kubeconfig: str, context: str, told: Settings) -> None:
    """Serve until SIGTERM.  Raises: ``ClusterError``."""
    logs.begin()
    collect_rarely()
    client = client_of(kubeconfig, context, agent="fairway-dns")
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(client, told))


async def _serve(client: Client, told: Settings) -> None:
    try:
        await until_told(keep_serving(client, told))
    finally:
        await client.close()


def _places(text: str, flag: str) -> tuple[Upstream, ...]:
    places = []
    for each in filter(None, map(str.strip, text.split(","))):
        try:
            place = upstream_of(each)
            ipaddress.ip_address(place.host)
            if not place.port:
                raise ValueError
        except ValueError:
            raise ClusterError(
                f'{flag} {text}: "{each}" is no address', "give IP, IP:PORT or [IPv6]:PORT, several with commas"
            ) from None
        places.append(place)
    if not places:
        raise ClusterError(f"{flag} names no address", f"give one: {flag} IP")
    return tuple(places)


def _cidr(text: str) -> str:
    try:
        return str(ipaddress.ip_network(text))
    except ValueError as error:
        raise ClusterError(f"--reverse-cidrs: {error}", "give ranges such as 10.96.0.0/16") from None
