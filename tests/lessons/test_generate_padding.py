"""Where padding may stand depends on which cell is read, and on who counts the positions."""

import pytest
import torch

from lessons.generate_padding import LESSON, ROUNDING, Params, goes_on, reads_padding

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
    assert ("which is padding" in said) == reads_padding(result) and ("goes on otherwise" not in said) >= goes_on(
        result
    )
    assert said.count(f"{new} instead of {alone}") == (new != alone) and ("as without padding" in said) == (
        new == alone
    )
