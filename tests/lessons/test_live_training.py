"""Laws of the reader: it passes the plateau or stays there, and padding and dropout break what it learned, or do not."""

import math
import random
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from explorable.progress import Cancelled, watched
from explorable.seeding import seeded
from lessons import live_training
from lessons.live_training import LESSON, PADDED, Params

run = LESSON.run
READINGS = tuple(PADDED)
SHORT = Params(steps=25)


@pytest.fixture(scope="module")
def program():
    """The names that the program binds when it runs alone, shortly."""
    names: dict[str, Any] = {"__name__": "__main__"}
    with seeded(0):
        exec(LESSON.program.text(replace(SHORT, batch_size=64)), names)
    return SimpleNamespace(**names)


def test_the_default_reads_every_question():
    result = run(Params())
    assert result.accuracy[0] < 0.1 and result.accuracy[-1] >= 0.98
    assert result.held_out_losses[-1] < 0.1 < result.plateau < result.held_out_losses[0]
    assert torch.equal(result.logits[-1].argmax(-1), result.targets)


def test_the_default_initializer_range_stays_at_ln_3_and_gives_the_same_answer_to_all_questions():
    result = run(Params(initializer_range=0.02))
    assert result.plateau == math.log(3)
    assert sum(result.losses[-20:]) / 20 == pytest.approx(result.plateau, abs=0.05)
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
    trained = run(SHORT)
    for changed in (
        {"padding": "left"},
        {"mode": "train"},
        {"mode": "train", "dropout": 0.4},
        {"padding": "right", "pads": 3},
    ):
        again = run(replace(SHORT, **changed))
        assert again.losses is trained.losses and len(again.losses) == 25 and again.taken == [0, 10, 20, 25]


def test_two_trainings_at_once_are_what_each_is_alone():
    """What was trained before is forgotten: both really train, beside each other."""
    params = replace(SHORT, batch_size=8, seed=5)
    alone = run(params)
    live_training._trainings.clear()
    with ThreadPoolExecutor(3) as pool:
        results = list(pool.map(lambda seed: run(replace(params, seed=seed)), (5, 6, 5)))
    assert results[0].losses == alone.losses and torch.equal(results[2].logits[-1], alone.logits[-1])
    assert results[1].losses != alone.losses


def test_the_same_training_twice_at_once_is_done_twice_and_neither_writes_into_the_other():
    live_training._trainings.clear()
    with ThreadPoolExecutor(2) as pool:
        one, other = pool.map(run, [replace(SHORT, seed=8)] * 2)
    assert one.losses == other.losses and len(one.losses) == 25 and one.taken == other.taken == [0, 10, 20, 25]


def test_a_cancelled_training_leaves_nothing_behind_and_is_done_anew():
    def stop(done, total, so_far):
        partial = so_far()
        assert total == 26 and len(partial.losses) == min(done, 25) and partial.exact is None
        if done == 3:
            raise Cancelled

    start = torch.get_rng_state()
    with watched(stop), pytest.raises(Cancelled):
        run(replace(SHORT, seed=77))
    assert torch.equal(torch.get_rng_state(), start)
    assert run(replace(SHORT, seed=77)).taken == [0, 10, 20, 25]


def test_no_more_trainings_are_kept_than_said():
    for seed in range(40):
        live_training.given(Params(seed=seed))
    assert len(live_training._trainings) <= live_training.MANY
    live_training._trainings.clear()


# -- the questions ----------------------------------------------------------------------------------------------------


def test_the_answer_stands_where_the_example_says(program):
    tokens, start, end = program.ask({"owner": "anna", "price": "ten", "color": "red"}, "price")
    assert tokens[start : end + 1] == ["ten"] and tokens[4] == "price" and set(tokens) <= set(program.VOCABULARY)


@pytest.mark.parametrize("padding", READINGS)
def test_padded_positions_still_point_at_the_answers(program, padding):
    rng = random.Random(0)
    examples = [program.sample(rng) for _ in range(20)]
    batch = program.padded(examples, padding, 7)
    plain = program.collate(examples)
    assert batch["input_ids"].shape[1] - plain["input_ids"].shape[1] == (0 if padding == READINGS[0] else 7)
    rows = torch.arange(20)
    for side in ("start_positions", "end_positions"):
        assert torch.equal(batch["input_ids"][rows, batch[side]], plain["input_ids"][rows, plain[side]])
    assert ("attention_mask" in batch) is ("no attention_mask" not in padding)


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("batch_size", [8, 64])
def test_no_held_out_question_is_trained_on(seed, batch_size):
    names: dict[str, Any] = {"__name__": "__main__"}
    with seeded(0):
        exec(LESSON.program.text(replace(SHORT, seed=seed, batch_size=batch_size)), names)
    trained = {tuple(tokens) for _, examples in names["visits"] for tokens, _, _ in examples}
    assert len(trained) > 150 and len(names["held_out"]) == names["n_held_out"] == 200
    assert not trained & {tuple(tokens) for tokens, _, _ in names["held_out"]}


def test_the_held_out_questions_depend_on_the_seed_alone():
    made = []
    for changed in ({"batch_size": 8}, {"lr": 0.001}, {"seed": 3}):
        names: dict[str, Any] = {"__name__": "__main__"}
        with seeded(0):
            exec(LESSON.program.text(replace(SHORT, **changed)), names)
        made.append(names["held_out"])
    assert made[0] == made[1] != made[2]


