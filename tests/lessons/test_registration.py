"""Laws of registration: .to, .eval, state_dict and an optimiser given parameters() see what is registered."""

from itertools import product

import pytest
import torch
from torch import nn

from lessons.registration import LESSON, Params, caption, details

run = LESSON.run

UNSEEN = ("list", "dict")


def summary(content, slot):
    """Whether .to(float64), .to("meta"), state_dict and SGD reached the content."""
    seen = run(Params(content=content, slot=slot)).reached[slot]
    return (
        seen["dtype"] == "torch.float64",
        seen["device"] == "meta",
        bool(seen["keys"]),
        isinstance(seen["given"], int),
    )


@pytest.mark.parametrize("slot", ["attribute", "ModuleList", "ModuleDict", "ParameterList"])
def test_a_registered_layer_is_reached_by_everything(slot):
    assert summary("Linear", slot) == (True, True, True, True)
    assert run(Params(slot=slot)).reached[slot]["training"] is False


@pytest.mark.parametrize("slot", UNSEEN)
@pytest.mark.parametrize("content", ["Linear", "tensor"])
def test_a_python_container_hides_its_content_from_everything(content, slot):
    assert summary(content, slot) == (False, False, False, False)


@pytest.mark.parametrize(
    "slot, reached",
    [
        ("Parameter", (True, True, True, True)),
        ("ParameterList", (True, True, True, True)),
        ("buffer", (True, True, True, False)),
        ("non-persistent buffer", (True, True, False, False)),
        ("attribute", (False, False, False, False)),
        ("list of Parameter", (False, False, False, False)),
        ("Parameter(...).half()", (False, False, False, False)),
    ],
)
def test_a_tensor_is_reached_as_far_as_it_is_registered(slot, reached):
    assert summary("tensor", slot) == reached


@pytest.mark.parametrize("slot", UNSEEN)
def test_eval_does_not_reach_a_dropout_in_a_python_container(slot):
    result = run(Params(content="Dropout", slot=slot, then=".eval()", head=False))
    assert not torch.equal(result.y, result.x) and (result.y == 0).any()
    reached = run(Params(content="Dropout", slot="ModuleList", then=".eval()", head=False))
    assert torch.equal(reached.y, reached.x)


def test_a_layer_left_behind_refuses_an_input_that_moved():
    assert "is not on the expected device meta" in run(Params(slot="list", then='.to("meta")')).error
    assert "must have the same dtype" in run(Params(slot="list", then=".to(torch.float64)")).error


def test_a_fresh_net_agrees_after_load_state_dict_exactly_if_the_content_is_saved():
    for slot, saved in {"buffer": True, "Parameter": True, "non-persistent buffer": False, "attribute": False}.items():
        result = run(Params(content="tensor", slot=slot, then="load_state_dict", head=False))
        assert torch.equal(result.y, result.y_before) == saved, slot


def test_a_step_of_an_optimiser_moves_a_parameter_and_needs_one():
    moved = run(Params(slot="ModuleList", then="SGD step"))
    assert not torch.equal(moved.y, moved.y_before)
    assert run(Params(slot="list", head=False)).error == "ValueError: optimizer got an empty parameter list"


def test_the_name_stands_in_the_dict_of_its_kind():
    def place(content, slot):
        [name] = [name for name, held in run(Params(content=content, slot=slot)).dicts.items() if "held" in held]
        return name

    assert place("Linear", "attribute") == place("tensor", "ParameterList") == "_modules"
    assert (place("tensor", "Parameter"), place("tensor", "buffer")) == ("_parameters", "_buffers")
    assert place("Linear", "list") == place("tensor", "Parameter(...).half()") == "__dict__"


def test_torch_refuses_a_tensor_where_a_module_belongs():
    result = run(Params(content="tensor", slot="ModuleList"))
    assert result.error == "TypeError: torch.FloatTensor is not a Module subclass" == result.reached["ModuleList"]
    with pytest.raises(TypeError, match="is not a Module subclass"):
        nn.ModuleList([torch.zeros(3)])


@pytest.mark.parametrize("slot, learns", [("list", False), ("dict", False), ("ModuleList", True), ("attribute", True)])
def test_beside_a_registered_layer_a_listed_one_stays_without_an_error(slot, learns):
    result = run(Params(slot=slot, then="SGD step", head=True))
    assert result.error is None
    assert result.moved == ["held"] * learns + ["head"]


def test_the_first_screen_is_the_silent_mistake():
    params = Params()
    result = run(params)
    assert result.moved == ["head"] and result.error is None
    assert caption(params, result) == (
        "The Linear in self.held is not in net.parameters(), so SGD moves held by 0 and head by 0.774."
    )


def test_an_output_that_differs_by_rounding_is_not_called_the_same():
    cast, idle = (Params(slot="ModuleList", then=then) for then in (".to(torch.float64)", "nothing"))
    assert "the output is the first one but for rounding" in caption(cast, run(cast))
    assert "the output is the first one again" in caption(idle, run(idle))


def test_one_key_in_common_is_the_same_key():
    params = Params(content="tensor", slot="Parameter", then="load old checkpoint", head=False)
    assert caption(params, run(params)).startswith("The checkpoint and the net have the same key, so")
    four = Params(slot="attribute", then="load old checkpoint")
    assert "have the same 4 keys, so" in caption(four, run(four))


