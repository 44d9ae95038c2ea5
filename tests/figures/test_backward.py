"""The rows are the tensors of the last forward pass, and the arithmetic of a gradient gives the gradient."""

import re

from figures.backward import draw
from lessons.backward import LESSON, Params

run = LESSON.run


def panels(params):
    result = run(params)
    return result, {panel["title"]: panel for row in draw(params, result)["rows"] for panel in row}


def came(shown):
    """The panel of what the calls left behind."""
    return shown[".grad"] if ".grad" in shown else shown["what each call gives, and w.grad"]


def test_the_arithmetic_of_a_gradient_multiplies_to_it():
    for params in (Params(), Params(forwards=3, function="h.exp()"), Params(backwards=2, retain_graph=True)):
        result, shown = panels(params)
        for note, value in zip(
            came(shown)["notes"][len(result.given) if len(result.given) > 1 else 0],
            result.grads["w"].tolist(),
            strict=True,
        ):
            told, *factors = re.findall(r"-?\d+(?:\.\d+)?(?:e-?\d+)?", note.split("= ", 1)[1].replace("× exp(h)", ""))
            times, slope, x = map(float, factors[-3:])
            assert abs(times * slope * x - value) < 0.01 * abs(value) + 1e-3, note
            assert float(told) == value or abs(float(told) - value) < 0.01


def test_a_tensor_without_a_gradient_says_none():
    _, shown = panels(Params(forwards=1))
    assert shown[".grad"]["values"] == [[8.0, 4.0, 6.0], ["None"] * 3, [3.0, None, None]]
    _, shown = panels(Params())
    assert came(shown)["values"] == [[8.0, 4.0, 6.0], [8.0, 4.0, 6.0], [16.0, 8.0, 12.0]]
    assert came(shown)["rowLabels"] == ["call 1", "+ call 2", "= w.grad"]
    assert [row[3] for row in shown["tensors"]["rows"]] == ["[16, 8, 12]", "None", "6", "None", "None", "None"]


def test_only_b_holds_a_gradient_behind_a_detach():
    _, shown = panels(Params(cut="h.detach()"))
    rung = [value for row, keys in zip(came(shown)["values"], came(shown)["keys"], strict=True)
            for value, key in zip(row, keys, strict=True) if "@filled" in key]  # fmt: skip
    assert rung == [came(shown)["values"][-1][0]] != ["None"]


def test_after_an_error_the_rows_are_what_was_bound():
    result, shown = panels(Params(leaf=False, zero_grad="before each forward"))
    assert result.h is None and shown["w, x"]["values"] == [result.w.tolist(), result.x.tolist()]
    assert "can't optimize" in shown["What PyTorch says"]["text"]


def test_what_each_call_brings_adds_up_to_what_w_holds_unless_it_is_cleared():
    for params in (Params(), Params(forwards=3), Params(backwards=2, retain_graph=True), Params(function="h.exp()")):
        result, shown = panels(params)
        *brought, told = came(shown)["values"][: len(result.given) + 1]
        assert brought == [grad.tolist() for grad in result.given] and told == result.grads["w"].tolist()
        assert sum(result.given).allclose(result.grads["w"])
        assert came(shown)["rowLabels"][0] == "call 1" and "= w.grad" in came(shown)["rowLabels"]


def test_where_the_gradient_was_cleared_no_sum_is_drawn():
    for cleared in ("before each forward", "after each backward"):
        _, shown = panels(Params(zero_grad=cleared))
        assert not [label for label in came(shown)["rowLabels"] if label.startswith(("+", "="))]
