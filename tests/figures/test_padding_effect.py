"""The picture marks padding, names settings as the accuracy does, and its cells are the tensors."""

import pytest

from explorable.words import percent
from figures.padding_effect import draw
from lessons.padding_effect import FIXED, LESSON, SPANS, T5, Params, setting_of

run = LESSON.run


def panels(params):
    result = run(params)
    return result, {panel["title"]: panel for row in draw(params, result)["rows"] for panel in row}


@pytest.mark.parametrize("model", [SPANS, T5])
def test_every_cell_of_the_accuracy_opens_its_own_setting(model):
    params = Params(model=model)
    result, shown = panels(params)
    table = shown["accuracy, 16 cells added to the longest row"]
    for row in table["rows"][:-1]:
        for text, _, chosen in row[1:]:
            share = result.accuracy[setting_of(Params(**{**vars(params), **chosen["params"]}))]
            assert text == percent(share)


def test_the_setting_on_screen_is_lit():
    _, shown = panels(Params(padding_side="left", attention_mask=False))
    table = shown["accuracy, 16 cells added to the longest row"]
    assert [table["rows"][row][0] for row in table["lit"]] == ["left, no mask"]


def test_filled_cells_are_marked_in_every_input():
    result, shown = panels(Params())
    for marks in shown["inputs"]["marks"]:
        assert [mark != "pad" for mark in marks] == result.keep[0].tolist()


MOVES = "how far each real token's output moves"


def said(panels):
    return {item["key"]: item["text"] for item in panels[""]["items"]}


def test_an_answer_that_jumps_stands_beside_the_one_given_alone():
    result, shown = panels(Params(pads=32))
    assert result.answer_alone != result.answer_padded
    assert said(shown)["answer"] == repr(result.answer_padded) and said(shown)["alone"] == repr(result.answer_alone)


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("model", [SPANS, T5])
def test_the_hero_holds_the_move_of_each_real_token_in_its_order_and_marks_the_padding(side, model):
    result, shown = panels(Params(model=model, padding_side=side))
    values, marks = (sum(shown[MOVES][name], []) for name in ("values", "marks"))
    assert [value for value in values if value is not None] == result.hidden_gap.tolist()
    assert [mark != "pad" for mark in marks][: result.keep.shape[1]] == result.keep[0].tolist()
    assert marks.count("pad") == 16 and len({len(row) for row in shown[MOVES]["values"]}) == 1


def test_a_long_context_is_drawn_as_far_as_there_is_room_and_says_so():
    result, shown = panels(Params(context="the tree is green. " * 15, padding_side="right"))
    cells = result.keep.shape[1]
    assert cells > 60 and shown[MOVES]["badge"] == f"the first 60 of {cells} cells"
    assert sum(shown[MOVES]["values"], []) == result.hidden_gap.tolist()[:60]


@pytest.mark.parametrize(
    ("params", "kept"),
    [
        ({}, "none of them"),
        ({"position_ids": FIXED}, "all of them"),
        ({"padding_side": "right", "attention_mask": False}, "none of them"),
        ({"model": T5}, "all of them"),
        ({"pads": 0}, "all of them"),
        *((trap.params, "none of them") for trap in LESSON.traps if "mean" not in trap.name),
        ({"padding_side": "right", "pads": 32}, "all of them"),  # the trap of the mean
    ],
)
def test_the_hero_says_how_many_real_tokens_keep_their_output(params, kept):
    assert said(panels(Params(**params))[1])["kept"] == kept


def test_what_goes_in_is_told_as_runs_with_the_position_of_the_first_token():
    _, shown = panels(Params(pads=4))
    row = shown["one row of input_ids"]
    assert row["tensor"].startswith("attention_mask: 4 zeros, ") and row["tensor"].endswith("first token: 4")
    assert [mark for line in row["marks"] for mark in line][:5] == ["pad"] * 4 + ["card"]
    _, shown = panels(Params(pads=4, position_ids=FIXED))
    assert shown["one row of input_ids"]["tensor"].endswith("first token: 0")
