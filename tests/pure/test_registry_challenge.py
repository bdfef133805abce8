"""What a registry's 401 asks for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairway.node.images.challenge import Challenge, parse_challenges, token_url


def test_a_bearer_challenge_is_read() -> None:
    header = 'Bearer realm="https://auth.example/token",service="registry.example",scope="repository:a/b:pull"'
    assert parse_challenges(header) == [
        Challenge(
            "bearer",
            {"realm": "https://auth.example/token", "service": "registry.example", "scope": "repository:a/b:pull"},
        )
    ]


def test_several_challenges_are_read_in_order() -> None:
    found = parse_challenges('Basic realm="a, \\"b\\"", Bearer realm=https://x/t')
    assert found == [Challenge("basic", {"realm": 'a, "b"'}), Challenge("bearer", {"realm": "https://x/t"})]


@pytest.mark.parametrize(
    ("parameters", "url"),
    [
        (
            {"realm": "https://auth.example/token", "service": "reg"},
            "https://auth.example/token?scope=repository%3Aa%2Fb%3Apull&service=reg",
        ),
        ({"realm": "https://auth.example/token?x=1", "scope": "s"}, "https://auth.example/token?x=1&scope=s"),
        ({"realm": "file:///etc/passwd"}, ""),
        ({}, ""),
    ],
)
def test_the_token_is_asked_for_where_the_challenge_says(parameters: dict[str, str], url: str) -> None:
    assert token_url(Challenge("bearer", parameters), "a/b") == url


@given(st.text(max_size=60))
def test_any_header_can_be_read(header: str) -> None:
    parse_challenges(header)
