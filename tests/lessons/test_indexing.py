"""Laws of indexing: what a container hands out is the object it holds, under names that some operations keep."""

import pytest
import torch
from torch import nn

from lessons.indexing import LESSON, Params, caption

run = LESSON.run

POSITIONAL = ("Sequential", "ModuleList")


def after(container="Sequential", operation="layers[i:]", i=1, **params):
    return run(Params(container=container, operation=operation, i=i, **params))


def layers():
    return [nn.Linear(2, 2) for _ in range(4)]


@pytest.mark.parametrize("container", [*POSITIONAL, "own __getitem__"])
@pytest.mark.parametrize("i", [-4, -1, 0, 3])
def test_an_index_hands_out_the_object_itself(container, i):
    result = after(container, "layers[i]", i)
    assert result.got_ids == [result.before_ids[i]]


@pytest.mark.parametrize("container", POSITIONAL)
def test_a_slice_is_a_container_of_the_same_class_that_shares_its_layers(container):
    for i in (-5, -1, 0, 2, 5):
        result = after(container, "layers[i:]", i)
        assert result.got_ids == result.before_ids[i:] and result.facts_got["type"] == container


def test_only_a_slice_of_a_sequential_keeps_the_names():
    assert after("Sequential").got_names == ["1", "2", "3"]
    assert after("ModuleList").got_names == after(operation="nn.Sequential(*layers[i:])").got_names == ["0", "1", "2"]


def test_layers_that_are_numbered_anew_no_longer_match_an_older_checkpoint():
    assert set(after().checkpoint.values()) == {"the same numbers"}
    assert set(after(operation="nn.Sequential(*layers[i:])").checkpoint.values()) == {"another layer's numbers"}


@pytest.mark.parametrize("container", POSITIONAL)
def test_deleting_closes_the_gap_in_a_list_and_leaves_it_in_a_dict(container):
    result = after(container, "del layers[i]")
    assert (result.got_names, result.got_ids, result.same_container) == (["0", "1", "2"], ["A", "C", "D"], True)
    assert after("ModuleDict", "del layers[i]", key="str").got_names == ["0", "2", "3"]


@pytest.mark.parametrize("container", POSITIONAL)
def test_insert_moves_what_stands_behind(container):
    assert after(container, "layers.insert(i, new)", 1).got_ids == ["A", "E", "B", "C", "D"]
    assert after(container, "layers.append(new)").got_ids == ["A", "B", "C", "D", "E"]


@pytest.mark.parametrize("container", [*POSITIONAL, "ModuleDict", "own __getitem__", "no __getitem__"])
def test_a_multiplied_list_is_one_layer_and_a_deep_copy_shares_none(container):
    thrice = after(container, "[layer] * 3")
    assert thrice.got_ids == ["A"] * 3
    assert (thrice.facts_got["parameters()"], thrice.facts_got["keys of state_dict()"]) == (2, 6)
    copied = after(container, "copy.deepcopy(layers)")
    assert not {*copied.got_ids} & {*copied.before_ids} and torch.equal(copied.got, copied.before)


@pytest.mark.parametrize(
    "container, operation, key, message",
    [
        ("Sequential", "layers[i]", "str", "TypeError: 'str' object cannot be interpreted as an integer"),
        ("ModuleDict", "layers[i]", "int", "KeyError: 1"),
        ("no __getitem__", "layers[i]", "int", "TypeError: 'Net' object is not subscriptable"),
        (
            "ModuleList",
            "layers(x)",
            "int",
            'NotImplementedError: Module [ModuleList] is missing the required "forward"',
        ),
    ],
)
def test_torch_and_python_say_what_cannot_be_indexed_or_called(container, operation, key, message):
    assert after(container, operation, key=key).error.startswith(message)


def test_an_index_out_of_range_names_itself():
    assert after("Sequential", "layers[i]", 4).error == "IndexError: index 4 is out of range"


def test_an_empty_container_is_false():
    assert after(i=4).facts_got["bool()"] is False and after(i=3).facts_got["bool()"] is True


def test_only_what_has_a_forward_can_be_called():
    assert after("Sequential", "layers(x)").y.shape == after("own __getitem__", "layers(x)").y.shape == (1, 2)
    with pytest.raises(NotImplementedError):
        nn.ModuleDict({str(i): layer for i, layer in enumerate(layers())})(torch.ones(1, 2))


@pytest.mark.parametrize("container", [*POSITIONAL, "ModuleDict", "own __getitem__"])
@pytest.mark.parametrize("operation", ["layers[i]", "layers[i:]", "layers[i] = new", "copy.deepcopy(layers)"])
def test_the_caption_says_whether_an_object_is_new(container, operation):
    params = Params(container, operation, key="str" if container == "ModuleDict" else "int")
    result = run(params)
    if result.error is None:
        told = caption(params, result)
        inside = len(result.got_ids) == 1 and result.got_ids[0] in result.before_ids
        assert ("the very layer that it holds" in told) == (operation == "layers[i]") == inside
        assert ("the container itself" in told) == (operation == "layers[i] = new")


