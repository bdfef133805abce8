"""Kubeconfig: which cluster to speak to, and how a cluster of ours enters that file and leaves it.

Source: Kubernetes docs, "Organizing Cluster Access Using kubeconfig Files"; kubeconfig v1 reference.
"""

from fairway.client.kubeconfig.access import Access, KubeconfigError, connect, load, paths, select
from fairway.client.kubeconfig.document import Entry, is_blank, merged, removed, rendered
from fairway.client.kubeconfig.file import change_file
from fairway.client.kubeconfig.in_cluster import in_cluster

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
