"""Formats: whether a text has the form that ``format`` names; formats that nobody knows are not checked.

Pure.  Source: Kubernetes docs, "Validation" (the formats of go-openapi); OpenAPI 3.0, "Data Types".
"""

import base64
import binascii
import ipaddress
import re
from collections.abc import Callable
from datetime import date, datetime
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from fairway.objects import names

_UNITS = r"ns|us|µs|μs|ms|s|m|h|d|w|hours?|minutes?|seconds?|days?|weeks?"
_GROUPED = re.compile(r"\)[*+{]")
_FOREIGN = re.compile(r"\(\?(?!:|P<)|\\[1-9CZG]|\[:|[*+?}]\+|\{\d{4,}|\{\d*,\d{4,}")
"""What only one of the two engines knows, or what they take differently."""
_MISTAKES = (
    (re.compile(r"missing \]: (.*)", re.S), "missing closing ]: `{1}`"),
    (re.compile(r"missing \): .*", re.S), "missing closing ): `{0}`"),
    (re.compile(r"unexpected \): .*", re.S), "unexpected ): `{0}`"),
    (re.compile(r"invalid perl operator: (.*)", re.S), "invalid or unsupported Perl syntax: `{1}`"),
    (re.compile(r"no argument for repetition operator: (.*)", re.S), "missing argument to repetition operator: `{1}`"),
    (re.compile(r"bad repetition operator: (.*)", re.S), "invalid nested repetition operator: `{1}`"),
    (re.compile(r"invalid repetition size: (.*)", re.S), "invalid repeat count: `{1}`"),
    (re.compile(r"invalid named capture group: (.*)", re.S), "invalid named capture: `{1}`"),
    (re.compile(r"trailing \\.*", re.S), "trailing backslash at end of expression: ``"),
    (re.compile(r"([a-z ]+): (.*)", re.S), "{told}: `{1}`"),
)
"""RE2's texts, and Go's for the same: ``{0}`` is the whole pattern, ``{1}`` the part that is wrong."""


def _reads(read: Callable[[str], Any]) -> Callable[[str], bool]:
    def check(text: str) -> bool:
        try:
            return bool(read(text)) or True
        except ValueError:
            return False

    return check


def _fits(pattern: str) -> Callable[[str], bool]:
    compiled = re.compile(pattern)
    return lambda text: compiled.fullmatch(text) is not None


def _is_moment(text: str) -> bool:
    if re.fullmatch(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:?\d\d)", text) is None:
        return False
    return _reads(datetime.fromisoformat)(re.sub(r"\.\d+", "", text).upper())


def _is_base64(text: str) -> bool:
    try:
        base64.b64decode(text, validate=True)
    except binascii.Error:
        return False
    return True


_UUID = "[0-9a-fA-F]{8}-?[0-9a-fA-F]{4}-?%s[0-9a-fA-F]{3}-?%s[0-9a-fA-F]{3}-?[0-9a-fA-F]{12}"
_LABEL = "[a-zA-Z0-9_]([-a-zA-Z0-9_]{0,61}[a-zA-Z0-9_])?"
_HOST = rf"(?=.{{1,255}}\Z){_LABEL}(\.{_LABEL})*\.?"
_CHECKS: dict[str, Callable[[str], bool]] = {
    "date-time": _is_moment,
    "datetime": _is_moment,
    "date": lambda text: re.fullmatch(r"\d{4}-\d\d-\d\d", text) is not None and _reads(date.fromisoformat)(text),
    "duration": _fits(rf"([-+]?\d+(\.\d*)?\s*({_UNITS})\s*)+|0"),
    "ipv4": _reads(ipaddress.IPv4Address),
    "ipv6": _reads(ipaddress.IPv6Address),
    "ip": _reads(ipaddress.ip_address),
    "cidr": lambda text: "/" in text and _reads(lambda one: ipaddress.ip_network(one, strict=False))(text),
    "mac": _fits(r"([0-9a-fA-F]{2}[:-]){5}[0-9a-fA-F]{2}|([0-9a-fA-F]{4}\.){2}[0-9a-fA-F]{4}"),
    "hostname": _fits(_HOST),
    "email": _fits(r"[^@\s<>,;:\"()\[\]\\]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*"),
    "uri": lambda text: _reads(urlsplit)(text) and (bool(urlsplit(text).scheme) or text.startswith("/")),
    "byte": _is_base64,
    "uuid": _fits(_UUID % ("[0-9a-fA-F]", "[0-9a-fA-F]")),
    "uuid3": _fits(_UUID % ("3", "[0-9a-fA-F]")),
    "uuid4": _fits(_UUID % ("4", "[89abAB]")),
    "uuid5": _fits(_UUID % ("5", "[89abAB]")),
    "hexcolor": _fits("#?([0-9a-fA-F]{3}|[0-9a-fA-F]{6})"),
    "rgbcolor": _fits(r"rgb\(\s*\d{1,3}\s*,\s*\d{1,3}\s*,\s*\d{1,3}\s*\)"),
    "bsonobjectid": _fits("[0-9a-fA-F]{24}"),
    "creditcard": _fits(r"[\d -]{13,23}"),
    "ssn": _fits(r"\d{3}[- ]?\d{2}[- ]?\d{4}"),
    "isbn": _fits(r"(\d[- ]?){9}[\dXx]|(\d[- ]?){13}"),
    "isbn10": _fits(r"(\d[- ]?){9}[\dXx]"),
    "isbn13": _fits(r"(\d[- ]?){13}"),
    "k8s-short-name": lambda text: not any(names.dns_label(text)),
    "k8s-long-name": lambda text: not any(names.dns_subdomain(text)),
}


def has_format(text: str, format_: str) -> bool:
    """Whether ``text`` is a ``format_``."""
    check = _CHECKS.get(format_)
    return check is None or check(text)


@lru_cache(1024)
def matcher(pattern: str) -> Callable[[str], bool]:
    """Whether a text matches a pattern (RE2, found anywhere).  Raises: ``ValueError`` for what is no pattern.

    Python's own engine is quick to load, but repeated groups can take it forever: those go to RE2.
    """
    if _GROUPED.search(pattern) is None and _FOREIGN.search(pattern) is None:
        try:
            compiled = re.compile(_end(pattern), re.ASCII)
        except re.error:
            pass
        else:
            return lambda text: compiled.search(text) is not None
    return _bounded(pattern)


def _bounded(pattern: str) -> Callable[[str], bool]:
    from fairway.objects.expressions import ExpressionError, anything, compiled

    try:
        program = compiled("text.matches(pattern)", anything("pattern", "text"))
        program.evaluate({"text": "", "pattern": pattern})
    except ExpressionError as error:
        raise ValueError(f"error parsing regexp: {_in_words_of_go(str(error), pattern)}") from error
    return lambda text: bool(program.evaluate({"text": text, "pattern": pattern}))


def _in_words_of_go(error: str, pattern: str) -> str:
    told = error.removeprefix("invalid regular expression: ")
    for known, text in _MISTAKES:
        if found := known.fullmatch(told):
            part = found[found.re.groups] if found.re.groups else ""
            return text.format(pattern, part, told=found[1] if found.re.groups > 1 else "")
    return told


def _end(pattern: str) -> str:
    """Python's ``$`` also stands before a last line feed, RE2's does not."""
    return re.sub(r"(?<!\\)((?:\\\\)*)\$(?=\)|\||$)", r"\1\\Z", pattern)
