import json

import pytest
import torch

from figures.stack import draw
from lessons.stack import LESSON, Params

run = LESSON.run


def panels(params):
    return {panel["title"]: panel for row in draw(params, run(params))["rows"] for panel in row}


def pairs(values, other):
    """Corresponding leaves of two nested lists."""
    if not isinstance(values, list):
        return [(values, other)]
    return [pair for a, b in zip(values, other, strict=True) for pair in pairs(a, b)]


@pytest.mark.parametrize("shape", ["()", "(4,)", "(2, 3)", "(2, 3, 4)"])
def test_the_picture_holds_the_tensors(shape):
    params = Params(shape=shape, dim=-1, n=3)
    result, shown = run(params), panels(params)
    assert shown["tensors"]["values"] == [tensor.tolist() for tensor in result.tensors]
    assert shown["out"]["values"] == result.out.tolist()
    assert shown["memory"]["values"] == [memory.tolist() for memory in result.memory]


@pytest.mark.parametrize("op", ["stack", "cat", "stack + reshape"])
def test_a_cell_shares_its_key_with_its_source_and_with_no_other_cell(op):
    shown = panels(Params(op=op, shape="(2, 3)", dim=1, n=4))
    sources = {key: value for value, [key, *_] in pairs(shown["tensors"]["values"], shown["tensors"]["keys"])}
    for title in ("out", "memory", "other"):
        found = pairs(shown[title]["values"], shown[title]["keys"])
        assert all(sources[key if isinstance(key, str) else key[0]] == value for value, key in found)
    assert len(sources) == 24


@pytest.mark.parametrize("dim", range(-4, 4))
def test_every_axis_of_the_inputs_keeps_its_colour_wherever_the_new_axis_stands(dim):
    params = Params(shape="(2, 3, 4)", dim=dim)
    out = panels(params)["out"]
    colour = dict(zip(out["axes"], out["dims"], strict=True))
    assert colour == {"i": 0, "j": 1, "k": 2, "n": 3}
    assert out["axes"][out["newDim"]] == "n" and out["newDim"] == dim % 4
    sizes = dict(zip(out["axes"], run(params).out.shape, strict=True))
    assert sizes == {"i": 2, "j": 3, "k": 4, "n": 2}


def test_cat_marks_no_new_axis():
    assert "newDim" not in panels(Params(op="cat"))["out"]


@pytest.mark.parametrize("op", ["stack", "cat"])
def test_the_note_of_a_memory_cell_walks_to_its_offset(op):
    params = Params(op=op, shape="(2, 3)", dim=1, n=3)
    every, memory = run(params).every, panels(params)["memory"]
    for tensor, row, notes in zip(every, memory["values"], memory["notes"], strict=True):
        for value, note in zip(row, notes, strict=True):
            index = [int(place) for place in note.split("(")[1].split(")")[0].split(",")]
            assert tensor[tuple(index)].item() == value


def test_the_reshape_trap_marks_every_cell_that_differs_from_stack():
    params = Params(op="stack + reshape", shape="(2, 3)", dim=1, n=3)
    result, marks = run(params), panels(params)["out"]["marks"]
    wrong = torch.tensor([[[mark == "error" for mark in row] for row in part] for part in marks])
    assert torch.equal(wrong, result.out != result.other) and wrong.any()


def test_unequal_shapes_mark_the_cells_without_a_partner_and_the_axis():
    tensors = panels(Params(shape="(2, 3)", inputs="last one shorter"))["tensors"]
    assert tensors["marks"] == [[["", "", "error"]] * 2, [["", ""]] * 2]
    assert tensors["axes"] == ["i", "j ✗"]


@pytest.mark.parametrize("dim", [-5, 2, 4])
def test_an_illegal_dim_is_marked_on_the_number_line(dim):
    params = Params(dim=dim)
    [row] = panels(params)["dim"]["rows"]
    assert row[dim + 6] == ["not legal", "warn"]
    legal = [d for d, cell in zip(range(-5, 5), row[1:], strict=True) if cell[0] == "legal"]
    assert legal == [d for d in range(-5, 5) if run(Params(dim=d)).error is None]


@pytest.mark.parametrize("inputs", ["last one None", "empty list", "last one shorter"])
def test_a_refusal_shows_the_live_text_and_the_line(inputs):
    params = Params(inputs=inputs)
    refusal = panels(params)["out"]
    assert refusal["text"] == run(params).error and "torch.stack(tensors, dim=0)" in refusal["where"]
    json.dumps(draw(params, run(params)), allow_nan=False)
