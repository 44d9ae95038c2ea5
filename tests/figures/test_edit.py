"""The picture of an edit says for each setting and each look what was measured."""

import json
from functools import cache

from explorable.progress import watched
from figures.edit import LISTED, WORDINGS, draw
from lessons.edit import FIVE, LESSON, Params, moving, name_of


@cache
def result_of(params):
    return LESSON.run(params)


def panels(params):
    figure = draw(params, result_of(params))
    return figure, {panel["title"]: panel for row in figure["rows"] for panel in row}


def frame(panel, step):
    return {**panel, **panel["frames"][step]}


def test_each_look_draws_a_dot_for_each_other_fact():
    params = Params(steps=3)
    figure, shown = panels(params)
    assert figure["steps"] == ["0 of 3", "1 of 3", "2 of 3", "3 of 3"]
    result = result_of(params)
    assert moving(result) == ["one tensor", "all tensors"] and [sum(flags) for flags in result.trainable] == [1, 47]
    for name, changed, said in zip(moving(result), result.changed, result.answers, strict=True):
        for step, found in enumerate(changed.tolist()):
            drawn = frame(shown[f"{name} may move"], step)
            assert [kind == "1" for kind in drawn["kinds"]] == found
            assert drawn.get("badge") == (f"says “{said[0]}”" if step == 3 else None)


def test_the_looks_of_edits_in_a_row_name_the_edit_that_is_under_way():
    params = Params(steps=2, more=FIVE, compare="nothing")
    figure, _ = panels(params)
    result = result_of(params)
    for label, position in zip(figure["steps"], result.looks, strict=True):
        assert result.edits[result.order[0][position]][0] in label


def test_curves_are_the_measured_values_of_every_state():
    result = result_of(Params(steps=3))
    _, shown = panels(Params(steps=3))
    losses = dict(shown["loss in every state"]["lines"])
    logits = dict(shown["logit in every state"]["lines"])
    for setting, loss, pair in zip(result.settings, result.losses, result.logits, strict=True):
        assert losses[name_of(setting)] == loss.tolist()
        assert logits[f"new answer, {name_of(setting)}"] == pair[:, 1].tolist()


def test_the_scores_are_those_of_the_result():
    result = result_of(Params(steps=3))
    _, shown = panels(Params(steps=3))
    for row, values in zip(
        shown["After the last step"]["rows"], (result.success, result.generality, result.locality), strict=True
    ):
        assert [float(cell[0].split()[0]) for cell in row[1:]] == [
            round(value, 3 if row[0] == "locality" else 2) for value in values
        ]


def test_the_facts_of_a_relation_that_stayed_add_up_to_locality():
    result = result_of(Params(steps=3))
    _, shown = panels(Params(steps=3))
    rows = shown["Locality: other facts that stayed"]["rows"]
    for k, broken in enumerate(result.broken):
        same, total = zip(*(map(int, row[1 + k][0].split(" of ")) for row in rows), strict=True)
        assert sum(total) == len(result.rest) and sum(total) - sum(same) == len(broken)


def test_broken_facts_are_listed_and_the_rest_is_counted():
    result = result_of(Params(steps=3))
    _, shown = panels(Params(steps=3))
    table, broken = shown["Locality: what broke · everything, Adam 0.003"], result.broken[1]
    said = {question: (was, now or "(nothing)") for question, was, now in broken}
    assert 0 < len(table["rows"]) <= LISTED and table["badge"] == str(len(broken))
    assert all(said[question] == (was, now[0]) for question, was, now in table["rows"])
    assert len(table["rows"]) == len(broken) or f"{len(table['rows'])} of {len(broken)}" in table["note"]


def test_the_only_setting_says_what_it_answers_now_and_which_wordings():
    params = Params(steps=2, more=FIVE, compare="nothing")
    result = result_of(params)
    rows = panels(params)[1]["Says now"]["rows"]
    assert [(question, said[0]) for question, said in rows] == [
        (question, said or "(nothing)") for (question, _), said in zip(result.edits, result.answers[0], strict=True)
    ][:WORDINGS]
    assert {said[2]["key"] for _, said in rows} == {"@said"}


def test_a_frozen_tensor_wears_a_snowflake():
    result = result_of(Params(steps=3))
    _, shown = panels(Params(steps=3))
    for row, flags in zip(
        shown["Which tensors moved, and how far"]["rows"], zip(*result.trainable, strict=True), strict=True
    ):
        assert [cell[0][0] for cell in row[2:]] == ["▲" if trains else "❄" for trains in flags]


def test_a_run_can_be_drawn_after_each_of_its_steps():
    drawn = []
    params = Params(steps=1)
    with watched(lambda done, total, so_far: drawn.append(json.dumps(draw(params, so_far()), allow_nan=False))):
        LESSON.run(params)
    assert len(set(drawn)) > 3


def test_an_error_stands_beside_the_names_that_could_have_moved():
    params = Params(move="names that match", pattern="^nothing")
    [[_, error], [names]] = draw(params, LESSON.run(params))["rows"]
    assert error["where"] == "output.loss.backward()" and len(names["rows"]) == 47
