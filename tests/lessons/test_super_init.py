"""Laws of super().__init__(): who makes the dicts of a module, and what fails before they are there."""

import pytest
from torch import nn

from lessons.super_init import LESSON, Params, caption, details, fails, skipped

run = LESSON.run

BEFORE = "AttributeError: cannot assign {} before Module.__init__() call"


def registered(**params):
    last = run(Params(**params)).steps[-1]
    return {name: last[name] for name in ("_parameters", "_buffers", "_modules")}


@pytest.mark.parametrize("form", ["super(Net, self).__init__()", "nn.Module.__init__(self)"])
def test_the_forms_that_reach_nn_module_register_the_same(form):
    assert registered(form=form) == registered()
    assert registered() == {"_parameters": ["weight"], "_buffers": ["mean"], "_modules": ["layer"]}


@pytest.mark.parametrize("first, kind", [("Linear", "module"), ("Parameter", "parameters"), ("buffer", "buffer")])
@pytest.mark.parametrize("params", [{"form": "left out"}, {"super_at": 1}, {"form": "super().__init__", "super_at": 0}])
def test_whatever_must_be_registered_is_refused_before_the_dicts_are_there(first, kind, params):
    result = run(Params(first=first, **params))
    assert result.error == BEFORE.format(kind) and result.afterwards is None


def test_a_plain_tensor_may_stand_above_the_call_and_is_not_registered():
    result = run(Params(first="tensor", super_at=1))
    assert result.error is None
    assert [state["_modules"] is not None for state in result.steps] == [False, False, True, True, True, True]
    assert result.steps[-1]["__dict__"] == ["scale"]


def test_without_the_call_a_plain_tensor_only_moves_the_failure_to_the_first_use():
    result = run(Params(form="left out", first="tensor", assignments=1))
    assert result.error is None and len(result.afterwards) == 5
    assert all(
        text.startswith("AttributeError: 'Net' object has no attribute '_") for text in result.afterwards.values()
    )


def test_the_hook_dicts_come_with_the_others():
    before, _, after, *_ = run(Params()).steps
    assert before["hooks"] == 0 and after["hooks"] == sum(name.endswith("_hooks") for name in vars(nn.Module()))


@pytest.mark.parametrize(
    "bases, chain",
    [
        ("nn.Module", ["Net", "Module", "object"]),
        ("Base", ["Net", "Base", "Module", "object"]),
        ("nn.Module, Mixin", ["Net", "Module", "Mixin", "object"]),
        ("Mixin, nn.Module", ["Net", "Mixin", "Module", "object"]),
    ],
)
def test_super_walks_the_method_resolution_order(bases, chain):
    assert run(Params(bases=bases)).chain == chain


def test_super_of_the_base_skips_the_base():
    skipped = run(Params(bases="Base", form="super(Base, self).__init__()"))
    assert skipped.ran == ["Net"] and run(Params(bases="Base")).ran == ["Net", "Base"]
    assert skipped.error is None and skipped.afterwards["net(x)"].endswith("no attribute 'base'")


def test_nn_module_ends_the_chain_and_a_mixin_in_front_may_break_it():
    assert run(Params(bases="nn.Module, Mixin")).ran == ["Net"] and not nn.Module.call_super_init
    assert run(Params(bases="Mixin, nn.Module")).ran == ["Net", "Mixin"]
    broken = run(Params(bases="Mixin, nn.Module", mixin_calls_super=False))
    assert broken.ran == ["Net", "Mixin"] and broken.error == BEFORE.format("module")


def test_arguments_for_nn_module_are_blamed_on_the_class():
    assert run(Params(form="super().__init__(3)")).error.startswith("TypeError: Net.__init__() takes 1 positional")
    assert run(Params(form="super().__init__(3)", bases="Base")).error.startswith("TypeError: Base.__init__() takes 1")


def test_the_form_with_two_arguments_breaks_when_its_name_is_bound_again():
    assert run(Params(form="super(Net, self), cell run again")).error.startswith("TypeError: super(type, obj): obj")


def test_a_caption_says_where_the_order_of_classes_stops_and_who_is_skipped():
    """super() is no walk of all classes: nn.Module.__init__ ends it, and a form without a call takes no step."""
    told = {
        "Net() runs all 5 lines, but Mixin.__init__ never ran: net(x) raises AttributeError.": Params(
            bases="nn.Module, Mixin"
        ),
        "Net() runs its 1 line, but nn.Module.__init__ never ran: net(x) raises AttributeError.": Params(
            form="left out", assignments=1
        ),
        "Net() runs all 5 lines and registers 3 names: net(x) works.": Params(),
        "Net() raises AttributeError at line 1 of 4, before nn.Module.__init__ has made the dicts.": Params(
            form="left out", first="Linear"
        ),
        "Net() raises TypeError at line 2 of 5, the call of the parent.": Params(form="super().__init__(3)"),
    }
    assert all(caption(params, run(params)) == sentence for sentence, params in told.items())
    behind = Params(bases="nn.Module, Mixin")
    assert details(behind, run(behind)).startswith(
        "Net.__mro__ is Net → Module → Mixin → object. nn.Module.__init__ calls no"
    )
    assert "super()" not in caption(Params(form="left out"), run(Params(form="left out")))


def test_a_mixin_behind_runs_where_call_super_init_is_set():
    """The scope of the trap: by default it is False."""

    class Mixin:
        def __init__(self):
            self.gain = 2.0

    class Calls(nn.Module, Mixin):
        call_super_init = True

    assert Calls().gain == 2.0 and not hasattr(type("Net", (nn.Module, Mixin), {})(), "gain")


def test_each_trap_shows_what_it_names():
    forgotten, late, again, behind, arguments = (run(Params(**trap.params)) for trap in LESSON.traps)
    assert forgotten.error == late.error == BEFORE.format("module")
    assert again.error.startswith("TypeError: super(type, obj): obj") and "takes 1 positional" in arguments.error
    assert skipped(behind) == ["Mixin"] and fails(behind) == "at its first use"


def test_nn_module_takes_arguments_where_call_super_init_is_set():
    class Parent:
        def __init__(self, size):
            self.size = size

    class Net(nn.Module, Parent):
        call_super_init = True

        def __init__(self):
            super().__init__(3)

    assert Net().size == 3


def test_a_class_without_an_init_of_its_own_runs_its_parents():
    class Net(nn.Module):
        pass

    assert Net()._modules == {}


@pytest.mark.parametrize(
    "lines, said", [(1, "both lines and registers 0 names"), (2, "all 3 lines and registers 1 name:")]
)
def test_a_caption_counts_lines_and_names_in_plain_english(lines, said):
    params = Params(assignments=lines)
    assert said in caption(params, run(params))


@pytest.mark.parametrize("calls", [False, True])
def test_a_mixin_in_front_helps_only_if_it_calls_super_itself(calls):
    result = run(Params(bases="Mixin, nn.Module", super_at=0, mixin_calls_super=calls))
    assert (skipped(result) == []) == calls
    [mixin] = [asked for asked in LESSON.predictions if asked.id == "mixin"]
    assert "put Mixin first, and call super().__init__() in it" in mixin.right.reply


@pytest.mark.parametrize("params", [{}, {"first": "Linear"}, {"form": "super().__init__(3)"}, {"form": "left out"}])
def test_the_details_end_with_a_stop(params):
    given = Params(**params)
    assert details(given, run(given)).endswith(".")
