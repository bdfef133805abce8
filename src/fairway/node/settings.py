"""Settings: what the agent is told about its cluster and its machine; the composition root fills it in."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything a node agent needs to know.

    ``root_dir`` holds pod directories (hosts files, volumes) and outlives the agent; ``secrets_dir`` is where secret
    material of volumes lies and should be on a tmpfs.  ``secrets_dir`` empty means: below ``root_dir``.
    ``cluster_dns`` empty means that pods get the machine's own resolver.
    """

    node_name: str
    node_ips: tuple[str, ...]
    """The node's own addresses, the primary family first."""
    root_dir: Path
    secrets_dir: Path | None = None
    volumes_dir: Path | None = None
    """Where the directories of provisioned volumes lie, the same on all nodes of a machine; ``None``: nowhere."""
    port: int = 10250
    bind_address: str = ""
    """Where the node's HTTPS API listens; empty is at all of ``node_ips``."""
    certificate_file: str = ""
    key_file: str = ""
    client_ca_file: str = ""
    """Client certificates must be signed by this CA."""
    pod_cidrs: tuple[str, ...] = ("10.244.0.0/24",)
    cluster_dns: tuple[str, ...] = ("10.96.0.10",)
    cluster_domain: str = "cluster.local"
    max_pods: int = 250
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    """Of the Node, beside the labels that every node has."""
    version: str = "v1.36.0+fairway"
    runtime_name: str = "crun"
    runtime_version: str = "unknown"
    start_concurrency: int = 4
    """How many containers are started at the same moment on this machine."""
    pull_concurrency: int = 3
    before_stop_timeout_s: float = 5.0
    """The longest that a leaving pod waits for the proxies before its containers are asked to stop."""
    lease_seconds: int = 40
    lease_renewal_s: float = 10.0
    status_period_s: float = 300.0
    volume_check_s: float = 10.0
    """How often the disk that pods take is held against their limits."""
    system_logs: Path = Path("/var/log")
    """What the node's API shows below ``/logs/``."""
    stream_idle_timeout_s: float = 4 * 3600.0

    @property
    def pods_dir(self) -> Path:
        """One directory for each pod, named by its uid."""
        return self.root_dir / "pods"
