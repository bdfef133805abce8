"""What the node half of a cluster is told of the machine; made from its settings in one place."""

from fairway.cluster.config import Config
from fairway.cluster.values import address_blocks
from fairway.node.machine import Machine


def machine_of(config: Config) -> Machine:
    """The cluster's share of this machine."""
    return Machine(
        cluster=config.name,
        data_dir=config.state_dir,
        run_dir=config.run_dir,
        pod_cidrs=config.node_pod_cidrs,
        cluster_cidrs=config.pod_cidrs,
        gateways=config.gateways,
        service_cidrs=(*config.service_cidrs, *_routed_pool(config)),
        dns_addresses=config.dns_ips,
    )


def _routed_pool(config: Config) -> list[str]:
    """The pool of load balancers as CIDRs; where addresses are announced, each is routed by itself once it is in use.

    A LAN's addresses cannot be routed wholesale: those of the pool that are another machine's stay reachable.
    """
    if config.load_balancer_devices:
        return []
    return [str(block) for text in config.load_balancer_cidrs for block in address_blocks(text)]
