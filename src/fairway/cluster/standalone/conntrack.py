"""Conntrack: the kernel's settings of connection tracking that kube-proxy makes at its start, and its flags for them.

Shape: ``wanted`` (pure) gives the settings; ``apply`` writes those that differ.  0 leaves a setting as it is.
Source: Kubernetes docs, "kube-proxy", --conntrack-*; Linux docs, nf_conntrack-sysctl.
"""

import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from fairway.cluster.errors import ClusterError

log = logging.getLogger("proxy")

FOLDER: Final = Path("/proc/sys/net/netfilter")
MAX: Final = "nf_conntrack_max"
_UNITS_S: Final = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
_DURATION: Final = re.compile(r"(?:\d+(?:\.\d+)?(?:h|ms|m|s))+")


@dataclass(frozen=True, slots=True)
class Conntrack:
    """Entries a core and at least; seconds for which TCP connections are known in a state."""

    max_per_core: int = 32768
    minimum: int = 131072
    established_s: int = 86400
    close_wait_s: int = 3600

    def wanted(self, cores: int) -> dict[str, int]:
        """Setting -> value.  Pure."""
        most = max(self.max_per_core * cores, self.minimum) if self.max_per_core else 0
        timeouts = {"established": self.established_s, "close_wait": self.close_wait_s}
        found = {MAX: most} | {f"nf_conntrack_tcp_timeout_{state}": value for state, value in timeouts.items()}
        return {name: value for name, value in found.items() if value}


def apply(wanted: Mapping[str, int], folder: Path = FOLDER) -> None:
    """Make it so; the table of entries is never made smaller.  What cannot be written is told and left."""
    for name, value in wanted.items():
        file = folder / name
        try:
            present = int(file.read_text())
            if present != value and not (name == MAX and present > value):
                file.write_text(str(value))
                log.info("connection tracking set", extra={"setting": name, "was": present, "value": value})
        except (OSError, ValueError) as error:
            log.warning("connection tracking not set", extra={"setting": name, "value": value, "error": str(error)})


def seconds(text: str, flag: str) -> int:
    """The whole seconds of a duration such as ``24h0m0s``.  Pure.  Raises: ``ClusterError``."""
    if text.strip() == "0":
        return 0
    if not _DURATION.fullmatch(text.strip()):
        raise ClusterError(f'{flag}: "{text}" is no duration', f"give one such as {flag} 1h0m0s")
    parts = re.findall(r"(\d+(?:\.\d+)?)(h|ms|m|s)", text)
    return round(sum(float(number) * _UNITS_S[unit] for number, unit in parts))
