"""Dropout's picture says per cell what torch did."""

import pytest

from figures.dropout import draw
from lessons.dropout import LESSON, Params

run = LESSON.run


def panels(params):
    rows = draw(params, run(params))["rows"]
    return {panel["title"]: panel for row in rows for panel in row}


def test_the_small_line_of_a_cell_multiplies_to_its_output():
    shown = panels(Params(p=0.3))
    train = shown["y_train"]
    for subs, values in zip(train["sub"], train["values"], strict=True):
        for sub, value in zip(subs, values, strict=True):
            x, mask, scale = map(float, sub.split("·"))
            assert value == pytest.approx(x * mask * scale, abs=0.01)


def test_a_dropped_cell_is_marked_and_a_computed_zero_is_not():
    params = Params(p=0.3)
    marks, mask = panels(params)["y_train"]["marks"], run(params).mask.tolist()
    assert [["dropped" if not kept else "" for kept in row] for row in mask] == marks
    zeros = [
        (m, v)
        for ms, vs in zip(marks, panels(params)["y_train"]["values"], strict=True)
        for m, v in zip(ms, vs, strict=True)
        if v == 0
    ]
    assert {mark for mark, _ in zeros} == {"dropped", ""}


def test_everything_dropped_shows_no_product_with_infinity():
    train = panels(Params(p=1.0))["y_train"]
    assert not any("inf" in text for row in [*train["sub"], *train["notes"]] for text in row)


def test_the_steps_end_with_the_mean_of_all_passes():
    params = Params(passes=33)
    mean = panels(params)["mean"]
    assert mean["values"] == run(params).mean[-1].tolist()
    assert len(mean["frames"]) == len(draw(params, run(params))["steps"])


@pytest.mark.parametrize(
    ("layer", "mode", "law"), [("nn.Dropout", "train", 4.0), ("nn.Dropout", "eval", 1.0), ("F.dropout", "eval", 4.0)]
)
def test_the_law_follows_what_really_drops(layer, mode, law):
    power = panels(Params(p=0.75, layer=layer, mode=mode, passes=200))["The mean square, E[y²] / E[x²]"]
    assert power["references"][0][1] == law
    assert power["values"][0] == pytest.approx(law, rel=0.25)


def test_what_they_drop_is_read_from_all_three_calls():
    """The first call may drop everything, and the second not."""
    params = Params(layer="attention's dropout_p")
    result = run(params)
    told = {item["key"]: item["text"] for item in panels(params)[""]["items"]}
    assert not result.calls[0].any() and any(call.any() for call in result.calls)
    assert told["dropped"] == "whole rows", told


@pytest.mark.parametrize(("p", "mode", "near"), [(0.5, "train", True), (1.0, "train", False), (0.5, "eval", False)])
def test_the_mean_is_said_to_near_x_only_where_it_does(p, mode, near):
    assert ("nearing x" in panels(Params(p=p, mode=mode))["mean"]["badge"]) == near
    assert all("(1 - 1)" not in note for row in panels(Params(p=1.0))["call 1"]["notes"] for note in row)


def test_the_caption_counts_what_the_first_call_does_not_cross_out_and_each_mark_is_a_dropped_entry():
    for params in (Params(), Params(seed=3), Params(p=0.3, input="normal"), Params(layer="F.dropout", mode="eval")):
        shown, result = panels(params), run(params)
        crossed = [
            [mark == "dropped" for row in shown[f"call {n}"].get("marks", []) for mark in row] for n in (1, 2, 3)
        ]
        assert crossed == [[not kept for kept in mask.flatten().tolist()] for mask in result.masks]
        assert f"keeps {12 - sum(crossed[0])} of 12" in LESSON.caption(params, result)


@pytest.mark.parametrize("seed", range(20))
def test_the_ringed_cells_tell_the_different_outputs_apart(seed):
    params = Params(seed=seed)
    shown, result = panels(params), run(params)
    told = []
    for number in (1, 2, 3):
        rows = zip(shown[f"call {number}"]["values"], shown[f"call {number}"]["keys"], strict=True)
        told.append(
            tuple(value for values, keys in rows for value, key in zip(values, keys, strict=True) if "@outputs" in key)
        )
    assert len(set(told)) == result.different and len(told[0]) in (4, 12)


@pytest.mark.parametrize(
    "params", [Params(), Params(mode="eval"), Params(p=0.95, seed=1), Params(p=0.95, seed=2), Params(p=1.0)]
)
def test_each_call_says_whether_it_equals_one_before_it(params):
    shown, calls = panels(params), [call.tolist() for call in run(params).calls]
    assert "badge" not in shown["call 1"]
    second = "= call 1" if calls[1] == calls[0] else "≠ call 1"
    third = "= call 1" if calls[2] == calls[0] else "= call 2" if calls[2] == calls[1] else "≠ call 1, 2"
    assert [shown[f"call {number}"]["badge"] for number in (2, 3)] == [second, third]
