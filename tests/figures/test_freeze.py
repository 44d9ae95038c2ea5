"""The table of a step says of each tensor what was measured at that step."""

from dataclasses import replace

from figures.freeze import draw
from lessons.freeze import LESSON, Params

run = LESSON.run


def drawn(**params):
    asked = Params(**params)
    result = run(asked)
    return result, draw(asked, result)


def hero(figure, step):
    """Of the two tables side by side: layer -> cells."""
    left, _, right = figure["rows"][0]
    return [{row[0]: row[1:] for row in frame(table, step)["rows"]} for table in (left, right)]


def test_the_hero_says_what_moved_by_the_steps_so_far_layer_by_layer():
    for params in ({}, {"freeze": "nothing"}, {"mode": "eval"}, {"moment": "after the first step", "optimizer": "SGD"}):
        result, figure = drawn(**params)
        for step in range(3):
            left, right = hero(figure, step)
            assert list(left) == list(right) == ["stem", "norm", "act", "body", "head"]
            for layer in ("stem", "norm", "body", "head"):
                own = [index for index, name in enumerate(result.names) if name.startswith(f"{layer}.")]
                far = any(moves[index] > 0 for moves in result.moved[: step + 1] for index in own)
                assert right[layer][0][0] == ("moved" if far else "unchanged")
            drift = any(drift.any() for drift in result.drift[: step + 1])
            after = f"{result.means[step + 1]:.2f}".replace("-", "−")
            assert right["norm"][1][0] == f"running_mean[0] 0.00\N{NO-BREAK SPACE}→\N{NO-BREAK SPACE}{after}"
            assert (right["norm"][1][1] != "muted") == drift == (after != "0.00")


def test_the_buffers_of_a_frozen_norm_are_ringed_and_its_parameters_stay():
    _, figure = drawn()
    left, right = hero(figure, 2)
    assert left["norm"] == ["weight, bias: frozen; 3 buffers"] and left["body"] == ["weight, bias: train"]
    assert left["act"] == [["–", "muted"]]
    assert right["norm"][0][:2] == ["unchanged", "muted"] and "@norm" in right["norm"][0][2]["key"]
    assert right["norm"][1][1:] == ["warn", {"key": "@norm"}]


def test_each_parameter_is_told_to_be_frozen_while_it_is():
    result, figure = drawn(pattern=r"weight$", moment="after the first step")
    for step in range(3):
        left, _ = hero(figure, step)
        told = {layer: said for layer, [said, *_] in left.items() if layer != "act"}
        for name, trains in zip(result.names, result.requires_grad[step], strict=True):
            layer, own = name.split(".")
            [said] = [part for part in told[layer].split("; ") if own in part.partition(":")[0].split(", ")]
            assert said.endswith(": train" if trains else ": frozen")


def test_a_layer_that_moved_while_frozen_is_a_warning_to_the_last_step():
    _, figure = drawn(moment="between backward and step")
    _, right = hero(figure, 2)
    for layer in ("stem", "norm"):
        assert right[layer][0][1] == "warn" and "@stray" in right[layer][0][2]["key"]


def test_where_it_is_asked_how_many_are_frozen_the_model_does_not_say_so():
    for freeze in ("stem.requires_grad = False", "p.require_grad = False"):
        left, _ = hero(drawn(freeze=freeze)[1], 0)
        assert left["stem"][0] == left["head"][0] == "weight, bias"


def every_tensor(figure):
    return next(panel for row in figure["rows"] for panel in row if panel["title"] == "Every tensor")


def frame(panel, step):
    return {**panel, **panel["frames"][step]}


def test_each_step_shows_its_own_numbers():
    result, figure = drawn(moment="after the first step", set_to_none=False)
    table = every_tensor(figure)
    for step in range(3):
        for index, row in enumerate(frame(table, step)["rows"][: len(result.names)]):
            trains, moved = result.requires_grad[step][index], result.moved[step][index].item()
            assert row[0] == f"{'▲' if trains else '❄'} {result.names[index]}"
            assert row[3][0] == str(trains) and row[2][0] == f"{result.grads[step][index].item():.4f}"
            assert row[1] == ([f"{moved:.4f}", "yes" if trains else "warn"] if moved else ["0", "muted"])


def test_a_missing_grad_is_none_and_not_zero():
    result, figure = drawn()
    cells = [row[2][0] for row in every_tensor(figure)["rows"][: len(result.names)]]
    assert cells[:4] == ["None"] * 4 and "None" not in cells[4:]


def test_buffers_of_a_frozen_norm_are_a_warning_where_they_drift():
    _, figure = drawn()
    assert [row[1][1] for row in every_tensor(figure)["rows"][-3:]] == ["warn"] * 3
    _, figure = drawn(freeze="nothing")
    assert [row[1][1] for row in every_tensor(figure)["rows"][-3:]] == ["yes"] * 3
    _, figure = drawn(mode="eval")
    assert [row[1][1] for row in every_tensor(figure)["rows"][-3:]] == ["muted"] * 3


def test_an_error_stands_beside_the_step_it_prevented():
    result, figure = drawn(freeze="all, by a loop")
    table = every_tensor(figure)
    [error] = [panel for row in figure["rows"] for panel in row if panel["view"] == "error"]
    assert error["text"] == result.error and error["where"] == "loss.backward()"
    assert {(row[0][0], row[3][0], row[1][0]) for row in table["rows"][:8]} == {("❄", "False", "no step")}
    assert float(table["rows"][8][1][0]) > 0


def test_pressing_a_flag_freezes_that_tensor_too_or_lets_it_train_again():
    params = Params(freeze="all but a pattern", pattern=r"^(norm|body|head)\.")
    rows = every_tensor(draw(params, run(params)))["rows"]
    names = run(params).names
    for index, pressed in enumerate(names):
        chosen = replace(params, **rows[index][3][2]["params"])
        before, after = run(params).requires_grad[-1], run(chosen).requires_grad[-1]
        assert [name for name, a, b in zip(names, before, after, strict=True) if a != b] == [pressed]


def test_letting_the_last_frozen_tensor_train_freezes_nothing():
    params = Params(freeze="all but a pattern", pattern=r"^(?!stem\.weight)")
    assert every_tensor(draw(params, run(params)))["rows"][0][3][2]["params"] == {"freeze": "nothing"}


def test_all_names_frozen_by_hand_fit_into_the_pattern():
    params = Params(freeze="all, by a loop")
    rows = every_tensor(draw(params, run(params)))["rows"]
    assert len(rows[0][3][2]["params"]["pattern"]) <= 120 - len("stem.weight|")
