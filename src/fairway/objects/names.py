"""Names: the rules for what things may be called, as functions from a value to the messages that it earns.

Shape: each function takes text and yields one message per broken rule; no message means that the text is fine.
Lengths count bytes, as upstream's do.  Sources: RFC 1123 §2.1, RFC 1035 §2.3.1, RFC 6335 §5.1;
Kubernetes docs, "Object Names and IDs", "Labels and Selectors".
"""

import ipaddress
import re
from collections.abc import Callable, Iterator
from functools import lru_cache

LABEL_MAX = 63
SUBDOMAIN_MAX = 253
_QUALIFIED_MAX = SUBDOMAIN_MAX + len("/") + LABEL_MAX
PORT_NAME_MAX = 15
GENERATED_SUFFIX_LENGTH = 5
SUFFIX_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"
"""What generated names end in: no vowels and none of the digits that look like letters."""

_LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN = rf"{_LABEL}(\.{_LABEL})*"
_SEARCHED = "_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?"
_WILDCARD = rf"\*\.{_SUBDOMAIN}"
_LABEL_1035 = "[a-z]([-a-z0-9]*[a-z0-9])?"
_LABEL_KEY = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
_LABEL_VALUE = f"({_LABEL_KEY})?"
_CONFIG_KEY = "[-._a-zA-Z0-9]+"
_IDENTIFIER = "[A-Za-z_][A-Za-z0-9_]*"

_LABEL_RULE = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', "
    "and must start and end with an alphanumeric character"
)
_SUBDOMAIN_RULE = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', "
    "and must start and end with an alphanumeric character"
)
_SEARCHED_RULE = _SUBDOMAIN_RULE.replace("'-' or '.'", "'-', '_' or '.'")
_WILDCARD_RULE = (
    "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, "
    "which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character"
)
_LABEL_1035_RULE = (
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', "
    "start with an alphabetic character, and end with an alphanumeric character"
)
_LABEL_KEY_RULE = (
    "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character"
)
_LABEL_VALUE_RULE = (
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', "
    "and must start and end with an alphanumeric character"
)
_IDENTIFIER_RULE = (
    "a valid C identifier must start with alphabetic character or '_', followed by a string of alphanumeric characters"
    " or '_'"
)
_CONFIG_KEY_RULE = "a valid config key must consist of alphanumeric characters, '-', '_' or '.'"


def _matcher(pattern: str) -> Callable[[str], re.Match[str] | None]:
    return re.compile(pattern, re.ASCII).fullmatch


_is_label = _matcher(_LABEL)
_is_subdomain = _matcher(_SUBDOMAIN)
_is_searched = _matcher(rf"{_SEARCHED}(\.{_SEARCHED})*")
_is_wildcard = _matcher(_WILDCARD)
_is_label_1035 = _matcher(_LABEL_1035)
_is_label_key = _matcher(_LABEL_KEY)
_is_identifier = _matcher(_IDENTIFIER)
_is_label_value = _matcher(_LABEL_VALUE)
_is_config_key = _matcher(_CONFIG_KEY)


def _length(value: str) -> int:
    return len(value) if value.isascii() else len(value.encode(errors="surrogatepass"))


def _too_long(limit: int) -> str:
    return f"must be no more than {limit} characters"


def _breaks(rule: str, pattern: str, *examples: str) -> str:
    """A rule with examples and its pattern, spelt as upstream spells it, with the odd blanks between examples."""
    shown = " or ".join(f"'{example}', " for example in examples)
    return f"{rule} (e.g. {shown}regex used for validation is '{pattern}')"


def dns_label(value: str) -> Iterator[str]:
    """One label of a DNS name (RFC 1123): namespaces, Services, port names of Services."""
    if _length(value) > LABEL_MAX:
        yield _too_long(LABEL_MAX)
    if not _is_label(value):
        if _is_subdomain(value):
            yield "must not contain dots"
        else:
            yield _breaks(_LABEL_RULE, _LABEL, "my-name", "123-abc")


