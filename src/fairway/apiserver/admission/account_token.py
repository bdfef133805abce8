"""Account token: every new pod gets a volume with the token of its service account.

Source: Kubernetes docs, "Managing Service Accounts", "ServiceAccount admission controller", "Bound service account
token volume mechanism".
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from fairway.apiserver.admission.pod_defaults import MIRROR
from fairway.apiserver.call import Call
from fairway.kinds import POD, SERVICE_ACCOUNT
from fairway.objects import Object
from fairway.objects.names import SUFFIX_ALPHABET

if TYPE_CHECKING:
    from fairway.apiserver.serve import Api

MOUNT_PATH = "/var/run/secrets/kubernetes.io/serviceaccount"
_PREFIX = "kube-api-access-"
_LASTS_S = 3607
_FILE_MODE = 0o644


def account_token(call: Call, new: Object, old: Object | None, api: "Api") -> None:
    """Add the volume and its mounts, where they are wanted and missing; nothing where no tokens are issued."""
    spec = new.get("spec")
    if call.kind is not POD or old is not None or api.tokens is None or not isinstance(spec, dict):
        return
    if MIRROR in (new["metadata"].get("annotations") or ()):
        return
    account = api.cache.get(SERVICE_ACCOUNT, call.namespace, spec["serviceAccountName"])
    if not _is_wanted(spec, account.object if account else {}):
        return
    without = [container for container in _containers(spec) if not _has_mount(container)]
    if not without:
        return
    api.tokens.prepare()
    volumes = spec.get("volumes") or []
    name = next((one["name"] for one in volumes if str(one.get("name") or "").startswith(_PREFIX)), "")
    if not name:
        name = _PREFIX + "".join(api.chance.choices(SUFFIX_ALPHABET, k=5))
        spec["volumes"] = [*volumes, volume(name)]
    for container in without:
        mount = {"name": name, "readOnly": True, "mountPath": MOUNT_PATH}
        container["volumeMounts"] = [*(container.get("volumeMounts") or ()), mount]


def _is_wanted(spec: Object, account: Object) -> bool:
    """The pod's word goes before its account's."""
    own = spec.get("automountServiceAccountToken")
    return (account.get("automountServiceAccountToken") if own is None else own) is not False


def _containers(spec: Object) -> Iterator[Object]:
    for field in ("initContainers", "containers"):
        containers = spec.get(field)
        if isinstance(containers, list):
            yield from (one for one in containers if isinstance(one, dict))


def _has_mount(container: Object) -> bool:
    return any(one.get("mountPath") == MOUNT_PATH for one in container.get("volumeMounts") or ())


def volume(name: str) -> Object:
    """A token, the cluster's CA, and the namespace.  Pure."""
    own = {"path": "namespace", "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"}}
    authority = {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}
    sources = [
        {"serviceAccountToken": {"expirationSeconds": _LASTS_S, "path": "token"}},
        {"configMap": authority},
        {"downwardAPI": {"items": [own]}},
    ]
    return {"name": name, "projected": {"sources": sources, "defaultMode": _FILE_MODE}}
