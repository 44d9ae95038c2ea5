"""One declaration is the control, the range, the API and the URL; what is out of range is one sentence with the field."""

from dataclasses import dataclass, fields
from typing import Any, Literal
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorable.params import (
    BadParam,
    bounded,
    check,
    choice,
    controls,
    from_query,
    listed,
    read,
    switch,
    text,
    to_query,
)


@dataclass(frozen=True)
class Params:
    p: float = bounded(0.5, low=0.0, high=1.0, step=0.05, about="probability")
    momentum: float | None = bounded(0.1, low=0.0, high=1.0, step=0.1)
    passes: int = bounded(50, low=1, high=200, step=1)
    width: int = bounded(24, low=8, high=64, step=16)
    mode: Literal["train", "eval"] = choice("train")
    dim: Literal[0, 1, -1] = choice(0)
    bias: bool = switch(True, when={"mode": ("train",)})
    question: str = text("Who?", max_length=12)


FIELDS = {field.name: field for field in fields(Params)}
NUMBERS = st.integers() | st.floats()
JSON = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.text(), lambda part: st.lists(part) | st.dictionaries(st.text(), part)
)
IN_RANGE = st.builds(
    Params,
    p=st.floats(0, 1),
    momentum=st.none() | st.floats(0, 1),
    passes=st.integers(1, 200),
    width=st.sampled_from([8, 24, 40, 56]),
    mode=st.sampled_from(["train", "eval"]),
    dim=st.sampled_from([0, 1, -1]),
    bias=st.booleans(),
    question=st.text(st.characters(codec="utf-8"), max_size=12),
)


def is_in_range(name: str, value: Any) -> bool:
    return {
        "p": lambda: type(value) is float and 0 <= value <= 1,
        "momentum": lambda: value is None or type(value) is float and 0 <= value <= 1,
        "passes": lambda: type(value) is int and 1 <= value <= 200,
        "width": lambda: type(value) is int and value in (8, 24, 40, 56),
        "mode": lambda: value in ("train", "eval"),
        "dim": lambda: type(value) is int and value in (0, 1, -1),
        "bias": lambda: type(value) is bool,
        "question": lambda: type(value) is str and len(value) <= 12,
    }[name]()


@given(name=st.sampled_from(list(FIELDS)), value=JSON)
def test_any_json_value_is_in_range_or_one_sentence_with_the_field(name, value):
    try:
        assert is_in_range(name, check(FIELDS[name], value))
    except BadParam as error:
        assert str(error).startswith(f"{name} must be ") and len(str(error)) < 200


@given(value=NUMBERS)
def test_a_number_is_accepted_exactly_within_its_bounds(value):
    try:
        assert check(FIELDS["p"], value) == value
        assert 0 <= value <= 1
    except BadParam:
        assert not 0 <= value <= 1


@given(params=IN_RANGE)
def test_a_link_reopens_any_params(params):
    query = dict(parse_qsl(to_query("x", params), keep_blank_values=True))
    assert from_query(Params, query) == (params, [])


@given(query=st.dictionaries(st.sampled_from(list(FIELDS)) | st.text(), st.text()))
def test_no_text_in_a_link_can_break_it(query):
    params, notes = from_query(Params, query)
    assert all(is_in_range(name, value) for name, value in vars(params).items())
    assert all(note.split()[0] in query for note in notes)


@given(query=st.dictionaries(st.sampled_from(list(FIELDS)), st.text(), min_size=1))
def test_a_value_of_a_link_is_kept_or_reported(query):
    params, notes = from_query(Params, query)
    reported = {note.split()[0] for note in notes}
    assert all(getattr(params, name) == FIELDS[name].default for name in reported)
    assert reported <= query.keys()


def test_defaults_are_left_out_of_the_link():
    assert to_query("dropout", Params()) == "lesson=dropout"
    assert to_query("dropout", Params(p=0.75, mode="eval")) == "lesson=dropout&p=0.75&mode=eval"


def test_a_bad_link_names_the_field_its_range_and_the_default_that_replaced_it():
    _, [note] = from_query(Params, {"p": "2"})
    assert note == "p must be a number from 0.0 to 1.0, not 2.0. The link's value was replaced by 0.5."


def test_a_name_that_no_field_has_is_refused_with_the_names_there_are():
    with pytest.raises(BadParam, match="'dropout' is not a parameter; the parameters are p, momentum, passes, width"):
        read(Params, {"dropout": 0.5})


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("passes", 0, "passes must be a whole number from 1 to 200, not 0."),
        ("passes", 2.5, "passes must be a whole number from 1 to 200, not 2.5."),
        ("passes", 10**400, "passes must be a whole number from 1 to 200, not 1000"),
        ("width", 25, "width must be a whole number from 8 to 64 in steps of 16, not 25."),
        ("width", 16.0, "width must be a whole number from 8 to 64 in steps of 16, not 16.0."),
        ("momentum", "0.1", "momentum must be a number from 0.0 to 1.0 or None, not '0.1'."),
        ("p", True, "p must be a number from 0.0 to 1.0, not True."),
        ("p", None, "p must be a number from 0.0 to 1.0, not None."),
        ("mode", "test", "mode must be one of train, eval, not 'test'."),
        ("dim", True, "dim must be one of 0, 1, -1, not True."),
        ("bias", 1, "bias must be True or False, not 1."),
        ("question", "x" * 13, "question must be text of at most 12 characters, not 'xxxxxxxxxxxxx'."),
        ("question", "\ud800", "question holds half of a surrogate pair, which is no character."),
    ],
)
def test_the_sentence_of_an_error_names_the_field_and_what_it_accepts(name, value, sentence):
    with pytest.raises(BadParam) as caught:
        read(Params, {name: value})
    assert str(caught.value).startswith(sentence)


def test_a_whole_number_may_be_written_as_a_float():
    assert type(check(FIELDS["passes"], 3.0)) is int


def test_controls_describe_every_field_once_and_in_order():
    drawn = {control["name"]: control for control in controls(Params)}
    assert list(drawn) == list(FIELDS)
    assert [control["kind"] for control in drawn.values()] == [
        "number",
        "number",
        "number",
        "number",
        "choice",
        "choice",
        "switch",
        "text",
    ]
    assert drawn["p"] == {
        "name": "p", "kind": "number", "default": 0.5, "accepts": "a number from 0.0 to 1.0",
        "low": 0.0, "high": 1.0, "step": 0.05, "about": "probability",
    }  # fmt: skip
    assert drawn["momentum"]["nullable"] and drawn["passes"]["whole"] and drawn["dim"]["choices"] == [0, 1, -1]
    assert drawn["bias"]["when"] == {"mode": ("train",)}


def test_words_of_a_visitor_are_listed_once_few_and_short():
    assert listed(["why"] * 50 + ["où"]) == "why, où"
    assert listed([str(i) for i in range(9)]) == "0, 1, 2, 3, 4 and 4 more"
    assert len(listed(["x" * 500])) == 40


@pytest.mark.parametrize("name", ["p", "momentum"])
def test_minus_zero_is_zero_so_no_visitor_is_answered_with_the_sign_of_another(name):
    """The two are equal, and the answers to equal Params are kept."""
    assert str(check(FIELDS[name], -0.0)) == "0.0"
