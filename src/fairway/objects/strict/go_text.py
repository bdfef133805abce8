"""Go's texts: how upstream, being written in Go, names types and shows values and times in its errors.

Sources: Go's packages encoding/json, fmt and time; Kubernetes' Go types, whose names show in messages.
"""

import re
from typing import Any

import orjson

from fairway.objects import schema
from fairway.objects.schema import Definition, Type

_SCALARS = {
    schema.STRING: "string", schema.BOOLEAN: "bool", schema.INT32: "int32", schema.INT64: "int64",
    schema.NUMBER: "float64", schema.BYTES: "[]uint8", schema.TIME: "string", schema.ANYTHING: "interface {}",
    schema.OBJECT: "map[string]interface {}", schema.INT_OR_STRING: "int32", schema.QUANTITY: "string",
}  # fmt: skip
_PACKAGES = {"Quantity": "resource", "IntOrString": "intstr", "RawExtension": "runtime"}
# Fields whose Go type is a string with a name of its own, as (struct, field).
_NAMED_STRINGS = {
    ("ObjectMeta", "uid"): "types.UID", ("OwnerReference", "uid"): "types.UID", ("ObjectReference", "uid"): "types.UID",
    ("ServicePort", "protocol"): "v1.Protocol", ("ContainerPort", "protocol"): "v1.Protocol",
    ("EndpointPort", "protocol"): "v1.Protocol", ("ServiceSpec", "type"): "v1.ServiceType",
    ("ServiceSpec", "sessionAffinity"): "v1.ServiceAffinity", ("ServiceSpec", "ipFamilyPolicy"): "v1.IPFamilyPolicy",
    ("ServiceSpec", "externalTrafficPolicy"): "v1.ServiceExternalTrafficPolicy",
    ("ServiceSpec", "internalTrafficPolicy"): "v1.ServiceInternalTrafficPolicy",
    ("ServiceSpec", "ipFamilies"): "v1.IPFamily", ("EndpointSlice", "addressType"): "v1.AddressType",
    ("PodSpec", "restartPolicy"): "v1.RestartPolicy", ("PodSpec", "dnsPolicy"): "v1.DNSPolicy",
    ("Container", "imagePullPolicy"): "v1.PullPolicy", ("PodStatus", "phase"): "v1.PodPhase",
    ("DeploymentStrategy", "type"): "v1.DeploymentStrategyType", ("Secret", "type"): "v1.SecretType",
    ("Taint", "effect"): "v1.TaintEffect", ("Toleration", "effect"): "v1.TaintEffect",
    ("Toleration", "operator"): "v1.TolerationOperator", ("HTTPGetAction", "scheme"): "v1.URIScheme",
    ("LabelSelectorRequirement", "operator"): "v1.LabelSelectorOperator",
}  # fmt: skip
_LAYOUT = (
    ("2006", r"[0-9]{4}"), ("-", "-"), ("01", r"[0-9]{2}"), ("-", "-"), ("02", r"[0-9]{2}"), ("T", "T"),
    ("15", r"[0-9]{2}"), (":", ":"), ("04", r"[0-9]{2}"), (":", ":"), ("05", r"[0-9]{2}(?:[.,][0-9]+)?"),
    ("Z07:00", r"Z|[+-][0-9]{2}:[0-9]{2}"),
)  # fmt: skip
_LAYOUT_TEXT = "2006-01-02T15:04:05Z07:00"
_MICRO_LAYOUT_TEXT = "2006-01-02T15:04:05.000000Z07:00"


def defined_name(found: Definition) -> str:
    """``v1.ServiceSpec``, with the package as Go programs import it."""
    package, _, name = found.name.rpartition(".")
    return f"{_PACKAGES.get(name) or package.rpartition('.')[2]}.{name}"


def type_name(type_: Type, struct: str = "", field: str = "") -> str:
    """A type as Go's decoder names it; ``struct`` and ``field`` say where it stands."""
    if type_.form == schema.LIST and type_.item:
        return f"[]{type_name(type_.item, struct, field)}"
    if type_.form == schema.MAP and type_.item:
        return f"map[string]{type_name(type_.item)}"
    if type_.form == schema.DEFINED:
        found = schema.definition(type_.place)
        return type_name(found.type) if found.type else defined_name(found)
    if type_.form == schema.STRING:
        return _NAMED_STRINGS.get((struct, field), "string")
    return _SCALARS[type_.form]


def value_name(value: Any) -> str:
    """What a JSON value is called: ``string``, ``number``, ``bool``, ``array``, ``object``."""
    if isinstance(value, str):
        return "string"
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int | float):
        return "number"
    return "array" if type(value) is list else "object"


_READ_BY_THEMSELVES = frozenset({schema.TIME, schema.QUANTITY, schema.INT_OR_STRING})
"""Forms whose Go types read their own JSON."""


def restore_error(value: Any, wanted: str, scalar: str) -> str:
    """Why what a strategic merge made is not of the type ``wanted``; ``scalar`` is its form if it is one.

    Source: the converter from maps to structs in Kubernetes' apimachinery.
    """
    kind = _go_kind(value)
    if not scalar:
        if wanted.startswith("[]"):
            return f"cannot restore slice from {kind}"
        return f"cannot restore map from {kind}" if wanted.startswith("map[") else f"cannot restore struct from: {kind}"
    if scalar in _READ_BY_THEMSELVES:
        return f"json: cannot unmarshal {value_name(value)} into Go value of type {wanted}"
    if scalar == schema.BYTES:
        return f"cannot restore slice from {kind}"
    is_number = scalar in (schema.INT32, schema.INT64, schema.NUMBER) and kind in ("int64", "float64")
    if is_number or (scalar == schema.STRING and kind == "int64"):
        return f"cannot convert {kind} to {wanted}"
    return f"unrecognized type: {_SCALARS[scalar]}"


def _go_kind(value: Any) -> str:
    """What Go's reflection calls a JSON value."""
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int):
        return "int64"
    if isinstance(value, float):
        return "float64"
    if isinstance(value, str):
        return "string"
    return "slice" if type(value) is list else "map"


def go_text(value: Any, *, as_json: bool) -> str:
    """A value as compact JSON, or as Go's ``%+v`` shows maps: ``map[spec:map[replicas:3]]``, keys sorted."""
    if as_json:
        return orjson.dumps(value).decode()
    if isinstance(value, dict):
        inner = " ".join(f"{name}:{go_text(value[name], as_json=False)}" for name in sorted(value))
        return f"map[{inner}]"
    if isinstance(value, list):
        return f"[{' '.join(go_text(item, as_json=False) for item in value)}]"
    if value is None:
        return "<nil>"
    return str(value).lower() if isinstance(value, bool) else str(value)


def time_error(text: str, *, has_micros: bool = False) -> str:
    """Why ``text`` is no time stamp of RFC 3339, in the words of Go's ``time.Parse``; empty if its form is right."""
    layout = _MICRO_LAYOUT_TEXT if has_micros else _LAYOUT_TEXT
    rest = text
    for part, pattern in _LAYOUT:
        found = re.match(pattern, rest, re.ASCII)
        if found is None:
            return f'parsing time "{text}" as "{layout}": cannot parse "{rest}" as "{part}"'
        rest = rest[found.end() :]
    return f'parsing time "{text}": extra text: "{rest}"' if rest else ""
