"""Format functions: whether a text is of a named form, and in which words it is not.

What a format says is an optional list of messages upstream; here an empty list is none.
"""

from collections.abc import Callable, Iterator

from fairway.objects import names
from fairway.objects.expressions.lists import Function
from fairway.objects.structural.formats import has_format

_FORMAT = "format"


def _prefix(rule: Callable[[str], Iterator[str]]) -> Callable[[str], Iterator[str]]:
    return lambda text: rule(text.removesuffix("-"))


def _form(name: str) -> Callable[[str], Iterator[str]]:
    return lambda text: iter(() if has_format(text, name) else (f"invalid {name}",))


_RULES: dict[str, Callable[[str], Iterator[str]]] = {
    "dns1123Label": names.dns_label, "dns1123LabelPrefix": _prefix(names.dns_label),
    "dns1123Subdomain": names.dns_subdomain, "dns1123SubdomainPrefix": _prefix(names.dns_subdomain),
    "dns1035Label": names.dns_1035_label, "dns1035LabelPrefix": _prefix(names.dns_1035_label),
    "qualifiedName": names.qualified_name, "labelValue": names.label_value,
    "uri": _form("uri"), "uuid": _form("uuid"), "byte": _form("byte"), "date": _form("date"),
    "datetime": _form("date-time"),
}  # fmt: skip


def _validate(found: dict[str, str], text: str) -> list[str]:
    return list(_RULES[found[_FORMAT]](text))


def _named(name: str) -> Callable[[], dict[str, str]]:
    return lambda: {_FORMAT: name}


FUNCTIONS: tuple[Function, ...] = (
    *((f"format.{name}", False, (), "dyn", _named(name)) for name in _RULES),
    ("validate", True, ("dyn", "string"), "list", _validate),
    ("hasValue", True, ("list",), "bool", bool),
    ("value", True, ("list",), "list", list),
)
