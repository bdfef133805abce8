"""Volumes: each claim gets one, made on this machine's disk where its class says so, and what is let go is cleared."""

from fairway.controllers.volumes.claims import VOLUME_CLAIMS
from fairway.controllers.volumes.volumes import VOLUMES

__all__ = ["VOLUMES", "VOLUME_CLAIMS"]
