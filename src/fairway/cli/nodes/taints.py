"""Taints: what words ask for, and the taints of a node after it.  Pure.

Shape: ``read(words)`` gives those to add and those to remove; ``changed(taints, ...)`` the node's taints and what was
done.
Source: what ``kubectl taint`` does and says.
"""

from fairway.cli.failure import Failure, Failures, UsageFailure
from fairway.objects.names import label_value, qualified_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    Taint = dict[str, Any]

_EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")


def read(words: "Sequence[str]") -> "tuple[list[Taint], list[Taint]]":
    """(what is to be added, what is to be removed).  Raises: ``UsageFailure``."""
    new: list[Taint] = []
    removed: list[Taint] = []
    for word in words:
        if word.endswith("-"):
            found = _taint(word[:-1])
            removed.append({"key": found["key"], "effect": found["effect"]})
            continue
        found = _taint(word)
        if not found["effect"]:
            raise UsageFailure(f"invalid taint spec: {word}")
        if any(_is_same(found, other) for other in new):
            shown = f"{{{found['key']} {found.get('value', '')} {found['effect']} <nil>}}"
            raise UsageFailure(f"duplicated taints with the same key and effect: {shown}")
        new.append(found)
    return new, removed


def _taint(word: str) -> "Taint":
    parts = word.split(":")
    key, value, effect = parts[0], "", ""
    if len(parts) > 2:
        raise UsageFailure(f"invalid taint spec: {word}")
    if len(parts) == 2:
        effect = parts[1]
        if effect not in _EFFECTS:
            raise UsageFailure(f"invalid taint effect: {effect}, unsupported taint effect")
        key, equals, value = parts[0].partition("=")
        if "=" in value:
            raise UsageFailure(f"invalid taint spec: {word}")
        if equals and (faults := list(label_value(value))):
            raise UsageFailure(f"invalid taint spec: {word}, {'; '.join(faults)}")
    if faults := list(qualified_name(key)):
        raise UsageFailure(f"invalid taint spec: {word}, {'; '.join(faults)}")
    return {"key": key, "effect": effect} | ({"value": value} if value else {})


def refuse_both(new: "Sequence[Taint]", removed: "Sequence[Taint]") -> None:
    """Raises: ``Failure`` for what is to be added and removed."""
    both = [
        f"{gone['key']}={gone['effect']}"
        for each in new
        for gone in removed
        if each["key"] == gone["key"] and gone["effect"] in ("", each["effect"])
    ]
    if both:
        what = "can not both modify and remove the following taint(s) in the same command"
        raise Failure(f"{what}: {', '.join(both)}")


def refuse_present(node: str, present: "Sequence[Taint]", new: "Sequence[Taint]") -> None:
    """Raises: ``Failure`` for what is there already."""
    there = [each["key"] for each in new if any(_is_same(each, other) for other in present)]
    if there:
        raise Failure(
            f"node {node} already has {','.join(there)} taint(s) with same effect(s) and --overwrite is false"
        )


def changed(
    present: "Sequence[Taint]", new: "Sequence[Taint]", removed: "Sequence[Taint]", *, overwrites: bool
) -> "tuple[list[Taint], str]":
    """The taints after it, and what was done.  Raises: ``Failure`` for what is to be removed and is not there."""
    after = [*new, *(each for each in present if not any(_is_same(each, other) for other in new))]
    has_added, has_removed = len(after) != len(present), False
    failures: list[Exception] = []
    for gone in removed:
        left = [each for each in after if not _is_meant(each, gone)]
        has_removed = len(left) != len(after)
        if not has_removed:
            name = f"{gone['key']}:{gone['effect']}" if gone["effect"] else gone["key"]
            failures.append(Failure(f'taint "{name}" not found'))
        after = left
    if failures:
        raise failures[0] if len(failures) == 1 else Failures(failures)
    if (has_added and has_removed) or overwrites:
        return after, "modified"
    return after, "tainted" if has_added else "untainted"


def _is_same(one: "Taint", other: "Taint") -> bool:
    return bool(one["key"] == other["key"] and one.get("effect") == other.get("effect"))


def _is_meant(taint: "Taint", gone: "Taint") -> bool:
    return bool(taint["key"] == gone["key"] and gone["effect"] in ("", taint.get("effect")))
