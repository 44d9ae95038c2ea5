"""Which shapes meet, what shares memory, and what a write then changes: at every setting."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lessons.broadcasting import (
    LESSON,
    SHAPES,
    SUMS,
    Params,
    Y,
    caption,
    compared,
    details,
    left,
    line,
    meet,
    of_x,
    repeated,
    why,
)
from tests.corners import corners, result_at

run = LESSON.run
SIZES = st.lists(st.integers(1, 3), max_size=4).map(tuple)


@given(one=SIZES, other=SIZES)
def test_shapes_meet_as_torch_says(one, other):
    try:
        expected = tuple(torch.broadcast_shapes(one, other))
    except RuntimeError:
        expected = None
    assert meet(one, other) == expected


def refused(params):
    """Whether torch refuses the operator."""
    a = SHAPES[params.first]
    if params.op in SUMS:
        together = meet(a, Y[params.y_shape])
        return together is None or params.op == "+= y" and together != a
    if params.op == ".view(3, 2)":
        return a == (2, 2)
    return params.op == ".view(-1)" and params.first != "x"


def copies(params):
    """Whether out has a memory of its own."""
    if params.op in (".reshape(-1)", ".contiguous()"):
        return params.first != "x"
    return params.op in ("+ y", ".repeat(2, 1, 1)")


def test_torch_refuses_where_the_lesson_says_so_and_the_caption_says_why():
    for params in corners(Params):
        result = result_at("broadcasting", params)
        twice = params.op == ".expand(2, -1, -1)" and params.write == "all numbers"
        assert (result.out is None) == refused(params), params
        assert (result.error is not None) == (refused(params) or twice), params
        if result.error:
            assert why(params) in caption(params, result)
    blamed = {why(params) for params in corners(Params) if result_at("broadcasting", params).error}
    assert len(blamed) == 7


def test_a_caption_says_along_which_dims_each_operand_is_repeated():
    """torch itself gives a dim that is repeated the stride 0."""
    for params in corners(Params):
        result = result_at("broadcasting", params)
        if params.op == "+ y" and params.write == "nothing" and result.out is not None:
            for name, operand in ((left(params), torch.ones(SHAPES[params.first])), ("y", result.y)):
                strides = operand.expand(result.out.shape).stride()
                dims = [dim for dim, step in enumerate(strides) if step == 0]
                assert repeated(tuple(operand.shape), tuple(result.out.shape)) == dims
                assert (f"{name} is repeated along dim" in caption(params, result)) == bool(dims), params


def test_out_lies_in_the_memory_of_x_where_the_lesson_says_so():
    for params in corners(Params):
        result = result_at("broadcasting", params)
        if result.out is not None:
            assert result.shared == (not copies(params)), params
            if not result.error:
                assert ("memory of x" in caption(params, result)) == result.shared


def test_a_write_changes_x_where_memory_is_shared_and_each_number_that_lies_there():
    for params in corners(Params):
        result = result_at("broadcasting", params)
        if result.error or params.op == "+= y" or params.write == "nothing":
            continue
        assert bool(result.x_changed) == result.shared
        if params.write == "one number":
            assert result.out_changed == (2 if params.op == ".expand(2, -1, -1)" else 1), params
        else:
            assert result.out_changed == result.out.numel()


def test_without_a_write_x_changes_by_plus_equals_alone():
    for params in corners(Params):
        result = result_at("broadcasting", params)
        if not result.error and params.write == "nothing":
            assert bool(result.x_changed) == (params.op == "+= y") == ("of x changed" in caption(params, result))


def test_strides_and_memory_give_each_number_of_out():
    for params in corners(Params):
        result = result_at("broadcasting", params)
        if result.memory is not None:
            again = result.memory.as_strided(result.out.shape, result.strides, result.offset)
            assert again.tolist() == result.out.tolist(), params


@given(shape=st.lists(st.integers(1, 4), min_size=2, max_size=4).map(tuple))
def test_a_view_of_the_turned_shape_is_the_transpose_only_where_a_dim_is_1(shape):
    rows, columns = shape[:2]
    x = torch.arange(float(rows * columns)).reshape(rows, columns)
    same = torch.equal(x.view(columns, rows), x.permute(1, 0))
    assert same == (1 in (rows, columns))
    said = "same shape, same numbers" if same else "same shape, other numbers"
    assert compared(x.view(columns, rows), x.permute(1, 0)) == said


def test_clone_makes_expanded_numbers_writable():
    out = run(Params(op=".expand(2, -1, -1)")).kept
    out += 1
    with pytest.raises(RuntimeError, match="single memory location"):
        torch.zeros(2, 3).expand(2, -1, -1).add_(1)


def test_the_traps_show_what_they_name():
    shown = {trap.name: run(Params(**trap.params)) for trap in LESSON.traps}
    mixed = shown["view in place of transpose"]
    assert compared(mixed.out, mixed.turned) == "same shape, other numbers"
    assert of_x(shown["reshape is no copy"]) == "x[0, 0]"
    assert shown["A write into what expand made"].out_changed == 2
    assert [name for name, result in shown.items() if result.error] == [
        "view after permute", "+= on what expand made", "+= cannot make x larger",
    ]  # fmt: skip


def test_what_is_told_to_make_out_is_python():
    for params in corners(Params):
        compile(line(params), "line", "exec")
    assert details(Params(op="+= y", y_shape="()"), run(Params(op="+= y", y_shape="()"))).startswith(
        "x += y with y of shape (), then out = x: out has shape (2, 3)"
    )


def test_a_refused_sum_is_told_as_the_line_and_what_torch_says():
    params = Params(op="+= y", first="x.permute(1, 0)", y_shape="(2, 1)")
    assert details(params, run(params)).startswith(
        "a = x.permute(1, 0), then a += y with y of shape (2, 1) stops with RuntimeError: The size of tensor a (3)"
    )
    assert caption(Params(), run(Params())) == (
        "Matched from the right, x is repeated along dim 0 and y is repeated along dims 1 and 2."
    )
