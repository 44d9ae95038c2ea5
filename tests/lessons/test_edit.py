"""Laws of an edit: what is frozen stays, what is not asked for does not change, and the shared model is nobody's to edit."""

import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cache

import pytest
import torch
from regex import search

from explorable.params import BadParam
from explorable.progress import Cancelled, watched
from lessons.edit import (
    COUNTED,
    FIVE,
    LESSON,
    PATTERNS,
    SHORT,
    Params,
    asked,
    caption,
    details,
    moving,
    scope_of,
    values,
)
from lessons.edit_request import MORE
from models.facts import load_facts
from models.shared import shared_qa_model

ALONE = Params(compare="nothing")
run, snippet = LESSON.run, LESSON.snippet
kept = cache(run)


def weights():
    return [tensor.clone() for tensor in shared_qa_model().state_dict().values()]


@pytest.mark.parametrize("params", [Params(), Params(optimizer="AdamW", mode="train", seed=3, lr=0.1)])
def test_a_frozen_tensor_never_moves_and_what_may_move_does(params):
    result = kept(params)
    for (pattern, _, _), moved, flags in zip(result.settings, result.moved, result.trainable, strict=True):
        assert flags == [bool(search(pattern, name)) for name in result.names]
        assert (moved > 0).tolist() == flags


def test_every_preset_names_tensors_of_the_model():
    names = kept(Params()).names
    matches = [sum(bool(search(pattern, name)) for name in names) for pattern in PATTERNS.values()]
    assert matches == [1, 1, 8, len(names)]


def test_zero_steps_change_nothing():
    result = kept(Params(steps=0))
    assert result.success == [0.0, 0.0] and result.generality == [0.0, 0.0] and result.locality == [1.0, 1.0]
    assert not any(moved.any() for moved in result.moved) and result.broken == [[], []]


def test_the_default_learns_the_fact_in_all_wordings_and_keeps_the_others():
    result = kept(Params())
    assert result.success[0] == 1.0 and result.generality[0] >= 0.9 and result.locality[0] >= 0.9


def test_everything_at_the_same_learning_rate_ruins_the_other_facts():
    result = kept(Params())
    assert result.success[1] == 1.0 and result.locality[1] < 0.5 < 0.9 <= result.locality[0]


def test_how_far_tensors_move_breaks_facts_and_not_how_many_may():
    """The lesson's truth, in both directions: one tensor far, and every tensor a little."""
    far = kept(replace(ALONE, lr=0.3))
    assert sum(far.trainable[0]) == 1 and far.locality[0] < 0.1
    little = kept(replace(ALONE, move="everything", optimizer="SGD", lr=0.03))
    assert (little.moved[0] > 0).sum() > 40 and little.locality[0] > 0.99


def test_the_first_trap_learns_in_a_few_steps_and_breaks_most_facts_by_the_later_ones():
    few = (
        kept(replace(ALONE, move="everything", steps=steps)) for steps in (1, 2, 3)
    )  # in which, the processor decides
    assert any(run.success[0] == 1.0 and run.locality[0] > 0.9 for run in few)
    assert kept(Params(**LESSON.traps[0].params)).locality[0] < 0.5


def test_the_first_step_of_adam_is_about_lr_where_the_gradient_is_far_above_eps():
    """The scope of the first answer."""
    w = torch.zeros(3, requires_grad=True)
    w.grad = torch.tensor([100.0, 1e-9, 0.0])
    torch.optim.Adam([w], lr=0.003).step()
    assert w[0].item() == pytest.approx(-0.003, rel=1e-4) and 0 > w[1].item() > -0.0003 and w[2].item() == 0


def test_each_step_lowers_the_loss_until_the_new_answer_wins():
    result = kept(Params())
    for losses, logits, probabilities in zip(result.losses, result.logits, result.probabilities, strict=True):
        assert len(losses) == 21 and losses[-1] < 0.5 < 3 < losses[0]
        assert logits[0, 0] > logits[0, 1] and logits[-1, 0] < logits[-1, 1]
        assert probabilities[-1, 1] > 0.5 > probabilities[0, 1]


def test_fewer_steps_of_adam_on_every_tensor_change_some_facts_and_at_most_half():
    """The reply about SGD; in how many steps, the processor decides."""
    runs = [kept(replace(ALONE, move="everything", steps=steps)) for steps in (2, 3, 4, 5)]
    assert any(0 < len(run.broken[0]) <= len(run.rest) / 2 for run in runs)


