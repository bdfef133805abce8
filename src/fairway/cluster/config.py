"""Config: every setting of one cluster, from flags, a TOML file, what an earlier ``up`` chose, and defaults.

Shape: ``SETTINGS`` is the one list of settings; flags, TOML keys and docs are made from it.
"""

import dataclasses
import ipaddress
import json
import os
import re
import socket
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fairway.cluster.errors import ClusterError

DEFAULT_NAME = "fairway"
DEFAULT_DATA_DIR = "/var/lib/fairway"
RUN_ROOT = Path("/run/fairway")


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting: its flag is ``--name-with-dashes``, its TOML key ``name_with_underscores``."""

    name: str
    help: str
    metavar: str


SETTINGS = (
    Setting("service_cidr", "range of cluster IPs (default 10.96.0.0/16, or the next free one)", "CIDR"),
    Setting("pod_cidr", "range of pod addresses (default 10.244.0.0/16, or the next free one)", "CIDR"),
    Setting("node_port_range", "node ports, first-last (default 30000-32767)", "RANGE"),
    Setting("api_port", "port of the API server (default 6443, or a free one)", "PORT"),
    Setting("bind_address", "address the API server listens on for clients (default 127.0.0.1)", "IP"),
    Setting("node_api_port", "port of the node agent's API (default 10250, or a free one)", "PORT"),
    Setting("cluster_domain", "DNS domain of the cluster (default cluster.local)", "DOMAIN"),
    Setting("node_name", "name of this node (default: the host name)", "NAME"),
    Setting("node_ip", "address under which this node is known (default: that of the default route)", "IP"),
)


@dataclass(frozen=True, slots=True)
class Config:
    """The settings of one cluster, complete.  ``data_dir`` is the parent; the cluster's own folder is ``state_dir``."""

    name: str = DEFAULT_NAME
    data_dir: str = DEFAULT_DATA_DIR
    service_cidr: str = "10.96.0.0/16"
    pod_cidr: str = "10.244.0.0/16"
    node_port_range: str = "30000-32767"
    api_port: int = 6443
    bind_address: str = "127.0.0.1"
    node_api_port: int = 10250
    cluster_domain: str = "cluster.local"
    node_name: str = ""
    node_ip: str = ""

    @property
    def state_dir(self) -> Path:
        """All that must survive: store, keys, images, logs, settings."""
        return Path(self.data_dir) / self.name

    @property
    def run_dir(self) -> Path:
        """All that must not survive a boot: pids, locks, namespaces."""
        return RUN_ROOT / self.name

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
    def node_pod_cidr(self) -> str:
        """The part of the pod range that this node hands out: the first /24."""
        network = ipaddress.ip_network(self.pod_cidr)
        if network.prefixlen >= 24:
            return str(network)
        return str(next(iter(network.subnets(new_prefix=24))))

    @property
    def gateway(self) -> str:
        """This node's own address in the pod network."""
        return str(ipaddress.ip_network(self.node_pod_cidr)[1])

    @property
    def kubernetes_ip(self) -> str:
        """The cluster IP of the ``kubernetes`` Service."""
        return str(ipaddress.ip_network(self.service_cidr)[1])

    @property
    def dns_ip(self) -> str:
        """The cluster IP that pods have as name server, the tenth of the range."""
        return str(ipaddress.ip_network(self.service_cidr)[10])

    @property
    def node_ports(self) -> range:
        """The node port numbers."""
        first, last = self.node_port_range.split("-")
        return range(int(first), int(last) + 1)

    @property
    def server(self) -> str:
        """The URL for clients on this machine."""
        host = "127.0.0.1" if self.bind_address in ("0.0.0.0", "::") else self.bind_address
        return f"https://[{host}]:{self.api_port}" if ":" in host else f"https://{host}:{self.api_port}"

    def save(self) -> None:
        """Record the choices so that the next ``up`` and the cluster's processes find the same."""
        path = self.state_dir / "config.json"
        fresh = path.with_suffix(".new")
        fresh.write_text(json.dumps(dataclasses.asdict(self), indent=1) + "\n")
        os.replace(fresh, path)


