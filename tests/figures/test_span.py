"""The picture of spans: every token is drawn with its own logits, and spans, bars and cells light each other."""

import pytest

from figures.span import HERO_TOKENS, MOST_FRAMES, PADDING_SHOWN, draw
from lessons.span import EXAMPLES, LESSON, Params
from lessons.span_examples import LONG, SOFTLY

run = LESSON.run

SHARED = {"context": LONG, "question": "How high were the waves?", "max_length": 64, "stride": 40}


def panels_of(figure, view):
    return [panel for row in figure["rows"] for panel in row if panel["view"] == view]


def whole(figure):
    """The strip that draws every token: the hero's, or the one below it."""
    return panels_of(figure, "strip")[-1]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_every_token_carries_its_own_logits_and_probabilities(example):
    params = Params(**example.params)
    result = run(params)
    strip = whole(draw(params, result))
    window = int(result.spans[0, 0])
    for at, token in enumerate(strip["tokens"]):
        assert token["text"] == result.tokens[window][at]
        assert token["start"] == pytest.approx(result.start_logits[window, at].item(), abs=1e-4)
        assert token["endShare"] == pytest.approx(result.end_probability[window, at].item(), abs=1e-4)


def test_a_cell_lights_its_two_tokens_and_a_token_lights_its_row_its_column_and_its_spans():
    params = Params()
    figure = draw(params, run(params))
    [_, strip], [listed, grid], [bars] = (panels_of(figure, view) for view in ("strip", "grid", "bars"))
    lit_by = {token["key"].split()[0]: token["key"].split()[1:] for token in strip["tokens"]}
    for row in grid["keys"]:
        for pair, *tokens in row:
            assert 1 <= len(tokens) <= 2 and all(f"~{pair}" in lit_by[token[1:]] for token in tokens)
    for pair, *others in bars["keys"]:
        tokens = [key for key in others if key.startswith("~")]
        assert tokens and all(f"~{pair}" in lit_by[token[1:]] for token in tokens)
    best = next(iter(bars["keys"]))[0]
    assert best in [pair for row in grid["keys"] for pair, *_ in row]
    assert all(best in keys for keys in listed["keys"][1])


@pytest.mark.parametrize("n_best", [1, 3, 5])
@pytest.mark.parametrize("question", ["What is the capital of Peru?", "When does the library open?"])
def test_the_hero_ranks_no_answer_among_the_best_spans_and_leaves_it_out_of_the_softmax(n_best, question):
    params = Params(n_best=n_best, question=question)
    result = run(params)
    drawn = draw(params, result)
    listed, _ = panels_of(drawn, "grid")
    starts, ends, scores, shares, marks = zip(*listed["values"], strict=True)
    at = listed["rowLabels"].index("no answer")
    assert list(scores) == sorted(scores, reverse=True) and scores[at] == result.null_score
    assert [start + end for start, end in zip(starts, ends, strict=True)] == pytest.approx(scores, abs=1e-5)
    assert [one for one in shares if one != "–"] == [f"{one:.3f}" for one in result.probabilities.tolist()[:3]]
    assert shares[at] == "–" and (marks[at] == "✓") == result.absent and marks.count("✓") == 1
    in_fold = [panel["values"] for panel in panels_of(drawn, "bars")]
    assert in_fold == [result.probabilities.tolist()] * (n_best > 3)


def test_a_bar_of_the_list_is_as_long_as_its_number_and_those_of_the_logits_share_a_scale():
    listed, _ = panels_of(draw(Params(), run(Params())), "grid")
    for values, bars in zip(listed["values"], listed["bars"], strict=True):
        for value, (zero, end, _) in zip(values[:3], bars[:3], strict=True):
            assert zero == 0.5 and 2 * (end - zero) * listed["limit"] == pytest.approx(value, abs=1e-2)
    share = [bars[3][1] for bars in listed["bars"][1:]]
    assert share == pytest.approx([float(values[3]) for values in listed["values"][1:]], abs=1e-3)


def test_before_the_answer_both_logits_are_seen_and_what_is_made_of_them_is_not():
    listed, _ = panels_of(draw(Params(), run(Params())), "grid")
    assert listed["veiled"] == "cells"
    assert [["given" in mark for mark in marks] for marks in listed["marks"]] == [[True, True, False, False, False]] * 4


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_the_hero_draws_the_whole_text_or_what_lies_around_the_peaks(example):
    params = Params(**example.params)
    result = run(params)
    figure = draw(params, result)
    hero, strip = panels_of(figure, "strip")
    fits = hero["veiled"] == "cells"
    assert len(hero["tokens"]) <= HERO_TOKENS
    drawn = {key for token in hero["tokens"] for key in token.get("key", "").split()[:1]}
    window, start, end = result.spans[0].tolist()
    for at in (0, start, end, *result.naive.tolist()):
        assert f"t{window}.{at}" in drawn
    left_out = sum(int(token["note"].split()[0]) for token in hero["tokens"] if token["text"] == "…")
    separators = sum("special" in token["kinds"] for token in strip["tokens"]) - sum(
        "special" in t["kinds"] for t in hero["tokens"]
    )
    after = len(strip["tokens"]) - len(drawn) - left_out - separators * fits
    assert 0 <= after and (not fits or after == left_out == 0)


