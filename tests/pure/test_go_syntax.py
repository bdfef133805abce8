"""What Go's scanner says of text that is no JSON; the rows were read off Go itself."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairway.objects.strict.go_syntax import syntax_error

VALUE, END = "looking for beginning of value", "unexpected end of JSON input"
ROWS = [
    (b"", END),
    (b"{", END),
    (b'{"a":', END),
    (b'"a', END),
    (b"a: b", f"invalid character 'a' {VALUE}"),
    (b"\0", f"invalid character '\\x00' {VALUE}"),
    (b"\xff", f"invalid character 'ÿ' {VALUE}"),
    (b"\x85", rf"invalid character '\u0085' {VALUE}"),
    (b"'x'", rf"invalid character '\'' {VALUE}"),
    (b"[1,]", f"invalid character ']' {VALUE}"),
    (b"[,]", f"invalid character ',' {VALUE}"),
    (b"[1 2]", "invalid character '2' after array element"),
    (b"{} x", "invalid character 'x' after top-level value"),
    (b'{"a" 1}', "invalid character '1' after object key"),
    (b'{"a":1 "b"}', "invalid character '\"' after object key:value pair"),
    (b'{"a":1,}', "invalid character '}' looking for beginning of object key string"),
    (b"{,}", "invalid character ',' looking for beginning of object key string"),
    (b"nul", "invalid character ' ' in literal null (expecting 'l')"),
    (b"tru1", "invalid character '1' in literal true (expecting 'e')"),
    (b"-x", "invalid character 'x' in numeric literal"),
    (b"1.x", "invalid character 'x' after decimal point in numeric literal"),
    (b"1ex", "invalid character 'x' in exponent of numeric literal"),
    (b"01", "invalid character '1' after top-level value"),
    (b'"\\q"', "invalid character 'q' in string escape code"),
    (b'"\\u12g4"', r"invalid character 'g' in \u hexadecimal character escape"),
    (b'"\n"', r"invalid character '\n' in string literal"),
    (b"[" * 10_001, "exceeded max depth"),
    (b'"\xff"', ""),
]


@pytest.mark.parametrize(("raw", "text"), ROWS, ids=lambda found: repr(found[:20]))
def test_the_first_byte_that_does_not_fit_is_named_with_its_place(raw: bytes, text: str) -> None:
    assert syntax_error(raw) == text


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(), lambda x: st.lists(x) | st.dictionaries(st.text(), x)
    )
)
def test_json_has_no_error(value: object) -> None:
    assert syntax_error(json.dumps(value).encode()) == ""


@given(st.binary())
def test_what_python_reads_go_reads_and_the_other_way_round(raw: bytes) -> None:
    try:
        json.loads(raw.decode("latin-1"), parse_constant=_refuse)
    except ValueError:
        assert syntax_error(raw)
    else:
        assert syntax_error(raw) == ""


def _refuse(name: str) -> None:
    raise ValueError(name)
