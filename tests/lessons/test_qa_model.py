"""The class that loops runs as it stands; what it gets wrong is live, and one padded batch answers beside it."""

import pytest
import torch
from torch.nn.utils.rnn import pad_sequence

from explorable.params import BadParam
from lessons.qa_model import (
    AGAIN,
    COLLATED,
    LESSON,
    LISTS,
    LONG,
    NEITHER,
    NEVER,
    NONE,
    PADDED,
    SPANS,
    STARTED,
    STRINGS,
    Params,
    beside,
)

run, snippet = LESSON.run, LESSON.snippet


def item_losses(result):
    return torch.stack([lane["loss"] for lane in result.lanes])


def test_stack_gives_a_dimension_for_the_items_and_keeps_that_of_their_batch():
    result = run(Params())
    assert result.logits.shape == (3, 1, *result.lanes[0]["shape"][1:])


def test_one_padded_batch_has_the_logits_of_the_items_one_by_one():
    result = run(Params(question="Which continent is Kenya in?", answer="Africa"))
    torch.testing.assert_close(result.batched_logits, result.logits.squeeze(1), rtol=1e-4, atol=1e-4)
    assert (result.attention_mask == 0).any()


def test_get_loss_is_the_mean_of_the_item_losses():
    result = run(Params(answer="Berlin"))
    torch.testing.assert_close(result.loss, item_losses(result).mean())


def test_the_loss_of_the_batch_weighs_every_token_the_same():
    result = run(Params(answers=PADDED, answer="Berlin"))
    sizes = (result.labels != -100).sum(dim=1)
    weighted = (item_losses(result) * sizes).sum() / sizes.sum()
    torch.testing.assert_close(result.batched_loss, weighted, rtol=1e-4, atol=1e-5)
    assert (result.loss - result.batched_loss).abs() > 0.1


def test_get_loss_after_another_forward_is_that_of_the_other():
    result = run(Params(forward=AGAIN, answer="Berlin"))
    assert len(result.lanes) == 4 and result.loss == result.lanes[-1]["loss"]
    assert result.loss < item_losses(result)[:3].mean()


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"target": STARTED}, "TypeError: expected Tensor as element 0 in argument 0, but got NoneType"),
        ({"target": NEITHER}, "ValueError: You "),
        ({"answers": LONG}, "RuntimeError: stack expects each tensor to be equal size, but got [1, 2, 2020]"),
        ({"items": STRINGS}, "AttributeError: 'str' object has no attribute 'items'"),
        ({"items": COLLATED}, "AttributeError: 'str' object has no attribute 'items'"),
        ({"items": LISTS}, "AttributeError: 'list' object has no attribute 'to'"),
        ({"items": NONE}, "RuntimeError: stack expects a non-empty TensorList"),
        ({"forward": NEVER}, "AttributeError: 'QAModel' object has no attribute 'loss'"),
        ({"head": SPANS}, "AttributeError: 'Seq2SeqQuestionAnsweringModelOutput' object has no attribute 'logits'"),
    ],
)
def test_every_trap_has_its_live_error(change, error):
    assert run(Params(**change)).error.startswith(error)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"question": " "}, "question must have 1 to 63 tokens, not 0."),
        ({"question": "of " * 66}, "question must have 1 to 63 tokens, not 66."),
        ({"answer": ""}, "answer must have 1 to 15 tokens, not 0."),
        ({"answer": "Xyzzy Rome"}, "answer must be words of the model's vocabulary, which lacks 'Xyzzy'."),
    ],
)
def test_what_cannot_be_read_is_one_sentence_with_the_field_and_its_range(change, sentence):
    with pytest.raises(BadParam) as refused:
        run(Params(**change))
    assert str(refused.value) == sentence


def test_where_default_collate_refuses_the_items_the_model_is_said_to_have_been_given_nothing():
    params = Params(items=COLLATED, answers=LONG)
    result = run(params)
    assert result.error.startswith("RuntimeError: stack") and result.batch is None and not result.lanes
    assert (
        LESSON.caption(params, result) == "default_collate raises a RuntimeError, before a QAModel is given any item."
    )
    assert "was given nothing: default_collate ended with RuntimeError" in LESSON.details(params, result)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            {"batch_size": 1},
            "Given 1 item as a dict of tensors, the class that loops called its model once and returned",
        ),
        ({"items": STRINGS}, "Given 3 items as strings, the class that loops did not call its model and ended with"),
        (
            {"target": NEITHER},
            "Given 3 items as dicts of tensors, the class that loops called its model once and ended with ValueError",
        ),
        ({"items": NONE}, "Given an empty list, the class that loops did not call its model and ended with"),
    ],
)
def test_what_was_given_and_called_is_told_with_its_number(change, words):
    params = Params(**change)
    assert words in LESSON.details(params, run(params))


