"""Config: every setting of one cluster, from flags, a TOML file, what an earlier ``up`` chose, and defaults.

Shape: ``SETTINGS`` is the one list of settings; flags, TOML keys and docs are made from it.
"""

import dataclasses
import json
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fairway.cluster import families, values
from fairway.cluster.errors import ClusterError, NoClusterError
from fairway.objects.authority import authority

DEFAULT_NAME = "fairway"
DEFAULT_DATA_DIR = "/var/lib/fairway"
RUN_ROOT = Path("/run/fairway")
NONE = "none"
NO_POOL = NONE
"""The value of ``load_balancer_cidr`` that leaves load balancers to others."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting: its flag is ``--name-with-dashes``, its TOML key ``name_with_underscores``."""

    name: str
    help: str
    metavar: str


SETTINGS = (
    Setting("ip_family", "ipv4, ipv6 or dual, which is both (default ipv4, or that of the ranges given)", "FAMILY"),
    Setting("service_cidr", "range of cluster IPs (default 10.96.0.0/16, or the next free one)", "CIDR[,CIDR]"),
    Setting("pod_cidr", "range of pod addresses (default 10.244.0.0/16, or the next free one)", "CIDR[,CIDR]"),
    Setting(
        "load_balancer_cidr",
        "load balancers' addresses, CIDRs or first-last with commas, or none (default 10.97.0.0/16, or the next one)",
        "RANGES",
    ),
    Setting(
        "load_balancer_announce",
        "devices on whose LAN load balancers' addresses are announced by ARP and NDP (default none)",
        "DEVICES",
    ),
    Setting("node_port_range", "node ports, first-last (default 30000-32767)", "RANGE"),
    Setting(
        "node_port_addresses",
        "where node ports answer: all (but loopback), primary, CIDRs, 127.0.0.0/8, ::1, with commas (default all)",
        "CIDR,CIDR",
    ),
    Setting("api_port", "port of the API server (default 6443, or a free one)", "PORT"),
    Setting("bind_address", "address the API server listens on for clients (default 127.0.0.1)", "IP"),
    Setting("node_api_port", "port of the node agent's API (default 10250, or a free one)", "PORT"),
    Setting("proxy_health_port", "port of the Service proxy's /healthz (default 10256, or a free one)", "PORT"),
    Setting("proxy_metrics_port", "port of the Service proxy's /metrics (default 10249, or a free one)", "PORT"),
    Setting("ingress_http_port", "port of HTTP for Ingresses, 0 for none (default 80, or a free one)", "PORT"),
    Setting("ingress_https_port", "port of HTTPS for Ingresses, 0 for none (default 443, or a free one)", "PORT"),
    Setting("ingress_ca_domains", "more domains that the local CA may sign for, with commas (default none)", "DOMAINS"),
    Setting("audit_log", "file that tells who asked the API server for what (default none)", "FILE"),
    Setting(
        "audit_policy", "file with an audit Policy, how much of which request is told (default: who and what)", "FILE"
    ),
    Setting("cluster_domain", "DNS domain of the cluster (default cluster.local)", "DOMAIN"),
    Setting("dns_upstreams", "name servers for other names, IP or IP:port (default: as in /etc/resolv.conf)", "IP,IP"),
    Setting("node_name", "name of this node (default: the host name)", "NAME"),
    Setting("node_ip", "address under which this node is known (default: that of the default route)", "IP[,IP]"),
    Setting("nodes", "how many nodes: further ones live in network namespaces of this machine (default 1)", "N"),
    Setting("node_cidr", "addresses of further nodes (default 10.98.0.0/24, or the next free one)", "CIDR[,CIDR]"),
)


FIXED = ("ip_family", "service_cidr", "pod_cidr", "node_name")
"""Settings that the objects of a cluster are made with, so that they cannot change while it has any."""


