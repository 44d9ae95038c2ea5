"""Spans as laws, on the shipped weights: the best pair is legal and best, and equals what the model room decides."""

import re
from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import AutoTokenizer

from explorable.progress import Cancelled, watched
from explorable.words import number, percent
from lessons.span import DISTILLED, EXAMPLES, LESSON, Params, details, illegal, most_of_it, read_by
from lessons.span_examples import HOURS, LONG, PIANO, SOFTLY
from models.shared import shared_registry
from training.reader import Reader
from training.windows import Settings

run, snippet = LESSON.run, LESSON.snippet
WINDOWS = {"max_length": 96, "stride": 24, "context": LONG, "question": "How many people died?"}
TEXTS = st.text(max_size=200) | st.sampled_from(["שלום 🏔️", "\u200b\u200d", "x" * 400, "a\x00b", "漢字 " * 40])


def answer_of(params):
    chosen = Settings(params.max_length, params.stride, params.max_answer_tokens, params.n_best)
    return Reader(read_by(params.weights)[1]).answer(params.question, params.context, chosen)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_the_lesson_answers_as_the_model_room_does(example):
    params = Params(**example.params)
    result, answer = run(params), answer_of(params)
    assert result.answers == [span.text for span in answer.spans]
    assert result.scores.tolist() == pytest.approx([span.score for span in answer.spans], abs=1e-3)
    assert result.naive.tolist() == [answer.naive.first_token, answer.naive.last_token]
    if params.temperature == 1:
        assert result.probabilities.tolist() == pytest.approx([s.probability for s in answer.spans], abs=1e-4)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_every_cell_of_the_matrix_is_the_sum_of_its_logits_and_illegal_for_a_reason(example):
    params = Params(**example.params)
    result = run(params)
    w = int(result.spans[0, 0])
    for row, i in enumerate(result.starts.tolist()):
        for column, j in enumerate(result.ends.tolist()):
            assert result.matrix[row, column] == result.start_logits[w, i] + result.end_logits[w, j]
            assert bool(result.matrix_legal[row, column]) != bool(illegal(result, w, i, j, params.max_answer_tokens))
    legal = result.matrix[result.matrix_legal]
    assert legal.max() == result.scores[0]


def test_examples_show_each_way_in_which_two_argmaxes_fail():
    shown = {example.name: run(Params(**example.params)) for example in EXAMPLES}
    for name in ("The argmaxes cross: an empty answer", "Crossed, and the best pair is wrong too"):
        assert shown[name].naive[1] < shown[name].naive[0] and shown[name].naive_answer == ""
    too_long, outside = shown["The argmaxes are too far apart"], shown["An argmax on [CLS]"]
    assert too_long.naive[1] - too_long.naive[0] >= 15 and too_long.spans[0, 1:].tolist() != too_long.naive.tolist()
    allowed = shown["The same, spans of 30 tokens allowed"]
    assert allowed.naive.tolist() == allowed.spans[0, 1:].tolist() == too_long.naive.tolist()
    assert outside.naive[0] == 0 and outside.side[0, outside.naive[1]] == 1
    assert outside.naive_answer.startswith("[CLS] where did collins stay? [SEP]")
    agree = shown["The argmaxes agree"]
    assert agree.naive.tolist() == agree.spans[0, 1:].tolist()


def test_the_examples_and_questions_that_name_a_number_show_it():
    for words, params in (
        *((example.name, example.params) for example in EXAMPLES),
        *((trap.sentence, trap.params) for trap in LESSON.traps),
    ):
        if found := re.search(r"0\.\d\d\d", words):
            assert number(run(Params(**params)).probabilities[0].item()) == found[0], words
    gaps = [f"{hours(question).null_gap:.1f}" for question in ("When does the library open?", "Who runs the library?")]
    [asked] = [prediction for prediction in LESSON.predictions if prediction.id == "null"]
    assert gaps == [choice.text for choice in asked.choices[:2]] and gaps[0] in asked.question