def test_one_padded_batch_answers_where_the_loop_raises():
    result = run(Params(answers=LONG))
    assert [answer["text"] for answer in result.decoded] == ["Paris", "Buenos Aires", "Bandar Seri Begawan"]
    assert all(((0 < answer["p"]) & (answer["p"] <= 1)).all() for answer in result.decoded)


def test_words_that_the_model_does_not_know_are_named():
    assert run(Params(question="What is the capital of Zorgonia?")).unknown_words == ["Zorgonia"]


def test_the_shared_model_is_left_as_it_was():
    from models.shared import shared_qa_model

    run(Params(forward=AGAIN))
    assert not shared_qa_model().model._forward_hooks and not shared_qa_model().model.training


def test_the_class_made_right_stands_in_the_code_that_is_shown():
    assert "class BatchedQAModel(nn.Module):" in snippet(Params()) and "class QAModel(nn.Module):" in snippet(Params())


def test_answers_that_are_called_short_are_those_of_the_other_items_whatever_the_visitor_writes():
    result = run(Params(answer="Japanese yen"))
    assert result.texts == ["Japanese yen", "Tokyo", "Rome"]
    assert result.error.startswith("RuntimeError: stack expects each tensor to be equal size")


@pytest.mark.parametrize("params", [Params(), Params(answer="Berlin"), Params(answers=PADDED), Params(forward=AGAIN)])
def test_the_two_losses_compare_as_the_picture_says(params):
    result = run(params)
    difference = (result.loss - result.batched_loss).item()
    said = beside(result)
    assert (said == "they are equal") == (abs(difference) <= 1e-6 + 1e-3 * result.batched_loss.item())
    assert said == "they are equal" or said == ("it is larger" if difference > 0 else "it is smaller")


def test_items_of_equal_length_have_the_loss_of_the_batch():
    assert beside(run(Params(answer="Berlin"))) == "they are equal"


def test_a_question_without_a_fact_is_answered_all_the_same():
    result = run(Params(question="What is the capital of Zorgonia?"))
    assert result.decoded[0]["text"]
    assert "answers even where it holds no such fact" in LESSON.details(Params(), result)


def test_nothing_speaks_of_notes_that_no_visitor_has():
    for params in (Params(), *(Params(**trap.params) for trap in LESSON.traps)):
        result = run(params)
        words = LESSON.truth + LESSON.title + LESSON.caption(params, result) + LESSON.details(params, result)
        assert "notes" not in words + snippet(params)


@pytest.mark.parametrize("trap", LESSON.traps, ids=[trap.name for trap in LESSON.traps])
def test_the_snippet_of_a_trap_ends_as_the_lesson_does(trap):
    params, names = Params(**trap.params), {"__name__": "__main__"}
    result, error = run(params), None
    try:
        exec(snippet(params), names)
    except Exception as raised:
        error = f"{type(raised).__name__}: {raised}"
    assert error == result.error
    torch.testing.assert_close(names["batched_logits"], result.batched_logits, rtol=1e-4, atol=1e-4)


def test_pad_sequence_pads_logits_without_the_axis_of_their_batch():
    """The reply about padded logits names the shape: with the batch of one in front, T is no first axis, and it raises."""
    two, three = torch.zeros(2, 9), torch.zeros(3, 9)
    assert pad_sequence([two, three]).shape == (3, 2, 9)
    with pytest.raises(RuntimeError):
        pad_sequence([two[None], three[None]])
    [unequal] = [prediction for prediction in LESSON.predictions if prediction.id == "unequal"]
    assert "to tensors (T, V)" in unequal.choices[0].reply


@pytest.mark.parametrize(
    ("drawn", "said"),
    [
        ({"forward": NEVER}, "A QAModel that loops over the items raises an AttributeError in get_loss()."),
        ({"target": STARTED}, "A QAModel that loops over the items raises a TypeError in torch.stack(self.loss)."),
        ({"items": STRINGS}, "A QAModel that loops over the items raises an AttributeError in item.items()."),
        (
            {},
            "torch.stack puts a new axis, which counts 3 items, in front of each call's batch of 1; "
            "the model answers item 0 with “Paris”.",
        ),
        (
            {"batch_size": 1},
            "torch.stack puts a new axis, which counts 1 item, in front of each call's batch of 1; "
            "the model answers item 0 with “Paris”.",
        ),
    ],
)
def test_the_caption_says_what_raises_where_and_what_the_new_axis_counts(drawn, said):
    assert LESSON.caption(Params(**drawn), LESSON.run(Params(**drawn))) == said
