"""Laws of the normalisation layers that the lesson has to show."""

from typing import get_args

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.testing import assert_close

from lessons.normalization import LESSON, Norm, Params

run = LESSON.run

NORMS = [norm for norm in get_args(Norm) if norm != "LayerNorm(C)"]
AXES = {  # over which axes of (N, C, L) each layer takes its mean
    "BatchNorm1d": (0, 2),
    "LayerNorm([C, L])": (1, 2),
    "LayerNorm(L)": (2,),
    "LayerNorm(C), transposed": (1,),
    "InstanceNorm1d": (2,),
    "RMSNorm(L)": (2,),
}


def shown(norm, **params):
    return run(Params(norm=norm, **params))


@pytest.mark.parametrize("norm", AXES)
def test_a_group_is_what_lies_along_the_axes_the_layer_averages_over(norm):
    group = shown(norm).group[norm]
    lowest, highest = group.amin(dim=AXES[norm]), group.amax(dim=AXES[norm])
    assert torch.equal(lowest, highest)
    assert len(lowest.unique()) == lowest.numel()


@pytest.mark.parametrize("norm", [norm for norm in AXES if norm != "RMSNorm(L)"])
def test_every_cell_is_x_minus_mean_over_the_root_of_var_plus_eps_of_its_group(norm):
    result = shown(norm)
    mean, var, _ = result.before[result.group[norm]].unbind(dim=-1)
    assert_close(result.y, (result.x - mean) / torch.sqrt(var + result.eps))


def test_rms_norm_divides_by_the_root_of_the_mean_square_and_keeps_the_mean():
    result = shown("RMSNorm(L)")
    square = result.before[result.group["RMSNorm(L)"]][..., 2]
    assert_close(result.y, result.x / torch.sqrt(square + result.eps))
    assert_close(result.after[:, 2], torch.ones(len(result.after)))
    assert result.after[:, 0].abs().max() > 0.1


@pytest.mark.parametrize("norm", [norm for norm in NORMS if norm != "RMSNorm(L)"])
def test_a_group_leaves_with_mean_0_and_variance_v_over_v_plus_eps(norm):
    result = shown(norm)
    assert_close(result.after[:, 0], torch.zeros(len(result.after)), atol=1e-5, rtol=0)
    assert_close(result.after[:, 1], result.before[:, 1] / (result.before[:, 1] + result.eps))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("GroupNorm", {"num_groups": 1}), ("LayerNorm([C, L])", {})),
        (("GroupNorm", {"num_groups": 4}), ("InstanceNorm1d", {})),
        (("LayerNorm(L)", {}), ("InstanceNorm1d", {})),
    ],
)
def test_layers_with_equal_groups_have_equal_outputs_but_other_parameters(one, other):
    a, b = shown(one[0], **one[1]), shown(other[0], **other[1])
    assert torch.equal(a.group[one[0]], b.group[other[0]])
    assert_close(a.y, b.y)
    assert a.parameters[one[0]] != b.parameters[other[0]]


def test_only_batch_norm_stores_something_and_changes_with_eval():
    result = run(Params())
    assert [name for name in NORMS if result.gap[name]] == ["BatchNorm1d"]
    assert [name for name in NORMS if result.buffers[name]] == ["BatchNorm1d"]


@pytest.mark.parametrize("norm", NORMS)
def test_only_groups_of_batch_norm_span_samples(norm):
    group = shown(norm).group[norm]
    assert bool(torch.isin(group[0], group[1:]).any()) == (norm == "BatchNorm1d")


def test_layer_norm_of_the_channels_refuses_a_last_axis_of_another_size():
    assert "Given normalized_shape=[4]" in shown("LayerNorm(C)", L=5).error


def test_and_silently_takes_the_wrong_axis_when_the_sizes_agree():
    result = shown("LayerNorm(C)", L=4)
    assert result.error is None
    assert torch.equal(result.group["LayerNorm(C)"], result.group["LayerNorm(L)"])
    assert not torch.equal(result.group["LayerNorm(C)"], result.group["LayerNorm(C), transposed"])


def test_the_input_is_the_same_for_every_layer():
    assert all(torch.equal(shown(norm).x, run(Params()).x) for norm in get_args(Norm))


def layers_of(C, L):
    return {
        "BatchNorm1d": nn.BatchNorm1d(C),
        "LayerNorm([C, L])": nn.LayerNorm([C, L]),
        "LayerNorm(L)": nn.LayerNorm(L),
        "GroupNorm": nn.GroupNorm(2, C),
        "InstanceNorm1d": nn.InstanceNorm1d(C),
        "RMSNorm(L)": nn.RMSNorm(L),
    }


