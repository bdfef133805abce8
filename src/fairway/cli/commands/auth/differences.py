"""Differences of a role or a binding from what a manifest says, and what it should be made.  Pure.

Source: what ``kubectl auth reconcile`` does: rules are compared by what they allow, subjects one by one; annotations
and labels that are there stay as they are.
"""

from fairway.apiserver.authorization.rules import uncovered

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    Document = dict[str, Any]

GROUP = "rbac.authorization.k8s.io"
PROTECTED = f"{GROUP}/autoupdate"
CREATE, UPDATE, RECREATE = "create", "update", "recreate"


class Difference:
    """``operation`` is what must be done, empty for nothing; ``object`` what there should be.

    ``missing`` and ``extra`` are rules or subjects; ``is_protected``: whoever owns it wants it left alone.
    """

    def __init__(self, object: "Document", operation: str = "") -> None:
        self.object, self.operation = object, operation
        self.missing: list[Document] = []
        self.extra: list[Document] = []
        self.is_protected = False


def completed(wanted: "Document") -> "Document":
    """A binding with the groups that the server would fill in."""
    if "roleRef" not in wanted:
        return wanted
    subjects = [
        {"apiGroup": GROUP, **each} if each.get("kind") in ("User", "Group") else each
        for each in wanted.get("subjects") or ()
    ]
    return {**wanted, "subjects": subjects, "roleRef": {"apiGroup": GROUP, **wanted["roleRef"]}}


def difference(wanted: "Document", found: "Document | None", *, removes: bool) -> Difference:
    """What is between them; ``removes``: what the manifest does not say goes."""
    field = "subjects" if "roleRef" in wanted else "rules"
    asked = wanted.get(field) or []
    if found is None:
        made = Difference(wanted, CREATE)
        made.missing = list(asked)
        return made
    result = Difference(_merged(wanted, found))
    result.is_protected = (found["metadata"].get("annotations") or {}).get(PROTECTED) == "false"
    if field == "subjects" and wanted["roleRef"] != found["roleRef"]:
        result.object, result.operation = wanted, RECREATE
        return result
    held = found.get(field) or []
    compare = _absent if field == "subjects" else uncovered
    result.missing, result.extra = compare(asked, held), compare(held, asked)
    if result.object["metadata"] != found["metadata"]:
        result.operation = UPDATE
    if removes and (result.missing or result.extra):
        result.object, result.operation = {**result.object, field: asked}, UPDATE
    elif result.missing:
        result.object, result.operation = {**result.object, field: [*held, *result.missing]}, UPDATE
    if _selectors(wanted) != _selectors(found) and field == "rules":
        _aggregate(wanted, found, result, removes=removes)
    return result


def _aggregate(wanted: "Document", found: "Document", result: Difference, *, removes: bool) -> None:
    asked, held = _selectors(wanted), _selectors(found)
    missing = _absent(asked, held)
    if missing or (removes and _absent(held, asked)):
        kept = asked if removes else [*held, *missing]
        result.object = {**result.object, "aggregationRule": {"clusterRoleSelectors": kept}}
        result.operation = UPDATE


def _selectors(role: "Document") -> "list[Document]":
    return list((role.get("aggregationRule") or {}).get("clusterRoleSelectors") or ())


def _absent(wanted: "Sequence[Document]", held: "Sequence[Document]") -> "list[Document]":
    return [each for each in wanted if each not in held]


def _merged(wanted: "Document", found: "Document") -> "Document":
    """``found`` with the labels and annotations that it lacks."""
    meta, asked = dict(found["metadata"]), wanted["metadata"]
    for field in ("annotations", "labels"):
        if asked.get(field):
            meta[field] = {**asked[field], **(meta.get(field) or {})}
    return {**found, "metadata": meta}


def told(difference: Difference, *, removes: bool) -> str:
    """The lines below the object's own, each with a tab."""
    if not difference.operation:
        return ""
    caveat = f", but object opted out ({PROTECTED}: false)" if difference.is_protected else ""
    lines = [f"\treconciliation required {difference.operation}{caveat}"]
    word, shown = ("subjects", _subject) if "roleRef" in difference.object else ("rules", _rule)
    for verb, each in (("missing", difference.missing), ("extra", difference.extra if removes else [])):
        if each:
            lines.append(f"\t{verb} {word} {'added' if verb == 'missing' else 'removed'}:")
            lines += [f"\t\t{shown(one)}" for one in each]
    return "".join(f"{line}\n" for line in lines)


def _rule(rule: "Document") -> str:
    fields = ("verbs", "apiGroups", "resources", "resourceNames", "nonResourceURLs")
    names = ("Verbs", "APIGroups", "Resources", "ResourceNames", "NonResourceURLs")
    pairs = zip(names, fields, strict=True)
    return "{" + " ".join(f"{name}:[{' '.join(rule.get(field) or ())}]" for name, field in pairs) + "}"


def _subject(subject: "Document") -> str:
    fields = (("Kind", "kind"), ("APIGroup", "apiGroup"), ("Name", "name"), ("Namespace", "namespace"))
    return "{" + " ".join(f"{name}:{subject.get(field) or ''}" for name, field in fields) + "}"
