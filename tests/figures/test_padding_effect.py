"""The picture marks padding, names settings as the accuracy does, and its cells are the tensors."""

import pytest
import torch

from explorable.words import percent
from figures.padding_effect import draw
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


OUTPUTS = "one number of each token's output"
GIVEN = "the position of each token, without and with padding"


def said(panels):
    return {item["key"]: item["text"] for item in panels[""]["items"]}


def test_an_answer_that_jumps_stands_beside_the_one_given_alone():
    result, shown = panels(Params(pads=32))
    assert result.answer_alone != result.answer_padded
    assert said(shown)["answer"] == repr(result.answer_padded) and said(shown)["alone"] == repr(result.answer_alone)


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("model", [SPANS, T5])
@pytest.mark.parametrize("masked", [True, False])
def test_the_hero_holds_an_output_of_the_first_tokens_twice_and_says_of_each_whether_it_moved(side, model, masked):
    result, shown = panels(Params(model=model, padding_side=side, attention_mask=masked))
    panel = shown[OUTPUTS]
    words = ["moved" if gap >= ROUNDING else "the same" for gap in result.hidden_gap.tolist()]
    rest = "all moved" if moved(result) else "all the same"
    first, pad = (slice(1, 6), 0) if side == "left" else (slice(0, 5), 5)
    alone, padded = (values[first] for values in panel["values"])
    assert alone == [*result.output_alone.tolist()[:4], "…"] and padded == [*result.output_padded.tolist()[:4], "…"]
    assert panel["sub"][1][first] == [*words[:4], rest] and len(set(words)) == 1
    assert panel["values"][0][pad] is panel["values"][1][pad] is None and panel["marks"][1][pad] == "given pad"
    assert ["@kept" in key for key in panel["keys"][1]] == [at != pad for at in range(6)]


def test_the_number_shown_of_an_output_is_the_one_that_moves_most():
    result = run(Params())
    gaps = (result.output_padded - result.output_alone).abs()
    torch.testing.assert_close(gaps, result.hidden_gap)


def test_before_the_answer_the_output_without_padding_is_seen_and_that_with_it_is_not():
    panel = panels(Params())[1][OUTPUTS]
    seen = [["given" in mark for mark in marks] for marks in panel["marks"]]
    assert panel["veiled"] == "cells" and seen == [[False, *[True] * 5], [True, *[False] * 5]]


def test_what_goes_in_says_of_each_token_its_mask_and_its_position():
    result, shown = panels(Params())
    given = shown[GIVEN]
    names = ["16 × [PAD]", *result.tokens[:4], f"{len(result.tokens) - 4} more"]
    assert given["colLabels"] == shown[OUTPUTS]["colLabels"] == names
    alone, padded, mask = given["values"]
    assert alone == [None, *range(4), f"4…{len(result.tokens) - 1}"] and mask == [0, *[1] * 5]
    assert padded == ["0…15", *range(16, 20), f"20…{15 + len(result.tokens)}"]
    assert panels(Params(position_ids=FIXED))[1][GIVEN]["values"][1][:3] == [0, 0, 1]
    assert panels(Params(model=T5))[1][GIVEN.replace("position", "place")]["values"][1][0] == "0…15"


@pytest.mark.parametrize("model", [SPANS, T5])
@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("masked", [True, False])
def test_the_positions_that_moved_and_a_mask_of_1_at_padding_are_ringed_as_the_reason(model, side, masked):
    params = Params(model=model, padding_side=side, attention_mask=masked)
    result, shown = panels(params)
    given = shown[GIVEN if model == SPANS else GIVEN.replace("position", "place")]
    unpadded, padded, mask = ([at for at, key in enumerate(keys) if "@kept" in (key or [])] for keys in given["keys"])
    pad = 0 if side == "left" else 5
    assert unpadded == [] and padded == ([1, 2, 3, 4, 5] if model == SPANS and side == "left" else [])
    assert mask == ([] if masked else [pad])
    assert bool(padded or mask) == bool(moved(result))


def test_a_short_row_has_a_cell_for_each_token():
    result, shown = panels(Params(model=T5, question="Why?", pads=0))
    assert len(result.tokens) <= 5 and shown[OUTPUTS]["values"][1] == result.output_padded.tolist()


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
