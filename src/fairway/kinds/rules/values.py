"""Value rules: problems at a path for values that break a form, a range, a list of choices or immutability.

Shape: every function yields ``Problem``; the forms of names themselves are in ``fairway.objects.names``.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from fairway.objects import Object, names
from fairway.objects.errors import Problem, invalid_value, not_supported, required

NON_NEGATIVE = "must be greater than or equal to 0"
POSITIVE = "must be greater than 0"
IMMUTABLE = "field is immutable"
PROTOCOLS = ("SCTP", "TCP", "UDP")
INT32_MAX = 2147483647
_is_header = re.compile("[-A-Za-z0-9]+").fullmatch


def each(path: str, value: Any, messages: Iterable[str]) -> Iterator[Problem]:
    """One problem per message."""
    return (invalid_value(path, value, message) for message in messages)


def one_of(path: str, value: Any, supported: Sequence[str]) -> Iterator[Problem]:
    """A value out of a list; an empty one is missing."""
    if not value:
        yield required(path)
    elif value not in supported:
        yield not_supported(path, value, supported)


def dns_label(path: str, value: str) -> Iterator[Problem]:
    """An RFC 1123 label."""
    return each(path, value, names.dns_label(value))


def dns_subdomain(path: str, value: str) -> Iterator[Problem]:
    """An RFC 1123 subdomain."""
    return each(path, value, names.dns_subdomain(value))


def qualified_name(path: str, value: str) -> Iterator[Problem]:
    """``name`` or ``dns.subdomain/name``."""
    return each(path, value, names.qualified_name(value))


def port_number(path: str, value: int) -> Iterator[Problem]:
    """A port from 1 to 65535."""
    if not 0 < value < 65536:
        yield from each(path, value, names.port_number(value))


def port_number_or_name(path: str, value: int | str) -> Iterator[Problem]:
    """A port number, or the name of a container port."""
    if isinstance(value, str):
        return each(path, value, names.port_name(value))
    return port_number(path, value)


def header_name(path: str, value: str) -> Iterator[Problem]:
    """The name of an HTTP header."""
    if not _is_header(value):
        yield invalid_value(
            path, value,
            "a valid HTTP header must consist of alphanumeric characters or '-'"
            " (e.g. 'X-Header-Name', regex used for validation is '[-A-Za-z0-9]+')",
        )  # fmt: skip


def non_negative(path: str, value: int | None) -> Iterator[Problem]:
    """A count that may be 0."""
    if value is not None and value < 0:
        yield invalid_value(path, value, NON_NEGATIVE)


def unchanged(path: str, new: Any, old: Any) -> Iterator[Problem]:
    """A field that may not change."""
    if new != old:
        yield invalid_value(path, new, IMMUTABLE)


def fill(found: Object, **values: Any) -> None:
    """Set what is missing or null; the values must be immutable."""
    for name, value in values.items():
        if found.get(name) is None:
            found[name] = value


def fill_empty(found: Object, **values: Any) -> None:
    """Set what is missing, null, or empty as upstream's plain (not optional) fields are: ``""`` or ``0``."""
    for name, value in values.items():
        if not found.get(name):
            found[name] = value


def child(found: Object, name: str) -> Object:
    """The object at ``name``, made if it is missing or null."""
    inner: Object | None = found.get(name)
    if inner is None:
        inner = found[name] = {}
    return inner


def drop_null(found: Object, *fields: str) -> None:
    """Remove fields that say no more than that they are absent."""
    for name in fields:
        if name in found and found[name] is None:
            del found[name]
