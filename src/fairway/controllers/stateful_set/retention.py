"""Retention: by whom a claim of a StatefulSet is owned, and so with whom it goes.  Pure.

Source: KEP-1847 (persistentVolumeClaimRetentionPolicy).
"""

from fairway.controllers.stateful_set.pods import ordinals
from fairway.kinds import POD, STATEFUL_SET
from fairway.objects import Object
from fairway.reconcile.owners import controller_reference


def owners(stateful_set: Object, claim: Object, ordinal: int, pod: Object | None) -> list[Object] | None:
    """The owner references that the claim should have; ``None`` where they are right."""
    policy = stateful_set["spec"]["persistentVolumeClaimRetentionPolicy"]
    present: list[Object] = claim["metadata"].get("ownerReferences") or []
    names = {stateful_set["metadata"]["name"], f"{stateful_set['metadata']['name']}-{ordinal}"}
    others = [
        one for one in present if one.get("kind") not in (POD.name, STATEFUL_SET.name) or one.get("name") not in names
    ]
    wanted = list(others)
    is_condemned = ordinal not in ordinals(stateful_set)
    if is_condemned and policy["whenScaled"] == "Delete":
        if pod is None:
            return None
        wanted.append(controller_reference(POD, pod))
    elif policy["whenDeleted"] == "Delete":
        wanted.append(controller_reference(STATEFUL_SET, stateful_set))
    return wanted if _uids(wanted) != _uids(present) else None


def _uids(references: list[Object]) -> set[str]:
    return {one["uid"] for one in references}
