"""Ingress process: HAProxy as ``up``, ``down`` and ``status`` see it: by the folder it works from.  Light."""

from pathlib import Path

from fairway.cluster.config import Config
from fairway.ingress.haproxy import process


def folder(config: Config) -> Path:
    """Where HAProxy has its files."""
    return config.run_dir / "ingress"


def find(config: Config) -> list[int]:
    """Pids, the master first."""
    return process.find(folder(config))


def end(config: Config) -> bool:
    """End it; whether it was there."""
    return process.end(folder(config))