def test_overlap_saves_an_answer_that_windows_without_it_cut_in_two():
    shared, none = (run(Params(**e.params)) for e in EXAMPLES if e.params["context"] == LONG)
    assert shared.answers[0] == "child of Krakatoa" and none.answers[0] == "silent"


@given(st.floats(0.1, 10))
@settings(max_examples=20, deadline=None)
def test_temperature_changes_probabilities_and_nothing_else(temperature):
    cold, warm = run(Params()), run(Params(temperature=temperature))
    assert torch.equal(cold.spans, warm.spans) and torch.equal(cold.scores, warm.scores)
    assert torch.equal(cold.start_logits, warm.start_logits)
    sharper = warm.probabilities[0] >= cold.probabilities[0]
    assert sharper == (temperature <= 1) or warm.probabilities[0] == pytest.approx(cold.probabilities[0])


def test_probabilities_of_all_legal_spans_sum_to_one():
    result = run(Params(max_answer_tokens=1, n_best=10, context="Rome is old."))
    assert result.legal_spans == len(result.answers) == 4
    assert result.probabilities.sum() == pytest.approx(1)


def test_a_piece_of_text_that_two_windows_hold_is_one_span():
    result = run(Params(**WINDOWS, n_best=10))
    places = [result.offsets[w, [i, j], [0, 1]].tolist() for w, i, j in result.spans]
    assert len({tuple(place) for place in places}) == 10 and len(result.input_ids) > 5
    every = {s for w in range(len(result.tokens)) for s in legal_of(result, w)}
    assert result.legal_spans == len(every)


def legal_of(result, window):
    at = [t for t, side in enumerate(result.side[window].tolist()) if side == 1]
    offsets = result.offsets[window].tolist()
    return {(offsets[i][0], offsets[j][1]) for i in at for j in at if 0 <= j - i < 15}


def test_a_new_temperature_asks_the_model_nothing(monkeypatch):
    asked = Params(context=PIANO + " A question nobody asked before.")
    run(asked)
    together = shared_registry().get("extractive").forward
    monkeypatch.setattr(type(together), "__call__", lambda *_, **__: pytest.fail("a forward"))
    run(Params(**{**vars(asked), "temperature": 3.0, "n_best": 2, "max_answer_tokens": 4}))


@given(question=TEXTS, context=TEXTS, max_length=st.integers(16, 64), stride=st.integers(0, 64))
@settings(max_examples=40, deadline=None)
def test_whatever_is_asked_gives_spans_of_the_context_or_one_sentence_that_names_the_field(
    question, context, max_length, stride
):
    params = Params(question=question[:300], context=context, max_length=max_length, stride=stride)
    result = run(params)
    if result.error:
        assert result.error.split()[1] in ("question", "context", "max_length", "stride")
        assert result.start_logits is None and LESSON.caption(params, result) == result.error
    else:
        assert all(answer in context for answer in result.answers)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"question": "  "}, "question is empty"),
        ({"context": "\n"}, "context is empty"),
        ({"context": "\u200b"}, "context holds nothing"),
        ({"question": "why " * 70, "max_length": 64, "stride": 0}, "question has 70 tokens"),
        ({**SOFTLY, "max_length": 64, "stride": 128}, "stride must be below 53"),
        ({**SOFTLY, "context": LONG, "max_length": 24, "stride": 8}, "windows, at most 64 are read"),
    ],
)
def test_what_cannot_be_read_is_one_sentence_and_the_snippet_stops_with_it(change, sentence):
    params = Params(**change)
    assert sentence in run(params).error
    with pytest.raises(ValueError) as raised:
        exec(snippet(params), {})
    assert f"ValueError: {raised.value}" == run(params).error


