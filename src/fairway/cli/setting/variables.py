"""Variables: what ``set env`` makes of its words, and how it shows what containers have."""

import re
import sys

from fairway.cli.failure import Failure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from fairway.cli.arguments import Target
    from fairway.cli.call import Call

    Object = dict[str, Any]

_SOURCES = {"ConfigMap": "configMapKeyRef", "Secret": "secretKeyRef"}


def parsed(pairs: "Sequence[str]") -> "tuple[list[Object], list[str]]":
    """Variables to set and names to remove.  Raises: ``Failure``."""
    from fairway.cli.generators.variable_names import faults

    new: dict[str, Object] = {}
    removed: list[str] = []
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals:
            removed.append(pair[:-1])
            continue
        if said := list(faults(name)):
            raise Failure(f'"{name}" is not a valid key name: {";".join(said)}')
        new[name] = {"name": name, "value": value}
    return list(new.values()), removed


def updated(before: "Sequence[Object]", new: "Sequence[Object]", removed: "Sequence[str]") -> "list[Object]":
    """The variables afterwards: known ones where they were, new ones behind."""
    by_name = {each["name"]: each for each in new}
    kept = [by_name.pop(each["name"], each) for each in before if each["name"] not in removed]
    return [*kept, *(each for each in by_name.values() if each["name"] not in removed)]


def from_source(call: "Call") -> "list[Object]":
    """The variables that ``--from`` makes of a ConfigMap's or Secret's keys.  Raises: ``Failure``."""
    source = getattr(call.flags, "from")
    if not source:
        return []
    type_, _, name = source.partition("/")
    resource = call.session.resources.find(type_)
    field = _SOURCES.get(resource.kind)
    if field is None:
        raise Failure("unsupported resource specified in --from")
    found = call.session.api.get(resource.path(call.session.namespace, name))
    made = []
    for key in sorted(found.get("data") or {}):
        if call.flags.keys and key not in call.flags.keys:
            continue
        variable = re.sub("[^a-zA-Z0-9_]", "_", key).upper()
        if variable != key:
            print(f"Warning: key {key} transferred to {variable}", file=sys.stderr)
        made.append({"name": call.flags.prefix + variable, "valueFrom": {field: {"name": name, "key": key}}})
    return made


def shown(call: "Call", found: "Object", target: "Target", containers: "Sequence[Object]") -> str:
    """What ``--list`` prints of one object."""
    lines = []
    for container in containers:
        lines.append(f"# {found['kind']} {target.name}, container {container['name']}")
        lines += [_line(call, each, found) for each in container.get("env") or ()]
    return "".join(f"{line}\n" for line in lines)


def _line(call: "Call", variable: "Object", found: "Object") -> str:
    name, reference = variable["name"], variable.get("valueFrom")
    if not reference:
        return f"{name}={variable.get('value', '')}"
    for kind, field in _SOURCES.items():
        if at := reference.get(field):
            if call.flags.resolve:
                return f"{name}={_resolved(call, kind, at, found)}"
            return f"# {name} from {kind.lower()} {at.get('name', '')}, key {at.get('key', '')}"
    if at := reference.get("fieldRef"):
        return f"# {name} from field path {at.get('fieldPath', '')}"
    at = reference.get("resourceFieldRef") or {}
    return f"# {name} from resource field path {at.get('resource', '')}"


def _resolved(call: "Call", kind: str, at: "Object", found: "Object") -> str:
    import base64

    resource = call.session.resources.of_kind("v1", kind)
    holder = call.session.api.get(resource.path(found["metadata"].get("namespace"), at["name"]))
    value: str = (holder.get("data") or {}).get(at["key"], "")
    return base64.b64decode(value).decode("utf-8", "replace") if kind == "Secret" else value
