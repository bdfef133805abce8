"""Node references: a node reads the Secrets, ConfigMaps and claims that pods bound to it name, and no others.

Shape: ``NodeReferences(cache).may_read(user, asked)``; a list or watch counts if a field selector asks for one name.
What a pod names is read anew for each question: nodes ask seldom, mostly once for each object and pod.
Source: Kubernetes docs, "Using Node Authorization".
"""

from collections.abc import Iterator
from typing import Any

from fairway.apiserver.authorization.asked import Asked
from fairway.apiserver.authorization.fixed import NODES, node_name
from fairway.apiserver.cache import Cache
from fairway.apiserver.call import User
from fairway.kinds import POD
from fairway.objects import Object

_READS = frozenset(("get", "list", "watch"))
_SECRETS, _MAPS, _CLAIMS = "secrets", "configmaps", "persistentvolumeclaims"
_BY_FIELD = {
    "secret": (_SECRETS, ("secretName", "name")), "secretRef": (_SECRETS, ("name",)),
    "secretKeyRef": (_SECRETS, ("name",)), "nodePublishSecretRef": (_SECRETS, ("name",)),
    "azureFile": (_SECRETS, ("secretName",)), "configMap": (_MAPS, ("name",)), "configMapRef": (_MAPS, ("name",)),
    "configMapKeyRef": (_MAPS, ("name",)), "persistentVolumeClaim": (_CLAIMS, ("claimName",)),
}  # fmt: skip
"""Fields of a pod that name an object: of which resource, and in which of their own fields."""

Named = tuple[str, str]
"""Resource and name."""


def names_of(pod: Object) -> Iterator[Named]:
    """Everything of its namespace that a pod needs."""
    spec = pod["spec"]
    for each in spec.get("imagePullSecrets") or ():
        yield _SECRETS, each.get("name") or ""
    for volume in spec.get("volumes") or ():
        if "ephemeral" in volume:
            yield _CLAIMS, f"{pod['metadata']['name']}-{volume['name']}"
    for part in ("containers", "initContainers", "ephemeralContainers", "volumes"):
        yield from _named_in(spec.get(part))


def _named_in(value: Any) -> Iterator[Named]:
    if isinstance(value, list):
        for each in value:
            yield from _named_in(each)
    elif isinstance(value, dict):
        for field, inner in value.items():
            if field in _BY_FIELD and isinstance(inner, dict):
                resource, where = _BY_FIELD[field]
                yield from ((resource, inner[name]) for name in where if name in inner)
            if field != "ephemeral":
                yield from _named_in(inner)


class NodeReferences:
    """What pods of each node name."""

    def __init__(self, cache: Cache) -> None:
        self._cache = cache

    def may_read(self, user: User, asked: Asked) -> bool:
        """Whether ``user`` is a node and the one object asked for is named by a pod that is bound to it."""
        me = node_name(user) if NODES in user.groups else ""
        if not me or asked.verb not in _READS or asked.group or asked.subresource or not asked.name:
            return False
        if asked.plural not in (_SECRETS, _MAPS, _CLAIMS):
            return False
        return self._is_named(me, asked.namespace or "", (asked.plural, asked.name))

    def _is_named(self, me: str, namespace: str, wanted: Named) -> bool:
        if not namespace or not wanted[1]:
            return False
        pods = self._cache.of(POD)
        # Bytes are compared first: most pods are of other nodes, and to decode one costs a thousand times as much.
        on_me, part = f'"nodeName":"{me}"'.encode(), wanted[1].rpartition("-")[2].encode()
        for key in pods.keys(POD.key(namespace, "")):
            wire = pods.live[key].wire
            if on_me in wire and part in wire and self._names(pods.live[key].object, me, wanted):
                return True
        return False

    @staticmethod
    def _names(pod: Object, me: str, wanted: Named) -> bool:
        return pod["spec"].get("nodeName") == me and wanted in names_of(pod)
