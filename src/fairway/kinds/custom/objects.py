"""Objects of custom kinds: what a writer may set, and what the schema says of it.

Source: Kubernetes docs, "Status subresource", "Validation rules", "Defaulting".
"""

from collections.abc import Callable, Iterator
from typing import Any

from fairway.kinds.kind import CustomVersion
from fairway.objects import Object, meta
from fairway.objects.errors import Problem, invalid_value
from fairway.objects.structural.defaulting import fill
from fairway.objects.structural.pruning import prune
from fairway.objects.structural.validation import ABSENT, embedded_problems, list_problems, problems

_BLOCKING = frozenset(
    {"FieldValueNotSupported", "FieldValueRequired", "FieldValueTooLong", "FieldValueTooMany", "FieldValueTypeInvalid"}
)
_NOT_CHECKED = (
    "some validation rules were not checked because the object was invalid; "
    "correct the existing errors to complete validation"
)
INT32_MAX = 2147483647


def normal(found: Object, schema: Object) -> None:
    """As a reader sees it: without what the schema does not know, with what it gives for what is left out."""
    prune(found, schema)
    fill(found, schema)


def prepare_with(*, has_status: bool) -> Callable[[Object, Object | None, str], None]:
    """The status belongs to its subresource, if there is one; the generation counts all changes but those of metadata
    and status."""

    def prepare(new: Object, old: Object | None, subresource: str) -> None:
        if old is None:
            if has_status:
                new.pop("status", None)
            return
        if has_status and subresource == "status":
            _only_status(new, old)
        elif has_status:
            _put(new, "status", old)
        aside = {"metadata", "apiVersion", "status"} if has_status else {"metadata", "apiVersion"}
        if _without(new, aside) != _without(old, aside):
            new["metadata"]["generation"] = (old["metadata"].get("generation") or 0) + 1

    return prepare


def _without(found: Object, aside: set[str]) -> Object:
    return {member: value for member, value in found.items() if member not in aside}


def _put(new: Object, member: str, source: Object) -> None:
    if member in source:
        new[member] = source[member]
    else:
        new.pop(member, None)


def _only_status(new: Object, old: Object) -> None:
    """A write to the status leaves all else as it was, but for who manages what."""
    kept = {member: new[member] for member in ("status",) if member in new}
    managers = new["metadata"].get("managedFields")
    new.clear()
    new.update({**old, "metadata": {**old["metadata"]}})
    new.pop("status", None)
    new.update(kept)
    if managers is not None:
        new["metadata"]["managedFields"] = managers


def warnings(new: Object, old: Object | None) -> Iterator[str]:
    """Finalizers that somebody else might use too."""
    before = (old["metadata"].get("finalizers") or ()) if old else ()
    for name in new["metadata"].get("finalizers") or ():
        if "/" not in name and name not in before and name not in meta.STANDARD_FINALIZERS:
            yield (
                f'metadata.finalizers: "{name}": prefer a domain-qualified finalizer name including a path (/) to '
                "avoid accidental conflicts with other finalizer writers"
            )


def validate_with(custom: CustomVersion) -> Callable[[Object, Object | None], Iterator[Problem]]:
    """Every broken rule of the schema, of lists that are sets or maps, of scale; then the rules in CEL."""

    has_rules = custom.has_rules

    def validate(new: Object, old: Object | None) -> Iterator[Problem]:
        before = ABSENT if old is None else old
        schema = custom.schema
        found = [
            *problems(new, schema, before), *_scale(new, custom),
            *embedded_problems(new, schema),
        ]  # fmt: skip
        if twice := list(list_problems(new, schema)):
            # What had an item twice before may have any; of what had none, everything is told.
            found += [] if old is not None and any(list_problems(old, schema)) else twice
        yield from found
        if not has_rules:
            return
        if any(problem.reason in _BLOCKING for problem in found):
            yield invalid_value("<nil>", None, _NOT_CHECKED)
            return
        from fairway.objects.structural.broken_rules import broken

        yield from broken(new, old, custom.schema)

    return validate


def _scale(new: Object, custom: CustomVersion) -> Iterator[Problem]:
    """Whether a Scale can be read from it."""
    if not custom.scale:
        return
    for field in ("specReplicasPath", "statusReplicasPath"):
        path = custom.scale.get(field) or ""
        value, wrong = _read(new, path, int)
        if wrong:
            yield invalid_value(path, 0, wrong)
        elif value is not None and value < 0:
            yield invalid_value(path, value, "should be a non-negative integer")
        elif value is not None and value > INT32_MAX:
            yield invalid_value(path, value, f"should be less than or equal to {INT32_MAX}")
    if path := custom.scale.get("labelSelectorPath") or "":
        _, wrong = _read(new, path, str)
        if wrong:
            yield invalid_value(path, "", wrong)


def _read(found: Object, path: str, wanted: type) -> tuple[Any, str]:
    """What stands at a path, if it is of the type that is wanted, and else why not, in Go's words."""
    value: Any = found
    steps = path.split(".")[1:]
    for count, name in enumerate(steps, 1):
        if value is None:
            return None, ""
        if not isinstance(value, dict):
            return None, _unfit(steps[:count], value, "map[string]interface{}")
        value = value.get(name)
    if value is None or (isinstance(value, wanted) and not isinstance(value, bool)):
        return value, ""
    return None, _unfit(steps, value, _GO_TYPES[wanted])


_GO_TYPES = {
    int: "int64", str: "string", bool: "bool", float: "float64", list: "[]interface {}",
    dict: "map[string]interface {}",
}  # fmt: skip


def _unfit(steps: list[str], value: Any, wanted: str) -> str:
    return (
        f".{'.'.join(steps)} accessor error: {_shown(value)} is of the type {_GO_TYPES[type(value)]}, expected {wanted}"
    )


def _shown(value: Any) -> str:
    """A value as Go prints it."""
    match value:
        case None:
            return "<nil>"
        case bool():
            return str(value).lower()
        case float():
            return f"{value:.0f}" if value.is_integer() and abs(value) < 1e21 else repr(value)
        case list():
            return f"[{' '.join(map(_shown, value))}]"
        case dict():
            return f"map[{' '.join(f'{name}:{_shown(below)}' for name, below in sorted(value.items()))}]"
    return str(value)
