"""Request targets are taken apart as RFC 9112 and browsers' forms say."""

from urllib.parse import quote, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairway.transport.target import decode_path, decode_query, split_target

TEXT = st.text(st.characters(codec="utf-8"), max_size=12)


@pytest.mark.parametrize(
    ("target", "path", "query"),
    [
        ("/", "/", ""),
        ("/a?b=c", "/a", "b=c"),
        ("/a?b?c", "/a", "b?c"),
        ("/a?b#c", "/a", "b"),
        ("//a/b", "//a/b", ""),
        ("*", "*", ""),
        ("http://host/a?b", "/a", "b"),
        ("https://host:1", "/", ""),
        ("http://host?b=/c", "/", "b=/c"),
    ],
)
def test_a_target_has_a_path_and_a_query(target: str, path: str, query: str) -> None:
    assert split_target(target) == (path, query)


@pytest.mark.parametrize("escaped", ["%", "%4", "%zz", "a%", "%%41", "% 1", "%+1", "%ff", "%c3%28"])
def test_malformed_escapes_are_refused_in_paths_and_passed_over_in_queries(escaped: str) -> None:
    with pytest.raises(ValueError):
        decode_path(escaped)
    assert decode_query(f"a=1&b={escaped}&c=2") == [("a", "1"), ("c", "2")]


def test_a_plus_is_a_space_in_queries_only() -> None:
    assert (decode_path("a+b"), decode_query("a+b=c+d%2B")) == ("a+b", [("a b", "c d+")])


def test_parameters_without_value_are_kept() -> None:
    assert decode_query("watch&&limit=&=x") == [("watch", ""), ("limit", ""), ("", "x")]


@given(TEXT)
def test_every_quoted_path_is_read_back(text: str) -> None:
    assert decode_path(quote(text)) == text


@given(st.lists(st.tuples(TEXT, TEXT), max_size=5))
def test_every_encoded_query_is_read_back_in_order(pairs: list[tuple[str, str]]) -> None:
    assert decode_query(urlencode(pairs)) == pairs
