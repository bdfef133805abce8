"""Template: which ReplicaSet is of which pod template, and how a new one is named.  Pure.

Source: Kubernetes docs, "Deployments", "Pod-template-hash label".
"""

from fairway.objects import Object

HASH_LABEL = "pod-template-hash"


def without_hash(template: Object) -> Object:
    """The template as the Deployment's user wrote it."""
    meta = template.get("metadata") or {}
    labels = {name: value for name, value in (meta.get("labels") or {}).items() if name != HASH_LABEL}
    meta = {name: value for name, value in meta.items() if name != "labels" and value is not None}
    return {**template, "metadata": {**meta, **({"labels": labels} if labels else {})}}


def with_hash(template: Object, hash_text: str) -> Object:
    """The template with the label that tells its pods apart."""
    meta = template.get("metadata") or {}
    return {**template, "metadata": {**meta, "labels": {**(meta.get("labels") or {}), HASH_LABEL: hash_text}}}


def by_age(replica_sets: list[Object]) -> list[Object]:
    """The oldest first."""
    return sorted(
        replica_sets, key=lambda one: (one["metadata"].get("creationTimestamp") or "", one["metadata"]["name"])
    )


def newest(deployment: Object, replica_sets: list[Object]) -> Object | None:
    """The ReplicaSet of the Deployment's present template; the oldest, should there be several."""
    wanted = without_hash(deployment["spec"]["template"])
    return next((one for one in by_age(replica_sets) if without_hash(one["spec"]["template"]) == wanted), None)