def test_strict_false_forgives_names_and_not_shapes():
    small, large = nn.Linear(2, 2), nn.Linear(3, 3)
    assert small.load_state_dict({"other": torch.zeros(1)}, strict=False).unexpected_keys == ["other"]
    with pytest.raises(RuntimeError, match="size mismatch"):
        small.load_state_dict(large.state_dict(), strict=False)
    assert next(trap for trap in LESSON.traps if trap.name == "strict=False").sentence.startswith("Names that")


def test_each_trap_shows_what_it_names():
    shown = {trap.name: run(Params(**trap.params)) for trap in LESSON.traps}
    for name in ("Layers in a list", "A mask kept as a plain tensor", "Tensors in a list"):
        assert "is not on the expected device meta" in shown[name].error
    assert "Missing key(s)" in shown["A checkpoint with other names"].error
    for name in ("An optimiser made too early", "strict=False"):
        assert shown[name].error is None and shown[name].moved == ["head"]
    dropouts = shown["Dropouts in a Python list"]
    assert not torch.equal(dropouts.y, dropouts.y_before)
    converted = shown["nn.Parameter(...).cuda()"]
    assert converted.keys == converted.parameters == [] and not torch.equal(converted.y, converted.y_before)


CONTENTS = {"Linear": lambda: nn.Linear(3, 3), "Dropout": nn.Dropout, "tensor": lambda: torch.zeros(3)}


@pytest.mark.parametrize("content", CONTENTS)
@pytest.mark.parametrize("wrap", [lambda c: [c], lambda c: (c,), lambda c: {"a": c}, lambda c: {1: [c]}])
def test_no_python_container_registers_what_it_holds(content, wrap):
    """The lesson's truth; the same object assigned as an attribute besides is registered by that."""
    net, thing = nn.Module(), CONTENTS[content]()
    net.held = wrap(thing)
    assert (
        list(net.modules()) == [net] and not list(net.parameters()) and not list(net.buffers()) and not net.state_dict()
    )
    net.too = thing if isinstance(thing, nn.Module) else nn.Buffer(thing)
    assert len(list(net.modules())) + len(list(net.buffers())) == 2


LOADS = ("load old checkpoint", "load, strict=False")


@pytest.mark.parametrize("then", LOADS)
@pytest.mark.parametrize("slot", ["attribute", "list", "ModuleList", "ModuleDict"])
def test_a_checkpoint_fills_what_has_its_names_and_raises_only_if_it_is_strict(slot, then):
    result = run(Params(slot=slot, then=then))
    same = slot == "attribute"
    assert bool(result.unexpected) == (not same) and bool(result.missing) == (slot in ("ModuleList", "ModuleDict"))
    assert all(key.startswith("held") for key in result.missing + result.unexpected)
    assert bool(result.error) == (not same and then == LOADS[0])
    if not result.error:
        assert result.moved == ["held"] * same + ["head"]
    else:
        assert 'Unexpected key(s) in state_dict: "held.weight", "held.bias"' in result.error
        assert ("Missing key(s)" in result.error) == bool(result.missing) == (slot != "list")


@pytest.mark.parametrize("content, slot", [("Linear", "attribute"), ("Linear", "ModuleList"), ("tensor", "Parameter")])
def test_an_optimiser_never_moves_what_was_registered_after_it_was_made(content, slot):
    early = run(Params(content=content, slot=slot, then="SGD, then a new held"))
    assert early.moved == ["head"] and early.error is None
    assert run(Params(content=content, slot=slot, then="SGD step")).moved == ["held", "head"]
    alone = run(Params(content=content, slot=slot, then="SGD, then a new held", head=False))
    assert alone.moved == [] and torch.equal(alone.y, alone.y_before) and alone.error is None


def test_the_new_calls_are_told_wherever_the_slot_is_accepted():
    for then in (*LOADS, "SGD, then a new held"):
        for content, slot, head in product(CONTENTS, run(Params()).reached, (False, True)):
            params = Params(content=content, slot=slot, then=then, head=head)
            result = run(params)
            if result.dicts is not None and result.error is None:
                told = "reaches" in caption(params, result)
                assert told == ("held" in result.moved), params


def test_a_name_explains_a_call_only_where_it_is_the_cause():
    """A buffer is loaded unless persistent=False; a Dropout has no tensor, wherever its name stands; two calls change nothing."""

    def said(**changed):
        params = Params(**{"head": False, **changed})
        return caption(params, run(params))

    hidden = said(content="tensor", slot="non-persistent buffer", then="load_state_dict")
    assert hidden.startswith("The name held stands in _buffers with persistent=False, so load_state_dict() passes by")
    assert "_buffers, so load_state_dict() reaches" in said(content="tensor", slot="buffer", then="load_state_dict")
    assert "_modules, and load_state_dict() finds" in said(content="Dropout", slot="attribute", then="load_state_dict")
    assert ", and nothing is done between the two calls;" in said(then="nothing")
    assert said(content="Dropout", slot="attribute", then="load, strict=False").startswith(
        "Neither the checkpoint nor the net has a key, and load_state_dict() finds nothing to change in the Dropout;"
    )


def test_a_dropout_in_train_mode_is_told_to_draw_anew():
    for slot, then in product(("attribute", "list"), (".eval()", "nothing")):
        params = Params(content="Dropout", slot=slot, then=then, head=False)
        result = run(params)
        told = "draws new zeros at each call" in details(params, result)
        assert told == (not torch.equal(result.y, result.x)) == ((slot, then) != ("attribute", ".eval()"))


def test_a_conversion_that_converts_nothing_returns_the_parameter_itself():
    parameter = nn.Parameter(torch.ones(3))
    assert parameter.to(torch.float32) is parameter and not isinstance(parameter.half(), nn.Parameter)
