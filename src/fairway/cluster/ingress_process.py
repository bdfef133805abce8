"""Ingress process: HAProxy as ``up``, ``down`` and ``status`` see it: by the folder it works from.  Light."""

from pathlib import Path

from fairway.cluster.config import Config
from fairway.ingress.haproxy import process
from fairway.node.path import find as find_program


def folder(config: Config) -> Path:
    """Where HAProxy has its files."""
    return config.run_dir / "ingress"


def find(config: Config) -> list[int]:
    """Pids, the master first."""
    return process.find(folder(config))


def end(config: Config) -> bool:
    """End it; whether it was there."""
    return process.end(folder(config))


def where(config: Config) -> str:
    """The ports in words; empty where the cluster serves no Ingresses."""
    ports = (("HTTP", config.ingress_http_port), ("HTTPS", config.ingress_https_port))
    return ", ".join(f"{protocol} at {port}" for protocol, port in ports if port)


def why_not(config: Config) -> str:
    """Why it does not run although it should, and what to do."""
    if find_program("haproxy") is None:
        return "HAProxy is not installed; run: sudo apt-get install -y haproxy"
    return f"HAProxy does not run; see its words in {config.log_dir / 'ingress.log'}"