def dns_subdomain(value: str) -> Iterator[str]:
    """A DNS name (RFC 1123): the names of most objects."""
    if _length(value) > SUBDOMAIN_MAX:
        yield _too_long(SUBDOMAIN_MAX)
    if not _is_subdomain(value):
        yield _breaks(_SUBDOMAIN_RULE, _SUBDOMAIN, "example.com")


def search_domain(value: str) -> Iterator[str]:
    """A domain to search names in, which may have underscores (RelaxedDNSSearchValidation)."""
    if _length(value) > SUBDOMAIN_MAX:
        yield _too_long(SUBDOMAIN_MAX)
    if not _is_searched(value):
        yield _breaks(_SEARCHED_RULE, _SUBDOMAIN, "example.com")


def wildcard_subdomain(value: str) -> Iterator[str]:
    """``*.`` and a DNS name: a host of an Ingress."""
    if _length(value) > SUBDOMAIN_MAX:
        yield _too_long(SUBDOMAIN_MAX)
    if not _is_wildcard(value):
        yield _breaks(_WILDCARD_RULE, _WILDCARD, "*.example.com")


def dns_1035_label(value: str) -> Iterator[str]:
    """A DNS label that starts with a letter (RFC 1035)."""
    if _length(value) > LABEL_MAX:
        yield _too_long(LABEL_MAX)
    if not _is_label_1035(value):
        yield _breaks(_LABEL_1035_RULE, _LABEL_1035, "my-name", "abc-123")


def qualified_name(value: str) -> Iterator[str]:
    """The key of a label or annotation, a finalizer, an appProtocol: ``name`` or ``prefix/name``."""
    prefix, slash, name = value.rpartition("/")
    if "/" in prefix:
        rule = _breaks(_LABEL_KEY_RULE, _LABEL_KEY, "MyName", "my.name", "123-abc")
        yield f"a valid label key {rule} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"
        return
    if slash and not prefix:
        yield "prefix part must be non-empty"
    elif slash:
        yield from (f"prefix part {message}" for message in dns_subdomain(prefix))
    if not name:
        yield "name part must be non-empty"
    elif _length(name) > LABEL_MAX:
        yield f"name part {_too_long(LABEL_MAX)}"
    if not _is_label_key(name):
        yield f"name part {_breaks(_LABEL_KEY_RULE, _LABEL_KEY, 'MyName', 'my.name', '123-abc')}"


def label_value(value: str) -> Iterator[str]:
    """The value of a label."""
    if _length(value) > LABEL_MAX:
        yield _too_long(LABEL_MAX)
    if not _is_label_value(value):
        yield _breaks(_LABEL_VALUE_RULE, _LABEL_VALUE, "MyValue", "my_value", "12345")


def is_qualified_name(value: str) -> bool:
    """Whether ``value`` is a qualified name."""
    return len(value) <= _QUALIFIED_MAX and _is_qualified_name(value)


def is_label_value(value: str) -> bool:
    """Whether ``value`` may be a label's value."""
    return len(value) <= LABEL_MAX and _is_short_label_value(value)


# Remembered, since the same keys and values come again and again; but nothing long is kept.
@lru_cache(4096)
def _is_qualified_name(value: str) -> bool:
    return next(qualified_name(value), None) is None


@lru_cache(4096)
def _is_short_label_value(value: str) -> bool:
    return next(label_value(value), None) is None


def port_name(value: str) -> Iterator[str]:
    """The name of a container's port, which a Service's targetPort may use (RFC 6335)."""
    if _length(value) > PORT_NAME_MAX:
        yield _too_long(PORT_NAME_MAX)
    if not re.fullmatch("[-a-z0-9]+", value):
        yield "must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)"
    if not re.search("[a-z]", value):
        yield "must contain at least one letter (a-z)"
    if "--" in value:
        yield "must not contain consecutive hyphens"
    if value.startswith("-") or value.endswith("-"):
        yield "must not begin or end with a hyphen"


