"""Pruning: objects that were applied once and are in no manifest any more are deleted."""

from fairway.cli.applying import last_applied
from fairway.cli.arguments import Request, Target
from fairway.cli.failure import Failure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fairway.cli.call import Call
    from fairway.cli.commands.delete import Deletion
    from fairway.cli.resources import Resource
    from fairway.cli.writing import Writing

_NAMESPACED = (
    "v1 ConfigMap", "v1 Endpoints", "v1 PersistentVolumeClaim", "v1 Pod", "v1 ReplicationController", "v1 Secret",
    "v1 Service", "batch/v1 Job", "batch/v1 CronJob", "networking.k8s.io/v1 Ingress", "apps/v1 DaemonSet",
    "apps/v1 Deployment", "apps/v1 ReplicaSet", "apps/v1 StatefulSet",
)  # fmt: skip
_CLUSTER_WIDE = ("v1 Namespace", "v1 PersistentVolume")


def allowed(words: "Sequence[str]") -> "list[str]":
    """The kinds of ``--prune-allowlist`` (GROUP/VERSION/KIND).  Raises: ``Failure``."""
    found = []
    for word in words:
        parts = word.split("/")
        if len(parts) != 3:
            raise Failure(f"invalid GroupVersionKind format: {word}, please follow <group/version/kind>")
        group, version, kind = parts
        found.append(f"{version} {kind}" if group == "core" else f"{group}/{version} {kind}")
    return found


def prune(
    call: "Call", writing: "Writing", deletion: "Deletion", applied: "Sequence[Target]", kinds: "Sequence[str]"
) -> None:
    """Delete what was applied once, is selected, and is not among ``applied``."""
    uids = {(target.object or {})["metadata"].get("uid") for target in applied}
    namespaces = sorted({target.namespace for target in applied if target.namespace})
    for resource in _resources(call, kinds or (*_NAMESPACED, *_CLUSTER_WIDE)):
        for namespace in namespaces if resource.is_namespaced else [""]:
            request = Request(resource, namespace, selector=call.flags.selector)
            for item in request.listed(call.session.api):
                meta = item["metadata"]
                if last_applied(item) is None or meta.get("uid") in uids:
                    continue
                shown = {"apiVersion": resource.api_version, "kind": resource.kind, **item}
                if not writing.is_client:
                    deletion.delete(Target(resource, meta.get("namespace") or "", meta["name"]), is_told=False)
                writing.told(shown, "pruned")


def _resources(call: "Call", kinds: "Sequence[str]") -> "Iterator[Resource]":
    for each in kinds:
        api_version, _, kind = each.partition(" ")
        try:
            yield call.session.resources.of_kind(api_version, kind)
        except Failure:
            if each not in _NAMESPACED and each not in _CLUSTER_WIDE:
                raise
