"""A count agrees with its noun, and a number never says more or less than it is."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorable.words import count, listing, number, one_of, percent, spelled


@pytest.mark.parametrize(
    "words, said",
    [
        (count(1, "batch"), "1 batch"), (count(3, "batch"), "3 batches"), (count(0, "batch"), "no batch"),
        (count(2, "entry"), "2 entries"), (count(2, "epoch"), "2 epochs"), (count(2, "key"), "2 keys"), (count(2, "pass"), "2 passes"),
        (count(2, "index", "indices"), "2 indices"), (one_of(1, "is", "are"), "is"), (one_of(0, "is", "are"), "are"),
        (listing(["a"]), "a"), (listing(["a", "b"]), "a and b"), (listing(["a", "b", "c"], "or"), "a, b or c"),
        (listing([]), ""), (spelled(3), "three"), (spelled(12), "12"),
    ],
)  # fmt: skip
def test_words_agree_with_their_count(words, said):
    assert words == said


@pytest.mark.parametrize(
    "value, said",
    [(-0.0, "0.0"), (-0.0001, "above -0.001"), (1e-58, "less than 0.001"), (1 / 3, "0.333"), (2.0, "2.0"), (7, "7"),
     (float("nan"), "nan"), (float("-inf"), "-inf"), (1234.5, "1,234.5"), (12345678.0, "1.23e+07")],
)  # fmt: skip
def test_a_number_has_no_sign_at_zero_and_is_not_zero_when_it_is_something(value, said):
    assert number(value) == said


@given(st.floats(-1e5, 1e5) | st.floats(0.99, 1.01), st.integers(0, 5))
def test_a_number_reads_back_as_itself_rounded_and_as_0_and_1_only_where_it_is(value, digits):
    said = number(value, digits).replace(",", "")
    if re.fullmatch(r"-?[\d.]+(e[-+]\d+)?", said):
        assert abs(float(said) - value) <= 0.5 * 10**-digits + 1e-12 and not said.startswith("-0.0 ")
        assert (float(said) == 0) == (value == 0) and (abs(float(said)) == 1) == (abs(value) == 1)
        assert abs(round(value, digits)) == 1 or float(said) == pytest.approx(round(value, digits), abs=1e-12)


@pytest.mark.parametrize(
    "value, said",
    [(0.9999, "0.9999"), (0.99951, "0.9995"), (0.99949, "0.999"), (1.0004, "1.0004"), (-0.99996, "-0.99996"), (1.0, "1.0"),
     (1 - 2**-24, "0.9999999"), (1 - 2**-53, "0.9999999999999999"), (1, "1")],
)  # fmt: skip
def test_a_number_beside_1_has_as_many_decimals_as_tell_it_from_1(value, said):
    assert number(value) == said


@given(st.floats(0, 1))
def test_only_all_is_100_percent_and_only_nothing_is_0(share):
    assert (percent(share) == "100 %") == (share == 1) and (percent(share) == "0 %") == (share == 0)
