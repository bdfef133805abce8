"""Reconcile: the status of ValidatingAdmissionPolicies.

Source: Kubernetes docs, "Validating Admission Policy", "Type checking".
"""

from collections.abc import Iterator

from fairway.kinds import ALL, CUSTOM_RESOURCE_DEFINITION, VALIDATING_ADMISSION_POLICY
from fairway.objects import Object
from fairway.objects.expressions.types import Type
from fairway.reconcile.cluster import Cluster
from fairway.reconcile.controller import Controller, Key


async def reconcile(key: Key, cluster: Cluster) -> None:
    """Look at a policy that changed since it was looked at."""
    policy = cluster.get(VALIDATING_ADMISSION_POLICY, None, key[1])
    if policy is None:
        return
    generation, status = policy["metadata"].get("generation") or 1, policy.get("status") or {}
    if generation <= (status.get("observedGeneration") or 0):
        return
    from fairway.controllers.policy_types.checking import warnings  # brings the library of expressions

    found = warnings(policy, lambda *asked: list(_kinds(cluster, *asked)), lambda named: _type(cluster, *named))
    checking = {"expressionWarnings": found} if found else {}
    status = {**status, "observedGeneration": generation, "typeChecking": checking}
    await cluster.update(VALIDATING_ADMISSION_POLICY, {**policy, "status": status}, subresource="status")


def _kinds(cluster: Cluster, group: str, version: str, plural: str) -> Iterator[tuple[str, str, str]]:
    for kind in ALL:
        served = ((kind.group, kind.version), *((one.group, one.version) for one in kind.also))
        if kind.plural == plural and (group, version) in served:
            yield group, version, kind.name
    for definition in cluster.items(CUSTOM_RESOURCE_DEFINITION):
        spec = definition["spec"]
        if (spec["group"], spec["names"]["plural"]) == (group, plural) and _version(definition, version):
            yield group, version, spec["names"]["kind"]


def _version(definition: Object, version: str) -> Object | None:
    return next((one for one in definition["spec"]["versions"] if one["name"] == version and one.get("served")), None)


def _type(cluster: Cluster, group: str, version: str, kind: str) -> Type | None:
    from fairway.objects.expressions.kinds import type_of_kind
    from fairway.objects.structural.declared import declared

    built_in = type_of_kind(f"{group}/{version}" if group else version, kind)
    if built_in is not None:
        return built_in
    for definition in cluster.items(CUSTOM_RESOURCE_DEFINITION):
        spec = definition["spec"]
        if (spec["group"], spec["names"]["kind"]) == (group, kind) and (found := _version(definition, version)):
            schema = (found.get("schema") or {}).get("openAPIV3Schema")
            made = declared(schema, f"{kind}1", is_root=True) if schema else None
            return made.type if made else None
    return None


POLICY_TYPES = Controller(
    name="validatingadmissionpolicy-status-controller", owns=VALIDATING_ADMISSION_POLICY, reconcile=reconcile,
    reads=(CUSTOM_RESOURCE_DEFINITION,),
)  # fmt: skip