def test_a_later_edit_undoes_an_earlier_one_in_the_trap():
    [trap] = [trap for trap in LESSON.traps if trap.name == "A later edit undoes an earlier one"]
    result = kept(Params(**trap.params))
    ends = {edit: place for place, edit in enumerate(result.order[0])}  # the last state of each
    learned = [edit for edit, place in ends.items() if result.ahead[0][place] == 1]
    undone = [edit for edit in learned if result.answers[0][edit] != result.edits[edit][1]]
    assert undone and all(ends[edit] < max(ends.values()) for edit in undone)


def test_no_fact_changes_where_nothing_moves_far_so_the_truth_says_may():
    result = kept(replace(ALONE, lr=0.0001, optimizer="SGD", steps=5))
    assert result.broken == [[]] and result.moved[0].max() > 0
    assert "may change" in LESSON.truth


def test_scores_are_shares_of_the_questions_listed():
    result = kept(Params())
    assert len(result.rest) == len(load_facts()) - 1
    for index, broken in enumerate(result.broken):
        assert result.locality[index] == (len(result.rest) - len(broken)) / len(result.rest)
        assert all(was != now for _, was, now in broken)
        good = [now == wanted for _, wanted, now in result.reworded[index]]
        assert result.generality[index] == sum(good) / len(good)


@pytest.mark.parametrize("params", [Params(), Params(move="everything", steps=3, compare="nothing")])
def test_a_look_finds_the_facts_whose_greedy_answer_is_another_one(params):
    """One forward with the old answer as labels tells what generate says word by word, also before and after a few steps."""
    result = kept(params)
    assert result.looks[0] == 0 and result.looks[-1] == len(result.order[0]) - 1
    for found, broken in zip(result.changed, result.broken, strict=True):
        assert found.shape == (len(result.looks), len(result.rest)) and not found[0].any()
        gone = {question for (_, question, _), other in zip(result.rest, found[-1].tolist(), strict=True) if other}
        assert gone == {question for question, _, _ in broken}


def test_why_an_edit_fails_is_said_as_it_is():
    """Munich after 20 steps: a third answer is ahead; after 40 it is learned, as the reply promises."""
    germany = {"question": "What is the capital of Germany?", "answer": "Munich"}
    few, more = kept(replace(ALONE, **germany)), kept(replace(ALONE, **germany, steps=60))
    assert few.answers[0][0] not in ("Munich", "Berlin") and few.ahead[0][-1] == 2
    assert "a third token is ahead of both" in details(replace(ALONE, **germany), few)
    assert more.answers == [["Munich"]] and more.ahead[0][-1] == 1
    assert "ahead" not in details(replace(ALONE, **germany, steps=60), more)


def test_who_is_ahead_is_the_larger_of_the_two_logits_or_neither():
    result = kept(Params())
    for logits, ahead in zip(result.logits, result.ahead, strict=True):
        assert all(place == 2 or pair[place] == max(pair) for pair, place in zip(logits.tolist(), ahead, strict=True))
        assert ahead[0] == 0 and ahead[-1] == 1


def test_edits_in_a_row_come_one_after_the_other_each_once():
    result = kept(Params(more=FIVE, compare="nothing"))
    order = result.order[0]
    assert sorted(order[::21]) == list(range(5)) and order == [edit for edit in order[::21] for _ in range(21)]
    assert len(result.answers[0]) == 5 and result.success[0] >= 0.6


def test_the_same_params_give_the_same_result_in_threads_at_once():
    params = Params(mode="train", seed=7, steps=5)
    with ThreadPoolExecutor(3) as pool:
        results = list(pool.map(run, [params, replace(params, seed=8), params]))
    first, other, again = results
    assert all(map(torch.equal, first.losses, again.losses)) and first.broken == again.broken
    assert not torch.equal(first.losses[0], other.losses[0])


def test_dropout_shakes_the_steps_in_train_mode_only():
    still, shaken, other = (
        kept(replace(ALONE, steps=5, **more)) for more in ({}, {"mode": "train"}, {"mode": "train", "seed": 1})
    )
    assert not torch.equal(still.losses[0], shaken.losses[0]) and not torch.equal(shaken.losses[0], other.losses[0])


def test_the_shared_model_stays_as_it_was_also_when_a_run_is_cancelled():
    def stop(done, total, so_far):
        told.append((done, total))
        partial = so_far()
        assert caption(Params(), partial) and len(partial.losses[0]) <= done
        if done == 5:
            raise Cancelled

    told, start = [], weights()
    with watched(stop), pytest.raises(Cancelled):
        run(Params())
    kept(Params())
    assert told[-1][0] == 5 and all(map(torch.equal, start, weights()))
    assert not shared_qa_model().training and not any(p.requires_grad for p in shared_qa_model().parameters())


def test_progress_counts_to_its_end():
    told = []
    with watched(lambda done, total, so_far: told.append((done, total))):
        run(replace(ALONE, steps=2))
    assert told[:3] == [(1, 3), (2, 3), (3, 3)] and all(done <= total for done, total in told)


