"""The table says of every slot what was measured, and marks the chosen one."""

import pytest

from figures.registration import draw
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
    assert [row[0] for row in shown[0]["rows"] if row[1] == "held"] == ["net.__dict__"]