@settings(max_examples=20, deadline=None)
@given(st.sampled_from([2, 4, 6]), st.integers(2, 6), st.booleans())
def test_of_these_layers_only_batch_norm_in_train_mode_takes_values_of_several_samples(C, L, training):
    x = torch.randn(3, C, L)
    other = torch.cat([x[:1], x[1:] * 3 + 7])
    for name, layer in layers_of(C, L).items():
        layer.train(training)
        alone = torch.equal(layer(x)[0], layer(other)[0])
        assert alone == (name != "BatchNorm1d" or not training), name


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 6), st.booleans())
def test_layer_norm_has_no_buffer_and_eval_changes_no_bit_of_it(L, affine):
    layer, x = nn.LayerNorm(L, elementwise_affine=affine), torch.randn(3, 4, L)
    assert not list(layer.buffers()) and bool(list(layer.parameters())) == affine
    assert torch.equal(layer.train()(x), layer.eval()(x))


@pytest.mark.parametrize("norm", get_args(Norm))
@pytest.mark.parametrize("N", [1, 2, 4])
@pytest.mark.parametrize("L", [2, 4, 6])
def test_each_clause_of_the_caption_is_said_exactly_where_it_holds(norm, N, L):
    params = Params(norm=norm, N=N, L=L)
    result = run(params)
    told = LESSON.caption(params, result)
    if result.error:
        assert norm == "LayerNorm(C)" and L != 4 and "RuntimeError" in told
        return
    group = result.group[norm]
    assert f"into {len(group.unique())} group" in told and f"of {group.numel() // len(group.unique())} values" in told
    spans = bool(torch.isin(group[0], group[1:]).any())
    assert ("all samples" in told) == spans
    assert ("nothing raises" in told) == (norm == "LayerNorm(C)")
    assert ("within the only sample" in told) == (N == 1 and norm != "LayerNorm(C)")


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("N", [1, 3])
def test_one_group_is_told_in_the_singular(norm, N):
    params = Params(norm=norm, N=N)
    result = run(params)
    told = LESSON.details(params, result)
    assert ("only group is" in told) == (len(result.before) == 1)
    assert ("are all" not in told) if len(result.before) == 1 else ("is -" not in told)


def test_the_mean_of_a_row_does_not_stay_in_rms_norm():
    """It is divided like the rest: what the reply says is only that it need not become 0."""
    row = torch.tensor([[1.0, 2.0, 3.0, 4.0, 5.0]])
    mean = nn.RMSNorm(5)(row).mean()
    assert mean > 0.5 and not torch.isclose(mean, row.mean())


def test_a_layer_norm_averages_over_the_samples_too_if_its_shape_names_them():
    x = torch.arange(60.0).reshape(3, 4, 5)
    assert nn.LayerNorm([3, 4, 5])(x).mean(dim=(1, 2)).abs().max() > 1e-3
    assert nn.LayerNorm(5)(x).mean(dim=-1).abs().max() < 1e-5


def test_new_layers_with_equal_groups_agree_but_not_to_the_last_bit():
    pairs = [(nn.GroupNorm(1, 4)(x), nn.LayerNorm([4, 5])(x)) for x in torch.randn(50, 3, 4, 5)]
    assert all(torch.allclose(a, b, atol=1e-5) for a, b in pairs)
    assert not all(torch.equal(a, b) for a, b in pairs)


def test_the_eps_of_rms_norm_stands_under_the_root_and_matters_for_tiny_rows_only():
    eps = torch.finfo(torch.float32).eps
    for size in (1.0, 1e-4):
        x = size * torch.tensor([[1.0, 2.0, 3.0, 4.0, 5.0]])
        y = nn.RMSNorm(5)(x)
        assert_close(y, x / (x.square().mean() + eps).sqrt())
        assert bool((y.square().mean() - 1).abs() < 1e-5) == (size == 1.0)


def test_in_n_c_each_feature_has_a_mean_of_its_own_and_the_buffers_start_at_0_and_1():
    layer, x = nn.BatchNorm1d(4), torch.randn(3, 4) + torch.arange(4)
    assert layer.running_mean.tolist() == [0] * 4 and layer.running_var.tolist() == [1] * 4
    assert layer(x).mean(dim=0).abs().max() < 1e-5


def test_the_trap_of_group_norm_names_the_shapes_that_are_there():
    result = shown("GroupNorm", num_groups=1)
    assert result.parameters["GroupNorm"] == {"weight": (4,), "bias": (4,)}
    assert result.parameters["LayerNorm([C, L])"] == {"weight": (4, 5), "bias": (4, 5)}