def test_what_matches_nothing_leaves_nothing_to_train():
    result = run(Params(move="names that match", pattern="^encoder.block[1]"))
    assert result.error.startswith("RuntimeError: element 0 of tensors does not require grad") and not result.moved
    with pytest.raises(RuntimeError) as raised:
        exec(snippet(Params(move="names that match", pattern="^encoder.block[1]")), {})
    assert result.error == f"RuntimeError: {raised.value}"
    assert run(Params(move="names that match", pattern="(")).error.startswith("error: missing )")


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("question", {"question": "Who are you?"}),
        ("question", {"question": ""}),
        ("answer", {"answer": ""}),
        ("answer", {"answer": "xyzzy"}),
        ("answer", {"answer": "Paris"}),
        ("answer", {"answer": "Lyon " * 9}),
        ("more", {"more": "What is the capital of Japan? Kyoto"}),
        ("more", {"more": "capital of France => Nice"}),
        ("more", {"more": "\n".join(["capital of Japan => Kyoto"] * (MORE + 1))}),
        ("pattern", {"move": "names that match", "pattern": "a{4000000}"}),
    ],
)
def test_what_cannot_be_read_is_refused_with_one_sentence_that_names_the_field(field, values):
    with pytest.raises(BadParam) as refused:
        asked(Params(**values))
    assert str(refused.value).startswith(field) and str(refused.value).endswith(".")


def test_a_question_is_found_in_any_wording_case_and_name():
    found = [
        asked(Params(question=q, answer="new york"))[0] for q in ("capital of the USA", " What is America's capital ")
    ]
    assert [question for question, _, _ in found] == [
        "Capital of the United States",
        "What is the United States's capital?",
    ]
    assert {(answer, index) for _, answer, index in found} == {("New York", found[0][2])}


def test_one_other_fact_does_and_details_begin_with_a_capital():
    params = Params(steps=0)
    result = run(params)
    assert details(params, result).startswith("No step, in eval mode.")
    one = replace(result, broken=[[], [("Where?", "here", "there")]])
    assert caption(params, one).endswith("; with all tensors moving, 1 does.")


def test_what_may_move_is_counted_in_the_words_of_the_question_where_they_tell_the_settings_apart():
    names = kept(Params()).names
    for pattern, move in SHORT.items():
        said = scope_of([bool(search(pattern, name)) for name in names])
        assert COUNTED.get(move, "8 tensors") == said
    params = Params(steps=0)
    assert moving(run(params)) == ["one tensor", "all tensors"]
    several = replace(params, compare="every DenseReluDense")
    assert moving(run(several)) == ["one matrix of the encoder", "every DenseReluDense"]
    assert moving(run(replace(params, compare="nothing"))) == ["one matrix of the encoder"]


def test_the_seed_is_that_of_train_mode_alone():
    """The loader draws the order of the edits from it too, and in eval mode the control is hidden."""
    assert values(Params(seed=5)) == values(Params()) != values(Params(mode="train", seed=5))


def test_scores_of_edits_in_a_row_are_said_to_be_taken_in_eval_mode_whatever_the_edits_run_in():
    result = kept(Params(steps=0))
    several = replace(result, edits=result.edits * 2)
    for mode in ("eval mode", "train mode, seed 0"):
        told = details(Params(steps=0, mode=mode[: mode.index(" ")]), several)
        assert told.startswith(f"No step for each edit, in {mode}, one edit after the other; ")
        assert "the scores are taken after the last, in eval mode." in told


@pytest.mark.parametrize(("right", "words"), [(0, "none"), (1, "some"), (2, "some"), (3, "all")])
def test_a_caption_of_edits_in_a_row_has_three_numbers_at_most(right, words):
    result = kept(Params(steps=0))
    new = [answer for _, answer in result.edits * 3]
    told = caption(Params(), replace(result, edits=result.edits * 3, answers=[new[:right] + ["?"] * (3 - right)] * 2))
    assert f"gives {words} of the new answers" in told and len(re.findall(r"\d+", told)) == 3


def test_in_twenty_steps_adam_moves_a_weight_by_at_most_about_lr_each():
    """Whenever its gradient sets in; over more steps a late gradient takes longer ones."""

    def longest(steps):
        w = torch.zeros(steps, requires_grad=True)
        opt, far = torch.optim.Adam([w], lr=1.0), 0.0
        for step in range(steps):
            before = w.detach().clone()
            w.grad = (torch.arange(steps) <= step).float()  # a weight whose gradient sets in at each step
            opt.step()
            far = max(far, (w.detach() - before).abs().max().item())
        return far

    assert longest(20) < 1.2 < 1.5 < longest(60)