@dataclass(frozen=True, slots=True)
class Config:
    """The settings of one cluster, complete.  ``data_dir`` is the parent; the cluster's own folder is ``state_dir``.

    ``chosen`` names the settings that the user gave himself, at this ``up`` or an earlier one.
    """

    name: str = DEFAULT_NAME
    data_dir: str = DEFAULT_DATA_DIR
    ip_family: str = "ipv4"
    service_cidr: str = families.DEFAULTS["service_cidr"][4]
    pod_cidr: str = families.DEFAULTS["pod_cidr"][4]
    load_balancer_cidr: str = families.DEFAULTS["load_balancer_cidr"][4]
    load_balancer_announce: str = "none"
    node_port_range: str = "30000-32767"
    node_port_addresses: str = "all"
    api_port: int = 6443
    bind_address: str = "127.0.0.1"
    node_api_port: int = 10250
    proxy_health_port: int = 10256
    proxy_metrics_port: int = 10249
    ingress_http_port: int = 80
    ingress_https_port: int = 443
    ingress_ca_domains: str = NONE
    audit_log: str = NONE
    audit_policy: str = NONE
    cluster_domain: str = "cluster.local"
    dns_upstreams: str = ""
    node_name: str = ""
    node_ip: str = ""
    nodes: int = 1
    node_cidr: str = families.DEFAULTS["node_cidr"][4]
    chosen: tuple[str, ...] = ()

    @property
    def state_dir(self) -> Path:
        """All that must survive: store, keys, images, logs, settings."""
        return Path(self.data_dir) / self.name

    @property
    def run_dir(self) -> Path:
        """All that must not survive a boot: pids, locks, namespaces."""
        return RUN_ROOT / self.name

    @property
    def volumes_dir(self) -> Path:
        """One directory for each volume that was made for a claim."""
        return self.state_dir / "volumes"

    @property
    def pki_dir(self) -> Path:
        """Keys and certificates."""
        return self.state_dir / "pki"

    @property
    def log_dir(self) -> Path:
        """One log a process."""
        return self.state_dir / "logs"

    @property
    def context(self) -> str:
        """The kubeconfig context: ``fairway``, or ``fairway-NAME`` for a named cluster."""
        return DEFAULT_NAME if self.name == DEFAULT_NAME else f"{DEFAULT_NAME}-{self.name}"

    @property
    def families(self) -> tuple[int, ...]:
        """4 and 6 as the cluster has them, the primary one first; so are all that follow."""
        return tuple(map(families.version, self.service_cidrs))

    @property
    def service_cidrs(self) -> tuple[str, ...]:
        """The ranges of cluster IPs."""
        return families.parts(self.service_cidr)

    @property
    def pod_cidrs(self) -> tuple[str, ...]:
        """The ranges of all pods."""
        return families.parts(self.pod_cidr)

    @property
    def node_pod_cidrs(self) -> tuple[str, ...]:
        """The parts of the pod ranges that this node hands out: the first /24 and the first /64."""
        return tuple(map(families.node_share, self.pod_cidrs))

    @property
    def gateways(self) -> tuple[str, ...]:
        """This node's own addresses in the pod network."""
        return tuple(families.nth(cidr, 1) for cidr in self.node_pod_cidrs)

    @property
    def kubernetes_ip(self) -> str:
        """The cluster IP of the ``kubernetes`` Service, of the primary family."""
        return families.nth(self.service_cidrs[0], 1)

    @property
    def dns_ips(self) -> tuple[str, ...]:
        """The cluster IPs that pods have as name servers, the tenth of each range."""
        return tuple(families.nth(cidr, 10) for cidr in self.service_cidrs)

    @property
    def node_ips(self) -> tuple[str, ...]:
        """The addresses under which this node is known."""
        return families.parts(self.node_ip)

    @property
    def node_cidrs(self) -> tuple[str, ...]:
        """The ranges of further nodes' addresses."""
        return families.parts(self.node_cidr)

    @property
    def load_balancer_cidrs(self) -> tuple[str, ...]:
        """The pool of load balancers' addresses; none where they are left to others, or not yet settled."""
        return families.parts(self.load_balancer_cidr)

    @property
    def load_balancer_devices(self) -> tuple[str, ...]:
        """The devices on whose LANs load balancers' addresses are announced."""
        named = self.load_balancer_announce
        return () if named in ("", "none") else tuple(named.split(","))

    @property
    def node_ports(self) -> range:
        """The node port numbers."""
        first, last = self.node_port_range.split("-")
        return range(int(first), int(last) + 1)

    @property
    def node_port_cidrs(self) -> tuple[str, ...]:
        """Where node ports answer, as the proxy takes it: CIDRs and ``primary``."""
        texts = self.node_port_addresses.split(",")
        return tuple(cidr for text in texts for cidr in (("0.0.0.0/0", "::/0") if text == "all" else (text,)))

    @property
    def ca_domains(self) -> tuple[str, ...]:
        """The domains that the local CA may sign for because the user says so."""
        return () if self.ingress_ca_domains == NONE else tuple(self.ingress_ca_domains.split(","))

    @property
    def audit_file(self) -> Path | None:
        """Where requests are told; a policy without a file of its own choice is that of the cluster's logs."""
        if self.audit_log != NONE:
            return Path(self.audit_log)
        return self.log_dir / "audit.log" if self.audit_policy != NONE else None

    @property
    def server(self) -> str:
        """The URL for clients on this machine."""
        host = "127.0.0.1" if self.bind_address in ("0.0.0.0", "::") else self.bind_address
        return f"https://{authority(host, self.api_port)}"

    @property
    def flags(self) -> str:
        """What to type after a command so that it means this cluster: nothing for the default one."""
        return name_flags(self.name, self.data_dir)

    def changed(self, other: "Config") -> list[str]:
        """Names of the settings whose values differ."""
        return [each.name for each in SETTINGS if getattr(self, each.name) != getattr(other, each.name)]

    def save(self) -> None:
        """Record the choices so that the next ``up`` and the cluster's processes find the same."""
        path = self.state_dir / "config.json"
        fresh = path.with_suffix(".new")
        fresh.write_text(json.dumps(dataclasses.asdict(self), indent=1) + "\n")
        os.replace(fresh, path)


