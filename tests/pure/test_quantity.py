"""Quantities: amounts with suffixes."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fairway.objects import quantity
from fairway.objects.quantity import BINARY, DECIMAL, EXPONENT, Quantity

AMOUNTS = st.builds(
    Quantity, st.integers(-(10**27), 10**27), st.sampled_from([BINARY, DECIMAL, EXPONENT])
)  # fmt: skip


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("0", "0"), ("0.0Mi", "0"), ("1", "1"), ("+1", "1"), ("-1", "-1"), ("1000", "1k"), ("1000m", "1"),
        ("0.5", "500m"), (".5", "500m"), ("5.", "5"), ("1.25", "1250m"), ("100m", "100m"), ("1500m", "1500m"),
        ("1024", "1024"), ("1024Ki", "1Mi"), ("1.5Gi", "1536Mi"), ("0.5Ki", "512"), ("1000Ki", "1000Ki"),
        ("0.1Ki", "102400m"), ("12e6", "12e6"), ("1E3", "1e3"), ("1e-3", "1e-3"), ("1E", "1E"),
        ("1000E", "9223372036854775807"),
        ("0.0000000001", "1n"), ("-0.1n", "-1n"), ("1000000", "1M"), ("2Ei", "2Ei"), ("1e0", "1"),
    ],
)  # fmt: skip
def test_an_amount_has_one_canonical_text(text: str, canonical: str) -> None:
    assert quantity.canonical(text) == canonical


@pytest.mark.parametrize("text", ["", " 1", "1 ", "a", "1.1.1", "--1", "1b", ".", "+", "1e", "1KI", "Ki", "1\n"])
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="quantit"):
        quantity.parse(text)


@pytest.mark.parametrize("text", ["1i", "1mi", "1e+", "1nn", "1E+", "1k5"])
def test_an_unknown_suffix_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="unable to parse quantity's suffix"):
        quantity.parse(text)


@given(AMOUNTS)
def test_the_canonical_text_names_the_same_amount(amount: Quantity) -> None:
    assert quantity.parse(str(amount)) == amount


@given(AMOUNTS)
@example(Quantity(5_000 * 10**9, "BinarySI"))
def test_the_canonical_text_is_its_own(amount: Quantity) -> None:
    """A binary amount below a whole Ki is written as a plain number, which is read as a decimal one."""
    text = quantity.canonical(str(amount))
    assert quantity.canonical(text) == text
    if quantity.parse(str(amount)).notation == amount.notation:
        assert text == str(amount)


@given(AMOUNTS, AMOUNTS)
def test_amounts_add_and_compare_as_numbers_do(one: Quantity, other: Quantity) -> None:
    assert (one + other) - other == one
    assert (one < other) == (one.nano < other.nano)
    assert one + (-one) == quantity.ZERO


def test_cpu_is_counted_in_thousandths_and_memory_in_bytes() -> None:
    assert quantity.milli("0.1") == 100
    assert quantity.milli("1") == 1000
    assert quantity.milli("1u") == 1
    assert quantity.whole("1Ki") == 1024
    assert quantity.whole("1m") == 1
    assert quantity.whole("-1500m") == -2


def test_a_huge_exponent_costs_nothing_and_is_capped() -> None:
    assert quantity.canonical("1e999999999") == "9223372036854775807"
    assert quantity.canonical("1e-999999999") == "1e-9"


def test_a_sum_keeps_the_notation_of_its_first_part() -> None:
    assert str(quantity.parse("1Gi") + quantity.parse("1")) == "1073741825"
    assert str(quantity.ZERO + quantity.parse("1Gi")) == "1Gi"
    assert not quantity.ZERO
