from itertools import product

import pytest
import torch

from explorable.params import choices
from lessons.stack import LESSON, Params

run = LESSON.run
SHAPES = next(choices(field) for field in Params.__dataclass_fields__.values() if field.name == "shape")
RANK = {"()": 0, "(4,)": 1, "(2, 3)": 2, "(2, 3, 4)": 3}
LEGAL = [(shape, dim) for shape in SHAPES for dim in range(-RANK[shape] - 1, RANK[shape] + 1)]


@pytest.mark.parametrize(("shape", "dim"), LEGAL)
def test_selecting_along_the_new_axis_gives_the_inputs_back(shape, dim):
    result = run(Params(shape=shape, dim=dim, n=3))
    assert result.out.dim() == RANK[shape] + 1
    for entry, tensor in enumerate(result.tensors):
        assert torch.equal(result.out.select(dim, entry), tensor)


@pytest.mark.parametrize(("shape", "dim"), LEGAL)
def test_stack_is_cat_of_unsqueezed_tensors(shape, dim):
    stacked, joined = (run(Params(op=op, shape=shape, dim=dim)).out for op in ("stack", "unsqueeze + cat"))
    assert torch.equal(stacked, joined) and stacked.stride() == joined.stride()


@pytest.mark.parametrize(("shape", "dim"), LEGAL)
def test_stack_moves_memory_where_movedim_only_moves_strides(shape, dim):
    first, out = (run(Params(shape=shape, dim=d)).out for d in (0, dim))
    assert torch.equal(out, first.movedim(0, dim)) and out.is_contiguous()


@pytest.mark.parametrize("shape", SHAPES[1:])
def test_cat_along_dim_0_is_stack_without_the_new_axis(shape):
    assert torch.equal(run(Params(op="cat", shape=shape)).out, run(Params(shape=shape)).out.flatten(0, 1))


@pytest.mark.parametrize(
    ("op", "shape", "dim"), list(product(("stack", "cat", "unsqueeze + cat"), SHAPES, range(-5, 5)))
)
def test_the_result_has_one_axis_more_unless_cat_and_dim_must_be_among_them(op, shape, dim):
    rank = RANK[shape] + (op != "cat")
    assert (run(Params(op=op, shape=shape, dim=dim)).error is None) == (-rank <= dim < rank)


def test_two_vectors_interleave_in_memory_along_dim_1():
    memory = run(Params(dim=1)).memory
    assert memory[0].tolist() == [1, 3, 6, 10, 2, 7, 9, 13]
    assert memory[1].tolist() == [1, 2, 3, 7, 6, 9, 10, 13]


def test_reshape_never_moves_memory():
    first, *rest = run(Params(op="stack + reshape", shape="(2, 3, 4)", n=3)).memory
    assert len(rest) == 3 and all(torch.equal(first, other) for other in rest)


def test_reshape_after_stack_has_the_right_shape_and_other_numbers():
    result = run(Params(op="stack + reshape", dim=1))
    assert result.out.shape == result.other.shape and not torch.equal(result.out, result.other)


def test_the_joined_tensors_share_no_memory_with_their_inputs():
    result = run(Params())
    inputs = {tensor.untyped_storage().data_ptr() for tensor in result.tensors}
    assert result.out.untyped_storage().data_ptr() not in inputs


@pytest.mark.parametrize(("shape", "inputs"), list(product(SHAPES, ("equal shapes", "last one shorter"))))
def test_all_numbers_of_a_list_differ_so_that_a_number_names_its_cell(shape, inputs):
    numbers = [
        number
        for tensor in run(Params(shape=shape, n=5, inputs=inputs)).tensors
        for number in tensor.flatten().tolist()
    ]
    assert len(set(numbers)) == len(numbers)


def test_cat_takes_shapes_that_differ_only_along_dim():
    result = run(Params(op="cat", shape="(2, 3)", inputs="last one shorter", dim=1))
    assert result.out.shape == (2, 5) and result.other.startswith(
        "RuntimeError: stack expects each tensor to be equal size"
    )


@pytest.mark.parametrize(
    ("params", "kind"),
    [
        (Params(inputs="empty list"), "RuntimeError"),
        (Params(op="cat", inputs="empty list"), "ValueError"),
        (Params(inputs="last one None"), "TypeError"),
        (Params(op="cat", shape="()"), "RuntimeError: zero-dimensional"),
        (Params(dim=2), "IndexError: Dimension out of range (expected to be in range of [-2, 1], but got 2)"),
    ],
)
def test_a_refusal_is_the_live_text_of_torch(params, kind):
    result = run(params)
    assert result.error.startswith(kind) and result.out is None and result.memory is None


@pytest.mark.parametrize(
    ("op", "shape"), list(product(("stack", "cat", "unsqueeze + cat", "stack + reshape"), SHAPES[1:]))
)
def test_one_float64_makes_all_of_the_result_float64(op, shape):
    result = run(Params(op=op, shape=shape, inputs="last one float64", n=3))
    assert [t.dtype for t in result.tensors] == [torch.float32, torch.float32, torch.float64]
    assert result.out.dtype == torch.float64
    assert torch.equal(result.out.float(), run(Params(op=op, shape=shape, n=3)).out)


