"""The linear-time search answers what re.search answers, and no pattern makes it slow."""

import re

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from lessons.pattern import MOST_STATES, Refused, automaton, search

pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning")
PIECES = [
    "a", "b", ".", "\\.", "1", "\\d", "\\w", "\\S", "[ab]", "[^a]", "[a-c1]", "^", "$", "\\b", "\\B", "|", "(", ")", "(?:", "*", "+", "?",
    "{2}", "{1,2}", "{1,}", "*?",
]  # fmt: skip
NAMES = ["", "layer.1.weight", "layer.10.weight", "layer.11.bias", "encoder.block.0.layer.1.DenseReluDense.wi.weight"]


@given(st.lists(st.sampled_from(PIECES), max_size=9).map("".join), st.text("ab1. _", max_size=8))
def test_it_finds_what_re_finds(pattern, text):
    assume(not re.search(r"[*+?}]\+", pattern))  # possessive from Python 3.11 on, an error before
    try:
        expected = bool(re.search(pattern, text))
    except re.error:
        assume(False)
    assert search(pattern, text) is expected


@pytest.mark.parametrize("pattern", [r"layer\.1\.", r"\.(1|11)\.", "^layer", r"bias$", r"\bwi\b", r"layer\.\d{2}", ""])
@pytest.mark.parametrize("name", NAMES)
def test_it_finds_what_re_finds_in_names_of_parameters(pattern, name):
    assert search(pattern, name) is bool(re.search(pattern, name))


@pytest.mark.parametrize("pattern", ["[a", "(", "a)", "*", "a{3,2}", "\\", "(?P<1>a)", "a{99999999999}"])
def test_what_is_no_pattern_raises_what_re_raises(pattern):
    with pytest.raises((re.error, OverflowError)) as theirs:
        re.compile(pattern)
    with pytest.raises(type(theirs.value), match=f"^{re.escape(str(theirs.value))}$"):
        search(pattern, "a")


@pytest.mark.parametrize("pattern", ["^(a+)+$", "^(a|a)*$", "(a*)*b", ".*.*.*.*.*.*.*=", "(.?){20}b"])
def test_patterns_that_backtrack_for_ages_visit_each_state_once_a_letter(pattern):
    states, _ = automaton(pattern)
    assert len(states) <= MOST_STATES
    assert search(pattern, "a" * 60 + "c") is False


@pytest.mark.parametrize("pattern", [r"(a)\1", "a(?=b)", "(?<!a)b", "(?i)a", "(?i:a)", "(a)?(?(1)b|c)"])
def test_what_has_no_linear_time_form_is_refused_in_a_sentence(pattern):
    re.compile(pattern)
    with pytest.raises(Refused, match=r"^The regex holds .+\.$"):
        search(pattern, "a")


@pytest.mark.parametrize("pattern", ["((a{99}){99}){99}", "(((){999}){999}){999}", "a{4000000}", "(){4000000}"])
def test_a_pattern_that_would_grow_is_refused_before_it_grows(pattern):
    with pytest.raises(Refused, match="more than"):
        search(pattern, "a")
