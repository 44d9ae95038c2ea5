"""The picture marks padding, names settings as the accuracy does, and its cells are the tensors."""

import pytest

from explorable.words import percent
from figures.padding_effect import TOKENS, draw
from lessons.padding_effect import FIXED, LESSON, ROUNDING, SPANS, T5, Params, moved, setting_of

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


WAY = "each token, in the row alone and in the padded row"


def said(panels):
    return {item["key"]: item["text"] for item in panels[""]["items"]}


def test_an_answer_that_jumps_stands_beside_the_one_given_alone():
    result, shown = panels(Params(pads=32))
    assert result.answer_alone != result.answer_padded
    assert said(shown)["answer"] == repr(result.answer_padded) and said(shown)["alone"] == repr(result.answer_alone)


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("model", [SPANS, T5])
@pytest.mark.parametrize("masked", [True, False])
def test_each_of_the_first_tokens_has_a_bar_as_long_as_its_output_moves_and_the_others_have_one_together(
    side, model, masked
):
    result, shown = panels(Params(model=model, padding_side=side, attention_mask=masked))
    panel, moves = shown[WAY], result.hidden_gap.tolist()
    bars, values = panel["bars"][-1], panel["values"][-1]
    pad = 0 if side == "left" else len(values) - 1
    assert bars.pop(pad) is None and panel["marks"][-1][pad] == "given pad tall"
    own = len(moves) if len(moves) <= TOKENS + 1 else TOKENS
    longest = [*moves[:own], *([max(moves[own:])] if moves[own:] else [])]
    top = max(moves) if moved(result) else 1
    assert [bar[1] for bar in bars] == pytest.approx(
        [move / top if move >= ROUNDING else 0 for move in longest], abs=1e-3
    )
    assert ["@kept" in keys for keys in panel["keys"][-1]] == [at != pad for at in range(len(values))]
    printed = [value for at, value in enumerate(values) if at != pad]
    assert all(value == "0" for value in printed) == (moved(result) == 0)


def test_before_the_answer_positions_and_mask_are_seen_and_what_moves_is_not():
    panel = panels(Params())[1][WAY]
    seen = [["given" in mark for mark in marks] for marks in panel["marks"]]
    assert (
        panel["veiled"] == "cells"
        and [all(row) for row in seen] == [True, True, True, False]
        and seen[3] == [True, *[False] * 10]
    )


def test_what_goes_in_says_of_each_token_its_mask_and_its_position_without_and_with_padding():
    result, shown = panels(Params())
    given = shown[WAY]
    assert given["colLabels"] == ["[PAD]", *result.tokens[:TOKENS], "others"]
    mask, alone, padded, _ = given["values"]
    assert alone == [None, *range(9), f"9…{len(result.tokens) - 1}"] and mask == [0, *[1] * 10]
    assert padded == ["0…15", *range(16, 25), f"25…{15 + len(result.tokens)}"]
    assert given["sub"][2] == ["", *["+16"] * 10]
    counted = panels(Params(position_ids=FIXED))[1][WAY]
    assert counted["values"][2][:3] == [0, 0, 1] and "sub" not in counted
    assert panels(Params(model=T5))[1][WAY]["rowLabels"][1] == "place alone"


@pytest.mark.parametrize(
    ("changes", "cause"),
    [({}, True), ({"position_ids": FIXED}, False), ({"padding_side": "right"}, False), ({"model": T5}, False), ({"pads": 0}, False)],
)  # fmt: skip
def test_positions_that_padding_has_moved_are_ringed_with_the_outputs_that_this_moves(changes, cause):
    panel = panels(Params(**changes))[1][WAY]
    ringed = [["@kept" in keys for keys in row] for row in panel["keys"]]
    real = ["pads" not in keys for keys in panel["keys"][-1]]
    assert ringed == [[False] * len(real)] * 2 + [real if cause else [False] * len(real), real]
    assert panel["rowLabels"][-1] == "max |Δ output|"


@pytest.mark.parametrize("masked", [True, False])
def test_a_mask_of_1_at_padding_is_framed_as_the_reason(masked):
    given = panels(Params(padding_side="right", attention_mask=masked))[1][WAY]
    assert ["lit" in mark for mark in given["marks"][0]] == [False] * 10 + [not masked]


def test_a_short_row_has_a_cell_for_each_token():
    result, shown = panels(Params(model=T5, question="Why?", pads=0))
    assert len(result.tokens) <= 5 and shown[WAY]["colLabels"] == result.tokens


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
