"""Every namespace has a ConfigMap ``kube-root-ca.crt``, by which pods know the API server.

Source: Kubernetes docs, "Managing Service Accounts"; KEP-1205.
"""

from collections.abc import Iterable

from fairway.controllers.rules.pods import is_terminating
from fairway.kinds import CONFIG_MAP, NAMESPACE
from fairway.objects import Object
from fairway.objects.errors import StatusError
from fairway.reconcile.cluster import Cluster
from fairway.reconcile.controller import Controller, Key
from fairway.reconcile.informer import Change

NAME = "kube-root-ca.crt"
FILE = "ca.crt"
DESCRIPTION = "kubernetes.io/description"
TEXT = (
    "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints "
    "such as the internal service IP or kubernetes.default.svc. No other usage is guaranteed across "
    "distributions of Kubernetes clusters."
)


def plan(namespace: Object | None, found: Object | None, root_ca: str) -> Object | None:
    """The ConfigMap to write, if it is missing or says something else.  Pure."""
    if namespace is None or is_terminating(namespace) or not root_ca:
        return None
    if found is None:
        meta = {
            "namespace": namespace["metadata"]["name"], "name": NAME, "annotations": {DESCRIPTION: TEXT},
        }  # fmt: skip
        return {"kind": "ConfigMap", "apiVersion": "v1", "metadata": meta, "data": {FILE: root_ca}}
    if found.get("data") == {FILE: root_ca}:
        return None
    return {**found, "data": {FILE: root_ca}}


async def reconcile(key: Key, cluster: Cluster) -> None:
    """Write the ConfigMap if it is missing or wrong."""
    _, name = key
    found = cluster.get(CONFIG_MAP, name, NAME)
    if found is not None:
        found = await cluster.read(CONFIG_MAP, name, NAME)
    wanted = plan(cluster.get(NAMESPACE, None, name), found, cluster.settings.root_ca)
    if wanted is None:
        return
    if found is not None:
        await cluster.update(CONFIG_MAP, wanted)
        return
    try:
        await cluster.create(CONFIG_MAP, wanted)
    except StatusError as error:
        if error.reason != "Forbidden":
            raise


def _namespace_of(change: Change, cluster: Cluster) -> Iterable[Key]:
    """The namespace whose ConfigMap somebody changed or removed."""
    meta = change.object["metadata"]
    return (("", meta["namespace"]),) if change.old is not None and meta["name"] == NAME else ()


ROOT_CAS = Controller(
    name="root-ca-certificate-publisher",
    owns=NAMESPACE,
    reconcile=reconcile,
    wakes={CONFIG_MAP: _namespace_of},
    only_identity=(CONFIG_MAP,),
)
