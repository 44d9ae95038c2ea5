"""Counts, bars and the slider through the passes show the answers of the Result."""

import pytest

from figures.train_mode_answers import draw
from lessons.train_mode_answers import LESSON, Params

PARAMS = Params(passes=6)


def panels():
    result = LESSON.run(PARAMS)
    drawn = draw(PARAMS, result)
    return result, drawn, {panel["title"]: panel for row in drawn["rows"] for panel in row}


def test_the_bars_are_the_accuracy_in_eval_mode_and_the_means():
    result, _, shown = panels()
    bars = shown["accuracy over 16 questions"]
    assert bars["values"] == [result.eval_accuracy, *result.mean.tolist()]


def test_the_answer_given_most_is_counted():
    result, _, shown = panels()
    for row, passes in zip(shown[result.asked[0]]["rows"][1:], result.answers.values(), strict=True):
        given = [answers[0] or "nothing" for answers in passes]
        assert row[2] == f"{given.count(row[1][0])} of 6"
        assert given.count(row[1][0]) == max(map(given.count, given))


def test_every_pass_is_a_step_with_its_own_answers():
    result, drawn, shown = panels()
    frames = shown["answers"]["frames"]
    assert len(drawn["steps"]) == len(frames) == 6
    for k, frame in enumerate(frames):
        rows = {**shown["answers"], **frame}["rows"]
        assert [row[3][0] for row in rows] == [words or "nothing" for words in result.answers[0.3][k]]


def test_the_moves_are_ringed_and_no_larger_than_the_largest_of_all_words():
    result, _, shown = panels()
    grid = shown["logits of the answer's first token"]
    calm, first, second, moves = grid["values"]
    assert calm == result.eval_logits[:3].tolist() and grid["marks"] == [["given"] * 3, *[[""] * 3] * 3]
    assert [first, second] == result.two_passes[:, :3].tolist()
    assert moves == pytest.approx([after - before for before, after in zip(first, second, strict=True)], abs=1e-5)
    assert max(map(abs, moves)) <= result.differ + 1e-5
    assert [["@twice" in keys for keys in row] for row in grid["keys"]] == [*[[False] * 3] * 3, [True] * 3]


def test_the_caption_tells_how_far_the_first_column_moves_and_who_leads():
    result, _, shown = panels()
    grid = shown["logits of the answer's first token"]
    assert grid["colLabels"][0] == result.tokens[0].removeprefix("▁")
    said = LESSON.caption(PARAMS, result)
    assert f"by {abs(grid['values'][3][0]):.1f};" in said
    assert ("it is the highest" in said) == (set(result.leaders) == {result.tokens[0]})
