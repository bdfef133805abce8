"""Ports: whether others hold those that a cluster listens on, and those that Services are given."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, NamedTuple

from fairway.cluster import processes
from fairway.cluster.doctor.finding import Finding, Scene, failure, warning, well
from fairway.cluster.doctor.sockets import CLUSTER, Listener, listening
from fairway.cluster.settling import PORTS

WORDS: Final = {
    "api_port": "API server",
    "node_api_port": "node agent",
    "proxy_health_port": "Service proxy's /healthz",
    "proxy_metrics_port": "Service proxy's /metrics",
    "ingress_http_port": "Ingresses (HTTP)",
    "ingress_https_port": "Ingresses (HTTPS)",
}
_MOST_SHOWN = 3


class Facts(NamedTuple):
    """Listeners that are not the cluster's own; ``ports`` are its ports by setting; ``chosen`` those of the user.

    ``ephemeral`` is where the system takes ports for outgoing connections from.
    """

    listeners: tuple[Listener, ...]
    ports: Mapping[str, int]
    chosen: tuple[str, ...]
    dns_addresses: tuple[str, ...]
    """Empty while the range of cluster IPs may still move aside."""
    node_ports: range
    ephemeral: range
    is_running: bool
    flags: str = ""


def look(scene: Scene) -> Facts:
    """Read the tables of sockets."""
    config = scene.config
    own = set(processes.find_all(config.name, config.data_dir))
    first, last = Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()
    return Facts(
        tuple(each for each in listening() if each.pid not in own or not each.pid),
        {name: getattr(config, name) for name in PORTS},
        config.chosen,
        config.dns_ips if scene.is_known else (),
        config.node_ports,
        range(int(first), int(last) + 1),
        scene.is_running,
        scene.flags,
    )


def _words(name: str) -> str:
    return WORDS.get(name, name.replace("_", " ").removesuffix(" port"))


def _by(listener: Listener) -> str:
    return listener.owner or "another program"


def own_ports(facts: Facts) -> Iterator[Finding]:
    """A running cluster holds its ports; before that a default moves aside and a chosen one does not."""
    if facts.is_running:
        return
    free = []
    for name, port in facts.ports.items():
        taken = next((each for each in facts.listeners if (each.protocol, each.port) == ("tcp", port)), None)
        flag = f"--{name.replace('_', '-')}"
        if taken is None:
            free.append(str(port))
        elif name in facts.chosen:
            yield failure(
                f"port {port} of the {_words(name)} is taken by {_by(taken)}",
                f"{flag} {port} was asked for, so it does not move aside",
                f"end that program, or: sudo fairway up{facts.flags} {flag} {port + 1}",
            )
        else:
            yield warning(
                f"port {port} of the {_words(name)} is taken by {_by(taken)}",
                "the next free one is taken in its place, and who knows the usual one finds another program there",
                f"end that program, or name a port: sudo fairway up{facts.flags} {flag} {port + 1}",
            )
    if free:
        yield well(f"ports {', '.join(free)} are free")


def dns(facts: Facts) -> Iterator[Finding]:
    """Cluster DNS listens on addresses of its own, which a listener on all addresses takes from it."""
    wanted = {*facts.dns_addresses, "0.0.0.0", "::"}
    taken = next((each for each in facts.listeners if each.port == 53 and each.address in wanted), None)
    if taken is not None and taken.owner.startswith(CLUSTER):
        return  # the ranges overlap then, which is told of them
    if taken is not None and not taken.owner and facts.is_running and taken.address in facts.dns_addresses:
        return  # who is not root does not see that it is the cluster itself
    if taken is not None:
        yield failure(
            f"port 53 is taken on {taken.address} by {_by(taken)}",
            "cluster DNS cannot listen on its own address then, and pods find no names",
            "have it listen on its own addresses alone (dnsmasq: bind-interfaces and listen-address; bind: listen-on)",
        )
    else:
        yield well("port 53 is free for cluster DNS")


def node_ports(facts: Facts) -> Iterator[Finding]:
    """Who listens on a node port loses its clients to the Service."""
    held = {each.port: each for each in facts.listeners if each.protocol == "tcp" and each.port in facts.node_ports}
    shown = [f"{port} ({each.owner or 'another program'})" for port, each in sorted(held.items())][:_MOST_SHOWN]
    span = f"{facts.node_ports.start}-{facts.node_ports.stop - 1}"
    if held:
        more = f" and {len(held) - len(shown)} more" if len(held) > len(shown) else ""
        yield warning(
            f"programs listen on ports among the node ports {span}: {', '.join(shown)}{more}",
            "a Service that is given such a port takes the program's clients",
            f"start with another range: sudo fairway up{facts.flags} --node-port-range 20000-22767",
        )
    start, stop = max(facts.ephemeral.start, facts.node_ports.start), min(facts.ephemeral.stop, facts.node_ports.stop)
    if start < stop:
        yield warning(
            f"the ports {start}-{stop - 1} are node ports and ports of outgoing connections",
            "answers to such a connection may be taken for requests to a Service",
            f"run: sudo sysctl -w net.ipv4.ip_local_port_range='{_beside(facts)}'",
        )
    elif not held:
        yield well(f"node ports {span} are free")


def _beside(facts: Facts) -> str:
    """A range of outgoing ports clear of the node ports."""
    after = facts.node_ports.stop
    return f"{after} 60999" if after < 50000 else f"1024 {facts.node_ports.start - 1}"


CHECKS = (own_ports, dns, node_ports)
