"""Panels carry numbers as they are, and only what a view can draw."""

import json

import pytest
import torch

from figures.cells import Bar, Cell, Node, cells_of
from figures.panels import (
    Bars,
    Cube,
    Curve,
    Error,
    Facts,
    Grid,
    Operator,
    Table,
    Tree,
    cell_text,
    described,
    figure,
    limit,
    numbers,
    stepped,
    veiled,
)

X = torch.tensor([[1.0, -2.5], [float("nan"), float("inf")]])


def test_a_grid_carries_the_values_of_its_tensor():
    panel = Grid("x", cells_of(X), tensor=described("x", X), limit=limit(X)).drawn()
    assert panel["values"] == [[1.0, -2.5], ["nan", "inf"]] and panel["limit"] == 2.5


@pytest.mark.parametrize("shape", [(), (2,), (2, 3), (2, 3, 4), (2, 3, 4, 5)])
def test_a_cube_takes_a_tensor_of_any_number_of_dims(shape):
    x = torch.rand(shape)
    panel = Cube("x", cells_of(x), tensor=described("x", x), limit=1, axes=["a", "b", "c", "d"][: x.dim()]).drawn()
    assert panel["values"] == x.tolist() and panel["dims"] == list(range(x.dim()))


def test_a_tensor_is_described_with_the_names_of_its_axes_its_dtype_and_its_device():
    assert described("x", torch.zeros(4, 3), ["N", "C"]) == "x [N=4, C=3] float32 cpu"
    assert described("n", torch.tensor(3)) == "n [] int64 cpu"


def test_the_limit_is_shared_and_finite():
    assert limit(torch.tensor([1.0]), None, torch.tensor([-3.0, float("-inf")])) == 3.0
    assert limit(torch.zeros(2)) == limit() == limit(torch.tensor(float("nan"))) == 1.0


def test_an_entry_of_a_cell_knows_its_value_what_stands_beside_it_and_its_place():
    cells = cells_of(X, [["a", "b"], ["c", "d"]], note=lambda x, word, row, column: f"{word}{row}{column}", mark="lit")
    assert [[cell.note for cell in row] for row in cells] == [["a00", "b01"], ["c10", "d11"]]
    assert cells[0][1] == Cell(-2.5, "b01", mark="lit")


def test_tensors_of_other_shapes_may_stand_in_one_list_of_cells():
    cells = cells_of([torch.ones(2), None, torch.tensor(3.0)], key=lambda _, part, *at: f"{part}/{at}")
    assert cells == [[Cell(1.0, key="0/(0,)"), Cell(1.0, key="0/(1,)")], Cell(None, key="1/()"), Cell(3.0, key="2/()")]


def test_what_belongs_to_cells_is_sent_with_a_place_for_each_and_only_if_one_of_them_has_it():
    shown = Grid("x", [[Cell(1.0, key="k"), Cell(2.0, group=0)]], tensor="x", limit=1.0).drawn()
    assert (shown["keys"], shown["groups"]) == ([["k", None]], [[None, 0]])
    assert not shown.keys() & {"notes", "marks", "sub"}
    bars = Bars("b", [Bar("a", 1.0), Bar("b", 2.0, param="z")]).drawn()
    assert (bars["labels"], bars["params"], bars["signed"]) == (["a", "b"], ["", "z"], True)


def test_nothing_that_is_empty_or_as_usual_is_sent():
    assert Grid("x", [[Cell(1.0)]], tensor="x [1, 1] float32 cpu", limit=1.0).drawn().keys() == {
        "view", "title", "tensor", "values", "limit", "rowDim", "colDim", "digits",
    }  # fmt: skip
    assert Grid("x", [[Cell(1.0)]], tensor="x", limit=1.0, signed=False, wide=True).drawn().items() >= {
        ("signed", False),
        ("wide", True),
    }
    assert Tree("t", [Node(0, "model")]).drawn() == {
        "view": "tree",
        "title": "t",
        "nodes": [{"depth": 0, "name": "model"}],
    }


def test_a_frame_takes_away_what_it_does_not_have():
    marked, plain = (Grid("x", [[Cell(1.0, mark=mark)]], tensor="x", limit=1.0) for mark in ("lit", ""))
    panel = veiled(stepped([plain, marked])).drawn()
    assert panel["marks"] == [["lit"]] and panel["frames"] == [{"marks": None}, {}]
    assert stepped([plain, marked], at=0).drawn()["frames"] == [{}, {"marks": [["lit"]]}]


def test_infinities_are_text_wherever_they_stand():
    drawn = Curve("c", ["0", "1"], {"y": [1.0, float("inf")]}, x_title="x").drawn()
    assert drawn["lines"] == [["y", [1.0, "inf"]]]
    json.dumps([drawn, Bars("b", [Bar("a", float("-inf"))], limit=1.0).drawn()], allow_nan=False)


def test_a_cell_of_a_table_may_have_a_kind():
    assert Table("t", ["a", "b"], [["x", ("y", "yes")]]).drawn()["rows"] == [["x", ["y", "yes"]]]


def test_a_row_without_panels_is_not_there():
    assert figure(hero=[[Error("e", "ValueError: no")], []]) == {
        "rows": [[{"view": "error", "title": "e", "text": "ValueError: no"}]],
        "hero": 1,
    }


def test_the_hero_stands_before_the_other_rows_and_only_it_is_counted():
    a, b = Operator("nn.Dropout(p=0.5)"), Facts([("k", "label", "2.0")])
    assert figure(hero=[[a], []], more=[[b]]) == {"rows": [[a.drawn()], [b.drawn()]], "hero": 1}


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
