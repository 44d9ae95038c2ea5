"""The table says of every slot what was measured, and marks the chosen one."""

from typing import Any

import pytest

from figures.registration import SLOTS, draw, source
from lessons.registration import LESSON, Params

run = LESSON.run


def panels(**params):
    asked = Params(**params)
    result = run(asked)
    return result, [panel for row in draw(asked, result)["rows"] for panel in row]


def slots(**params):
    result, shown = panels(**params)
    return result, next(panel for panel in shown if panel["title"].startswith("What reaches"))


@pytest.mark.parametrize("content", ["Linear", "Dropout", "tensor"])
def test_a_mark_says_whether_the_call_reached_the_slot(content):
    result, table = slots(content=content)
    for (slot, dtype, device, mode, *_), seen in zip(table["rows"], result.reached.values(), strict=True):
        if isinstance(seen, str):
            assert dtype == ["refused", "muted"] and device[0] == ""
            continue
        assert dtype[1] == ({"torch.float64": "yes", None: "muted"}.get(seen["dtype"], "warn")), slot
        assert device[1] == ({"meta": "yes", None: "muted"}.get(seen["device"], "warn")), slot
        assert mode[1] == {False: "yes", True: "warn", None: "muted"}[seen["training"]], slot


def test_the_chosen_slot_is_marked():
    _, table = slots(slot="ModuleDict")
    assert [table["rows"][index][0] for index in table["lit"]] == ["ModuleDict"]


def test_an_error_is_shown_as_torch_said_it_with_the_call_that_raised_it():
    for then, where in ((".to(torch.float64)", "net(x.to(torch.float64))"), ("SGD step", "torch.optim.SGD(")):
        result, shown = panels(slot="list", then=then, head=False)
        [error] = [panel for panel in shown if panel["view"] == "error"]
        assert error["text"] == result.error and error["where"].startswith(where)


def test_before_and_after_share_one_scale():
    result, shown = panels(slot="ModuleList", then="SGD step")
    before, after = (next(p for p in shown if p["title"] == name) for name in ("y_before", "y"))
    assert before["limit"] == after["limit"] == max(result.y.abs().max(), result.y_before.abs().max())
    assert after["values"] == result.y.tolist()


def test_the_dict_that_holds_the_name_is_named():
    _, shown = panels(slot="list", head=False)
    [[line, registered]] = shown[0]["rows"]
    assert (
        line.replace("\N{ZERO WIDTH SPACE}", "").replace("\N{NO-BREAK SPACE}", " ") == "self.held = [nn.Linear(3, 3)]"
    )
    assert registered == ["✗\N{NO-BREAK SPACE}no", "warn"]
    assert shown[0]["veiled"] == "cells"
    [net] = [panel for panel in shown if panel["title"] == "net"]
    assert [row[0] for row in net["rows"] if row[1] == "held"] == ["net.__dict__"]


@pytest.mark.parametrize("content", ["Linear", "Dropout", "tensor"])
def test_the_lines_hold_what_the_program_holds(content):
    for slot in SLOTS:
        params = Params(content=content, slot=slot, then="nothing")
        if run(params).dicts is None:
            continue
        names: dict[str, Any] = {}
        exec(LESSON.program.text(params), names)
        made = eval(source(params), names)
        assert type(made) is type(names["net"].held), slot
        assert getattr(made, "persistent", None) == getattr(names["net"].held, "persistent", None)


def test_the_hero_holds_the_row_of_the_chosen_slot_with_the_deciding_calls_ringed():
    params = {"content": "tensor", "slot": "non-persistent buffer", "then": "load_state_dict", "head": False}
    result, shown = panels(**params)
    _, table = slots(**params)
    calls = shown[2]
    assert [cell[:2] for _, cell in calls["rows"]] == table["rows"][table["lit"][0]][1:] and "veiled" in calls
    ringed = {call: cell[2]["key"] for call, cell in calls["rows"] if len(cell) > 2}
    assert ringed == {".to(float64)": "@kept", "state_dict()": "@reach @kept", "SGD(...)": "@parameters"}


def test_a_step_of_sgd_is_drawn_as_the_change_of_each_weight():
    result, shown = panels()
    assert shown[2]["values"] == [*result.change.values()]
    assert shown[2]["keys"] == [["change-held", "@moved"], ["change-head"]]
