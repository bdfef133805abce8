"""What things may be called, and what is said of those that may not."""

import pytest

from fairway.objects import names

LABEL_TEXT = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with "
    "an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
)
SUBDOMAIN_TEXT = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and "
    "end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
    r"'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
)
LABEL_1035_TEXT = (
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, "
    "and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is "
    "'[a-z]([-a-z0-9]*[a-z0-9])?')"
)


@pytest.mark.parametrize("value", ["a", "web", "1svc", "a-b", "a" * 63])
def test_a_dns_label_is_lower_case_letters_digits_and_hyphens(value: str) -> None:
    assert list(names.dns_label(value)) == []


@pytest.mark.parametrize("value", ["", "A_b", "-a", "a-", "a b", "é", "a\n"])
def test_a_bad_dns_label_is_told_the_rule(value: str) -> None:
    assert list(names.dns_label(value)) == [LABEL_TEXT]


def test_a_dns_name_with_dots_is_no_label_only_for_its_dots() -> None:
    assert list(names.dns_label("a.b")) == ["must not contain dots"]


def test_a_long_label_is_told_the_limit() -> None:
    assert list(names.dns_label("a" * 64)) == ["must be no more than 63 characters"]
    assert list(names.dns_subdomain("a" * 254)) == ["must be no more than 253 characters"]


def test_a_subdomain_allows_dots_but_no_capitals() -> None:
    assert list(names.dns_subdomain("a.b-c.d")) == []
    assert list(names.dns_subdomain("A.b")) == [SUBDOMAIN_TEXT]


def test_a_1035_label_starts_with_a_letter() -> None:
    assert list(names.dns_1035_label("1svc")) == [LABEL_1035_TEXT]


def test_every_broken_rule_of_a_port_name_is_told() -> None:
    assert list(names.port_name("-1--")) == [
        "must contain at least one letter (a-z)",
        "must not contain consecutive hyphens",
        "must not begin or end with a hyphen",
    ]
    assert list(names.port_name("A" * 16)) == [
        "must be no more than 15 characters",
        "must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)",
        "must contain at least one letter (a-z)",
    ]


@pytest.mark.parametrize("value", ["app", "App_1.2", "kubernetes.io/name", "a/b"])
def test_a_qualified_name_may_have_a_prefix(value: str) -> None:
    assert names.is_qualified_name(value)


@pytest.mark.parametrize(
    ("value", "start"),
    [
        ("/a", "prefix part must be non-empty"),
        ("A/a", "prefix part a lowercase RFC 1123 subdomain must consist of"),
        ("a/", "name part must be non-empty"),
        ("a/b/c", "a valid label key must consist of alphanumeric characters"),
        ("a b", "name part must consist of alphanumeric characters, '-', '_' or '.'"),
        ("a" * 64, "name part must be no more than 63 characters"),
    ],
)
def test_a_bad_qualified_name_is_told_which_part_is_bad(value: str, start: str) -> None:
    assert next(names.qualified_name(value)).startswith(start)


def test_a_label_value_may_be_empty_but_not_end_in_a_dot() -> None:
    assert list(names.label_value("")) == []
    assert len(list(names.label_value("a."))) == 1


@pytest.mark.parametrize(
    ("value", "messages"),
    [
        ("10.0.0.1", []),
        ("2001:db8::1", []),
        ("010.0.0.1", ["must not have leading 0s"]),
        ("::ffff:10.0.0.1", ["must not be an IPv4-mapped IPv6 address"]),
        ("10.0.0", ["must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"]),
        ("fe80::1%eth0", ["must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"]),
    ],
)
def test_an_ip_address_is_strict(value: str, messages: list[str]) -> None:
    assert list(names.ip_address(value)) == messages


def test_a_prefix_may_end_in_a_hyphen_and_a_name_may_not() -> None:
    rule = names.as_name(names.dns_label)
    assert list(rule("web-", True)) == []
    assert list(rule("web-", False)) == [LABEL_TEXT]


def test_a_generated_name_fits_into_63() -> None:
    assert names.generated("web-", "x2b4z") == "web-x2b4z"
    assert names.generated("a" * 63, "x2b4z") == "a" * 58 + "x2b4z"


@pytest.mark.parametrize(("value", "count"), [("a.b_C-1", 0), ("..", 1), ("..a", 1), ("a/b", 1), ("", 1)])
def test_a_config_key_can_be_a_file_name(value: str, count: int) -> None:
    assert len(list(names.config_key(value))) == count


def test_ports_are_numbers_from_1_to_65535() -> None:
    assert list(names.port_number(65535)) == []
    assert list(names.port_number(0)) == ["must be between 1 and 65535, inclusive"]


def test_an_environment_name_is_printable_ascii_without_an_equals_sign() -> None:
    assert list(names.environment_name("1 A")) == []
    assert len(list(names.environment_name("A=B"))) == 1
    assert list(names.environment_name("")) == ["environment variable name must be non-empty"]


def test_path_segments_are_checked() -> None:
    assert list(names.path_segment("a:b")) == []
    assert list(names.path_segment("a/b%")) == ["may not contain '/'", "may not contain '%'"]
    assert list(names.path_segment("..")) == ["may not be '..'"]