@pytest.mark.parametrize(
    "params, told",
    [
        (
            {},
            "On a Sequential, layers[1:] gives a new Sequential of 3 layers that it shares with layers, "
            "and an older checkpoint holds the right numbers under all of its 6 keys.",
        ),
        (
            {"operation": "layers[i]"},
            "On a Sequential, layers[1] gives the very layer that it holds, "
            "and an older checkpoint holds the right numbers under none of its 2 keys.",
        ),
        (
            {"operation": "layers.insert(i, new)", "i": 3},
            "On a Sequential, layers.insert(3, new) leaves the container itself with 5 layers, four of them from before, "
            "and an older checkpoint holds the right numbers under six of its 10 keys.",
        ),
        (
            {"operation": "copy.deepcopy(layers)"},
            "On a Sequential, copy.deepcopy(layers) gives a new Sequential of 4 layers, none of them from before, "
            "and an older checkpoint holds the right numbers under all of its 8 keys.",
        ),
        (
            {"operation": "[layer] * 3", "container": "ModuleList"},
            "On a ModuleList, [layer] * 3 gives a new ModuleList of 3 layers that are one object, "
            "and an older checkpoint holds the right numbers under two of its 6 keys.",
        ),
        ({"i": 4}, "On a Sequential, layers[4:] gives an empty Sequential, with none of the 4 layers."),
        ({"i": 3}, "On a Sequential, layers[3:] gives a new Sequential of 1 layer that it shares with layers, "
            "and an older checkpoint holds the right numbers under both of its keys."),
        (
            {"container": "no __getitem__", "operation": "layers[i]"},
            "On a module that defines no __getitem__, layers[1] raises TypeError.",
        ),
    ],
)  # fmt: skip
def test_the_caption_is_made_of_what_the_operation_left(params, told):
    params = Params(**params)
    assert caption(params, run(params)) == told


@pytest.mark.parametrize("i", range(-4, 4))
def test_the_truth_holds_for_every_container_of_torch(i):
    a, b, c, d = held = layers()
    assert nn.Sequential(*held)[i] is nn.ModuleList(held)[i] is held[i]
    assert nn.ModuleDict({"a": a, "b": b, "c": c, "d": d})["abcd"[i]] is held[i]
    numbers = [nn.Parameter(torch.ones(1)) for _ in range(4)]
    assert nn.ParameterList(numbers)[i] is numbers[i]
    with pytest.raises(TypeError, match="is not subscriptable"):
        nn.Linear(2, 2)[i]


@pytest.mark.parametrize("i", range(-4, 5))
def test_the_truth_a_slice_of_a_sequential_keeps_names_and_one_of_a_module_list_counts_anew(i):
    held = layers()
    kept, counted = nn.Sequential(*held)[i:], nn.ModuleList(held)[i:]
    assert [name for name, _ in kept.named_children()] == [str(k) for k in range(4)][i:]
    assert [name for name, _ in counted.named_children()] == [str(k) for k in range(len(held[i:]))]
    assert all(one is other for one, other in zip([*kept], held[i:], strict=True))
    assert all(one is other for one, other in zip([*counted], held[i:], strict=True))


def test_a_slice_changes_nothing_and_del_cuts_the_container_short():
    sequential = nn.Sequential(*layers())
    assert len(sequential[:2]) == 2 and len(sequential) == 4
    del sequential[2:]
    assert len(sequential) == 2


@pytest.mark.parametrize("i", range(-3, 4))
def test_layers_that_are_numbered_anew_begin_at_0(i):
    names = after(operation="nn.Sequential(*layers[i:])", i=i).got_names
    assert names == [str(k) for k in range(len(names))]


def test_append_to_a_slice_replaces_the_layer_that_has_the_name_of_its_length():
    """A slice of a Sequential keeps its names, and append() takes str(len()): taken from 1 on, free at 0."""
    for i in range(5):
        result = after("Sequential", "layers[i:].append(new)", i)
        names = [str(name) for name in range(i, 4)]
        assert result.got_names == (names if str(4 - i) in names else [*names, str(4 - i)])
        assert result.got_ids[-1 if str(4 - i) not in names else names.index(str(4 - i))] == "E"
    assert after("ModuleList", "layers[i:].append(new)").got_ids == ["B", "C", "D", "E"]


def test_insert_past_the_end_leaves_a_name_out_in_a_module_list_and_raises_in_a_sequential():
    assert after("ModuleList", "layers.insert(i, new)", 5).got_names == ["0", "1", "2", "3", "5"]
    assert after("Sequential", "layers.insert(i, new)", 5).error.startswith("IndexError")
    holed = nn.ModuleList(layers())
    holed.insert(5, nn.Linear(2, 2))
    assert len(list(holed)) == len(holed) == 5
    with pytest.raises(KeyError):
        holed[4]


def test_two_keys_that_fit_are_both():
    params = Params(operation="layers[:i]", i=1)
    assert caption(params, run(params)).endswith(
        "and an older checkpoint holds the right numbers under both of its keys."
    )


def test_an_own_getitem_decides_itself_whether_it_copies():
    """Why the truth speaks of torch's containers alone."""
    import copy

    class Copies(nn.Module):
        def __init__(self):
            super().__init__()
            self.layers = nn.ModuleList([nn.ReLU()])

        def __getitem__(self, index):
            return copy.deepcopy(self.layers[index])

    net = Copies()
    assert net[0] is not net.layers[0] and net.layers[0] is net.layers[0]
