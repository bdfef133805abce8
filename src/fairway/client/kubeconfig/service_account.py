"""In cluster: the access of a program that runs as a pod: by environment and the files of its service account.

Source: Kubernetes docs, "Accessing the Kubernetes API from a Pod".
"""

from collections.abc import Mapping
from pathlib import Path

from fairway.client.kubeconfig.selection import Access, KubeconfigError
from fairway.objects.authority import authority

SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")


def in_cluster(environment: Mapping[str, str], folder: Path = SERVICE_ACCOUNT) -> Access:
    """The API server of this pod's cluster; its token is read anew while it is used.  Raises: ``KubeconfigError``."""
    host, port = environment.get("KUBERNETES_SERVICE_HOST", ""), environment.get("KUBERNETES_SERVICE_PORT", "")
    if not host or not port:
        raise KubeconfigError("no kubeconfig is named, and this is no pod: $KUBERNETES_SERVICE_HOST is not set")
    try:
        (folder / "token").read_bytes()
        ca = (folder / "ca.crt").read_text()
        namespace = (folder / "namespace").read_text().strip()
    except OSError as error:
        raise KubeconfigError(f"the pod's service account cannot be used: {error}") from error
    return Access(
        server=f"https://{authority(host, port)}",
        ca=ca,
        token_file=str(folder / "token"),
        namespace=namespace or "default",
    )
