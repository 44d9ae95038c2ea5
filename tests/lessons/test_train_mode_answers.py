"""Eval mode has one answer; train mode draws another model for every pass, and is worse the more it drops."""

from dataclasses import replace

import pytest
import torch
from transformers import AutoModelForSeq2SeqLM

from explorable.params import BadParam
from explorable.progress import watched
from explorable.seeding import seeded
from lessons.train_mode_answers import FLOATS, LESSON, MODULES, Params, same
from models.facts import load_facts, wordings
from models.shared import shared_qa_model

run = LESSON.run


def test_eval_mode_answers_as_the_shared_model_does_whatever_the_seed():
    one, other = run(Params(passes=2)), run(Params(passes=2, seed=5))
    expected = [answer.text for answer in shared_qa_model().answer(one.asked)]
    assert one.eval_answers == other.eval_answers == expected
    assert one.eval_accuracy > 0.9


def test_the_more_is_dropped_the_fewer_answers_are_right():
    small, middle, large = run(Params()).mean.tolist()
    assert small > middle > large
    assert small < 1.0 or middle < 0.8


def test_passes_differ_and_their_spread_is_the_standard_deviation_of_their_accuracies():
    result = run(Params())
    assert result.accuracy.shape == (3, 20)
    torch.testing.assert_close(result.spread, result.accuracy.std(dim=1, correction=0))
    assert result.spread[1] > 0 and len({tuple(row) for row in result.answers[0.3]}) > 10


def test_the_accuracy_of_a_pass_is_the_share_of_its_right_answers():
    result = run(Params(passes=5))
    right = [a == b for a, b in zip(result.answers[0.1][4][1:], result.wanted, strict=True)]
    assert result.accuracy[0, 4].item() == pytest.approx(sum(right) / len(right))


def test_one_seed_gives_one_set_of_answers_and_another_seed_another():
    one, again, other = (run(Params(passes=4, seed=seed)).answers for seed in (3, 3, 4))
    assert one == again != other


@pytest.mark.parametrize(("reaches", "left"), [(MODULES, 0.1), (FLOATS, 0.5)])
def test_the_float_of_an_attention_layer_is_no_module(reaches, left):
    assert run(Params(passes=2, reaches=reaches)).attention_dropout == left


def test_the_set_is_every_90th_fact_in_its_first_wording():
    result = run(Params(passes=2))
    facts = load_facts()[::90]
    assert result.asked[1:] == [wordings(fact, "train")[0] for fact in facts]
    assert result.wanted == [fact.answer for fact in facts]


def test_no_grad_stops_no_dropout_and_from_pretrained_gives_eval_mode():
    result = run(Params(passes=2))
    assert result.differ > 0 and result.differ_no_grad == result.differ and result.loaded_training is False


def test_the_trap_shows_fewer_right_answers_the_more_is_dropped_and_passes_that_disagree():
    [trap] = [trap for trap in LESSON.traps if trap.name == "Answers in train mode"]
    result = run(Params(**trap.params))
    small, middle, large = result.mean.tolist()
    assert small > middle > large
    assert all(len({row[0] for row in result.answers[p]}) > 1 for p in (0.3, 0.5))


def test_only_greedy_decoding_has_one_answer_in_eval_mode():
    """The truth names it: a model that samples answers otherwise from call to call, in eval mode too."""
    model = AutoModelForSeq2SeqLM.from_pretrained("assets/models/closed_book")
    ids = torch.tensor([[1125, 1510, 1918, 1]])
    with seeded(0):
        greedy, sampled = (
            {tuple(model.generate(ids, max_new_tokens=6, **how)[0].tolist()) for _ in range(4)}
            for how in ({"do_sample": False}, {"do_sample": True, "temperature": 10.0, "top_k": 0})
        )
    assert not model.training and len(greedy) == 1 < len(sampled)
    assert "greedy" in LESSON.truth


def test_what_the_replies_say_of_this_t5_is_so():
    from torch import nn
    from transformers.models.t5.modeling_t5 import T5Attention

    model = AutoModelForSeq2SeqLM.from_pretrained("assets/models/closed_book")
    ids = torch.tensor([[1125, 1510, 1918, 1]])

    def differ() -> bool:
        return not torch.equal(*(model(input_ids=ids, labels=ids).logits for _ in range(2)))

    with seeded(0):
        assert not differ() and AutoModelForSeq2SeqLM.from_config(model.config).training
        assert model.train().training and differ()  # a later train() undoes it
        dropouts = [module for module in model.modules() if isinstance(module, nn.Dropout)]
        attentions = [module for module in model.modules() if isinstance(module, T5Attention)]
        assert dropouts and {attention.dropout for attention in attentions} == {0.1}
        for module in dropouts:
            module.p = 0.0
        assert differ()  # the floats are left
        for attention in attentions:
            attention.dropout = 0.0
        assert model.training and not differ()


def test_the_shared_model_is_neither_switched_nor_changed():
    model = shared_qa_model().model
    before = [(module.training, getattr(module, "p", None)) for module in model.modules()]
    run(Params(passes=2))
    assert [(module.training, getattr(module, "p", None)) for module in model.modules()] == before
    assert not model.training


def test_a_run_tells_the_passes_it_has_made():
    seen = []
    with watched(lambda done, total, so_far: seen.append((done, total, so_far().accuracy.shape[1]))):
        run(Params(passes=9))
    assert seen == [(1, 3, 4), (2, 3, 8), (3, 3, 9)]


@pytest.mark.parametrize(("question", "size"), [("", 0), (" ", 0), ("of " * 64, 64)])
def test_a_question_that_cannot_be_read_is_one_sentence(question, size):
    with pytest.raises(BadParam) as refused:
        run(Params(question=question))
    assert str(refused.value) == f"question must have 1 to 63 tokens, not {size}."


def test_words_that_the_model_does_not_know_are_named():
    assert run(Params(question="Where is Zorgonia?", passes=2)).unknown_words == ["Zorgonia"]


def test_the_logits_of_eval_mode_are_those_of_every_pass_and_their_first_begins_the_answer():
    one, other = run(Params(passes=2)), run(Params(passes=2, seed=7))
    torch.testing.assert_close(one.eval_logits, other.eval_logits, rtol=0, atol=0)
    assert one.tokens == other.tokens and one.tokens[0].removeprefix("▁") == one.eval_answers[0] == "Paris"
    assert one.eval_logits.tolist() == sorted(one.eval_logits.tolist(), reverse=True)


def test_a_token_that_another_one_overtakes_is_not_the_highest_in_both():
    params = Params(passes=2)
    result = run(params)
    overtaken = replace(result, leaders=["▁Rome", result.tokens[0]])
    assert "it is the highest in both" in LESSON.caption(params, result)
    assert "it is not the highest in both" in LESSON.caption(params, overtaken)


def test_what_tells_two_passes_apart_is_their_masks():
    result = run(Params(passes=2))
    assert result.differ and result.again and same(result) == "no, other dropout masks"
    assert same(replace(result, again=False)) == "no" and same(replace(result, differ=0.0)) == "yes"
    assert same(replace(result, differ=1e-6)) == "yes, but for rounding"
