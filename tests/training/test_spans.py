"""Which spans are legal, and which come out best."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from training.spans import Stretch, best_spans, legal_spans, naive_pair, span_scores

SIZES = st.tuples(st.integers(1, 12), st.integers(1, 15), st.integers(0, 2**32 - 1))


def random_logits(size: int, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(size, generator=generator), torch.randn(size, generator=generator)


@given(SIZES)
def test_the_band_holds_exactly_the_legal_spans(drawn):
    size, longest, seed = drawn
    start, end = random_logits(size, seed)
    context = start > -0.5
    band = span_scores(start, end, context, longest)
    square = (start[:, None] + end[None, :])[legal_spans(context, longest)]
    assert torch.equal(band[band.isfinite()], square)


@given(SIZES)
def test_the_best_span_is_the_best_of_all_pairs_that_are_legal(drawn):
    size, longest, seed = drawn
    start, end = random_logits(size, seed)
    legal = legal_spans(torch.ones(size, dtype=torch.bool), longest)
    scores = (start[:, None] + end[None, :]).masked_fill(~legal, -torch.inf)
    best = best_spans([Stretch(start, end, 0)], longest, 1)[0]
    assert (best.first, best.last) == divmod(int(scores.argmax()), size)
    assert best.probability == pytest.approx(float(scores.flatten().softmax(0).max()), abs=1e-6)


@given(SIZES)
def test_probabilities_over_all_legal_spans_sum_to_one(drawn):
    size, longest, seed = drawn
    found = best_spans([Stretch(*random_logits(size, seed), 0)], longest, size * longest)
    assert len(found) == int(legal_spans(torch.ones(size, dtype=torch.bool), longest).sum())
    assert sum(span.probability for span in found) == pytest.approx(1, abs=1e-5)


@given(SIZES)
def test_adding_a_constant_to_the_logits_changes_no_probability(drawn):
    size, longest, seed = drawn
    start, end = random_logits(size, seed)
    plain = best_spans([Stretch(start, end, 0)], longest, 3)
    shifted = best_spans([Stretch(start + 7, end - 3, 0)], longest, 3)
    assert [s.probability for s in plain] == pytest.approx([s.probability for s in shifted], abs=1e-4)


@settings(max_examples=50)
@given(SIZES, st.integers(0, 5))
def test_a_span_that_two_windows_see_counts_once_with_its_highest_score(drawn, overlap):
    size, longest, seed = drawn
    overlap = min(overlap, size - 1)
    stretches = [
        Stretch(*random_logits(size, seed), 0),
        Stretch(*random_logits(size, seed + 1), size - overlap),
    ]
    found = best_spans(stretches, longest, 10_000)
    assert len({(span.first, span.last) for span in found}) == len(found)
    for span in found:
        shift = stretches[span.window].first
        own = stretches[span.window]
        score = own.start_logits[span.first - shift] + own.end_logits[span.last - shift]
        assert span.score == float(score)


def test_the_argmaxes_on_their_own_may_cross_where_the_legal_pair_does_not():
    start, end = torch.tensor([0.0, 1.0, 5.0]), torch.tensor([6.0, 2.0, -9.0])
    best = best_spans([Stretch(start, end, 0)], 3, 1)[0]
    assert naive_pair(start, end) == (2, 0)
    assert (best.first, best.last) == (0, 0)


def test_an_answer_may_be_one_token_and_at_most_the_limit():
    legal = legal_spans(torch.tensor([False, True, True, True]), 2)
    assert legal.nonzero().tolist() == [[1, 1], [1, 2], [2, 2], [2, 3], [3, 3]]
