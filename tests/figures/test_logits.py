"""The bars are the tensors, and the logits' bars belong to controls."""

from dataclasses import fields

import pytest

from figures.logits import draw
from lessons.logits import LESSON, Params

run = LESSON.run


def panels(params):
    result = run(params)
    return result, {panel["title"]: panel for row in draw(params, result)["rows"] for panel in row}


def test_the_bars_of_the_logits_belong_to_their_controls():
    result, shown = panels(Params(3.0, -2.0, 1.0))
    bars = shown["logits, from -10 to 10"]
    assert bars["values"] == result.logits.tolist() == [3.0, -2.0, 1.0]
    numbers = {field.name: field.metadata for field in fields(Params)}
    assert all(numbers[name]["high"] == -numbers[name]["low"] == bars["limit"] for name in bars["params"])


def test_the_bars_are_the_tensors():
    result, shown = panels(Params(fed="softmax(logits)"))
    assert shown["probabilities"]["values"] == result.probs.tolist()
    assert shown["log_probs = log_softmax"]["values"] == result.log_probs.tolist()
    assert shown["grad of the loss of softmax(logits)"]["values"] == result.grad.tolist()


def test_the_second_row_is_softmax_of_the_logits_with_100_added():
    result, shown = panels(Params(shift=-3.0, temperature=2.0))
    assert shown["100 added to each, from 0 to 110"]["values"] == [z + 100 for z in result.logits.tolist()]
    again = shown["probabilities, with 100 added"]["values"]
    assert again == result.probs_plus_100.tolist() == pytest.approx(result.probs.tolist(), abs=1e-5)


def test_a_way_of_feeding_is_chosen_in_the_table():
    _, shown = panels(Params())
    rows = shown["F.cross_entropy(input, label)"]["rows"]
    assert [row[0][2]["params"] for row in rows] == [{"fed": row[0][0]} for row in rows]


def test_both_rows_name_what_softmax_is_given_below_the_same_call():
    drawn = draw(Params(shift=-3.0, temperature=2.0), run(Params(shift=-3.0, temperature=2.0)))["rows"]
    calls = [(panel["title"], panel["note"]) for row in drawn for panel in row if panel["view"] == "operator"]
    assert calls == [("softmax", "of (logits - 3) / 2"), ("softmax", "of (logits + 100 - 3) / 2")]
