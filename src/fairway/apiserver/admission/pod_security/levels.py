"""Levels: which standard a namespace keeps to, as its labels say.  Pure."""

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from fairway.objects.errors import Problem, invalid_value

PRIVILEGED, BASELINE, RESTRICTED = LEVELS = ("privileged", "baseline", "restricted")
"""From the widest to the strictest."""
PREFIX = "pod-security.kubernetes.io/"
LATEST = 10**6
"""The minor version that ``latest`` stands for."""
_is_version = re.compile(r"v1\.([0-9]|[1-9][0-9]*)").fullmatch


class Level(NamedTuple):
    """A standard as of a minor version."""

    name: str = PRIVILEGED
    minor: int = LATEST

    @property
    def text(self) -> str:
        """``restricted:latest``, ``baseline:v1.25``."""
        return f"{self.name}:{'latest' if self.minor == LATEST else f'v1.{self.minor}'}"

    def is_stricter_than(self, other: "Level") -> bool:
        """By the standard alone."""
        return LEVELS.index(self.name) > LEVELS.index(other.name)


class Policy(NamedTuple):
    """What is refused, what is told to the audit log, what is warned of."""

    enforce: Level
    audit: Level
    warn: Level


def policy(labels: Mapping[str, str] | None) -> Policy:
    """What the labels say; an unknown level is the strictest to enforce, and none to audit and to warn of."""
    found = labels or {}
    enforce, audit, warn = (_level(found, mode) for mode in ("enforce", "audit", "warn"))
    says_what_to_warn_of = f"{PREFIX}warn" in found or f"{PREFIX}warn-version" in found
    if not says_what_to_warn_of and enforce.is_stricter_than(warn):
        warn = enforce
    return Policy(enforce, audit, warn)


def _level(labels: Mapping[str, str], mode: str) -> Level:
    name = labels.get(f"{PREFIX}{mode}", PRIVILEGED)
    if name not in LEVELS:
        name = RESTRICTED if mode == "enforce" else PRIVILEGED
    version = _is_version(labels.get(f"{PREFIX}{mode}-version", ""))
    return Level(name, int(version[1]) if version else LATEST)


def problems(labels: Mapping[str, str] | None) -> Iterator[Problem]:
    """Every label that names no level or no version."""
    for mode in ("enforce", "audit", "warn"):
        level, version = (labels or {}).get(f"{PREFIX}{mode}"), (labels or {}).get(f"{PREFIX}{mode}-version")
        if level is not None and level not in LEVELS:
            yield invalid_value(f"metadata.labels[{PREFIX}{mode}]", level, f"must be one of {', '.join(LEVELS)}")
        if version is not None and version != "latest" and not _is_version(version):
            yield invalid_value(f"metadata.labels[{PREFIX}{mode}-version]", version, 'must be "latest" or "v1.x"')
