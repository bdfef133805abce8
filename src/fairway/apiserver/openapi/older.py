"""Older versions: definitions for group versions that share the fields of apps/v1.

Rules for those who change it: only in v1beta1 a selector may be left out (it is then that of the template's labels);
kubectl 1.24 and older refuses the manifest itself where ``required`` says otherwise.
"""

from fairway.apiserver.discovery import Entry, group_version
from fairway.apiserver.openapi.dialect import Dialect, of_kind
from fairway.apiserver.openapi.operations import older_name
from fairway.objects import Object, schema

_WITHOUT_SELECTOR = "v1beta1"


def definitions(entry: Entry, found: dict[str, Object], dialect: Dialect) -> dict[str, Object]:
    """The kind, its list and any spec under names of their own, made from those of apps/v1 in ``found``."""
    group, version, kind = entry.group, entry.version, entry.kind.name
    original = schema.definition_of(group_version(group, version), kind)
    assert original is not None
    own, spec, listed = (older_name(group, version, f"{kind}{suffix}") for suffix in ("", "Spec", "List"))
    items = {"type": "array", "items": dialect.field(own)}
    shown_list = _with_property(found[f"{original.name}List"], "items", items) | of_kind(group, version, f"{kind}List")
    made = {own: found[original.name] | of_kind(group, version, kind), listed: shown_list}
    shown_spec = found.get(f"{original.name}Spec")
    if shown_spec is not None:
        if version == _WITHOUT_SELECTOR:
            required = [name for name in shown_spec["required"] if name != "selector"]
            shown_spec = {key: value for key, value in shown_spec.items() if key != "required"}
            shown_spec |= {"required": required} if required else {}
        made |= {own: _with_property(made[own], "spec", dialect.field(spec)), spec: shown_spec}
    return made


def _with_property(shown: Object, name: str, value: Object) -> Object:
    return shown | {"properties": shown["properties"] | {name: value}}
