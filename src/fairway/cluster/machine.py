"""What the node half of a cluster is told of the machine; made from its settings in one place."""

from fairway.cluster.config import Config
from fairway.node.machine import Machine


def machine_of(config: Config) -> Machine:
    """The cluster's share of this machine."""
    return Machine(
        cluster=config.name,
        data_dir=config.state_dir,
        run_dir=config.run_dir,
        pod_cidr=config.node_pod_cidr,
        cluster_cidr=config.pod_cidr,
        gateway=config.gateway,
        service_cidrs=(config.service_cidr, *config.load_balancer_cidrs),
        dns_address=config.dns_ip,
    )
