"""Laws of the bytes that autograd saves, against sizes worked out by hand and against a forward pass that does not fit."""

import copy
from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from explorable.seeding import seeded
from explorable.tape import OperatorTape
from lessons import batch_memory
from lessons.batch_memory import Block, Params, forward, nbytes, run, saved

ATTENTION = ["none", "SDPA", "softmax(qkᵀ)v"]
MODES = ["train", "checkpoint", "eval", "no_grad", "inference_mode"]
SMALL = Params(batch_size=3, length=8, width=16, layers=2)


def saved_bytes(params, batch_size):
    with seeded(0):
        net = torch.nn.Sequential(*[Block(params.width, params.attention) for _ in range(params.layers)])
        net.train(params.mode in ("train", "checkpoint"))
        return nbytes(saved(net, torch.randn(batch_size, params.length, params.width), params.mode)[1])


@settings(max_examples=25)
@given(
    batch_size=st.integers(1, 32),
    length=st.sampled_from([8, 24, 40]),
    width=st.sampled_from([16, 48]),
    layers=st.integers(1, 3),
    attention=st.sampled_from(ATTENTION),
    mode=st.sampled_from(MODES),
)
def test_the_bytes_saved_are_a_times_batch_size_to_the_byte(batch_size, **rest):
    result = run(Params(batch_size=batch_size, **rest))
    assert result.activations == batch_size * result.per_item
    assert result.by_size == {size: size * result.per_item for size in result.by_size}


@pytest.mark.parametrize("attention", ATTENTION)
@pytest.mark.parametrize("mode", ["train", "eval", "checkpoint"])
def test_the_largest_batch_fits_the_budget_and_one_more_does_not(attention, mode):
    params = replace(SMALL, attention=attention, mode=mode, budget=1)
    result = run(params)
    assert result.max_batch > 1
    assert result.fixed + saved_bytes(params, result.max_batch) <= 2**20
    assert result.fixed + saved_bytes(params, result.max_batch + 1) > 2**20


def test_the_bytes_of_a_feed_forward_block_are_those_worked_out_by_hand():
    """float32; LayerNorm saves x, mean and rstd, each Linear its input, ReLU its output, Dropout its mask."""
    b, t, d, layers = 8, 32, 64, 6
    normed, hidden = b * t * d * 4, b * t * 4 * d * 4
    assert run(Params(mode="eval")).activations == layers * (2 * normed + 2 * b * t * 4 + hidden)
    assert run(Params()).activations == layers * (2 * normed + 2 * b * t * 4 + 3 * hidden)


@pytest.mark.parametrize("mode", ["no_grad", "inference_mode"])
def test_without_recording_nothing_is_saved(mode):
    result = run(replace(SMALL, mode=mode))
    assert (result.activations, result.kept, result.max_batch) == (0, [], None)


def test_a_checkpoint_saves_only_the_input_of_each_block():
    result = run(Params(mode="checkpoint", batch_size=32))
    assert result.activations == 6 * 32 * 32 * 64 * 4


def test_a_checkpoint_leaves_gradients_equal_to_the_bit_dropout_included():
    def gradients(mode):
        with seeded(0):
            net = torch.nn.Sequential(Block(16, "SDPA"), Block(16, "none"))
            forward(net, torch.randn(2, 8, 16), mode).square().mean().backward()
            return [p.grad for p in net.parameters()]

    assert all(map(torch.equal, gradients("train"), gradients("checkpoint")))


def test_what_is_frozen_matters_by_where_it_stands():
    saved = {frozen: run(Params(frozen=frozen)).activations for frozen in Params.__annotations__["frozen"].__args__}
    assert saved["first half"] * 2 == saved["nothing"]
    assert saved["first half"] < saved["last half"] < saved["nothing"]
    assert saved["all but the last Linear"] == 8 * 32 * 4 * 64 * 4
    assert saved["all"] == 0


def test_the_state_of_an_optimizer_is_a_multiple_of_the_weights():
    """Adagrad and AdamW count steps besides, in 4 bytes for each of the 36 parameter tensors."""
    expected = {"SGD": 0, "SGD, momentum 0.9": 1, "Adagrad": 1, "AdamW": 2}
    for optimizer, times in expected.items():
        result = run(Params(optimizer=optimizer))
        steps = 36 * 4 if optimizer in ("Adagrad", "AdamW") else 0
        assert result.state == times * result.weights + steps
        assert result.gradients == result.weights


def test_the_bill_without_activations_does_not_know_the_batch_size():
    assert len({run(replace(SMALL, batch_size=size)).fixed for size in (1, 7, 32)}) == 1


def test_fused_attention_is_linear_in_the_length_and_written_out_it_is_quadratic():
    def of_lengths(attention):
        a, b, c = (run(replace(SMALL, attention=attention, length=length)).per_item for length in (16, 32, 64))
        return (c - b) - 2 * (b - a)  # 0 for a straight line

    assert of_lengths("none") == of_lengths("SDPA") == 0 < of_lengths("softmax(qkᵀ)v")


def test_parameters_are_not_counted_and_shared_storage_is_counted_once():
    net = torch.nn.Linear(4, 4)
    x = torch.randn(2, 4, requires_grad=True)
    both = copy.deepcopy(torch.nn.Sequential(net, torch.nn.ReLU()))
    _, tensors = saved(both, x, "train")
    assert nbytes(tensors) == x.nbytes + 2 * 4 * 4


@pytest.mark.parametrize("mode", MODES)
def test_timing_changes_no_count_and_leaves_the_generator_alone(mode):
    params = replace(SMALL, mode=mode)
    before = torch.get_rng_state()
    timed = run(replace(params, measure=True))
    assert torch.equal(torch.get_rng_state(), before)
    assert replace(timed, throughput=None, device=None) == run(params)
    assert list(timed.throughput) == [1, 2, 4, 8, 16, 32] and min(timed.throughput.values()) > 0


def test_a_step_is_timed_without_the_tape():
    with OperatorTape(batch_memory.__file__) as tape:
        run(replace(SMALL, measure=True))
    assert not any("step_seconds" in line.source for line in tape.lines)


@pytest.mark.parametrize("optimizer", [torch.optim.SGD, torch.optim.Adagrad, torch.optim.AdamW])
def test_what_is_timed_is_a_copy_whose_optimiser_moves_the_copy_alone(optimizer):
    net = torch.nn.Linear(2, 2)
    optim = optimizer(net.parameters(), lr=0.1)
    batch_memory.learn(net, net(torch.ones(1, 2)), optim)
    kept = net.weight.clone()
    other, other_optim = batch_memory.fresh(net, optim, "cpu")
    assert torch.equal(other.weight, kept) and not other_optim.state
    other_optim.zero_grad()
    batch_memory.learn(other, other(torch.ones(1, 2)), other_optim)
    assert torch.equal(net.weight, kept) and not torch.equal(other.weight, kept)
