"""The pods and claims of a StatefulSet: what each ordinal is called and made of.  Pure.

Source: Kubernetes docs, "StatefulSets", "Pod Identity"; KEP-3335 (start ordinal).
"""

import re
from collections.abc import Iterator

from fairway.kinds import STATEFUL_SET
from fairway.objects import Object
from fairway.reconcile.owners import controller_reference

REVISION_LABEL = "controller-revision-hash"
HASH_LABEL = "controller.kubernetes.io/hash"
NAME_LABEL = "statefulset.kubernetes.io/pod-name"
INDEX_LABEL = "apps.kubernetes.io/pod-index"
_ordinal = re.compile("(.*)-([0-9]+)").fullmatch


def ordinal_of(stateful_set: Object, pod: Object) -> int | None:
    """The pod's number; ``None`` for one with a name that the set never gave."""
    found = _ordinal(pod["metadata"]["name"])
    return int(found[2]) if found and found[1] == stateful_set["metadata"]["name"] else None


def ordinals(stateful_set: Object) -> range:
    """The numbers that there should be pods for."""
    spec = stateful_set["spec"]
    start = (spec.get("ordinals") or {}).get("start") or 0
    replicas = spec.get("replicas")
    return range(start, start + (1 if replicas is None else replicas))


def revision_of(pod: Object) -> str:
    """The name of the revision that the pod was made from."""
    return (pod["metadata"].get("labels") or {}).get(REVISION_LABEL) or ""


def claim_name(stateful_set: Object, template: Object, ordinal: int) -> str:
    """``data-web-0``."""
    return f"{_name(template)}-{stateful_set['metadata']['name']}-{ordinal}"


def _name(template: Object) -> str:
    """The name of a template of claims, which nothing demands."""
    return template["metadata"].get("name") or ""


def claims_of(stateful_set: Object, ordinal: int) -> Iterator[Object]:
    """The claims of one pod; they have the labels by which the set selects."""
    meta = stateful_set["metadata"]
    selected = (stateful_set["spec"].get("selector") or {}).get("matchLabels") or {}
    for template in stateful_set["spec"].get("volumeClaimTemplates") or ():
        given = template["metadata"]
        made: Object = {
            "name": claim_name(stateful_set, template, ordinal), "namespace": meta["namespace"],
            "labels": {**(given.get("labels") or {}), **selected},
        }  # fmt: skip
        if given.get("annotations"):
            made["annotations"] = dict(given["annotations"])
        yield {"kind": "PersistentVolumeClaim", "apiVersion": "v1", "metadata": made, "spec": template["spec"]}


def pod_of(stateful_set: Object, template: Object, revision: str, ordinal: int) -> Object:
    """A new pod of that number, of the revision with that template."""
    meta, given, spec = stateful_set["metadata"], template.get("metadata") or {}, dict(template.get("spec") or {})
    name = f"{meta['name']}-{ordinal}"
    labels = {
        **(given.get("labels") or {}), INDEX_LABEL: str(ordinal), REVISION_LABEL: revision, NAME_LABEL: name,
    }  # fmt: skip
    made: Object = {"name": name, "generateName": f"{meta['name']}-", "namespace": meta["namespace"], "labels": labels}
    for field in ("annotations", "finalizers"):
        if given.get(field):
            made[field] = given[field]
    made["ownerReferences"] = [controller_reference(STATEFUL_SET, stateful_set)]
    spec["hostname"] = name
    if service := stateful_set["spec"].get("serviceName"):
        spec["subdomain"] = service
    volumes = _volumes(stateful_set, spec.get("volumes") or [], ordinal)
    if volumes:
        spec["volumes"] = volumes
    return {"kind": "Pod", "apiVersion": "v1", "metadata": made, "spec": spec}


def _volumes(stateful_set: Object, given: list[Object], ordinal: int) -> list[Object]:
    """The claims, and the template's volumes but for those that claims take the place of."""
    claimed: dict[str, Object] = {
        _name(template): {
            "name": _name(template),
            "persistentVolumeClaim": {"claimName": claim_name(stateful_set, template, ordinal)},
        }
        for template in stateful_set["spec"].get("volumeClaimTemplates") or ()
    }
    return [*claimed.values(), *(volume for volume in given if volume["name"] not in claimed)]
