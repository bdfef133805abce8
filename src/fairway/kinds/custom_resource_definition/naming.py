"""Naming: which of a definition's names it may bear, since no two kinds of a group may share one.

Pure.  Source: Kubernetes API reference, "CustomResourceDefinition", "acceptedNames" and the condition NamesAccepted.
"""

from collections.abc import Iterable

from fairway.objects import Object
from fairway.objects.conditions import condition, is_true

ESTABLISHED, ACCEPTED, TERMINATING = "Established", "NamesAccepted", "Terminating"
CONFORMANT = "KubernetesAPIApprovalPolicyConformant"
APPROVAL = "api-approved.kubernetes.io"
NEEDS_APPROVAL = (
    f'protected groups must have approval annotation "{APPROVAL}" with either a URL or a reason starting '
    'with "unapproved"'
)
_TAKEN = '"%s" is already in use'


def is_protected(group: str) -> bool:
    """Whether the group is one of Kubernetes' own."""
    return group in ("k8s.io", "kubernetes.io") or group.endswith((".k8s.io", ".kubernetes.io"))


def _accepted(found: Object) -> Object:
    names: Object = (found.get("status") or {}).get("acceptedNames") or {}
    return names


def _nouns(names: Object) -> set[str]:
    return {one for one in (names.get("plural"), names.get("singular"), *(names.get("shortNames") or ())) if one}


def accept(found: Object, others: Iterable[Object]) -> tuple[Object, str, str]:
    """(the names that it bears now, the last reason why not all, in a word and in a sentence).

    ``others`` are the definitions of the same group; a name that is taken leaves the one accepted before.
    """
    wanted, before = found["spec"]["names"], _accepted(found)
    nouns: set[str] = set()
    kinds: set[str] = set()
    for other in others:
        nouns |= _nouns(_accepted(other))
        kinds |= {one for one in (_accepted(other).get("kind"), _accepted(other).get("listKind")) if one}
    bears: Object = {}
    troubles: list[tuple[str, str]] = []
    for field in ("plural", "singular", "shortNames", "kind", "listKind"):
        taken, name = (kinds if field in ("kind", "listKind") else nouns), wanted.get(field)
        shared = [one for one in ([name] if isinstance(name, str) else name or ()) if one in taken]
        if shared:
            reason = f"{field[0].upper()}{field[1:]}Conflict"
            troubles.append((reason, ", ".join(_TAKEN % one for one in shared)))
            name = before.get(field)
        if name:
            bears[field] = name
    if wanted.get("categories"):
        bears["categories"] = wanted["categories"]
    return {"plural": "", "kind": "", **bears}, *(troubles[-1] if troubles else ("", ""))


def status(found: Object, others: Iterable[Object], now: str) -> Object:
    """What the status of a definition should say."""
    bears, reason, message = accept(found, others)
    before: Object = found.get("status") or {}
    conditions: list[Object] = list(before.get("conditions") or ())

    def tell(type_: str, value: str, why: str, text: str) -> None:
        old = condition({"status": {"conditions": conditions}}, type_)
        since = old["lastTransitionTime"] if old and old.get("status") == value else now
        new = {"lastTransitionTime": since, "message": text, "reason": why, "status": value, "type": type_}
        if old is None:
            conditions.append(new)
        else:
            conditions[conditions.index(old)] = new

    if reason:
        tell(ACCEPTED, "False", reason, message)
    else:
        tell(ACCEPTED, "True", "NoConflicts", "no conflicts found")
    if not reason or is_true(found, ESTABLISHED):
        tell(ESTABLISHED, "True", "InitialNamesAccepted", "the initial names have been accepted")
    else:
        tell(ESTABLISHED, "False", "NotAccepted", "not all names are accepted")
    if is_protected(found["spec"]["group"]):
        _tell_approval(found, tell)
    return {**before, "acceptedNames": bears, "conditions": conditions}


def _tell_approval(found: Object, tell: object) -> None:
    assert callable(tell)
    approval = (found["metadata"].get("annotations") or {}).get(APPROVAL, "")
    if approval.startswith("unapproved"):
        tell(
            CONFORMANT, "False", "UnapprovedAnnotation",
            f'not approved: "{approval}"',
        )  # fmt: skip
    elif approval.startswith(("https://", "http://")):
        tell(CONFORMANT, "True", "ApprovedAnnotation", f"approved in {approval}")
    else:
        text = NEEDS_APPROVAL
        tell(CONFORMANT, "False", "InvalidAnnotation" if approval else "MissingAnnotation", text)


def is_established(found: Object) -> bool:
    """Whether the kind is served."""
    return is_true(found, ESTABLISHED)


def terminating(found: Object, reason: str, message: str, now: str, *, done: bool = False) -> Object:
    """The status of a definition that goes away with all its objects."""
    before: Object = found.get("status") or {}
    old = condition(found, TERMINATING)
    value = "False" if done else "True"
    since = old["lastTransitionTime"] if old and old.get("status") == value else now
    new = {"lastTransitionTime": since, "message": message, "reason": reason, "status": value, "type": TERMINATING}
    others = [one for one in before.get("conditions") or () if one["type"] != TERMINATING]
    return {**before, "conditions": [*others, new]}
