"""Counts, bars and the slider through the passes show the answers of the Result."""

import torch

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


def test_the_hero_draws_the_logits_of_the_two_passes_and_rings_those_of_the_likeliest_token():
    result, drawn, shown = panels()
    grid = shown["logits of the answer's first token"]
    assert grid["values"] == result.two_passes[:, :2].tolist() and grid["rowLabels"] == ["pass 1", "pass 2"]
    assert [["@twice" in keys for keys in row] for row in grid["keys"]] == [[True, False]] * 2
    assert max(map(abs, result.moves.tolist())) <= result.differ + 1e-5


def test_the_masks_are_those_of_the_real_passes_and_what_they_set_to_0_is_crossed_out():
    result, _, shown = panels()
    given = shown["your question, embedded"]
    assert given["values"] == result.embedded.tolist() and given["rowLabels"] == ["What", "is", "the", "capital"]
    for k in range(2):
        panel = shown[f"pass {k + 1}"]
        assert panel["values"] == result.masked[k].tolist() and "veiled" in panel and panel["limit"] == given["limit"]
        crossed = [mark == "dropped" for row in panel["marks"] for mark in row]
        assert crossed == (result.masked[k] == 0).flatten().tolist() and any(crossed)
        kept = result.masked[k] != 0
        torch.testing.assert_close(result.masked[k][kept], result.embedded[kept] / 0.9)
    assert shown["pass 1"]["marks"] != shown["pass 2"]["marks"]


def test_the_caption_tells_how_far_the_first_column_moves_and_who_leads():
    result, _, shown = panels()
    grid = shown["logits of the answer's first token"]
    assert grid["colLabels"][0] == result.tokens[0].removeprefix("▁")
    said = LESSON.caption(PARAMS, result)
    first, second = (row[0] for row in grid["values"])
    assert f"by {abs(second - first):.1f};" in said
    assert ("it is the highest" in said) == (set(result.leaders) == {result.tokens[0]})
