"""Schemas: all that a definition may say of what its objects look like.

Pure.  Shape: ``schema_problems(schema, path, has_status)``.
Source: Kubernetes docs, "Specifying a structural schema", "Defaulting", "Status subresource"; texts are upstream's.
"""

from collections.abc import Iterator
from typing import Any

import orjson

from fairway.kinds.custom_resource_definition.defaults import default_problems, forbidden_defaults
from fairway.kinds.custom_resource_definition.keywords import Within, keyword_problems
from fairway.kinds.custom_resource_definition.structure import structure_problems, unreadable
from fairway.objects import Object
from fairway.objects.errors import Problem, forbidden_value, invalid_value
from fairway.objects.structural import RULES

_AT_ROOT = (
    "Description", "Type", "Format", "Title", "Maximum", "ExclusiveMaximum", "Minimum", "ExclusiveMinimum", "MaxLength",
    "MinLength", "Pattern", "MaxItems", "MinItems", "UniqueItems", "MultipleOf", "Required", "Items", "Properties",
    "ExternalDocs", "Example", "XPreserveUnknownFields", "XValidations",
)  # fmt: skip
"""What may stand at the root where the status is a subresource, by the names of Go's fields."""
_GO_NAMES = {"x-kubernetes-preserve-unknown-fields": "XPreserveUnknownFields", RULES: "XValidations"}


def schema_problems(schema: Object, path: str, *, has_status: bool) -> Iterator[Problem]:
    """Every broken rule of a version's schema."""
    problems = list(_root(schema, path, has_status=has_status))
    unread = unreadable(schema)
    unfit = [] if unread else structure_problems(schema, path)
    if not unread and not unfit:
        unfit = list(default_problems(schema, path))
    problems += unfit
    spent = None if unread or unfit else _counting(schema)
    wrong, unruly = keyword_problems(schema, path, Within(spent, is_root=True))
    problems += [*forbidden_defaults(schema, path), *wrong, *unruly]
    if unread and not problems:
        problems.append(invalid_value(path, "", unread))
    if spent is not None:
        problems += spent.problems(path)
    yield from problems


def _root(schema: Object, path: str, *, has_status: bool) -> Iterator[Problem]:
    given = {field: value for field, value in schema.items() if value not in (None, "", False, [], {})}
    if has_status and any(_GO_NAMES.get(field, field[:1].upper() + field[1:]) not in _AT_ROOT for field in given):
        detail = (
            f"only [{' '.join(_AT_ROOT)}] fields are allowed at the root of the schema if the status subresource is "
            "enabled"
        )
        yield invalid_value(path, schema, detail)
    elif has_status and (schema.get("type") or "object") != "object":
        detail = 'only "object" is allowed as the type at the root of the schema if the status subresource is enabled'
        yield invalid_value(f"{path}.type", schema["type"], detail)
    if schema.get("nullable"):
        yield forbidden_value(f"{path}.nullable", "nullable cannot be true at the root")


def _counting(schema: Object) -> Any:
    """Where costs are counted, if there is any rule: a schema without has the library of expressions stay out."""
    if f'"{RULES}"'.encode() not in orjson.dumps(schema):
        return None
    from fairway.objects.structural.rules import Spent

    return Spent()
