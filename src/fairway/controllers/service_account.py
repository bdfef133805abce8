"""Every namespace has a ServiceAccount ``default``.

Source: Kubernetes docs, "Configure Service Accounts for Pods".
"""

from collections.abc import Iterable

from fairway.controllers.rules.pods import is_terminating
from fairway.kinds import NAMESPACE, SERVICE_ACCOUNT
from fairway.objects import Object
from fairway.objects.errors import StatusError
from fairway.reconcile.cluster import Cluster
from fairway.reconcile.controller import Controller, Key
from fairway.reconcile.informer import Change

DEFAULT = "default"


def plan(namespace: Object | None, found: Object | None) -> Object | None:
    """The ServiceAccount to create, if one is missing.  Pure."""
    if namespace is None or is_terminating(namespace) or found is not None:
        return None
    name = namespace["metadata"]["name"]
    return {"kind": "ServiceAccount", "apiVersion": "v1", "metadata": {"namespace": name, "name": DEFAULT}}


async def reconcile(key: Key, cluster: Cluster) -> None:
    """Create the account if it is missing."""
    _, name = key
    wanted = plan(cluster.get(NAMESPACE, None, name), cluster.get(SERVICE_ACCOUNT, name, DEFAULT))
    if wanted is not None:
        try:
            await cluster.create(SERVICE_ACCOUNT, wanted)
        except StatusError as error:
            if error.reason not in ("AlreadyExists", "Forbidden"):
                raise


def _namespace_of(change: Change, cluster: Cluster) -> Iterable[Key]:
    """The namespace whose default account has gone."""
    meta = change.object["metadata"]
    return (("", meta["namespace"]),) if change.new is None and meta["name"] == DEFAULT else ()


SERVICE_ACCOUNTS = Controller(
    name="service-account-controller", owns=NAMESPACE, reconcile=reconcile, wakes={SERVICE_ACCOUNT: _namespace_of}
)