def test_a_model_that_is_not_there_is_replaced_by_the_shipped_one_and_the_caption_says_so():
    params = Params(weights="deepset/roberta-base-squad2")
    result = run(params)
    assert result.folder == "assets/models/extractive" and result.answers == run(Params()).answers
    assert LESSON.caption(params, result).startswith("deepset/roberta-base-squad2 is not to be had here now")


def test_a_download_tells_how_far_it_is_and_outlives_the_visitor_who_began_it(monkeypatch):
    shipped, seen = shared_registry().choices[0], []

    class Slow:
        def get_or_shipped(self, name, progress):
            for share in (0.1, 0.6):
                progress(share, "fetching")
            return shipped, shared_registry().get("extractive"), None

    def leaves(done, total, so_far):
        seen.append((done, total))
        raise Cancelled

    monkeypatch.setattr("lessons.span.shared_registry", Slow)
    with watched(leaves):
        assert read_by("deepset/roberta-base-squad2")[0] is shipped
    assert seen == [(10, 100), (60, 100)]


def test_what_the_vocabulary_does_not_hold_is_counted_in_the_caption():
    params = Params(question="Who?", context="\U0001f3d4 stands by the ☃ of " + "x" * 300)
    unknown = run(params).tokens[0].count("[UNK]")
    assert unknown >= 2 and f"{unknown} tokens are [UNK]" in details(params, run(params))
    assert "[UNK]" not in details(Params(), run(Params()))


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_the_caption_says_whether_two_argmaxes_are_the_best_pair_or_a_legal_one(example):
    params = Params(**example.params)
    result = run(params)
    start, end = result.naive.tolist()
    same = [start, end] == result.spans[0, 1:].tolist()
    legal = (
        1 <= end - start + 1 <= params.max_answer_tokens and result.side[result.spans[0, 0], [start, end]].eq(1).all()
    )
    said = LESSON.caption(params, result)
    if result.absent:
        assert "gives no answer" in said and f"{result.null_gap:.1f} above" in said
    else:
        assert ("the same span" in said, "no legal one" in said) == (same, not same and not legal)


def test_where_the_text_does_not_say_a_span_wins_all_the_same_and_the_page_says_why():
    params = Params(question="When did the war end?", context="In May the library closes at five.")
    result = run(params)
    assert result.answers[0] in params.context and "some span always wins" in details(params, result)


