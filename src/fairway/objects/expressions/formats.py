"""Format functions: whether a text is of a named form, and in which words it is not.

What is optional is a list of one value or none here; ``rewriting`` makes optional values of it.
"""

from collections.abc import Callable, Iterator

import orjson

from fairway.objects import names
from fairway.objects.expressions.lists import Function
from fairway.objects.expressions.texts import is_url
from fairway.objects.structural.formats import has_format

_FORMAT = "format"


def _prefix(rule: Callable[[str], Iterator[str]]) -> Callable[[str], Iterator[str]]:
    return lambda text: rule(text.removesuffix("-"))


def _form(name: str, told: str) -> Callable[[str], Iterator[str]]:
    return lambda text: iter(() if has_format(text, name) else (told,))


def _uri(text: str) -> Iterator[str]:
    if not is_url(text):
        yield f"parse {orjson.dumps(text).decode()}: invalid URI for request"


_RULES: dict[str, Callable[[str], Iterator[str]]] = {
    "dns1123Label": names.dns_label, "dns1123LabelPrefix": _prefix(names.dns_label),
    "dns1123Subdomain": names.dns_subdomain, "dns1123SubdomainPrefix": _prefix(names.dns_subdomain),
    "dns1035Label": names.dns_1035_label, "dns1035LabelPrefix": _prefix(names.dns_1035_label),
    "qualifiedName": names.qualified_name, "labelValue": names.label_value,
    "uri": _uri, "uuid": _form("uuid", "does not match the UUID format"), "byte": _form("byte", "invalid base64"),
    "date": _form("date", "invalid date"), "datetime": _form("date-time", "invalid datetime"),
}  # fmt: skip


def _validate(found: dict[str, str], text: str) -> list[list[str]]:
    told = list(_RULES[found[_FORMAT]](text))
    return [told] if told else []


def _named(name: str) -> list[dict[str, str]]:
    return [{_FORMAT: name}] if name in _RULES else []


def _constant(name: str) -> Callable[[], dict[str, str]]:
    return lambda: {_FORMAT: name}


FUNCTIONS: tuple[Function, ...] = (
    *((f"format.{name}", False, (), "dyn", _constant(name)) for name in _RULES),
    ("@validate", False, ("dyn", "string"), "list", _validate),
    ("@named", False, ("string",), "list", _named),
)
