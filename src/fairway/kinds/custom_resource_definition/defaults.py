"""Defaults: what a schema may give for what is left out, above all in the metadata of objects inside of objects.

Pure.  A default that is part of an object's identity or metadata is judged as what that object then is: its fields are
those of every object's metadata, whatever the schema says, and the ones that nobody knows are not kept.
Source: Kubernetes docs, "Defaulting", "RawExtension"; texts are upstream's.
"""

from collections.abc import Iterator
from copy import deepcopy
from typing import Any, NamedTuple

import orjson

from fairway.objects import Object
from fairway.objects.errors import Problem, forbidden_value, invalid_value
from fairway.objects.strict.walk import Walk
from fairway.objects.structural import EMBEDDED, IDENTITY, RULES
from fairway.objects.structural.pruning import embedded, prune
from fairway.objects.structural.validation import check, object_problems

_EACH = None
"""The step from a list to its items."""


class _Place(NamedTuple):
    """A place of a schema: the object that it belongs to, and the way from there; whether it is of its metadata."""

    schema: Object
    path: str
    steps: tuple[str | None, ...] = ()
    is_meta: bool = False

    def below(self) -> Iterator["_Place"]:
        """The places one step down where defaults count."""
        is_object = bool(self.schema.get(EMBEDDED)) or not self.steps
        if isinstance(items := self.schema.get("items"), dict):
            yield self._at(items, f"{self.path}.items", _EACH)
        for name, inner in (self.schema.get("properties") or {}).items():
            if isinstance(inner, dict):
                here = f"{self.path}.properties[{name}]"
                yield self._at(inner, here, name, is_meta=self.is_meta or (is_object and name in IDENTITY))

    def _at(self, schema: Object, path: str, step: str | None, *, is_meta: bool | None = None) -> "_Place":
        steps = (step,) if self.schema.get(EMBEDDED) else (*self.steps, step)
        inside = self.is_meta if is_meta is None else is_meta
        return _Place(schema, path, steps, inside and not schema.get(EMBEDDED))

    def object_with(self, value: Any) -> Object:
        """The least object that has ``value`` here."""
        made: Any = deepcopy(value)
        for step in reversed(self.steps):
            made = [made] if step is _EACH else {step: made}
        return {"apiVersion": "validation/v1", "kind": "Validation", **made}

    def value_in(self, found: Any) -> Any:
        """What stands here in an object that ``object_with`` made; nothing if it was taken out."""
        for step in self.steps:
            found = found[0] if step is _EACH else found.get(step)
            if found is None:
                return None
        return found


def forbidden_defaults(schema: Object, path: str) -> Iterator[Problem]:
    """Defaults where none may be: in the identity and metadata of the object itself, in maps of inner metadata."""
    for name in IDENTITY:
        inner = (schema.get("properties") or {}).get(name)
        if isinstance(inner, dict):
            yield from _set_in(inner, f"{path}.properties[{name}]", f"in top-level {name}")
    for place in _inner(schema, path):
        values = place.schema.get("additionalProperties")
        if place.is_meta and isinstance(values, dict):
            reason = "inside additionalProperties applying to object metadata"
            yield from _set_in(values, f"{place.path}.additionalProperties", reason)


def _set_in(schema: Object, path: str, reason: str) -> Iterator[Problem]:
    if schema.get("default") is not None:
        yield forbidden_value(f"{path}.default", f"must not be set {reason}")
    for below in _Place(schema, path, ("",)).below():
        yield from _set_in(below.schema, below.path, reason)
    if isinstance(values := schema.get("additionalProperties"), dict):
        yield from _set_in(values, f"{path}.additionalProperties", reason)


def default_problems(schema: Object, path: str) -> Iterator[Problem]:
    """What is wrong with the values of the defaults of a structural schema."""
    for place in _inner(schema, path):
        given = place.schema.get("default")
        if given is None:
            continue
        here = f"{place.path}.default"
        found = list(_meta_problems(given, place, here) if place.is_meta else _object_problems(given, place, here))
        found = found or [*_typed(given, place.schema, here)]
        yield from found or _broken(given, place.schema, here)


def _inner(schema: Object, path: str) -> Iterator[_Place]:
    """Every place but the identity and the metadata of the object itself."""
    own = tuple(f"{path}.properties[{name}]" for name in IDENTITY)
    return (place for place in _every(_Place(schema, path)) if not place.path.startswith(own))


def _every(place: _Place) -> Iterator[_Place]:
    yield place
    for below in place.below():
        yield from _every(below)


def _meta_problems(given: Any, place: _Place, here: str) -> Iterator[Problem]:
    whole = place.object_with(given)
    walk = Walk()
    if whole.get("metadata") is not None:
        walk.metadata(whole["metadata"], ".metadata")
    if walk.type_error:
        told = invalid_value("metadata", whole["metadata"], walk.type_error).text
        yield invalid_value(here, given, f"must result in valid metadata: {told}")
    elif found := [problem.text for problem in object_problems(whole, "")]:
        told = found[0] if len(found) == 1 else f"[{', '.join(found)}]"
        yield invalid_value(here, given, f"must result in valid metadata: {told}")


def _object_problems(given: Any, place: _Place, here: str) -> Iterator[Problem]:
    pruned: Any = deepcopy(given)
    schema = place.schema if place.steps else {**place.schema, EMBEDDED: True}
    if isinstance(pruned, dict | list) and prune(pruned, schema, is_object=bool(schema.get(EMBEDDED))):
        yield invalid_value(here, given, "must not have unknown fields")
    inner = list(embedded(given, schema, here))
    for path, found in inner:
        walk = Walk()
        if found.get("metadata") is not None:
            walk.metadata(found["metadata"], ".metadata")
        if walk.type_error:
            yield invalid_value(f"{path}.metadata", found["metadata"], walk.type_error)
            return
    for path, found in inner:
        yield from object_problems(found, f"{path}.")


def _typed(given: Any, schema: Object, here: str) -> Iterator[Problem]:
    for problem in check(given, schema, ""):
        below = "" if problem.path == "<nil>" else f".{problem.path}"
        yield Problem(f"{here}{below}", problem.reason, problem.detail)


def _broken(given: Any, schema: Object, here: str) -> Iterator[Problem]:
    if not _has_rules(schema):
        return
    from fairway.objects.structural.broken_rules import broken

    yield from broken(given, None, schema, here)


def _has_rules(schema: Any) -> bool:
    if isinstance(schema, list):
        return any(map(_has_rules, schema))
    return isinstance(schema, dict) and (RULES in schema or any(map(_has_rules, schema.values())))


def kept_defaults(schema: Object) -> Object:
    """The schema with defaults of inner metadata as they are kept: without fields that no metadata has."""
    if EMBEDDED.encode() not in orjson.dumps(schema):
        return schema
    made: Object = deepcopy(schema)
    for place in _every(_Place(made, "")):
        if place.schema.get("default") is not None:
            kept = _kept(place)
            if kept is None:
                del place.schema["default"]
            else:
                place.schema["default"] = kept
    return made


def _kept(place: _Place) -> Any:
    """A default without what is not kept; nothing if nothing is."""
    given = place.schema["default"]
    if place.is_meta:
        whole = place.object_with(given)
        _clean(whole)
        return place.value_in(whole)
    for _, found in embedded(given, place.schema, "default"):
        _clean(found)
    return given


def _clean(found: Object) -> None:
    if found.get("metadata") is not None:
        found["metadata"] = Walk().metadata(found["metadata"], ".metadata")