def locate(name: str, data_dir: str) -> Config:
    """The recorded settings of an existing cluster.  Raises: ``ClusterError`` where there is none."""
    path = Path(data_dir) / name / "config.json"
    try:
        found = json.loads(path.read_text())
    except FileNotFoundError:
        raise ClusterError(
            f'there is no cluster "{name}" in {data_dir}', f"start one: sudo fairway up{_name_flags(name, data_dir)}"
        ) from None
    except ValueError as error:
        raise ClusterError(
            f"{path} is damaged: {error}", f"remove it and run: sudo fairway up --name {name}"
        ) from error
    known = {field.name for field in dataclasses.fields(Config)}
    return Config(**{key: value for key, value in found.items() if key in known})


def _name_flags(name: str, data_dir: str) -> str:
    flags = f" --name {name}" if name != DEFAULT_NAME else ""
    return flags + (f" --data-dir {data_dir}" if data_dir != DEFAULT_DATA_DIR else "")


def resolve(name: str, data_dir: str, given: Mapping[str, Any], file: str | None = None) -> tuple[Config, set[str]]:
    """The wanted settings and the names of those that the user chose himself (which are never moved aside).

    Order of precedence: flags, the TOML file, what an earlier ``up`` recorded, defaults.
    Raises: ``ClusterError`` for a value that is out of shape.
    """
    data_dir = str(Path(data_dir).absolute())
    if not re.fullmatch(r"[a-z0-9]([-a-z0-9]{0,38}[a-z0-9])?", name):
        raise ClusterError(
            f'cluster name "{name}" is not valid: at most 40 lower-case letters, digits and hyphens',
            "choose another: sudo fairway up --name demo",
        )
    chosen = {**_read_toml(file), **{key: value for key, value in given.items() if value is not None}}
    try:
        base = locate(name, data_dir)
    except ClusterError:
        base = Config(name=name, data_dir=data_dir, node_name=_host_name())
    base = dataclasses.replace(base, name=name, data_dir=data_dir)
    config = dataclasses.replace(base, **{key: _checked(key, value) for key, value in chosen.items()})
    return config, set(chosen)


def _host_name() -> str:
    name = re.sub(r"[^a-z0-9.-]", "-", socket.gethostname().lower()).strip("-.")
    return name or "node"


def _read_toml(file: str | None) -> dict[str, Any]:
    if not file:
        return {}
    try:
        found = tomllib.loads(Path(file).read_text())
    except (OSError, ValueError) as error:
        raise ClusterError(
            f"cannot read settings from {file}: {error}", "give a TOML file, see docs/settings.md"
        ) from error
    names = {setting.name for setting in SETTINGS}
    values = {key.replace("-", "_"): value for key, value in found.items()}
    if unknown := sorted(set(values) - names):
        raise ClusterError(f"{file}: unknown setting {unknown[0]!r}", f"known settings: {', '.join(sorted(names))}")
    return values


def _checked(key: str, value: Any) -> Any:
    """``value`` in the setting's type.  Raises: ``ClusterError``."""
    try:
        return _CHECKS.get(key, str)(value)
    except ValueError as error:
        flag = f"--{key.replace('_', '-')}"
        raise ClusterError(f"{flag} {value}: {error}", "run `fairway up --help` for the form it takes") from error


def _port(value: Any) -> int:
    port = int(value)
    if not 1 <= port <= 65535:
        raise ValueError("a port is between 1 and 65535")
    return port


def _cidr(value: Any) -> str:
    network = ipaddress.ip_network(str(value))
    if network.version == 4 and not 12 <= network.prefixlen <= 28:
        raise ValueError("the prefix must be between /12 and /28")
    return str(network)


def _range(value: Any) -> str:
    first, _, last = str(value).partition("-")
    if not 1 <= int(first) <= int(last) <= 65535:
        raise ValueError("expected first-last, such as 30000-32767")
    return f"{int(first)}-{int(last)}"


_CHECKS: Mapping[str, Any] = {
    "api_port": _port,
    "node_api_port": _port,
    "service_cidr": _cidr,
    "pod_cidr": _cidr,
    "node_port_range": _range,
    "bind_address": lambda value: str(ipaddress.ip_address(value)),
    "node_ip": lambda value: str(ipaddress.ip_address(value)),
}