@given(max_length=st.integers(40, 120), stride=st.integers(0, 24))
@settings(max_examples=12, deadline=None)
def test_windows_begin_their_room_less_the_stride_apart(max_length, stride):
    result = run(Params(context=LONG, question="Who?", max_length=max_length // 8 * 8, stride=stride // 8 * 8))
    room = int((result.side[0] == 1).sum())
    steps = {b - a for a, b in zip(result.begins, result.begins[1:], strict=False)}
    assert result.begins[0] == 0 and steps <= {room - stride // 8 * 8}


def hours(question, **settings):
    return run(Params(question=question, context=HOURS, **settings))


def test_the_null_score_is_that_of_cls_and_the_threshold_decides_from_one_gap_on():
    result = hours("When does the library open?")
    assert result.null_score == pytest.approx((result.start_logits[0, 0] + result.end_logits[0, 0]).item())
    assert result.null_parts.tolist() == [result.start_logits[0, 0], result.end_logits[0, 0]]
    assert result.null_gap == pytest.approx(result.null_score - result.scores[0].item())
    for threshold in (-20.0, -1.0, -0.5, 0.0, 10.0):
        assert hours("When does the library open?", threshold=threshold).absent == (result.null_gap > threshold)


def test_the_probability_is_higher_for_nonsense_and_the_null_score_tells_it_apart():
    said, absent = hours("When does the library open?"), hours("What is the capital of Peru?")
    assert absent.probabilities[0] > said.probabilities[0] + 0.1
    assert said.null_gap < Params().threshold < absent.null_gap
    assert "gives no answer" in LESSON.caption(Params(question="What is the capital of Peru?", context=HOURS), absent)


@pytest.mark.parametrize(
    ("folder", "said"),
    [
        ("assets/models/extractive", "were trained to raise it"),
        (DISTILLED, "were never trained to raise it"),
        ("deepset/roberta-base-squad2", "were trained to raise it"),
        ("path/to/weights", ""),
    ],
)
def test_of_weights_that_nobody_here_knows_no_training_is_told(folder, said):
    result = replace(hours("Who runs the library?"), folder=folder)
    told = details(Params(context=HOURS), result)
    assert said in told and ("trained" in told) == bool(said)


def test_no_probability_reads_as_0_and_no_part_as_all():
    params = Params(context=LONG, question="Who?", temperature=10.0, max_answer_tokens=50, max_length=512)
    told = details(params, run(params))
    assert "probability less than 0.001 at temperature 10" in told and "best spans together have less than 1 %." in told
    cold = replace(params, **SOFTLY, temperature=0.1)
    assert "the 5 best spans together have more than 99 %." in details(cold, run(cold))


def test_of_more_windows_than_one_batch_holds_no_single_batch_is_told():
    params = Params(context=LONG, question="Who?", max_length=48, stride=32)
    result = run(params)
    assert len(result.input_ids) > 8  # the program reads eight at a time
    assert "in one batch" not in details(params, result)


def test_the_tokenizer_panics_where_the_last_trap_says_so_and_raises_where_the_stride_is_larger_still():
    [trap] = [trap for trap in LESSON.traps if "no progress" in trap.name]
    assert run(Params(**trap.params)).error.startswith("ValueError: stride must be below 53, not 56")
    tokenizer = AutoTokenizer.from_pretrained("assets/models/extractive")
    windows = {"max_length": 64, "truncation": "only_second", "return_overflowing_tokens": True}
    with pytest.raises(BaseException, match="stride") as panicked:
        tokenizer(*SOFTLY.values(), stride=trap.params["stride"], **windows)
    assert panicked.typename == "PanicException"
    with pytest.raises(ValueError, match="stride"):
        tokenizer(*SOFTLY.values(), stride=128, **windows)


def test_a_pipeline_multiplies_two_softmaxes_and_temperature_changes_neither_it_nor_the_null_score():
    cold, warm = hours("Who runs the library?"), hours("Who runs the library?", temperature=4.0)
    assert 0 < cold.pipeline_score < cold.probabilities[0] and cold.pipeline_score == warm.pipeline_score
    assert cold.null_gap == warm.null_gap and cold.probabilities[0] > warm.probabilities[0]


def test_of_several_windows_the_lowest_null_score_counts():
    result = run(Params(question="What does Anak Krakatoa mean?", context=LONG, max_length=128, stride=32))
    sums = result.start_logits[:, 0] + result.end_logits[:, 0]
    assert len(sums) == 4 and result.null_score == pytest.approx(sums.min().item())


def test_a_span_of_one_token_is_told_as_one_and_the_share_of_the_best_is_of_all_spans():
    params = Params()
    result = LESSON.run(params)
    said = LESSON.details(params, result)
    _, start, end = result.spans[0].tolist()
    assert start == end and f"token {start}: score" in said
    assert f"best spans together have {percent(result.probabilities.sum().item())}." in said


@pytest.mark.parametrize(
    ("threshold", "told"),
    [(-20.0, "it, with a threshold of -20: the model gives no answer."), (0.0, "it: the model gives no answer.")],
)
def test_a_threshold_that_was_set_stands_beside_the_gap(threshold, told):
    params = Params(threshold=threshold)
    assert LESSON.caption(params, LESSON.run(params)).endswith(told)


@pytest.mark.parametrize(("share", "said"), [(0.51, "yes, one span"), (0.5, "no, many share it")])
def test_most_of_the_probability_is_more_than_half(share, said):
    assert most_of_it(share) == said
