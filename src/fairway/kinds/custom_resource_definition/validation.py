"""Validation: what a definition may say of its names, versions, conversion and columns.

Source: Kubernetes docs, "Versions in CustomResourceDefinitions"; the texts are those that clients match on.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from fairway.kinds.custom_resource_definition.naming import APPROVAL, NEEDS_APPROVAL, is_established, is_protected
from fairway.kinds.custom_resource_definition.structure import schema_problems
from fairway.kinds.rules.values import each, one_of, unchanged
from fairway.objects import Object, names
from fairway.objects.errors import Problem, invalid_value, required
from fairway.objects.json_path import is_simple

_NO_PATH = "must be a simple json path starting with ."
_COLUMN_TYPES = ("boolean", "date", "integer", "number", "string")
_COLUMN_FORMATS = ("byte", "date", "date-time", "double", "float", "int32", "int64", "password")
_PULL = "https://github.com/kubernetes/enhancements/pull/1111"


def validate(new: Object, old: Object | None) -> Iterator[Problem]:
    """Every broken rule."""
    spec = new["spec"]
    if old is None:
        yield from _name(new)
    yield from _group(spec.get("group") or "")
    yield from one_of("spec.scope", spec.get("scope"), ("Cluster", "Namespaced"))
    yield from _names(spec["names"])
    if spec.get("preserveUnknownFields"):
        detail = (
            "cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead"
        )
        yield invalid_value("spec.preserveUnknownFields", True, detail)
    yield from _versions(spec.get("versions") or [])
    yield from _conversion(spec["conversion"])
    yield from _stored(new)
    yield from _approval(new, old)
    if old is not None:
        yield from _kept(new, old)


def _name(new: Object) -> Iterator[Problem]:
    spec, name = new["spec"], new["metadata"].get("name") or ""
    wanted = f"{spec['names'].get('plural') or ''}.{spec.get('group') or ''}"
    if name and name != wanted:
        yield invalid_value("metadata.name", name, 'must be spec.names.plural+"."+spec.group')


def _group(group: str) -> Iterator[Problem]:
    if not group:
        yield required("spec.group")
        return
    yield from each("spec.group", group, names.dns_subdomain(group))
    if "." not in group:
        yield invalid_value("spec.group", group, "should be a domain with at least one dot")


def _label(path: str, value: str, *, is_mixed: bool = False) -> Iterator[Problem]:
    shown = value.lower() if is_mixed else value
    beginning = "may have mixed case, but should otherwise match: " if is_mixed else ""
    yield from each(path, value, (beginning + message for message in names.dns_1035_label(shown)))


def _names(given: Object) -> Iterator[Problem]:
    path = "spec.names"
    for field in ("plural", "singular", "kind", "listKind"):
        value = given.get(field) or ""
        if value:
            yield from _label(f"{path}.{field}", value, is_mixed=field in ("kind", "listKind"))
        else:
            yield required(f"{path}.{field}")
    for field in ("shortNames", "categories"):
        for place, value in enumerate(given.get(field) or ()):
            yield from _label(f"{path}.{field}[{place}]", value)
    if given.get("kind") and given.get("kind") == given.get("listKind"):
        yield invalid_value(f"{path}.listKind", given["listKind"], "kind and listKind may not be the same")


def _all_same(versions: Sequence[Object], field: str) -> bool:
    return all(one.get(field) == versions[0].get(field) for one in versions)


def _path(versions: Sequence[Object], place: int, field: str, common: str) -> str:
    """What all versions say alike is checked once, and told at a place of its own, as upstream has it."""
    return f"spec.{common}" if _all_same(versions, field) else f"spec.versions[{place}].{field}"


def _versions(versions: Sequence[Object]) -> Iterator[Problem]:
    storages = sum(bool(one.get("storage")) for one in versions)
    seen: set[str] = set()
    is_unique = True
    for place, one in enumerate(versions):
        name = one.get("name") or ""
        is_unique = is_unique and name not in seen
        seen.add(name)
        yield from each(f"spec.versions[{place}].name", name, names.dns_1035_label(name))
        if one.get("deprecationWarning") is not None and not one.get("deprecated"):
            detail = "can only be set for deprecated versions"
            yield invalid_value(f"spec.versions[{place}].deprecationWarning", one["deprecationWarning"], detail)
    if storages != 1:
        yield invalid_value("spec.versions", versions, "must have exactly one version marked as storage version")
    if not is_unique:
        yield invalid_value("spec.versions", versions, "must contain unique version names")
    for place, one in enumerate(versions):
        if not (one.get("schema") or {}).get("openAPIV3Schema"):
            yield required(f"spec.versions[{place}].schema.openAPIV3Schema", "schemas are required")
    yield from _of_each(versions, "schema", "validation", _schema)
    yield from _of_each(versions, "subresources", "subresources", _subresources)
    yield from _of_each(versions, "additionalPrinterColumns", "additionalPrinterColumns", _columns)
    yield from _of_each(versions, "selectableFields", "selectableFields", _selectable)


def _of_each(
    versions: Sequence[Object], field: str, common: str, check: Callable[[Any, str], Iterator[Problem]]
) -> Iterator[Problem]:
    for place, one in enumerate(versions):
        if one.get(field):
            yield from check(one[field], _path(versions, place, field, common))
        if _all_same(versions, field):
            return


def _schema(given: Object, path: str) -> Iterator[Problem]:
    if schema := given.get("openAPIV3Schema"):
        yield from schema_problems(schema, f"{path}.openAPIV3Schema")


def _json_path(path: str, value: str) -> Iterator[Problem]:
    if not value:
        yield required(path)
    elif not is_simple(value):
        yield invalid_value(path, value, "is an invalid path: only simple JSON paths are allowed here")


def _subresources(given: Object, path: str) -> Iterator[Problem]:
    scale = given.get("scale")
    if scale is None:
        return
    for field, beginning in (("specReplicasPath", ".spec."), ("statusReplicasPath", ".status.")):
        value = scale.get(field) or ""
        if not value:
            yield required(f"{path}.scale.{field}")
        elif value[0] != ".":
            yield invalid_value(f"{path}.scale.{field}", value, _NO_PATH)
        elif not value.startswith(beginning) or not _is_field_path(value):
            detail = f"should be a json path under {beginning[:-1]}"
            yield invalid_value(f"{path}.scale.{field}", value, detail)
    selector = scale.get("labelSelectorPath")
    if selector and selector[0] != ".":
        yield invalid_value(f"{path}.scale.labelSelectorPath", selector, _NO_PATH)
    elif selector and not (selector.startswith((".spec.", ".status.")) and _is_field_path(selector)):
        yield invalid_value(
            f"{path}.scale.labelSelectorPath", selector, "should be a json path under either .status or .spec"
        )


def _is_field_path(value: str) -> bool:
    return re.fullmatch(r"(\.[A-Za-z_][A-Za-z0-9_-]*)+", value) is not None


def _columns(given: Sequence[Object], path: str) -> Iterator[Problem]:
    for place, column in enumerate(given):
        here = f"{path}[{place}]"
        if not column.get("name"):
            yield required(f"{here}.name")
        type_, format_, place_of_value = (column.get(field) or "" for field in ("type", "format", "jsonPath"))
        if not type_:
            yield required(f"{here}.type", f"must be one of {','.join(_COLUMN_TYPES)}")
        elif type_ not in _COLUMN_TYPES:
            yield invalid_value(f"{here}.type", type_, f"must be one of {','.join(_COLUMN_TYPES)}")
        if format_ and format_ not in _COLUMN_FORMATS:
            yield invalid_value(f"{here}.format", format_, f"must be one of {','.join(_COLUMN_FORMATS)}")
        if not place_of_value:
            yield required(f"{here}.JSONPath")
        elif place_of_value[0] != ".":
            yield invalid_value(f"{here}.JSONPath", place_of_value, _NO_PATH)


def _selectable(given: Sequence[Object], path: str) -> Iterator[Problem]:
    if len(given) > 8:
        yield Problem(path, "FieldValueTooMany", f"Too many: {len(given)}: must have at most 8 items")
    seen: set[str] = set()
    for place, one in enumerate(given):
        value = one.get("jsonPath") or ""
        yield from _json_path(f"{path}[{place}].jsonPath", value)
        if value.startswith(".metadata"):
            yield invalid_value(f"{path}[{place}].jsonPath", value, "must not point to fields in metadata")
        if value in seen:
            yield Problem(f"{path}[{place}].jsonPath", "FieldValueDuplicate", f'Duplicate value: "{value}"')
        seen.add(value)


def _conversion(given: Object) -> Iterator[Problem]:
    path = "spec.conversion"
    yield from one_of(f"{path}.strategy", given.get("strategy"), ("None", "Webhook"))
    webhook = given.get("webhook")
    if given.get("strategy") != "Webhook":
        if webhook:
            yield Problem(
                f"{path}.webhook",
                "FieldValueForbidden",
                "Forbidden: should not be set when strategy is not set to Webhook",
            )
        return
    config = (webhook or {}).get("clientConfig")
    if not config:
        yield required(f"{path}.webhookClientConfig", "required when strategy is set to Webhook")
    elif bool(config.get("url")) == bool(config.get("service")):
        yield required(f"{path}.webhookClientConfig", "exactly one of url or service is required")
    elif config.get("url") and not config["url"].startswith("https://"):
        yield invalid_value(
            f"{path}.webhookClientConfig.url", config["url"].partition("://")[0],
            "'https' is the only allowed URL scheme; desired format: https://host[/path]",
        )  # fmt: skip
    versions = (webhook or {}).get("conversionReviewVersions") or []
    if not versions:
        yield required(f"{path}.conversionReviewVersions")
    elif not {"v1", "v1beta1"} & set(versions):
        yield invalid_value(f"{path}.conversionReviewVersions", versions, "must include at least one of v1, v1beta1")


def _stored(new: Object) -> Iterator[Problem]:
    stored = (new.get("status") or {}).get("storedVersions") or []
    known = {one.get("name"): one for one in new["spec"].get("versions") or ()}
    if not stored:
        yield invalid_value("status.storedVersions", stored, "must have at least one stored version")
    for place, name in enumerate(stored):
        if name not in known:
            yield invalid_value(f"status.storedVersions[{place}]", name, "must appear in spec.versions")
    storage = next((name for name, one in known.items() if one.get("storage")), None)
    if stored and storage and storage not in stored:
        yield invalid_value("status.storedVersions", stored, f"must have the storage version {storage}")


def _approval(new: Object, old: Object | None) -> Iterator[Problem]:
    if not is_protected(new["spec"].get("group") or ""):
        return
    found = (new["metadata"].get("annotations") or {}).get(APPROVAL)
    if old is not None and found == (old["metadata"].get("annotations") or {}).get(APPROVAL):
        return
    path = f"metadata.annotations[{APPROVAL}]"
    if not found:
        yield required(path, f'protected groups must have approval annotation "{APPROVAL}", see {_PULL}')
    elif not found.startswith(("unapproved", "https://", "http://")):
        yield invalid_value(path, found, f"{NEEDS_APPROVAL}, see {_PULL}")


def _kept(new: Object, old: Object) -> Iterator[Problem]:
    spec, was = new["spec"], old["spec"]
    if is_established(old):
        yield from unchanged("spec.scope", spec.get("scope") or "", was.get("scope"))
        yield from unchanged("spec.names.kind", spec["names"].get("kind") or "", was["names"].get("kind"))
    yield from unchanged("spec.group", spec.get("group") or "", was.get("group"))
    yield from unchanged("spec.names.plural", spec["names"].get("plural") or "", was["names"].get("plural"))
