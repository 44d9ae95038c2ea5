"""The bars are the tensors, and the logits' bars belong to controls."""

from dataclasses import fields

from figures.logits import draw
from lessons.logits import LESSON, Params

run = LESSON.run


def panels(params):
    result = run(params)
    return result, {panel["title"]: panel for row in draw(params, result)["rows"] for panel in row}


def test_the_bars_of_the_logits_belong_to_their_controls():
    result, shown = panels(Params(3.0, -2.0, 1.0))
    bars = shown["logits"]
    assert bars["values"] == result.logits.tolist() == [3.0, -2.0, 1.0]
    numbers = {field.name: field.metadata for field in fields(Params)}
    assert all(numbers[name]["high"] == -numbers[name]["low"] == bars["limit"] for name in bars["params"])


def test_the_bars_are_the_tensors():
    result, shown = panels(Params(fed="softmax(logits)"))
    assert shown["probs"]["values"] == result.probs.tolist()
    assert shown["log_probs = log_softmax"]["values"] == result.log_probs.tolist()
    assert shown["grad of the loss of softmax(logits)"]["values"] == result.grad.tolist()


def test_a_way_of_feeding_is_chosen_in_the_table():
    _, shown = panels(Params())
    rows = shown["F.cross_entropy(input, label)"]["rows"]
    assert [row[0][2]["params"] for row in rows] == [{"fed": row[0][0]} for row in rows]
