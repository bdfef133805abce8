"""Access: the client of a program that runs alone: by a kubeconfig, or as a pod with a service account."""

import os
from pathlib import Path

from fairway.client.http import HttpClient
from fairway.client.kubeconfig import KubeconfigError, connect, in_cluster, load, select
from fairway.cluster.errors import ClusterError


def client_of(kubeconfig: str, context: str, *, agent: str) -> HttpClient:
    """A client by the file ``kubeconfig``; where none is named, by ``$KUBECONFIG``, or else as the pod that this is.

    Raises: ``ClusterError``.
    """
    named = kubeconfig or os.environ.get("KUBECONFIG", "")
    files = [Path(part).absolute() for part in named.split(os.pathsep) if part]
    missing = [str(file) for file in files if not file.exists()]
    if missing and kubeconfig:
        raise ClusterError(f"there is no kubeconfig {missing[0]}", "name one that exists: --kubeconfig FILE")
    try:
        access = select(load(files), context) if files else in_cluster(os.environ)
        return connect(access, agent=agent)
    except KubeconfigError as error:
        where = f"{named}: " if files else ""
        raise ClusterError(f"{where}{error}", "name a kubeconfig and its context: --kubeconfig FILE --context NAME") \
            from error  # fmt: skip
    except ValueError as error:
        raise ClusterError(f"{named}: {error}", "correct the cluster's server in the kubeconfig") from error