@pytest.mark.parametrize(("shape", "dim"), [(s, d) for s, d in LEGAL if s != "()" and -RANK[s] <= d < RANK[s]])
def test_cat_skips_an_empty_tensor_whatever_the_dim_and_no_other_op_does(shape, dim):
    for op in ("cat", "cat in a loop"):
        result = run(Params(op=op, shape=shape, dim=dim, n=3, inputs="last one empty"))
        assert torch.equal(result.out, torch.cat(result.tensors[:-1], dim))
    assert run(Params(op="stack", shape=shape, dim=dim, n=3, inputs="last one empty")).out is None
    with pytest.raises(RuntimeError):
        torch.cat([torch.zeros(2, 3), torch.zeros(0, 4)])  # also empty, but not of shape (0,)


@pytest.mark.parametrize("n", range(2, 6))
def test_cat_in_a_loop_gives_the_same_and_copies_more_from_three_tensors_on(n):
    once, loop = (run(Params(op=op, shape="(2, 3)", n=n)) for op in ("cat", "cat in a loop"))
    assert torch.equal(once.out, loop.out) and once.copied == 6 * n
    assert loop.copied == 6 * sum(range(2, n + 1))


def test_one_kept_tensor_is_not_added_up():
    params = Params(op="cat", shape="(2, 3)", inputs="last one empty")
    told = LESSON.details(params, run(params))
    assert "dim 0 has 2 places" in told and "2 = 2" not in told


def test_a_list_of_two_dtypes_is_promoted_as_plus_promotes_which_need_not_hold_both():
    pairs = [(torch.int64, torch.float16), (torch.uint8, torch.int8), (torch.float32, torch.float64)]
    for one, other in pairs:
        x, y = torch.ones(4, dtype=one), torch.ones(4, dtype=other)
        assert torch.stack([x, y]).dtype == torch.cat([x, y]).dtype == (x + y).dtype
    assert torch.stack([torch.tensor([2**20 + 1]), torch.ones(1, dtype=torch.float16)]).dtype == torch.float16


def test_stack_refuses_the_empty_tensor_that_cat_skips():
    x, empty = torch.ones(2, 3), torch.empty(0)
    assert torch.equal(torch.cat([x, empty]), x)
    with pytest.raises(RuntimeError, match="equal size"):
        torch.stack([x, empty])
    assert torch.cat([x, torch.empty(0, 3)]).shape == (2, 3)  # another empty shape may fit
    with pytest.raises(RuntimeError, match="must match"):
        torch.cat([x, torch.empty(0, 5)])


@pytest.mark.parametrize(
    "params, told",
    [
        ({"op": "cat in a loop", "inputs": "empty list"}, "Python refuses with IndexError: an empty list has no first tensor"),
        ({"op": "unsqueeze + cat", "inputs": "last one None"}, "Python refuses with AttributeError: entry 1 of"),
        ({"op": "cat", "inputs": "empty list"}, "torch refuses with ValueError: an empty list has no shape"),
        ({"dim": 2}, "torch refuses with IndexError: dim=2"),
        ({"inputs": "last one None"}, "torch refuses with TypeError: entry 1 of"),
    ],
)  # fmt: skip
def test_the_caption_says_who_refuses(params, told):
    given = Params(**params)
    assert LESSON.caption(given, run(given)).startswith(told)


@pytest.mark.parametrize("n, steps", [(2, "in one step"), (3, "step by step"), (5, "step by step")])
def test_two_tensors_are_joined_in_one_step(n, steps):
    given = Params(op="cat in a loop", n=n)
    assert LESSON.caption(given, run(given)).startswith(f"Dim 0 grows {steps}, and ")


@pytest.mark.parametrize("n, others", [(2, "the other"), (3, "the others")])
def test_the_last_one_is_shorter_than_the_other_or_the_others(n, others):
    given = Params(inputs="last one shorter", n=n)
    assert LESSON.caption(given, run(given)).endswith(f"in dim 0 entry {n - 1} is shorter than {others}.")


@pytest.mark.parametrize("shape, dim", [(shape, dim) for shape, dim in LEGAL if shape != "()"])
def test_the_caption_names_the_dim_in_which_torch_compares_the_unsqueezed_ones(shape, dim):
    given = Params(op="unsqueeze + cat", inputs="last one shorter", shape=shape, dim=dim)
    result, rank = run(given), RANK[shape]
    long, short = (t.unsqueeze(dim).shape for t in (result.tensors[0], result.tensors[-1]))
    [differs] = [at for at in range(rank + 1) if long[at] != short[at]]
    after = f", dim {differs} after unsqueeze," * (differs != rank - 1)
    assert f"in dim {rank - 1}{after} entry 1 is shorter" in LESSON.caption(given, result)
