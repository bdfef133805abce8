"""Kubeconfig: which cluster to speak to, and how a cluster of ours enters that file and leaves it.

Names are imported when they are asked for: the command line, which only reads, pays for nothing else.
Source: Kubernetes docs, "Organizing Cluster Access Using kubeconfig Files"; kubeconfig v1 reference.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fairway.client.kubeconfig.access import connect, paths
    from fairway.client.kubeconfig.document import Entry, is_blank, merged, removed, rendered
    from fairway.client.kubeconfig.file import change_file
    from fairway.client.kubeconfig.selection import Access, KubeconfigError, load, select
    from fairway.client.kubeconfig.service_account import in_cluster

__all__ = [
    "Access",
    "Entry",
    "KubeconfigError",
    "change_file",
    "connect",
    "in_cluster",
    "is_blank",
    "load",
    "merged",
    "paths",
    "removed",
    "rendered",
    "select",
]
_PLACES = {
    "access": ("connect", "paths"),
    "document": ("Entry", "is_blank", "merged", "removed", "rendered"),
    "file": ("change_file",),
    "service_account": ("in_cluster",),
    "selection": ("Access", "KubeconfigError", "load", "select"),
}


def __getattr__(name: str) -> object:
    from importlib import import_module

    for place, names in _PLACES.items():
        if name in names:
            return getattr(import_module(f"{__name__}.{place}"), name)
    raise AttributeError(name)