def test_there_are_9000_questions(program):
    rng = random.Random(0)
    assert len({" ".join(program.sample(rng)[0]) for _ in range(150_000)}) == 9000


# -- what the sentences say -------------------------------------------------------------------------------------------


def test_who_ignores_the_question_has_a_mean_loss_of_ln_3_at_best():
    """The best one can do without the question is a third each: over the three questions to one context no share does better."""
    plateau = math.log(3)
    generator = torch.Generator().manual_seed(0)
    for shares in torch.randn(200, 3, generator=generator).softmax(-1):
        assert -shares.log().mean().item() >= plateau - 1e-6
    assert -torch.full((3,), 1 / 3).log().mean().item() == pytest.approx(plateau)


def test_the_words_say_why_a_mask_does_not_spare_all():
    """The head scores every position, those of [PAD] too."""
    said = {padding: LESSON.details(params := Params(padding=padding), run(params)) for padding in READINGS}
    why = "the mask hides [PAD] from attention, but not from the head"
    for padding in READINGS:
        on_pads = run(Params(padding=padding)).on_pads
        assert (why in said[padding]) == (on_pads > 0.001 and padding != "right, no attention_mask")


@pytest.mark.parametrize("padding", READINGS)
@pytest.mark.parametrize("mode", ["eval", "train"])
def test_the_caption_counts_what_is_right_as_it_is_read(padding, mode):
    params = Params(padding=padding, mode=mode, dropout=0.3)
    result = run(params)
    told = LESSON.caption(params, result)
    if padding == "no extra padding" and mode == "eval":
        assert told.startswith("A guess costs 1.099; after 150 steps")
        assert told.endswith(f"loss on this example is {result.paid[-1]:.4f}.")
        assert "p and loss are those of the answer's start, “red”" in LESSON.details(params, result)
        assert result.paid == [
            pytest.approx(-picked[0, 0].log().item(), rel=1e-3, abs=1e-5) for picked in result.picked
        ]
    else:
        assert f"gets {round(200 * result.exact[padding])} of 200" in told
        assert told.endswith("as before." if result.exact[padding] == result.accuracy[-1] else "instead of 200.")
        assert "In the picture" not in LESSON.details(params, result)


def test_stuck_means_that_each_candidate_still_has_about_a_third():
    params = Params(**LESSON.traps[0].params)
    picked = run(params).picked[-1]
    torch.testing.assert_close(picked, torch.full((3, 3), 1 / 3), atol=0.1, rtol=0)
    assert run(params).held_out_losses[-1] == pytest.approx(math.log(3), rel=0.1)


def test_without_a_mask_answers_turn_wrong_at_this_seed_and_hold_at_others():
    exact = [run(Params(seed=seed)).exact["right, no attention_mask"] for seed in range(3)]
    assert exact[0] < 0.9 and exact[1] == exact[2] == 1.0


def test_the_reader_was_trained_without_dropout_and_differs_from_call_to_call_only_with_it():
    trap = Params(**LESSON.traps[3].params)
    assert not run(trap).repeats and run(trap).exact["no extra padding"] < 0.9
    assert run(Params()).repeats and run(replace(trap, dropout=0.0)).repeats
    assert "trained with p = 0," in LESSON.traps[3].sentence


def test_left_padding_moves_the_logits_and_positions_from_the_mask_mend_it():
    moved = {padding: run(Params(padding=padding)).moved for padding in READINGS}
    assert moved["left"] > 1 and moved["right, no attention_mask"] > 1
    assert max(moved[padding] for padding in (READINGS[0], READINGS[1], READINGS[4])) < 1e-3


def test_positions_from_the_mask_need_the_clamp_that_the_reply_names():
    """cumsum(1) - 1 is -1 at [PAD] on the left, which no nn.Embedding has."""
    mask = torch.tensor([[0, 0, 1, 1]])
    places = torch.nn.Embedding(4, 2)
    with pytest.raises(IndexError):
        places(mask.cumsum(1) - 1)
    assert places((mask.cumsum(1) - 1).clamp(min=0)).shape == (1, 4, 2)
    [left] = [prediction for prediction in LESSON.predictions if prediction.id == "left"]
    assert "(mask.cumsum(1) - 1).clamp(min=0)" in left.choices[left.answer].reply


def test_the_share_on_padding_is_said_to_be_that_of_the_watched_questions():
    """The held-out batch is padded to its longest in any case; the watched questions are equally long."""
    result = run(SHORT)
    assert result.on_pads == 0 and len({len(tokens) for tokens in result.tokens}) == 1
    padded = replace(SHORT, padding="right")
    assert "of the softmax of the watched questions on [PAD]" in LESSON.details(padded, run(padded))


def test_where_there_is_no_padding_no_share_on_it_is_told():
    plain, right = SHORT, replace(SHORT, padding="right")
    told = {params: LESSON.details(params, run(params)) for params in (plain, right)}
    assert run(plain).on_pads == 0 and "softmax" not in told[plain] and "softmax" in told[right]
    assert all(f"{SHORT.pads} [PAD] on the left" in text for text in told.values())
