"""Marks: labels and annotations from words: what ``label`` and ``annotate`` share.

Pure.  Shape: ``parted(words)`` gives resources and changes; ``changes(...)`` what is to be set and removed; ``marked``
the object after it.
"""

from fairway.cli.failure import Failure, Failures

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any


def parted(words: "Sequence[str]", what: str) -> "tuple[list[str], list[str]]":
    """Words that say which objects, and words that say what changes.  Raises: ``Failure``."""
    resources: list[str] = []
    pairs: list[str] = []
    for word in words:
        if ("=" in word and word[0] != "=") or (word.endswith("-") and word != "-"):
            pairs.append(word)
        elif pairs:
            raise Failure(f"all resources must be specified before {what} changes: {word}")
        else:
            resources.append(word)
    return resources, pairs


def label_changes(pairs: "Sequence[str]") -> "tuple[dict[str, str], list[str]]":
    """Labels to set and to remove.  Raises: ``Failure``."""
    from fairway.objects.names import label_value

    new: dict[str, str] = {}
    removed: list[str] = []
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals:
            removed.append(pair[:-1])
            continue
        if "=" in value:
            raise Failure(f"invalid label spec: {pair}")
        if faults := list(label_value(value)):
            raise Failure(f'invalid label value: "{pair}": {";".join(faults)}')
        new[key] = value
    if any(key in new for key in removed):
        raise Failure("can not both modify and remove a label in the same command")
    return new, removed


def annotation_changes(pairs: "Sequence[str]") -> "tuple[dict[str, str], list[str]]":
    """Annotations to set and to remove.  Raises: ``Failure``."""
    new = dict(pair.split("=", 1) for pair in pairs if "=" in pair)
    removed = [pair[:-1] for pair in pairs if "=" not in pair]
    both = [key for key in removed if key in new]
    if both:
        raise Failure(
            f"can not both modify and remove the following annotation(s) in the same command: {', '.join(both)}"
        )
    return new, removed


def taken(found: "dict[str, str]", new: "dict[str, str]") -> "list[str]":
    """What each key says that has another value already."""
    return [
        f"'{key}' already has a value ({found[key]})" for key, value in new.items() if found.get(key, value) != value
    ]


def refuse_labels(said: "Sequence[str]") -> None:
    """Raises: ``Failure``, or ``Failures`` where there are several."""
    failures = [Failure(f"{each}, and --overwrite is false") for each in said]
    if len(failures) == 1:
        raise failures[0]
    if failures:
        raise Failures(failures)


def marked(
    found: "dict[str, Any]", field: str, new: "dict[str, str]", removed: "Sequence[str]", version: str = ""
) -> "dict[str, Any]":  # fmt: skip
    """A copy of the object with those labels or annotations; ``version`` is the state that is meant."""
    meta = dict(found["metadata"])
    marks = {**(meta.get(field) or {}), **new}
    for key in removed:
        marks.pop(key, None)
    if marks or field in meta:
        meta[field] = marks
    if version:
        meta["resourceVersion"] = version
    return {**found, "metadata": meta}


def patch_between(before: "dict[str, Any]", after: "dict[str, Any]") -> "dict[str, Any]":
    """The merge patch for what ``marked`` and ``--record`` change of an object; empty if nothing is."""
    old, new = before["metadata"], after["metadata"]
    meta: dict[str, Any] = {}
    for field in ("labels", "annotations"):
        was, now = old.get(field) or {}, new.get(field) or {}
        changes: dict[str, Any] = {key: value for key, value in now.items() if was.get(key) != value}
        changes |= {key: None for key in was if key not in now}
        if changes:
            meta[field] = changes
    if new.get("resourceVersion") != old.get("resourceVersion"):
        meta["resourceVersion"] = new.get("resourceVersion")
    return {"metadata": meta} if meta else {}


def shown_marks(found: "dict[str, Any]", field: str, *, is_one: bool) -> str:
    """What ``--list`` prints of one object."""
    marks = (found["metadata"].get(field) or {}).items()
    if is_one:
        return "".join(f"{key}={value}\n" for key, value in sorted(marks))
    group = str(found.get("apiVersion", "")).rpartition("/")[0]
    head = f"Listing {field} for {found.get('kind')}.{group}/{found['metadata'].get('name')}:\n"
    return head + "".join(f" {key}={value}\n" for key, value in sorted(marks))
