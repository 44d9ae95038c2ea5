"""The timeline has a row for each event, in the lane of its module, and the frames walk through it."""

from figures.call_forward import LANES, draw, short
from lessons.call_forward import Params, run


def drawn(**params):
    asked = Params(**params)
    result = run(asked)
    return result, draw(asked, result)


def test_an_event_stands_in_the_lane_of_its_module():
    result, picture = drawn(global_hooks=True, backward_hooks=True)
    for row, (name, event, given) in zip(picture["rows"][0][0]["rows"], result.order, strict=True):
        lanes = dict(zip(LANES, row[1:4], strict=True))
        assert lanes[name][0] == short(event) and row[4].replace("\N{NO-BREAK SPACE}", " ") == given
        assert all(lanes[other] == "" for other in LANES if other != name)


def test_each_frame_marks_its_event_and_keeps_the_later_ones_muted():
    result, picture = drawn()
    timeline = picture["rows"][0][0]
    assert len(timeline["frames"]) == len(picture["steps"]) == len(result.order)
    for now, frame in enumerate(timeline["frames"]):
        panel = {**timeline, **frame}
        kinds = [next(cell[1] for cell in row[1:4] if cell) for row in panel["rows"]]
        assert panel["lit"] == [now] and [kind == "muted" for kind in kinds] == [k > now for k in range(len(kinds))]


def test_the_counts_are_those_of_the_result_and_the_chosen_call_is_marked():
    result, picture = drawn(call="model.forward(x)")
    fired = picture["rows"][1][0]
    assert [[int(cell[0]) for cell in row[1:]] for row in fired["rows"]] == [
        list(c.values()) for c in result.fired.values()
    ]
    assert fired["rows"][fired["lit"][0]][0] == "model.forward(x)"


def test_an_exception_stands_beside_the_timeline():
    result, picture = drawn(raises="second")
    error = picture["rows"][0][1]
    assert (error["text"], error["where"]) == (result.error, "forward of second")


def test_the_output_without_hooks_is_shown_where_a_hook_returns_something():
    result, picture = drawn(returns="hook: 10 * output")
    grids = {panel["title"]: panel for panel in picture["rows"][1][1:]}
    assert grids["y"]["values"] == result.y.tolist() and grids["y_plain"]["values"] == result.y_plain.tolist()
    assert grids["y"]["limit"] == grids["y_plain"]["limit"]
    assert [panel["title"] for panel in drawn()[1]["rows"][1][1:]] == ["y"]
