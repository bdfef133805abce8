"""Machine: what the runtime half of a node is told of its cluster and of the machine under it."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """One cluster's share of one machine; the composition root fills it in.

    ``data_dir`` outlives reboots (images, writable layers, logs); ``run_dir`` holds what a reboot ends (network
    namespaces, monitors' files), ``/run/fairway/<cluster>`` when ``None``.  ``pod_cidrs`` are this node's ranges, one
    of each family, the primary family first, and ``gateways`` the node's own address in each; ``cluster_cidrs`` are
    those of all nodes: pod traffic which leaves them is masqueraded.  ``service_cidrs`` are all ranges of addresses
    that only the Service proxy knows, those of load balancers too.
    """

    cluster: str
    node: int = 1
    """Its number in the cluster: further nodes of the same machine must not be taken for each other."""
    data_dir: Path
    run_dir: Path | None = None
    images_dir: Path | None = None
    """The image store where it is not below ``data_dir``, because several nodes share it."""
    neighbours: tuple[Path, ...] = ()
    """The run directories of the other nodes that share the image store."""
    pod_cidrs: tuple[str, ...] = ("10.244.0.0/24",)
    cluster_cidrs: tuple[str, ...] = ("10.244.0.0/16",)
    gateways: tuple[str, ...] = ("10.244.0.1",)
    node_cidrs: tuple[str, ...] = ()
    """Addresses of the further nodes, if there are any: they and their pods reach the outside through the first."""
    service_cidrs: tuple[str, ...] = ("10.96.0.0/16",)
    dns_addresses: tuple[str, ...] = ("10.96.0.10",)
    loopback: tuple[int, ...] = ()
    """The families in which connections to localhost may lead to pods (node ports there)."""
    mtu: int = 0
    """Of the pods' links; 0 takes that of the device with the default route."""
    pids_limit: int = 4096
    log_max_bytes: int = 10 * 1024 * 1024
    log_max_files: int = 5

    @property
    def has_ipv6(self) -> bool:
        """Whether pods have IPv6 addresses."""
        return any(":" in cidr for cidr in self.pod_cidrs)

    def gateway_for(self, address: str) -> str:
        """The node's own address in the family of ``address``, which may be a range."""
        return next(gateway for gateway in self.gateways if (":" in gateway) == (":" in address))

    @property
    def run_path(self) -> Path:
        """The run directory, resolved."""
        return self.run_dir if self.run_dir is not None else Path("/run/fairway") / self.cluster

    @property
    def netns_path(self) -> Path:
        """Where network namespaces are kept alive: one bind mount for each pod, named by its uid."""
        return self.run_path / "netns"

    @property
    def run_pods_path(self) -> Path:
        """One folder for each sandbox with what a reboot ends: records, bundles, monitors' files."""
        return self.run_path / "pods"

    @property
    def sandboxes_path(self) -> Path:
        """One folder for each sandbox with what fills the disk: writable layers and logs."""
        return self.data_dir / "sandboxes"

    @property
    def volumes_path(self) -> Path:
        """One folder for each pod with its volumes and the files that its containers are given."""
        return self.data_dir / "pods"

    @property
    def images_path(self) -> Path:
        """The image store."""
        return self.images_dir if self.images_dir is not None else self.data_dir / "images"

    @property
    def group(self) -> str:
        """What its control groups are named by: the cluster, and below it the number of a further node."""
        return self.cluster if self.node == 1 else f"{self.cluster}/node-{self.node}"
