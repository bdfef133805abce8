"""Validation: what a definition may say of its names, versions, conversion and columns.

Source: Kubernetes docs, "Versions in CustomResourceDefinitions"; the texts are those that clients match on.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from fairway.kinds.admission_registration.webhooks import client_config
from fairway.kinds.custom_resource_definition.naming import APPROVAL, NEEDS_APPROVAL, is_established, is_protected
from fairway.kinds.custom_resource_definition.schemas import schema_problems
from fairway.kinds.rules.values import each, one_of, unchanged
from fairway.objects import Object, names
from fairway.objects.errors import Problem, duplicate, forbidden_value, invalid_value, required, too_many
from fairway.objects.structural.field_paths import selected

_NO_PATH = "must be a simple json path starting with ."
_COLUMN_TYPES = ("boolean", "date", "integer", "number", "string")
_COLUMN_FORMATS = ("byte", "date", "date-time", "double", "float", "int32", "int64", "password")
_REVIEW_VERSIONS = {"v1", "v1beta1"}
_SELECTABLE = (
    "must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed."
)
_SELECTABLE_MAX = 8
_PULL = "https://github.com/kubernetes/enhancements/pull/1111"


def validate(new: Object, old: Object | None) -> Iterator[Problem]:
    """Every broken rule; of a write of the status alone, those of its names."""
    spec = new["spec"]
    accepted = (new.get("status") or {}).get("acceptedNames") or {}
    if old is not None and spec == old["spec"] and new.get("status") != old.get("status"):
        yield from _names_told(accepted, "status.acceptedNames")
        return
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
    former = old["spec"] if old is not None else {}
    known = ((one.get("schema") or {}).get("openAPIV3Schema") for one in former.get("versions") or ())
    yield from _versions(spec.get("versions") or [], [schema for schema in known if schema])
    yield from _conversion(spec["conversion"], former.get("conversion"))
    yield from _names_told(accepted, "status.acceptedNames")
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
    wrong = list(names.dns_subdomain(group))
    if wrong:
        yield invalid_value("spec.group", group, ",".join(wrong))
    elif "." not in group:
        yield invalid_value("spec.group", group, "should be a domain with at least one dot")


def _label(path: str, value: str, *, is_mixed: bool = False, is_empty_told: bool = False) -> Iterator[Problem]:
    if not value and not is_empty_told:
        return
    shown = value.lower() if is_mixed else value
    beginning = "may have mixed case, but should otherwise match: " if is_mixed else ""
    if wrong := list(names.dns_1035_label(shown)):
        yield invalid_value(path, value, beginning + ",".join(wrong))


def _names(given: Object) -> Iterator[Problem]:
    for field in ("plural", "singular", "kind", "listKind"):
        if not given.get(field):
            yield required(f"spec.names.{field}")
    yield from _names_told(given, "spec.names")


def _names_told(given: Object, path: str) -> Iterator[Problem]:
    """Names that are there, of the definition or accepted."""
    for field in ("plural", "singular", "kind", "listKind"):
        yield from _label(f"{path}.{field}", given.get(field) or "", is_mixed=field in ("kind", "listKind"))
    for place, value in enumerate(given.get("shortNames") or ()):
        yield from _label(f"{path}.shortNames[{place}]", value, is_empty_told=True)
    if given.get("kind") and given.get("kind") == given.get("listKind"):
        yield invalid_value(f"{path}.listKind", given["listKind"], "kind and listKind may not be the same")
    for place, value in enumerate(given.get("categories") or ()):
        yield from _label(f"{path}.categories[{place}]", value, is_empty_told=True)


def _all_same(versions: Sequence[Object], field: str) -> bool:
    return all(one.get(field) == versions[0].get(field) for one in versions)


def _path(versions: Sequence[Object], place: int, field: str, common: str) -> str:
    """What all versions say alike is checked once, and told at a place of its own, as upstream has it."""
    return f"spec.{common}" if _all_same(versions, field) else f"spec.versions[{place}].{field}"


def _versions(versions: Sequence[Object], unchanged_schemas: Sequence[Object]) -> Iterator[Problem]:
    names_ = [one.get("name") or "" for one in versions]
    for place, one in enumerate(versions):
        yield from _label(f"spec.versions[{place}].name", names_[place], is_empty_told=True)
        path = f"spec.versions[{place}].deprecationWarning"
        yield from _deprecation(path, one.get("deprecationWarning"), is_deprecated=bool(one.get("deprecated")))
    if len(set(names_)) < len(names_):
        yield invalid_value("spec.versions", versions, "must contain unique version names")
    if sum(bool(one.get("storage")) for one in versions) != 1:
        yield invalid_value("spec.versions", versions, "must have exactly one version marked as storage version")
    if names_:
        yield from _label("spec.version", names_[0])
    for place, one in enumerate(versions):
        if not (one.get("schema") or {}).get("openAPIV3Schema"):
            yield required(f"spec.versions[{place}].schema.openAPIV3Schema", "schemas are required")
    yield from _schemas(versions, unchanged_schemas)
    yield from _of_each(versions, "subresources", "subresources", _subresources)
    yield from _of_each(versions, "additionalPrinterColumns", "additionalPrinterColumns", _columns)
    for place, one in enumerate(versions):
        if one.get("selectableFields"):
            path = _path(versions, place, "selectableFields", "selectableFields")
            yield from _selectable(one["selectableFields"], (one.get("schema") or {}).get("openAPIV3Schema"), path)
        if _all_same(versions, "selectableFields") and _all_same(versions, "schema"):
            return


def _deprecation(path: str, warning: str | None, *, is_deprecated: bool) -> Iterator[Problem]:
    """Source: RFC 7234, "Warning": the text is one line of a header."""
    if warning is None:
        return
    if not is_deprecated:
        yield invalid_value(path, warning, "can only be set for deprecated versions")
        return
    if len(warning.encode()) > 256:
        yield invalid_value(path, warning, "must be <= 256 characters long")
    if not warning:
        yield invalid_value(path, warning, "must not be an empty string")
    for place, letter in enumerate(warning):
        if not (letter.isprintable() or letter == " "):
            where = f"non-printable character found at index {len(warning[:place].encode())}"
            yield invalid_value(path, warning, f"must only contain printable UTF-8 characters; {where}")
            return


def _schemas(versions: Sequence[Object], unchanged_schemas: Sequence[Object]) -> Iterator[Problem]:
    """Schemas that are new; those that are as they were have been looked at."""
    is_common = _all_same(versions, "schema")
    for place, one in enumerate(versions):
        schema = (one.get("schema") or {}).get("openAPIV3Schema")
        if schema and not any(schema == known for known in unchanged_schemas):
            concerned = versions if is_common else [one]
            has_status = any((each_.get("subresources") or {}).get("status") is not None for each_ in concerned)
            path = f"{_path(versions, place, 'schema', 'validation')}.openAPIV3Schema"
            yield from schema_problems(schema, path, has_status=has_status)
        if is_common:
            return


def _of_each(
    versions: Sequence[Object], field: str, common: str, check: Callable[[Any, str], Iterator[Problem]]
) -> Iterator[Problem]:
    for place, one in enumerate(versions):
        if one.get(field):
            yield from check(one[field], _path(versions, place, field, common))
        if _all_same(versions, field):
            return


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
        elif not value.startswith(beginning):
            detail = f"should be a json path under {beginning[:-1]}"
            yield invalid_value(f"{path}.scale.{field}", value, detail)
    selector = scale.get("labelSelectorPath")
    if selector and selector[0] != ".":
        yield invalid_value(f"{path}.scale.labelSelectorPath", selector, _NO_PATH)
    elif selector and not selector.startswith((".spec.", ".status.")):
        yield invalid_value(
            f"{path}.scale.labelSelectorPath", selector, "should be a json path under either .spec or .status"
        )


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


def _selectable(given: Sequence[Object], schema: Object | None, path: str) -> Iterator[Problem]:
    if not schema:
        detail = "selectableFields may only be set when version.schema.openAPIV3Schema is not included"
        yield invalid_value(path, "", detail)
        return
    seen: set[str] = set()
    for place, one in enumerate(given):
        value, here = one.get("jsonPath") or "", f"{path}[{place}].jsonPath"
        if not value:
            yield required(here)
            continue
        found = selected(value, schema)
        if isinstance(found, str):
            yield invalid_value(here, value, f"is an invalid path: {found}")
            continue
        if value.startswith(".metadata"):
            yield invalid_value(here, value, "must not point to fields in metadata")
        if found.get("type") not in ("string", "boolean", "integer"):
            yield invalid_value(here, value, _SELECTABLE)
        if value in seen:
            yield duplicate(here, value)
        seen.add(value)
    if len(seen) > _SELECTABLE_MAX:
        yield too_many(path, len(seen), _SELECTABLE_MAX)


def _conversion(given: Object, old: Object | None) -> Iterator[Problem]:
    path, webhook = "spec.conversion", given.get("webhook") or {}
    config, versions = webhook.get("clientConfig"), webhook.get("conversionReviewVersions") or []
    yield from one_of(f"{path}.strategy", given.get("strategy"), ("None", "Webhook"))
    if given.get("strategy") != "Webhook":
        for field, value in (("webhookClientConfig", config), ("conversionReviewVersions", versions)):
            if value or (value is not None and field == "webhookClientConfig"):
                yield forbidden_value(f"{path}.{field}", "should not be set when strategy is not set to Webhook")
        return
    if config is None:
        yield required(f"{path}.webhookClientConfig", "required when strategy is set to Webhook")
    else:
        yield from client_config(f"{path}.webhookClientConfig", config)
    yield from _review_versions(f"{path}.conversionReviewVersions", versions, old)


def _review_versions(path: str, versions: Sequence[str], old: Object | None) -> Iterator[Problem]:
    if not versions:
        yield required(path)
        return
    for place, version in enumerate(versions):
        if version in versions[:place]:
            yield invalid_value(f"{path}[{place}]", version, "duplicate version")
            continue
        yield from each(f"{path}[{place}]", version, names.dns_1035_label(version))
    former = (((old or {}).get("webhook")) or {}).get("conversionReviewVersions") or []
    was_known = not former or bool(_REVIEW_VERSIONS & set(former))
    if was_known and not _REVIEW_VERSIONS & set(versions):
        yield invalid_value(path, versions, "must include at least one of v1, v1beta1")


def _stored(new: Object) -> Iterator[Problem]:
    stored = (new.get("status") or {}).get("storedVersions") or []
    known = {one.get("name"): one for one in new["spec"].get("versions") or ()}
    if not stored:
        yield invalid_value("status.storedVersions", stored, "must have at least one stored version")
    for place, name in enumerate(stored):
        if name not in known:
            detail = (
                f"missing from spec.versions; {name} was previously a storage version, and must remain in "
                f"spec.versions until a storage migration ensures no data remains persisted in {name} and removes "
                f"{name} from status.storedVersions"
            )
            yield invalid_value(f"status.storedVersions[{place}]", name, detail)
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
