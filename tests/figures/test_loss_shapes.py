"""A cell of the losses lights its prediction and its target, and its arithmetic gives the loss."""

import pytest

from figures.loss_shapes import draw
from lessons.loss_shapes import LESSON, Params

run = LESSON.run


def panels(params):
    result = run(params)
    return result, {panel["title"]: panel for row in draw(params, result)["rows"] for panel in row}


@pytest.mark.parametrize("pred_shape", ["(4, 1)", "(4,)"])
@pytest.mark.parametrize("target_shape", ["(4, 1)", "(4,)"])
def test_a_loss_lights_what_it_was_made_of_and_its_arithmetic_is_true(pred_shape, target_shape):
    result, shown = panels(Params(pred_shape=pred_shape, target_shape=target_shape))
    numbers = {}
    for side in ("pred", "target"):
        cells = zip(sum(shown[side]["keys"], []), result.__dict__[side].flatten().tolist(), strict=True)
        numbers |= {key: value for [key, *_], value in cells}
    losses = zip(
        sum(shown["the single losses"]["keys"], []), sum(shown["the single losses"]["values"], []), strict=True
    )
    for (pred, target, *_), loss in losses:
        assert (numbers[pred] - numbers[target]) ** 2 == loss
    for note in sum(shown["the single losses"]["notes"], []):
        _, made, said = note.split(" = ")
        p, t = made.removeprefix("(").removesuffix(") ** 2").split(" - ")
        assert (float(p) - float(t)) ** 2 == float(said)


def test_a_row_of_logits_lights_with_its_target_and_its_loss():
    _, shown = panels(Params(kind="cross-entropy", ignored=1))
    for row in range(4):
        places = (
            shown["pred"]["keys"][row][0],
            shown["target"]["keys"][0][row],
            shown["the single losses"]["keys"][0][row],
        )
        assert [keys[0] for keys in places] == [f"item{row}"] * 3
    assert shown["target"]["marks"][0] == ["pad", "", "", ""]


def test_where_each_meets_all_those_that_are_meant_stand_in_a_frame():
    for params in (Params(), Params(pred_shape="(4,)", target_shape="(4, 1)")):
        losses = panels(params)[1]["the single losses"]
        assert [[mark == "lit" for mark in row] for row in losses["marks"]] == [
            [i == j for j in range(4)] for i in range(4)
        ]
        assert losses["tensor"].endswith("; in a frame: its own target")
    others = (
        Params(pred_shape="(4,)"),
        Params(target_shape="(4, 1)"),
        Params(target_shape="(3,)"),
        Params(kind="cross-entropy"),
    )
    for params in others:
        losses = panels(params)[1]["the single losses"]
        assert "lit" not in str(losses.get("marks")) and "frame" not in losses["tensor"]


@pytest.mark.parametrize(("values", "rows", "columns"), [
    ({}, "pred", "target"), ({"pred_shape": "(4,)", "target_shape": "(4, 1)"}, "target", "pred"), ({"target_shape": "(3,)"}, "pred", "target"),
])  # fmt: skip
def test_where_each_meets_all_rows_and_columns_are_named_by_what_meets_there(values, rows, columns):
    result, shown = panels(Params(**values))
    losses = shown["the single losses"]
    assert losses["rowLabels"] == [f"{rows} {one:g}" for one in getattr(result, rows).flatten().tolist()]
    assert losses["colLabels"] == [f"{one:g}" for one in getattr(result, columns).flatten().tolist()]
    assert losses["colGroups"] == [[columns, len(losses["colLabels"])]]
    for row, label in zip(losses["values"], losses["rowLabels"], strict=True):
        assert row == [(float(label.split()[1]) - float(one)) ** 2 for one in losses["colLabels"]]


@pytest.mark.parametrize(
    ("reduction", "said"), [("mean", "40 / 16 losses = 2.5"), ("sum", "16 losses, 40 in all"), ("none", "16 losses")]
)
def test_beside_the_losses_stands_what_is_made_of_them(reduction, said):
    assert panels(Params(reduction=reduction))[1]["the single losses"]["badge"] == said