def read(path: Path) -> Config:
    """The settings in a ``config.json``.  Raises: ``OSError``, ``ValueError``."""
    found = json.loads(path.read_text())
    if not isinstance(found, dict):
        raise ValueError("it holds no settings")
    # A cluster of an earlier release has no such range before the next `up` has looked which addresses are free.
    found.setdefault("load_balancer_cidr", "")
    found.setdefault("node_cidr", "")
    known = {field.name for field in dataclasses.fields(Config)}
    config = Config(**{key: value for key, value in found.items() if key in known})
    return dataclasses.replace(config, chosen=tuple(config.chosen))


def locate(name: str, data_dir: str) -> Config:
    """The recorded settings of an existing cluster.

    Raises: ``NoClusterError`` where there is none, ``ClusterError`` where they cannot be read.
    """
    path = Path(data_dir) / values.cluster_name(name) / "config.json"
    flags = name_flags(name, data_dir)
    try:
        return dataclasses.replace(read(path), name=name, data_dir=data_dir)
    except FileNotFoundError:
        raise NoClusterError(
            f'there is no cluster "{name}" in {data_dir}', f"start one: sudo fairway up{flags}"
        ) from None
    except OSError as error:
        raise ClusterError(f"{path} cannot be read: {error.strerror}", "name another folder in --data-dir") from error
    except ValueError as error:
        raise ClusterError(
            f"{path} is damaged: {error}",
            f"copy it back from /run/fairway/{name}/config.json, or start anew: sudo fairway down{flags} --purge",
        ) from error


def name_flags(name: str, data_dir: str) -> str:
    """The flags that name a cluster, with a space in front; empty for the default one."""
    flags = f" --name {name}" if name != DEFAULT_NAME else ""
    return flags + (f" --data-dir {data_dir}" if data_dir != DEFAULT_DATA_DIR else "")


def resolve(name: str, data_dir: str, given: Mapping[str, Any], file: str | None = None) -> Config:
    """The wanted settings; ``chosen`` names those that the user gave himself, which are never moved aside.

    Order of precedence: flags, the TOML file, what an earlier ``up`` recorded, defaults.
    Raises: ``ClusterError`` for a value that is out of shape, or cannot change any more.
    """
    data_dir = str(Path(data_dir).absolute())
    wanted = {key: values.checked(key, value, f"{file}: {key} = {value}") for key, value in _read_toml(file).items()}
    for key, value in given.items():
        if value is not None:
            wanted[key] = values.checked(key, value, f"--{key.replace('_', '-')} {value}")
    try:
        base, is_new = locate(name, data_dir), False
        _check_fixed(base, wanted)
    except NoClusterError:
        base, is_new = Config(name=name, data_dir=data_dir, node_name=_host_name()), True
    complete = families.completed(wanted, base.families, is_new=is_new)
    return dataclasses.replace(base, **complete, chosen=_in_order({*base.chosen, *wanted}))


def _in_order(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(setting.name for setting in SETTINGS if setting.name in names)


def _check_fixed(base: Config, wanted: Mapping[str, Any]) -> None:
    for key in FIXED:
        if key in wanted and wanted[key] != (there := getattr(base, key)):
            raise ClusterError(
                f'cluster "{base.name}" exists with {key.replace("_", " ")} {there}, which its objects hold: '
                f"it cannot become {wanted[key]}",
                f"leave the setting away, or start anew: sudo fairway down{base.flags} --purge",
            )


def _host_name() -> str:
    import socket

    labels = re.sub(r"[^a-z0-9.-]", "-", socket.gethostname().lower()).split(".")
    name = ".".join(label for label in (each.strip("-")[:63].strip("-") for each in labels) if label)
    return name or "node"


def _read_toml(file: str | None) -> dict[str, Any]:
    if not file:
        return {}
    import tomllib

    try:
        found = tomllib.loads(Path(file).read_text())
    except OSError as error:
        raise ClusterError(
            f"cannot read settings from {file}: {error.strerror}", "give a TOML file, see docs/settings.md"
        ) from error
    except ValueError as error:
        raise ClusterError(f"{file} is not valid TOML: {error}", "mend it; docs/settings.md has an example") from error
    names = {setting.name for setting in SETTINGS}
    settings = {key.replace("-", "_"): value for key, value in found.items()}
    if unknown := sorted(set(settings) - names):
        raise ClusterError(f"{file}: unknown setting {unknown[0]!r}", f"known settings: {', '.join(sorted(names))}")
    return settings
