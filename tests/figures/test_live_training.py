"""The picture of the training shows each snapshot's own numbers."""

import math
from dataclasses import replace
from functools import cache

import pytest

from figures.live_training import ASKED, draw
from lessons.live_training import LESSON, Params

PARAMS = Params(steps=25, padding="left", pads=5)


@cache
def trained():
    return LESSON.run(PARAMS)


def panels(params=PARAMS, result=None):
    figure = draw(params, result or trained())
    return figure, {panel["title"]: panel for row in figure["rows"] for panel in row}


def frame(panel, step):
    return {**panel, **panel["frames"][step]}


def test_each_look_shows_its_shares_loss_and_how_many_are_right():
    figure, shown = panels()
    assert figure["steps"] == [f"{step} of 25" for step in (0, 10, 20, 25)]
    for k in range(4):
        assert frame(shown["start, by candidate"], k)["values"] == trained().picked[k].tolist()
        assert frame(shown["probs[-1].flatten(0, 1)"], k)["values"] == trained().probs[k].flatten(0, 1).tolist()
        assert frame(shown["loss on held-out questions"], k)["values"] == [trained().held_out_losses[k]]
        assert frame(shown["held-out questions right, start and end"], k)["values"] == [trained().accuracy[k]]
        assert frame(shown["loss of each batch"], k)["upto"] == max(0, trained().taken[k] - 1)


def test_the_plateau_is_a_line_across_the_losses_and_no_line_across_what_is_right():
    _, shown = panels()
    assert shown["loss on held-out questions"]["references"] == [["ln 3", trained().plateau]]
    assert dict(shown["loss of each batch"]["lines"])["a third each: ln 3 = 1.099"] == [trained().plateau] * 25
    assert shown["held-out questions right, start and end"]["references"] == []


def test_a_candidate_is_the_answer_to_the_question_of_its_row():
    _, shown = panels()
    grid = shown["start, by candidate"]
    assert grid["rowLabels"] == ["color", "price", "owner"] and grid["colLabels"] == ["red", "ten", "anna"]
    assert [row.index("lit") for row in grid["marks"]] == [0, 1, 2]
    for k, probs in enumerate(trained().probs):
        starts = trained().targets[:, 0].tolist()
        assert frame(grid, k)["values"] == [[probs[row, 0, start].item() for start in starts] for row in range(3)]


