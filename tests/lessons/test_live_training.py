"""Laws of the reader: it passes the plateau or stays there, and padding and dropout break what it learned, or do not."""

import math
import random
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
import torch

from explorable.progress import Cancelled, watched
from lessons.live_training import LESSON, READINGS, Params, run, trained
from lessons.toy_questions import VOCABULARY, ask, collate, padded, sample

SHORT = Params(steps=25)


def test_the_default_reads_every_question():
    result = run(Params())
    assert result.accuracy[0] < 0.1 and result.accuracy[-1] >= 0.98
    assert result.held_out_losses[-1] < 0.1 < result.plateau < result.held_out_losses[0]
    assert torch.equal(result.logits[-1].argmax(-1), result.targets)


def test_the_default_initializer_range_stays_at_ln_3_and_gives_the_same_answer_to_all_questions():
    result = run(Params(initializer_range=0.02))
    assert result.plateau == math.log(3)
    assert result.losses[-20:].mean().item() == pytest.approx(result.plateau, abs=0.05)
    assert result.accuracy[-1] < 0.5
    torch.testing.assert_close(result.probs[-1][0], result.probs[-1][1], atol=0.1, rtol=0)  # whatever is asked
    candidates = result.probs[-1][:, 0, result.targets[:, 0]].sum(-1)
    assert (candidates > 0.9).all()  # it does know which three words may be the answer


def test_padding_breaks_what_the_mask_or_the_positions_do_not_mend():
    exact = run(Params()).exact
    assert list(exact) == list(READINGS)
    assert exact["no extra padding"] == exact["left, position_ids from the mask"] >= 0.98
    assert exact["left"] < 0.7 and exact["right, no attention_mask"] < 0.9


def test_with_mask_and_positions_the_logits_of_the_real_tokens_are_those_without_padding():
    alone, left, right = (
        run(replace(SHORT, padding=padding)).read for padding in (READINGS[0], READINGS[4], READINGS[1])
    )
    torch.testing.assert_close(left, alone, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(right, alone, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(run(SHORT).logits[-1], alone, atol=1e-4, rtol=1e-4)


def test_dropout_breaks_the_reader_in_train_mode_only():
    eval_mode, train_mode = run(Params(dropout=0.5)), run(Params(mode="train", dropout=0.5))
    assert eval_mode.exact["no extra padding"] >= 0.98 and train_mode.exact["no extra padding"] < 0.5
    none = run(Params(mode="train", dropout=0.0))
    assert none.exact == eval_mode.exact


def test_other_ways_of_reading_do_not_train_again():
    run(SHORT)
    misses = trained.cache_info().misses
    for changed in (
        {"padding": "left"},
        {"mode": "train"},
        {"mode": "train", "dropout": 0.4},
        {"padding": "right", "pads": 3},
    ):
        run(replace(SHORT, **changed))
    assert trained.cache_info().misses == misses


def test_two_trainings_at_once_are_what_each_is_alone():
    """The cache is passed by: both really train, beside each other."""
    told = (0.15, 0.002, 8, 25, 5)
    alone = trained.__wrapped__(*told)[3]
    with ThreadPoolExecutor(3) as pool:
        results = [made[3] for made in pool.map(lambda seed: trained.__wrapped__(*told[:4], seed), (5, 6, 5))]
    assert torch.equal(results[0].losses, alone.losses) and torch.equal(results[2].logits, alone.logits)
    assert not torch.equal(results[1].losses, alone.losses)


def test_a_cancelled_training_leaves_nothing_behind():
    def stop(done, total, so_far):
        partial = so_far()
        assert total == 26 and len(partial.losses) == min(done, 25) and partial.exact is None
        if done == 3:
            raise Cancelled

    start, entries = torch.get_rng_state(), trained.cache_info().currsize
    with watched(stop), pytest.raises(Cancelled):
        run(replace(SHORT, seed=77))
    assert torch.equal(torch.get_rng_state(), start) and trained.cache_info().currsize == entries


# -- the questions ----------------------------------------------------------------------------------------------------


def test_the_answer_stands_where_the_example_says():
    tokens, start, end = ask({"owner": "anna", "price": "ten", "color": "red"}, "price")
    assert tokens[start : end + 1] == ["ten"] and tokens[4] == "price" and set(tokens) <= set(VOCABULARY)


@pytest.mark.parametrize("padding", READINGS)
def test_padded_positions_still_point_at_the_answers(padding):
    rng = random.Random(0)
    examples = [sample(rng) for _ in range(20)]
    batch = padded(examples, padding, 7)
    plain = collate(examples)
    assert batch["input_ids"].shape[1] - plain["input_ids"].shape[1] == (0 if padding == READINGS[0] else 7)
    rows = torch.arange(20)
    for side in ("start_positions", "end_positions"):
        assert torch.equal(batch["input_ids"][rows, batch[side]], plain["input_ids"][rows, plain[side]])
    assert ("attention_mask" in batch) is ("no attention_mask" not in padding)


def test_the_caption_says_why_a_mask_does_not_spare_all():
    """The head scores every position, those of [PAD] too."""
    said = {padding: LESSON.caption(params := Params(padding=padding), run(params)) for padding in READINGS}
    why = "which a mask hides from attention but not from the head"
    assert [padding for padding in READINGS if why in said[padding]] == ["right", "left"]
