"""Where padding may stand depends on which cell is read, and on who counts the positions."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from lessons.generate_padding import LESSON, ROUNDING, Params, counts, goes_on, reads_padding

run = LESSON.run


def test_alone_the_model_counts_hours():
    assert run(Params(pads=0)).alone.tolist() == [6, 7, 8, 9]


@pytest.mark.parametrize("pads", [1, 4, 8])
def test_generate_goes_on_behind_left_padding_as_without_and_behind_right_padding_otherwise(pads):
    left, right = (run(Params(padding_side=side, pads=pads)) for side in ("left", "right"))
    assert goes_on(left) and left.gap.max() < ROUNDING and not reads_padding(left)
    assert not goes_on(right) and right.gap.max() > 0.5 and reads_padding(right)


@pytest.mark.parametrize("masked", [True, False])
@pytest.mark.parametrize("pads", [1, 4, 8])
def test_a_forward_pass_is_left_alone_by_what_stands_behind_with_a_mask_or_not(pads, masked):
    behind = run(Params(call="forward", pads=pads, attention_mask=masked))
    assert behind.gap.max() < ROUNDING and behind.read == 2
    before = run(Params(call="forward", padding_side="left", pads=pads, attention_mask=masked))
    assert before.gap.max() > 10 * ROUNDING and before.read == 2 + pads


def test_generate_counts_positions_from_the_mask_and_a_forward_pass_counts_cells():
    assert run(Params(padding_side="left")).position_ids[0, 4:].tolist() == [0, 1, 2]
    assert run(Params(call="forward", padding_side="left")).position_ids[0].tolist() == list(range(7))
    assert run(Params(padding_side="left", attention_mask=False)).position_ids[0].tolist() == list(range(7))


def test_with_position_ids_of_its_own_a_forward_pass_is_neutral_too():
    from lessons.generate_padding import _model

    result = run(Params(call="forward", padding_side="left"))
    places = (result.mask.cumsum(dim=1) - 1).clamp(min=0)
    logits = _model()(result.input_ids, attention_mask=result.mask, position_ids=places).logits[0, -1]
    torch.testing.assert_close(logits, result.logits_alone, rtol=0, atol=ROUNDING)


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("pads", [0, 1, 4, 8])
@pytest.mark.parametrize("masked", [True, False])
def test_the_caption_tells_the_cell_that_generate_reads_and_the_number_that_comes_of_it(side, pads, masked):
    params = Params(padding_side=side, pads=pads, attention_mask=masked)
    result = run(params)
    said, new, alone = LESSON.caption(params, result), result.padded[0].item(), result.alone[0].item()
    assert result.read == result.input_ids.shape[1] - 1
    assert ("PAD, unseen in training" in said) == reads_padding(result)
    assert ("goes on otherwise" in said) == (new == alone and not goes_on(result))
    assert said.count(f"{new} instead of {alone}") == (new != alone)
    assert ("as without padding" in said) == (new == alone and pads > 0) and ("There is no padding" in said) == (
        pads == 0
    )


def test_the_number_behind_right_padding_is_chance_and_from_there_the_model_counts():
    from lessons.generate_padding import _model

    told = {"max_new_tokens": 4, "do_sample": False}
    first = []
    for hour in range(1, 13):
        row = torch.tensor([[hour, hour % 12 + 1, (hour + 1) % 12 + 1, 0, 0, 0, 0]])
        first.append(_model().generate(row, attention_mask=row.ne(0).long(), **told)[0, 7].item() - row[0, 2].item())
    assert len({step % 12 for step in first}) > 3  # how far it lies behind the last hour follows no rule
    result = run(Params())
    assert counts(result) and "instead of 6 and counts on." in LESSON.caption(Params(), result)
    assert "counts on" not in LESSON.caption(Params(), replace(result, padded=torch.tensor([9, 9, 10, 11])))


def test_no_training_row_held_padding():
    assert "torch.randint(12, (32, 1)) + torch.arange(14)) % 12 + 1" in Path("programs/generate_padding.py").read_text(
        encoding="utf-8"
    )  # 1 to 12; PAD is 0


@pytest.mark.parametrize("call", ["generate", "forward"])
def test_without_padding_the_details_compare_with_nothing(call):
    params = Params(call=call, pads=0)
    said = LESSON.details(params, run(params))
    assert said.count("PAD") == 1 and "moves" not in said
    assert "it goes on with" in LESSON.details(Params(call=call), run(Params(call=call)))


@pytest.mark.parametrize("masked", [True, False])
def test_the_details_say_what_generate_counts(masked):
    result = run(Params(padding_side="left", attention_mask=masked))
    said = LESSON.details(Params(padding_side="left", attention_mask=masked), result)
    assert ("the hours alone: the three hours stand at positions 0, 1 and 2" in said) == masked
    assert ("here all cells: the three hours stand at positions 4, 5 and 6" in said) == (not masked)
