"""Ingress certificates: those that are served for hosts that no Secret has one for.

Shape: ``certificate_for`` is where the Ingress controller asks; the answer is PEM text, the chain and then the key.
"""

import asyncio

from fairway.cluster.certificates import self_signed
from fairway.cluster.config import Config

FALLBACK_NAME = "Fairway Ingress Fallback Certificate"


class IngressCertificates:
    """Certificates of one cluster; each is made once and kept while the process lives."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._made: dict[tuple[str, ...], str] = {}

    async def certificate_for(self, hosts: tuple[str, ...]) -> str:
        """For these hosts; for none, what whoever names no known host is shown."""
        if hosts not in self._made:
            self._made[hosts] = await asyncio.to_thread(self_signed, FALLBACK_NAME, hosts)
        return self._made[hosts]
