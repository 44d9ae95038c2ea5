"""The picture of an edit says for each setting and each step what was measured."""

import json

from explorable.progress import watched
from figures.edit import LISTED, draw
from lessons.edit import FIVE, LESSON, Params

run = LESSON.run

RESULT = {params: run(params) for params in (Params(steps=3), Params(steps=2, more=FIVE, compare="nothing"))}


def panels(params):
    figure = draw(params, RESULT[params])
    return figure, {panel["title"]: panel for row in figure["rows"] for panel in row}


def frame(panel, step):
    return {**panel, **panel["frames"][step]}


def test_each_step_shows_its_own_logits_probabilities_and_losses():
    params = Params(steps=3)
    figure, shown = panels(params)
    assert figure["steps"] == ["0 of 3", "1 of 3", "2 of 3", "3 of 3"]
    for index, title in enumerate(("encoder wo, Adam 0.003", "everything, Adam 0.003")):
        for step in range(4):
            assert frame(shown[f"logit · {title}"], step)["values"] == RESULT[params].logits[index][step].tolist()
            assert (
                frame(shown[f"probability · {title}"], step)["values"]
                == RESULT[params].probabilities[index][step].tolist()
            )
            assert frame(shown["loss at this step"], step)["values"][index] == RESULT[params].losses[index][step].item()


def test_the_bars_name_the_answers_of_the_edit_that_is_under_way():
    params = Params(steps=2, more=FIVE, compare="nothing")
    figure, shown = panels(params)
    result, bars = RESULT[params], shown["logit · encoder wo, Adam 0.003"]
    for position, edit in enumerate(result.order[0]):
        assert frame(bars, position)["labels"] == [f"{result.old[edit]} (old)", f"{result.edits[edit][1]} (new)"]
        assert result.edits[edit][0] in figure["steps"][position]


def test_the_scores_are_those_of_the_result():
    result = RESULT[Params(steps=3)]
    _, shown = panels(Params(steps=3))
    for row, values in zip(
        shown["After the last step"]["rows"], (result.success, result.generality, result.locality), strict=True
    ):
        assert [float(cell[0].split()[0]) for cell in row[1:]] == [
            round(value, 3 if row[0] == "locality" else 2) for value in values
        ]


def test_broken_facts_are_listed_and_the_rest_is_counted():
    result = RESULT[Params(steps=3)]
    _, shown = panels(Params(steps=3))
    table, broken = shown["Locality: what broke · everything, Adam 0.003"], result.broken[1]
    said = {question: (was, now or "(nothing)") for question, was, now in broken}
    assert 0 < len(table["rows"]) <= LISTED and table["badge"] == str(len(broken))
    assert all(said[question] == (was, now[0]) for question, was, now in table["rows"])
    assert len(table["rows"]) == len(broken) or f"{len(table['rows'])} of {len(broken)}" in table["note"]


def test_a_frozen_tensor_wears_a_snowflake():
    result = RESULT[Params(steps=3)]
    _, shown = panels(Params(steps=3))
    for row, flags in zip(
        shown["Which tensors moved, and how far"]["rows"], zip(*result.trainable, strict=True), strict=True
    ):
        assert [cell[0][0] for cell in row[2:]] == ["▲" if trains else "❄" for trains in flags]


def test_a_run_can_be_drawn_after_each_of_its_steps():
    drawn = []
    params = Params(steps=1)
    with watched(lambda done, total, so_far: drawn.append(json.dumps(draw(params, so_far()), allow_nan=False))):
        run(params)
    assert len(set(drawn)) > 4


def test_an_error_stands_beside_the_names_that_could_have_moved():
    params = Params(move="names that match", pattern="^nothing")
    [[error], [names]] = draw(params, run(params))["rows"]
    assert error["where"] == "output.loss.backward()" and len(names["rows"]) == 47
