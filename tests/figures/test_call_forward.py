"""The tree has a node for each event, inside the module that called it, and the frames colour one after the other."""

from figures.call_forward import MODULES, draw, short
from lessons.call_forward import LESSON, Params

run = LESSON.run


def drawn(**params):
    asked = Params(**params)
    result = run(asked)
    return result, draw(asked, result)


def titled(picture, title):
    return next(panel for row in picture["rows"] for panel in row if panel["title"] == title)


def facts(picture):
    return {item["key"]: item["text"] for item in picture["rows"][1][0]["items"]}


def test_an_event_of_a_child_stands_inside_those_of_model():
    result, picture = drawn(global_hooks=True, backward_hooks=True)
    for node, (name, event, _) in zip(titled(picture, "what runs, in order")["nodes"], result.order, strict=True):
        assert (node["kind"], node["name"], node["depth"]) == (name, short(event), int(name != "model"))


def test_each_frame_colours_its_event_and_the_forward_hooks_before_it():
    result, picture = drawn()
    events = titled(picture, "what runs, in order")
    assert len(events["frames"]) == len(picture["steps"]) == len(result.order)
    for now, frame in enumerate(events["frames"]):
        lit = {k for k, node in enumerate({**events, **frame}["nodes"]) if "mark" in node}
        assert lit == {now, *(k for k in range(now) if result.order[k][1] == "forward_hook")}


def ringed(key, **params):
    result, picture = drawn(**params)
    nodes = titled(picture, "what runs, in order")["nodes"]
    return [result.order[k][:2] for k, node in enumerate(nodes) if f"@{key}" in node.get("key", "").split()]


def test_the_event_that_decides_a_question_is_ringed():
    assert ringed("last") == [("model", "forward_hook")]
    assert ringed("ran", call="model.forward(x)") == [
        (name, kind) for name in ("first", "second") for kind in ("forward_pre_hook", "forward_hook")
    ]
    assert ringed("args", call="model(x=x)") == [("model", "forward_pre_hook")]
    assert ringed("y", returns="hook: 10 * output") == [("first", "forward_hook")]
    assert ringed("skipped", raises="second") == [("second", "forward")]


def test_the_hooks_that_ran_are_counted_by_their_kind():
    assert titled(drawn()[1], "what runs, in order")["badge"] == "3 pre hooks + 3 forward hooks"
    assert titled(drawn(call="model.forward(x)")[1], "what runs, in order")["badge"] == "2 pre hooks + 2 forward hooks"


def test_what_each_was_given_is_told_below():
    result, picture = drawn(call="model(x=x)", with_kwargs=True)
    assert [tuple(row[1:]) for row in titled(picture, "what each was given")["rows"]] == result.order


def test_the_counts_are_those_of_the_result_and_the_chosen_call_is_marked():
    result, picture = drawn(call="model.forward(x)")
    fired = titled(picture, "Forward hooks that run")
    assert [[int(cell[0]) for cell in row[1:]] for row in fired["rows"]] == [
        [counts[name] for name in MODULES] for counts in result.fired.values()
    ]
    assert fired["rows"][fired["lit"][0]][0] == "model.forward(x)"
    assert facts(picture)["ran"] == "4 of 6"


def test_an_exception_stands_in_the_hero():
    result, picture = drawn(raises="second")
    [error] = picture["rows"][2]
    assert (error["text"], error["where"]) == (result.error, "forward of second") and picture["hero"] == 3


def test_the_facts_say_what_became_of_the_hooks():
    assert facts(drawn(raises="second", always_call=True)[1])["skipped"] == "it runs, output None"
    assert facts(drawn(raises="first")[1])["skipped"] == "second is not called"
    assert facts(drawn(call="model.forward(x)")[1])["args"] == "none: it does not run"
    assert facts(drawn(returns="pre hook: 10 * x")[1])["y"] == "y is another"
    assert set(facts(drawn(pre_hooks=False, hooks=False)[1]).values()) == {"there is none", "0 of 0", "y is the same"}


def test_the_output_without_hooks_is_shown_where_a_hook_returns_something():
    result, picture = drawn(returns="hook: 10 * output")
    y, y_plain = titled(picture, "y"), titled(picture, "y_plain")
    assert y["values"] == result.y.tolist() and y_plain["values"] == result.y_plain.tolist()
    assert y["limit"] == y_plain["limit"]
    assert [panel["title"] for panel in drawn()[1]["rows"][-1]] == ["y"]
