"""The picture marks padding, names settings as the accuracy does, and its cells are the tensors."""

import pytest

from explorable.words import percent
from figures.padding_effect import draw
from lessons.padding_effect import FIXED, LESSON, SPANS, T5, Params, moved, setting_of

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


MOVES = "largest change of each token's output, padded against unpadded"
GIVEN = "the row without and with padding, each token above its position"


def said(panels):
    return {item["key"]: item["text"] for item in panels[""]["items"]}


def test_an_answer_that_jumps_stands_beside_the_one_given_alone():
    result, shown = panels(Params(pads=32))
    assert result.answer_alone != result.answer_padded
    assert said(shown)["answer"] == repr(result.answer_padded) and said(shown)["alone"] == repr(result.answer_alone)


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("model", [SPANS, T5])
@pytest.mark.parametrize("masked", [True, False])
def test_the_hero_holds_the_move_of_the_first_tokens_and_the_least_of_the_others(side, model, masked):
    result, shown = panels(Params(model=model, padding_side=side, attention_mask=masked))
    [values], [keys], [marks] = (shown[MOVES][name] for name in ("values", "keys", "marks"))
    gaps = result.hidden_gap.tolist()
    real = [value for value, mark in zip(values, marks, strict=True) if mark != "pad"]
    others = (min if moved(result) else max)(gaps[4:])
    assert real == [*gaps[:4], others] and len(gaps) > 5
    assert [mark == "pad" for mark in marks] == ([True] + [False] * 5 if side == "left" else [False] * 5 + [True])
    assert ["@kept" in key for key in keys] == [mark != "pad" for mark in marks]


def test_what_goes_in_says_of_each_token_its_mask_and_its_position():
    result, shown = panels(Params())
    given = shown[GIVEN]
    assert given["colLabels"] == ["× 16", *[""] * 4, f"× {len(result.tokens) - 4}"]
    unpadded, tokens, mask = given["values"]
    assert tokens[:2] == ["[PAD]", "[CLS]"] and mask == [0, *[1] * 5] and unpadded == [None, *tokens[1:]]
    alone, padded, _ = given["sub"]
    assert alone[1:] == [*(str(place) for place in range(4)), f"4…{len(result.tokens) - 1}"]
    assert padded == ["0…15", *(str(place) for place in range(16, 20)), f"20…{15 + len(result.tokens)}"]
    assert panels(Params(position_ids=FIXED))[1][GIVEN]["sub"][1][:3] == ["0", "0", "1"]
    assert "sub" not in panels(Params(model=T5))[1]["the row without and with padding"]


def test_a_short_row_has_a_cell_for_each_token():
    result, shown = panels(Params(model=T5, question="Why?", pads=0))
    assert len(result.tokens) <= 5 and shown[MOVES]["values"] == [result.hidden_gap.tolist()]


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