@pytest.mark.parametrize("threshold", [-20.0, 0.0, 20.0])
@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_the_plain_text_marks_the_answer_that_is_given_which_may_be_cls_and_the_two_argmaxes(example, threshold):
    params = Params(**{**example.params, "threshold": threshold})
    result = run(params)
    drawn = draw(params, result)
    hero, listed = panels_of(drawn, "strip")[0], panels_of(drawn, "grid")[0]
    assert hero["plain"]
    window, start, end = result.spans[0].tolist()
    marked: dict[str, set[int]] = {"answer": set(), "start": set(), "end": set()}
    for token in hero["tokens"]:
        if token.get("key"):
            of, at = map(int, token["key"].split()[0][1:].split("."))
            assert of == window and token["text"] == result.tokens[window][at].removeprefix("##")
            for kind in marked:
                marked[kind] |= {at} if kind in token["kinds"] else set()
    assert [marked["start"], marked["end"]] == [{at} for at in result.naive.tolist()]
    given = listed["rowLabels"][[row[-1] for row in listed["values"]].index("✓")]
    assert (given == "no answer") == result.absent == (marked["answer"] == {0})
    assert result.absent or {start, end} <= marked["answer"] <= set(range(start, end + 1))


def test_the_tokens_of_the_two_argmaxes_and_cls_are_ringed_beside_their_answers():
    params = Params()
    result = run(params)
    tokens = panels_of(draw(params, result), "strip")[0]["tokens"]
    ringed = {
        name: [at for at, token in enumerate(tokens) if f"@{name}" in token.get("key", "").split()]
        for name in ("naive", "null")
    }
    assert ringed == {"naive": sorted(set(result.naive.tolist())), "null": [0]}


def test_beside_the_first_answer_the_softmax_of_the_best_span_and_its_gap_at_no_answer_are_ringed():
    listed, _ = panels_of(draw(Params(), run(Params())), "grid")
    ringed = [[column for column, keys in enumerate(row) if "@sure" in keys] for row in listed["keys"]]
    assert ringed == [[3], [3], [], []]
    assert [[column for column, keys in enumerate(row) if "@null" in keys] for row in listed["keys"]] == [
        [2],
        [2],
        [],
        [],
    ]


def test_padding_is_drawn_only_where_it_begins():
    params = Params(question=SOFTLY["question"], context=LONG, max_length=256)
    strip = whole(draw(params, run(params)))
    windows = [{**strip, **frame} for frame in strip["frames"]]
    padding = [sum("padding" in token["kinds"] for token in window["tokens"]) for window in windows]
    assert sorted(padding) == [0, 0, PADDING_SHOWN]
    assert [PADDING_SHOWN * ("not drawn" in window["tensor"]) for window in windows] == padding


def test_many_windows_are_scrubbed_through_up_to_a_bound_and_the_winner_comes_first():
    params = Params(**SHARED)
    result = run(params)
    figure = draw(params, result)
    assert len(result.tokens) > MOST_FRAMES == len(figure["steps"])
    won = int(result.spans[0, 0])
    assert figure["steps"][-1].startswith(f"{won} of") and whole(figure)["badge"].startswith(f"window {won},")


def test_a_refused_question_is_one_error():
    params = Params(question="")
    [[_, panel]] = draw(params, run(params))["rows"]
    assert panel["view"] == "error" and "question is empty" in panel["text"]


def test_tokens_that_two_windows_hold_are_marked_in_both():
    params = Params(context=LONG, max_length=160, stride=48)
    result = run(params)
    strip = whole(draw(params, result))
    windows = {frame["badge"].split(",")[0]: frame["tokens"] for frame in [{**strip, **f} for f in strip["frames"]]}
    shared = {name: sum("shared" in token["kinds"] for token in tokens) for name, tokens in windows.items()}
    assert [shared[f"window {w}"] for w in range(len(result.tokens))] == [48, 96, 96, 48]


def test_a_token_that_the_text_joins_to_the_one_before_is_drawn_joined():
    params = Params()
    strip = draw(params, LESSON.run(params))["rows"][0][0]
    joined = [token["text"] for token in strip["tokens"] if "joined" in token["kinds"]]
    assert joined == ["?", ".", "."]  # of Peru? eight. it.
