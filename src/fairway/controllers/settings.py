"""Settings: what an operator may set of the controllers."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from fairway.kinds.kind import Kind
from fairway.objects import Object

Emptied = tuple[Mapping[Kind, Sequence[Object]], Sequence[str], Sequence[str]]
"""What is left by kind, which groups and versions do not answer, and what went wrong."""


async def nothing_there(_: str) -> Emptied:
    """No extension servers."""
    return {}, (), ()


Feed = Callable[[Callable[[Sequence[Kind]], None]], None]


def no_kinds(_: Callable[[Sequence[Kind]], None]) -> None:
    """No extension servers."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Times are in seconds."""

    root_ca: str = ""
    """The cluster's CA certificates as PEM, for the ConfigMap in every namespace; empty: no ConfigMap."""
    signing_ca: tuple[Path, Path] | None = None
    """The certificate and the key, as PEM files, that sign approved requests; none: nobody signs."""
    node_grace_s: float = 40.0
    """A node whose Lease is older than this is lost."""
    vanished_node_s: float = 40.0
    """How long a node must be away before its pods are taken for lost."""
    event_ttl_s: float = 3600.0
    """Events are removed this long after they last happened."""
    events: int = 30_000
    """Events that are kept; the oldest beyond are removed."""
    terminated_pods: int = 12500
    """Ended pods that are kept; the oldest beyond are removed."""
    volumes_dir: str = ""
    """Where the directories of provisioned volumes lie on the nodes; empty: none are made."""
    load_balancer_cidrs: tuple[str, ...] = ()
    """Where Services of type LoadBalancer get their addresses from; empty: they are left to others."""
    is_announcing: bool = False
    """Whether nodes announce these addresses on a LAN, and so look there for others that have them."""
    empty_extensions: Callable[[str], Awaitable[Emptied]] = nothing_there
    """Deletes what extension servers hold of a namespace."""
    extension_kinds: Feed = no_kinds
    """Tells which kinds extension servers have."""