def in_range(value: int, lowest: int, highest: int) -> Iterator[str]:
    """A whole number between two limits that belong to the range."""
    if not lowest <= value <= highest:
        yield f"must be between {lowest} and {highest}, inclusive"


def port_number(value: int) -> Iterator[str]:
    """The number of a port."""
    return in_range(value, 1, 65535)


def is_config_key(value: str) -> bool:
    """Whether ``config_key`` finds nothing wrong: asked first, since most objects are well and may hold many keys."""
    return len(value) <= SUBDOMAIN_MAX and bool(_is_config_key(value)) and value != "." and not value.startswith("..")


def config_key(value: str) -> Iterator[str]:
    """A key of a ConfigMap or Secret, which may become a file's name."""
    if _length(value) > SUBDOMAIN_MAX:
        yield _too_long(SUBDOMAIN_MAX)
    if not _is_config_key(value):
        yield _breaks(_CONFIG_KEY_RULE, _CONFIG_KEY, "key.name", "KEY_NAME", "key-name")
    if value == ".":
        yield "must not be '.'"
    elif value == "..":
        yield "must not be '..'"
    elif value.startswith(".."):
        yield "must not start with '..'"


def environment_name(value: str) -> Iterator[str]:
    """The name of an environment variable; printable ASCII but ``=`` (RelaxedEnvironmentVariableValidation)."""
    if not value:
        yield "environment variable name must be non-empty"
    if not (value.isascii() and value.isprintable()) or "=" in value:
        yield "a valid environment variable name must consist only of printable ASCII characters other than '='"


def identifier(value: str) -> Iterator[str]:
    """A name as programming languages have them: the attribute of a device."""
    if not _is_identifier(value):
        yield _breaks(_IDENTIFIER_RULE, _IDENTIFIER, "my_name", "MY_NAME", "MyName")


def path_segment(value: str) -> Iterator[str]:
    """A name that is safe as one part of a URL's path, and nothing more (RBAC roles)."""
    if value in (".", ".."):
        yield f"may not be '{value}'"
        return
    for part in ("/", "%"):
        if part in value:
            yield f"may not contain '{part}'"


def ip_address(value: str) -> Iterator[str]:
    """An IPv4 or IPv6 address without leading zeros and not an IPv4 one dressed as IPv6 (StrictIPCIDRValidation)."""
    try:
        address = ipaddress.ip_address(value)
    except ValueError:
        if _has_leading_zeros(value):
            yield "must not have leading 0s"
        else:
            yield "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"
        return
    if isinstance(address, ipaddress.IPv6Address) and (address.ipv4_mapped is not None or address.scope_id):
        if address.scope_id:
            yield "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"
        else:
            yield "must not be an IPv4-mapped IPv6 address"


def _has_leading_zeros(value: str) -> bool:
    """Whether ``value`` would be an IPv4 address but for zeros at the start of its numbers."""
    numbers = value.split(".")
    return (
        len(numbers) == 4
        and all(number.isascii() and number.isdecimal() and int(number) < 256 for number in numbers)
        and any(len(number) > 1 and number[0] == "0" for number in numbers)
    )


def as_name(rule: Callable[[str], Iterator[str]]) -> Callable[[str, bool], Iterator[str]]:
    """``rule`` as a ``Kind.validate_name``: a prefix (generateName) may end in a hyphen."""

    def validate(name: str, is_prefix: bool) -> Iterator[str]:
        if is_prefix and len(name) > 1 and name.endswith("-"):
            name = name[:-2] + "a"
        return rule(name)

    return validate


def generated(prefix: str, suffix: str, limit: int = LABEL_MAX) -> str:
    """``prefix`` cut so that it and ``suffix`` (5 of ``SUFFIX_ALPHABET``) fit into ``limit``."""
    return prefix[: limit - GENERATED_SUFFIX_LENGTH] + suffix
