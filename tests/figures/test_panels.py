"""Panels carry numbers as they are, and only what a view can draw."""

import json

import pytest
import torch

from figures.panels import (
    bars,
    cell_text,
    cube,
    curve,
    described,
    error,
    facts,
    figure,
    grid,
    limit,
    numbers,
    operator,
    table,
)

X = torch.tensor([[1.0, -2.5], [float("nan"), float("inf")]])


def test_a_grid_carries_the_values_of_its_tensor():
    panel = grid("x", X, tensor=described("x", X), limit=limit(X))
    assert panel["values"] == [[1.0, -2.5], ["nan", "inf"]] and panel["limit"] == 2.5


@pytest.mark.parametrize("shape", [(), (2,), (2, 3), (2, 3, 4), (2, 3, 4, 5)])
def test_a_cube_takes_a_tensor_of_any_number_of_dims(shape):
    x = torch.rand(shape)
    panel = cube("x", x, tensor=described("x", x), limit=1, axes=["a", "b", "c", "d"][: x.dim()])
    assert panel["values"] == x.tolist() and panel["dims"] == list(range(x.dim()))


def test_a_tensor_is_described_with_the_names_of_its_axes_its_dtype_and_its_device():
    assert described("x", torch.zeros(4, 3), ["N", "C"]) == "x [N=4, C=3] float32 cpu"
    assert described("n", torch.tensor(3)) == "n [] int64 cpu"


def test_the_limit_is_shared_and_finite():
    assert limit(torch.tensor([1.0]), None, torch.tensor([-3.0, float("-inf")])) == 3.0
    assert limit(torch.zeros(2)) == limit() == limit(torch.tensor(float("nan"))) == 1.0


def test_nothing_that_is_not_given_is_sent():
    assert grid("x", [[1.0]], tensor="x [1, 1] float32 cpu", limit=1.0).keys() == {
        "view", "title", "tensor", "values", "limit", "rows", "cols", "rowDim", "colDim", "digits",
    }  # fmt: skip
    assert all(value is not None for value in cube("x", 1.0, tensor="", limit=1.0, axes=[]).values())


def test_infinities_are_text_wherever_they_stand():
    drawn = curve("c", ["0", "1"], {"y": [1.0, float("inf")]}, x_title="x")
    assert drawn["lines"] == [["y", [1.0, "inf"]]]
    json.dumps([drawn, bars("b", ["a"], [float("-inf")], limit=1.0)], allow_nan=False)


def test_a_cell_of_a_table_may_have_a_kind():
    assert table("t", ["a", "b"], [["x", ("y", "yes")]])["rows"] == [["x", ["y", "yes"]]]


def test_a_row_without_panels_is_not_there():
    assert figure(hero=[[error("e", "ValueError: no")], []]) == {
        "rows": [[{"view": "error", "title": "e", "text": "ValueError: no", "where": ""}]],
        "hero": 1,
    }


def test_the_hero_stands_before_the_other_rows_and_only_it_is_counted():
    a, b = operator("nn.Dropout(p=0.5)"), facts([("k", "label", "2.0")])
    assert figure(hero=[[a], []], more=[[b]]) == {"rows": [[a], [b]], "hero": 1}


@pytest.mark.parametrize(
    ("value", "digits", "text"), [(2.0, 1, "2.0"), (-0.0, 2, "0"), (-1.25, 2, "-1.25"), ("nan", 1, "NaN"), (7, 0, "7")]
)
def test_a_cell_says_its_value_as_a_choice_does(value, digits, text):
    assert cell_text(value, digits) == text


def test_numbers_leave_everything_finite_alone():
    assert numbers([1, (2.5, "text"), {"a": float("-inf")}, None, True]) == [
        1,
        [2.5, "text"],
        {"a": "-inf"},
        None,
        True,
    ]
