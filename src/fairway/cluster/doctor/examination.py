"""Examination: which groups of checks there are, and how they are run.

Shape: ``GROUPS`` names the modules in the order in which they are told; each has ``look`` and ``CHECKS``.
Rules: a group that cannot look says so and the others go on.
"""

import importlib
import os
from collections.abc import Iterable
from typing import Final

from fairway.cluster import processes
from fairway.cluster.config import Config, locate
from fairway.cluster.doctor.finding import FAILURE, WARNING, Scene, Told, judged, warning
from fairway.cluster.errors import ClusterError, NoClusterError

GROUPS: Final = {
    "machine": "the machine",
    "kernel": "the kernel",
    "packages": "packages",
    "storage": "disk",
    "ports": "ports",
    "limits": "kernel settings and limits",
    "firewalls": "firewalls and other clusters",
    "addresses": "address ranges and routes",
    "remains": "what is left of clusters",
    "clients": "kubeconfig, proxies and names",
    "certificates": "clock and certificates",
    "local_ca": "the local CA",
    "health": "the cluster",
}
"""Module -> what people call the group."""

BEFORE_UP: Final = ("machine", "kernel", "storage")
"""Groups whose failures no ``up`` can get past."""


def scene_of(name: str, data_dir: str) -> Scene:
    """What is to be looked at: a cluster that was up, or the one that would be.  Raises: ``ClusterError``."""
    is_known = True
    try:
        config = locate(name, data_dir)
    except NoClusterError:
        config, is_known = Config(name=name, data_dir=data_dir), False
    is_running = bool(processes.find_all(name, data_dir))
    return Scene(config, os.geteuid() == 0, is_known, is_running)


def examine(scene: Scene, groups: Iterable[str] = tuple(GROUPS)) -> list[Told]:
    """Everything that the groups say, in their order."""
    return [told for group in groups for told in _examined(scene, group)]


def _examined(scene: Scene, group: str) -> list[Told]:
    module = importlib.import_module(f"fairway.cluster.doctor.{group}")
    try:
        facts = module.look(scene)
    except (OSError, ValueError, ClusterError) as error:
        text = f"could not look at {GROUPS[group]}: {error}"
        return [Told(group, "look", warning(text, "what cannot be seen may be wrong", f"run: {_as_root(scene)}"))]
    return judged(group, module.CHECKS, facts)


def _as_root(scene: Scene) -> str:
    return f"sudo fairway doctor{scene.flags}"


def check_before_up(config: Config) -> list[str]:
    """What must be in order before anything is started; the warnings, a text each.  Raises: ``ClusterError``."""
    scene = Scene(config, os.geteuid() == 0)
    told = examine(scene, BEFORE_UP)
    failures = [each.finding for each in told if each.finding.level == FAILURE]
    if failures:
        what = "; ".join(f"{each.what} ({each.why})" for each in failures)
        raise ClusterError(what, f"{failures[0].fix}; everything that is wrong here: {_as_root(scene)}")
    return [
        f"{each.finding.what} ({each.finding.why})\n  fix: {each.finding.fix}"
        for each in told
        if each.finding.level == WARNING
    ]
