"""What the node half of a cluster is told of the machine; made from its settings in one place."""

from fairway.cluster.config import Config
from fairway.cluster.nodes import ClusterNode, node_of, nodes_of
from fairway.cluster.values import address_blocks
from fairway.node.machine import Machine
from fairway.proxy.fixed import loopback_families
from fairway.proxy.model import Settings as ProxySettings


def machine_of(config: Config, node: ClusterNode | None = None) -> Machine:
    """The share of this machine that one node of the cluster has; the first without one named."""
    node = node or node_of(config)
    return Machine(
        cluster=config.name,
        node=node.number,
        data_dir=node.state_dir,
        run_dir=node.run_dir,
        images_dir=config.state_dir / "images",
        neighbours=tuple(other.run_dir for other in nodes_of(config) if other.number != node.number),
        pod_cidrs=node.pod_cidrs,
        cluster_cidrs=config.pod_cidrs,
        gateways=node.gateways,
        node_cidrs=config.node_cidrs if config.nodes > 1 else (),
        service_cidrs=(*config.service_cidrs, *_routed_pool(config)),
        dns_addresses=config.dns_ips,
        loopback=loopback_families(ProxySettings(nodeport_addresses=config.node_port_cidrs)),
    )


def _routed_pool(config: Config) -> list[str]:
    """The pool of load balancers as CIDRs; where addresses are announced, each is routed by itself once it is in use.

    A LAN's addresses cannot be routed wholesale: those of the pool that are another machine's stay reachable.
    """
    if config.load_balancer_devices:
        return []
    return [str(block) for text in config.load_balancer_cidrs for block in address_blocks(text)]