def test_a_column_is_a_token_and_the_right_one_is_marked():
    _, shown = panels()
    grid = shown["probs[-1].flatten(0, 1)"]
    for row, marks in enumerate(grid["marks"]):
        [column] = [index for index, mark in enumerate(marks) if mark]
        assert grid["colLabels"][column] == trained().tokens[row // 2][column] == ("red", "ten", "anna")[row // 2]
    assert grid["colLabels"][ASKED] == "color|price|owner"


def test_the_chosen_padding_is_marked_among_all_and_its_logits_are_drawn():
    _, shown = panels()
    [bars] = [panel for title, panel in shown.items() if title.startswith("Held-out questions right with")]
    assert bars["labels"][bars["marks"].index("lit")] == "left" and bars["values"] == list(trained().exact.values())
    assert shown["read.softmax(-1).flatten(0, 1)"]["values"] == trained().read.softmax(-1).flatten(0, 1).tolist()


def test_a_training_under_way_has_a_picture_without_what_comes_after_it():
    partial = replace(trained(), exact=None, read=None, on_pads=None, moved=None, repeats=None)
    assert "read.softmax(-1).flatten(0, 1)" not in panels(result=partial)[1]


def test_the_facts_say_what_the_trained_reader_does():
    said = {}
    for params in (PARAMS, Params(steps=25, mode="train", dropout=0.5)):
        result = LESSON.run(params)
        items = panels(params, result)[1][""]["items"]
        said[params] = {item["key"]: item["text"] for item in items}
        assert said[params]["twice"] == ("they are equal" if result.repeats else "they differ")
    padded, dropped = said.values()
    assert padded == {"twice": "they are equal", "moved": "they change"} and dropped == {"twice": "they differ"}


def test_a_third_each_costs_minus_its_logarithm_and_the_reader_moves_along_the_same_curve():
    drawn = draw(Params(steps=25), trained())
    (example,), (_, _, cost) = drawn["rows"][: drawn["hero"]]
    assert example["rows"] == [
        ["text", "it is red . it costs ten coins . anna owns it ."],
        ["question", "what is the color ?"],
    ]
    [(place, key)], [(said, text)], [(_, costs)] = cost["ringed"], cost["texts"], cost["lines"]
    assert (cost["labels"][place], key) == ("1/3", "plateau") and costs[place] == pytest.approx(math.log(3))
    assert (said, text) == (place, f"{math.log(3):.3f}") and "veiled" in cost
    assert costs == [None] * 3 + [pytest.approx(-math.log(part / 150)) for part in range(3, 151)]
    ticks = [(at / 150, cost["labels"][at]) for at in cost["ticks"]]
    assert ticks == [(0, "0"), (pytest.approx(1 / 3), "1/3"), (pytest.approx(2 / 3), "2/3"), (1, "1")]
    for k, step in enumerate(trained().taken):
        (guess, at_third), (reader, own) = frame(cost, k)["dots"]
        assert (guess, reader) == ("a guess: -log(1/3)", f"your reader, step {step}")
        assert [i for i, loss in enumerate(at_third) if loss is not None] == [place]
        [(at, loss)] = [(i, loss) for i, loss in enumerate(own) if loss is not None]
        p = trained().picked[k][0, 0].item()
        assert loss == pytest.approx(-math.log(p), abs=1e-4)
        assert float(frame(cost, k)["beside"][reader]) == pytest.approx(loss, abs=5e-4)
        assert at == 3 or at / 150 == pytest.approx(p, abs=1 / 299)


def test_a_guess_stands_in_the_bars_and_once_it_is_answered_the_readers_p_of_the_right_one_below_it():
    drawn = draw(Params(steps=25), trained())
    given = drawn["rows"][1][0]
    assert given["veiled"] == "cells" and given["title"] == "p of each, by guessing"
    assert given["labels"] == ["red (right)", "ten", "anna", "elsewhere"]
    assert given["values"] == [1 / 3] * 3 + [0] and given["references"] == [["a guess: 1/3 each", 1 / 3]]
    for k, step in enumerate(trained().taken):
        shown, p = frame(given, k), trained().probs[k][0, 0][trained().targets[0, 0]].item()
        assert shown["labels"] == ["red (right)", "ten", "anna", "reader's red"]
        assert shown["values"] == [1 / 3] * 3 + [pytest.approx(p, abs=1e-5)] and shown["marks"][-1] == "other"
        assert f"after {step} steps" in shown["notes"][-1]
        assert shown["references"] == given["references"] and shown["title"] == "p: a guess, your reader"


def test_a_training_that_has_just_begun_has_a_picture_too():
    fields = ("taken", "accuracy", "held_out_losses", "logits", "probs", "picked", "paid")
    begun = replace(
        trained(), **{name: getattr(trained(), name)[:1] for name in fields}, losses=[], exact=None, calls=None
    )
    _, (_, _, cost) = draw(Params(steps=25), begun)["rows"][:2]
    assert [name for name, _ in cost["dots"]] == ["a guess: -log(1/3)", "your reader, step 0"]


def test_what_is_still_right_stands_beside_what_was_right():
    figure, shown = panels()
    right = shown["held-out questions right, start and end"]
    [bars] = [row for row in figure["rows"][: figure["hero"]] if row[0]["view"] == "bars"]
    assert bars[0]["labels"] == ["as trained", "read so"]
    assert bars[0]["values"] == [trained().accuracy[-1], trained().exact["left"]]
    assert "frames" in right  # the one in the fold is played


def test_two_calls_stand_beside_what_training_left_and_what_moved_is_marked():
    for params, marks in ((PARAMS, (3, 0)), (Params(steps=25, mode="train", dropout=0.5), (3, 3))):
        result = LESSON.run(params)
        before, _, after = draw(params, result)["rows"][0]
        starts = result.targets[:, 0].tolist()
        assert before["values"] == [
            [scores[0, start].item() for scores, start in zip(result.logits[-1], starts, strict=True)]
        ]
        assert after["values"] == result.calls.tolist()
        assert tuple(row.count("differs") for row in after["marks"]) == marks
