"""Laws of calling a module: which hooks run around forward, in which order, and what they are given."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from runpy import run_path
from types import SimpleNamespace

import pytest
import torch
from torch import nn
from torch.nn.modules import module as global_state

from explorable.program import scoped
from lessons.call_forward import LESSON, Params, caption, details

run = LESSON.run


@pytest.fixture(scope="module")
def program():
    """The names that the program binds when it runs alone."""
    with scoped(None):
        return SimpleNamespace(**run_path(str(Path(__file__).parents[2] / "programs" / "call_forward.py")))


EVERY = {"global_hooks": True, "backward_pre": True, "backward_hooks": True}


def order(**params):
    return run(Params(**params)).order


def of(name, events):
    return [event for module, event, _ in events if module == name]


@pytest.mark.parametrize("name", ["model", "first", "second"])
def test_global_hooks_run_before_the_hooks_of_the_module_itself(name):
    assert of(name, order(global_hooks=True)) == [
        "global forward_pre_hook", "forward_pre_hook", "forward", "global forward_hook", "forward_hook",
    ]  # fmt: skip


def test_the_hooks_of_a_child_run_inside_the_forward_of_its_parent():
    assert [(name, event.split("_")[-2:]) for name, event, _ in order(hooks=False)] == [
        ("model", ["pre", "hook"]), ("model", ["forward"]), ("first", ["pre", "hook"]), ("first", ["forward"]),
        ("second", ["pre", "hook"]), ("second", ["forward"]),
    ]  # fmt: skip


def test_calling_forward_skips_the_hooks_of_the_outermost_module_only():
    called, direct = order(**EVERY), order(call="model.forward(x)", **EVERY)
    assert of("model", direct) == ["forward"]
    assert [event for event in called if event[0] != "model"] == [event for event in direct if event[0] != "model"]


def test_the_order_of_backward_is_that_of_forward_turned_round():
    events = [(name, event) for name, event, _ in order(**EVERY) if "backward" in event]
    assert [name for name, event in events if "pre" in event] == ["model", "second", "first"]
    assert [name for name, event in events if "pre" not in event] == ["second", "first", "model"]


def test_a_hook_sees_keyword_arguments_only_if_it_asks_for_them_and_args_stays_empty():
    plain, asked = order(call="model(x=x)"), order(call="model(x=x)", with_kwargs=True)
    assert plain[0] == ("model", "forward_pre_hook", "args empty")
    assert asked[0] == ("model", "forward_pre_hook", "args empty; kwargs x")


def test_what_a_hook_returns_takes_the_place_of_what_it_was_given():
    for returns in ("pre hook: 10 * x", "hook: 10 * output"):
        result = run(Params(returns=returns))
        assert not torch.equal(result.y, result.y_plain)
    unchanged = run(Params(**EVERY))
    assert torch.equal(unchanged.y, unchanged.y_plain)


@pytest.mark.parametrize("raises, hooked", [("first", ["first", "model"]), ("second", ["first", "second", "model"])])
def test_after_an_exception_only_hooks_that_are_always_called_run_and_get_no_output(raises, hooked):
    assert all(name not in (raises, "model") for name, event, _ in order(raises=raises) if event == "forward_hook")
    events = [event for event in order(raises=raises, always_call=True) if event[1] == "forward_hook"]
    assert [name for name, _, _ in events] == hooked
    assert all(given.endswith("output None") for name, _, given in events if name in (raises, "model"))


def test_the_error_is_that_of_the_layer_with_the_wrong_size():
    assert run(Params(raises="first")).error.endswith("(2x3 and 4x3)")
    assert run(Params(raises="second")).error.endswith("(2x3 and 5x2)")


def test_the_count_agrees_with_the_order_of_the_same_call():
    for call in ("model(x)", "model(x=x)", "model.forward(x)"):
        result = run(Params(call=call))
        hooks = [name for name, event, _ in result.order if "hook" in event]
        assert result.fired[call] == {name: hooks.count(name) for name in ("model", "first", "second")}


@pytest.mark.parametrize("raises", ["nowhere", "first"])
def test_no_global_hook_is_left_behind(raises):
    run(Params(global_hooks=True, raises=raises))
    assert not global_state._global_forward_hooks and not global_state._global_forward_pre_hooks


def test_global_hooks_note_nothing_of_any_other_module(program):
    other, seen = nn.Linear(2, 2), len(program.order)
    with program.everywhere():
        other(torch.ones(1, 2))
        assert len(program.order) == seen
        next(iter(program.names))(program.x)
    assert len(program.order) > seen


def test_visitors_at_the_same_time_see_only_their_own_events():
    params = Params(**EVERY)
    with ThreadPoolExecutor(4) as pool:
        orders = [result.order for result in pool.map(run, [params] * 12)]
    assert all(events == orders[0] for events in orders) and len(orders[0]) == 21


@pytest.mark.parametrize("call", ["model(x)", "model(x=x)", "model.forward(x)"])
@pytest.mark.parametrize("global_hooks", [False, True])
def test_the_truth_holds_with_any_hooks(call, global_hooks):
    events = order(call=call, global_hooks=global_hooks)
    around = [event for event in of("model", events) if event != "forward"]
    assert bool(around) == (call != "model.forward(x)")
    for child in ("first", "second"):
        assert of(child, events) == of(child, order(global_hooks=global_hooks))


def test_anything_but_none_that_a_forward_hook_returns_replaces_the_output():
    for value in (0, False, "text", ()):
        layer = nn.ReLU()
        layer.register_forward_hook(lambda *_, value=value: value)
        assert layer(torch.ones(1)) is value
    layer = nn.ReLU()
    layer.register_forward_hook(lambda *_: None)
    assert layer(torch.ones(1)) == 1


@pytest.mark.parametrize(
    "params, told",
    [
        ({}, "model(x) runs 3 pre hooks and 3 forward hooks; the last forward hook is model's."),
        (
            {"call": "model.forward(x)"},
            "model.forward(x) runs 2 pre hooks and 2 forward hooks; the last forward hook is second's.",
        ),
        (
            {"returns": "hook: 10 * output"},
            "model(x) runs 3 pre hooks and 4 forward hooks; the output differs from the one before any hook.",
        ),
        (
            {"hooks": False},
            "model(x) runs 3 pre hooks and no forward hook; the output equals the one before any hook.",
        ),
        (
            {"pre_hooks": False, "hooks": False, "raises": "first"},
            "model(x) runs 2 forward methods and no hook; the forward of first raises RuntimeError.",
        ),
    ],
)
def test_the_caption_counts_what_ran(params, told):
    params = Params(**params)
    assert LESSON.caption(params, run(params)) == told


def test_a_caption_that_counts_no_global_hook_says_so():
    bare = {"pre_hooks": False, "hooks": False}
    for changed in (bare, {}, {**bare, "returns": "hook: 10 * output"}):
        for on in (False, True):
            params = Params(**changed, global_hooks=on)
            result = run(params)
            globally = sum(event.startswith("global") for _, event, _ in result.order)
            assert bool(globally) == on == ("beside the global ones" in caption(params, result))


def test_one_hook_is_a_hook():
    params = Params(pre_hooks=False, hooks=False, returns="hook: 10 * output")
    assert "4 events happen, one of them a hook." in details(params, run(params))


def test_what_is_empty_is_told_as_empty_and_no_hook_of_model_is_one_too():
    params = Params(call="model(x=x)", hooks=False)
    assert "Those of model were given: forward_pre_hook (args empty)." in details(params, run(params))
    direct = Params(call="model.forward(x)")
    assert "None of them belongs to model." in details(direct, run(direct))


@pytest.mark.parametrize("call", ["model(x)", "model.forward(x)"])
def test_what_backward_makes_happen_is_not_told_of_the_call_alone(call):
    for on in (False, True):
        params = Params(call=call, backward_hooks=on)
        assert ("and y.sum().backward() make" in details(params, run(params))) == on
        assert (f"{call} makes" in details(params, run(params))) == (not on)
