"""Laws of the bytes that autograd saves, against sizes worked out by hand and against a forward pass that does not fit."""

import gc
from dataclasses import replace
from pathlib import Path
from runpy import run_path
from types import SimpleNamespace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.multiprocessing.reductions import StorageWeakRef
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from explorable.seeding import seeded
from lessons.batch_memory import LESSON, RECORDING, TRAINING, Params

run = LESSON.run
ATTENTION = ["none", "SDPA", "softmax(qkᵀ)v"]
MODES = ["train", "checkpoint", "eval", "no_grad", "inference_mode"]
FROZEN = ["nothing", "first half", "last half", "all but the last Linear", "all"]
SMALL = Params(batch_size=3, length=8, width=16, layers=2)


def program_of(params):
    """The names that the program binds when it runs alone with these Params."""
    names = {"__name__": "__main__"}
    with seeded(0):
        exec(LESSON.snippet(params), names)
    return SimpleNamespace(**names)


@pytest.fixture(scope="module")
def program():
    with seeded(0):
        return SimpleNamespace(**run_path(str(Path(__file__).parents[2] / "programs" / "batch_memory.py")))


class Storages(TorchDispatchMode):
    """Weak references to the storage of everything that an operator gives back."""

    def __init__(self):
        super().__init__()
        self.seen = {}

    def watch(self, tensor):
        storage = tensor.untyped_storage()
        self.seen[storage._cdata] = (StorageWeakRef(storage), storage.nbytes())

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        out = func(*args, **(kwargs or {}))
        for leaf in tree_leaves(out):
            if isinstance(leaf, torch.Tensor):
                self.watch(leaf)
        return out

    def alive(self, *but):
        without = {tensor.untyped_storage()._cdata for tensor in but}
        return sum(size for key, (ref, size) in self.seen.items() if key not in without and not ref.expired())


def bytes_alive(params):
    """What is alive after a forward pass but its output and the parameters: no hook of autograd is asked."""
    made = program_of(params)
    with Storages() as storages, seeded(0):
        x = torch.randn(params.batch_size, params.length, params.width)
        y = made.forward(made.net, x)
        del x
    gc.collect()
    return storages.alive(y, *made.net.parameters())


@pytest.mark.parametrize("frozen", FROZEN)
@pytest.mark.parametrize("mode", RECORDING)
@pytest.mark.parametrize("attention", ATTENTION)
def test_the_bytes_saved_are_those_that_weak_references_show_frozen_or_not(mode, frozen, attention):
    params = replace(SMALL, mode=mode, frozen=frozen, attention=attention)
    assert run(params).activations == bytes_alive(params)


def test_a_checkpoint_keeps_no_input_of_a_block_that_needs_no_backward():
    of_a_block = 8 * 32 * 64 * 4
    kept = {frozen: run(Params(mode="checkpoint", frozen=frozen)).activations for frozen in FROZEN}
    assert [kept[frozen] // of_a_block for frozen in FROZEN] == [6, 3, 6, 1, 0]
    assert run(Params(mode="checkpoint", frozen="all")).max_batch is None


def saved_bytes(params, batch_size):
    made = program_of(params)
    with seeded(0):
        x = torch.randn(batch_size, params.length, params.width)
        return made.nbytes(made.forward_and_saved(made.net, x)[1])


@settings(max_examples=25)
@given(
    batch_size=st.integers(1, 32),
    length=st.sampled_from([8, 24, 32]),
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
        made = program_of(replace(SMALL, mode=mode, attention="SDPA"))
        made.net.zero_grad()
        with seeded(0):
            made.forward(made.net, torch.randn(2, 8, 16)).square().mean().backward()
            return [p.grad for p in made.net.parameters()]

    assert all(map(torch.equal, gradients("train"), gradients("checkpoint")))


def test_what_is_frozen_matters_by_where_it_stands():
    saved = {frozen: run(Params(frozen=frozen)).activations for frozen in Params.__annotations__["frozen"].__args__}
    assert saved["first half"] * 2 == saved["nothing"]
    assert saved["first half"] < saved["last half"] < saved["nothing"]
    assert saved["all but the last Linear"] == 8 * 32 * 4 * 64 * 4
    assert saved["all"] == 0


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("frozen", FROZEN)
def test_what_would_be_saved_frozen_otherwise_is_what_is_saved_then(mode, frozen):
    if mode in RECORDING:
        params = replace(SMALL, mode=mode)
        assert run(params).by_frozen[frozen] == run(replace(params, frozen=frozen)).per_item
    else:
        assert set(run(replace(SMALL, mode=mode)).by_frozen.values()) == {0}


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
        a, b, c = (run(replace(SMALL, attention=attention, length=length)).per_item for length in (8, 16, 32))
        return (c - b) - 2 * (b - a)  # 0 for a straight line

    assert of_lengths("none") == of_lengths("SDPA") == 0 < of_lengths("softmax(qkᵀ)v")


def test_parameters_are_not_counted_and_shared_storage_is_counted_once(program):
    x = torch.randn(2, 4, requires_grad=True)
    _, tensors = program.forward_and_saved(nn.Sequential(nn.Linear(4, 4), nn.ReLU()), x)
    assert program.nbytes(tensors) == x.nbytes + 2 * 4 * 4


@pytest.mark.parametrize("mode", MODES)
def test_timing_changes_no_count_and_leaves_the_generator_alone(mode):
    params = replace(SMALL, mode=mode)
    before = torch.get_rng_state()
    timed = run(replace(params, measure=True))
    assert torch.equal(torch.get_rng_state(), before)
    assert replace(timed, throughput=None, device=None) == run(params)
    assert list(timed.throughput) == [1, 2, 4, 8, 16, 32] and min(timed.throughput.values()) > 0


def test_a_step_is_timed_without_the_tape():
    params = replace(SMALL, measure=True)
    with LESSON.program.tape(params) as tape:
        run(params)
    shown = [
        cell.lines[index]
        for cell in LESSON.program.cells(params, tape.by_line)
        for index, ops in cell.ran.items()
        if ops
    ]
    assert shown and not any("step_seconds" in line or "replay=False" in line for line in shown)


@pytest.mark.parametrize("optimizer", [torch.optim.SGD, torch.optim.Adagrad, torch.optim.AdamW])
def test_what_is_timed_is_a_copy_whose_optimiser_moves_the_copy_alone(program, optimizer):
    net = nn.Linear(2, 2)
    optim = optimizer(net.parameters(), lr=0.1)
    program.learn(net, net(torch.ones(1, 2)), optim)
    kept = net.weight.clone()
    other, other_optim = program.fresh(net, optim, "cpu")
    assert torch.equal(other.weight, kept) and not other_optim.state
    other_optim.zero_grad()
    program.learn(other, other(torch.ones(1, 2)), other_optim)
    assert torch.equal(net.weight, kept) and not torch.equal(other.weight, kept)


# -- what the sentences say -------------------------------------------------------------------------------------------


def test_what_is_saved_may_have_the_batch_in_another_axis_and_grows_by_the_item_all_the_same():
    """A Linear saves (B * T, D), written-out attention (B * 4, T, D / 4): "the batch is the first axis" is false."""
    shapes = [shape for shape, *_ in run(replace(SMALL, attention="softmax(qkᵀ)v")).kept]
    assert "float32 (24, 16)" in shapes and "float32 (12, 8, 4)" in shapes


def test_frozen_everywhere_stops_the_recording_as_no_grad_does_and_eval_does_not():
    recorded = {mode: run(replace(SMALL, mode=mode)).recorded for mode in MODES}
    assert [mode for mode in MODES if recorded[mode]] == list(RECORDING)
    for mode in RECORDING:
        frozen = run(replace(SMALL, mode=mode, frozen="all"))
        assert (frozen.recorded, frozen.activations) == (False, 0)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("frozen", FROZEN)
def test_there_is_a_graph_exactly_where_tensors_are_saved(mode, frozen):
    result = run(replace(SMALL, mode=mode, frozen=frozen if mode in RECORDING else "nothing"))
    assert result.recorded == bool(result.activations)


@pytest.mark.parametrize("mode", MODES)
def test_the_words_say_on_which_device_the_bytes_were_counted(mode):
    params = replace(SMALL, mode=mode)
    result = run(params)
    assert result.counted_on == "cpu"
    assert ("on the CPU" in LESSON.caption(params, result)) == bool(result.per_item)
    assert "bytes on the CPU" in LESSON.details(params, result)


@pytest.mark.parametrize(
    "values",
    [{}, {"attention": "SDPA"}, {"frozen": "first half"}, {"mode": "checkpoint"}, {"mode": "eval"}, {"batch_size": 8}],
)
def test_the_caption_compares_the_bytes_saved_at_the_batch_size_that_is_set_with_those_at_8(values):
    params = replace(SMALL, **{"batch_size": 12, **values})
    size, result = 16 if params.batch_size == 8 else 12, run(params)
    times = result.by_size[size] / result.by_size[8]
    more = f"{result.by_size[size] / 2**20:.2f} MiB on the CPU, {round(times, 3):g} times what eight items take"
    assert LESSON.caption(params, result) == f"At batch_size {size} autograd saves {more}."


@pytest.mark.parametrize("budget", [1, 2, 8])
def test_the_details_tell_the_largest_batch_that_fits(budget):
    params = Params(budget=budget)
    result = run(params)
    most = {0: "not even one item"}.get(result.max_batch, f"at most {result.max_batch} item")
    assert f"the budget {budget} MiB, which cover" in LESSON.details(params, result)
    assert most in LESSON.details(params, result)
    assert (result.fixed + result.max_batch * result.per_item <= budget * 2**20) or not result.max_batch


def test_the_trap_of_adamw_opens_a_step_that_does_not_fit_where_sgd_with_momentum_did():
    sgd, adamw = run(Params()), run(Params(**LESSON.traps[1].params))
    assert sgd.total <= 8 * 2**20 < adamw.total


def test_the_trap_of_frozen_blocks_spares_gradients_and_hardly_what_is_saved():
    free, frozen = run(Params()), run(Params(**LESSON.traps[2].params))
    assert frozen.gradients * 2 == free.gradients and frozen.activations > 0.8 * free.activations


def test_freezing_spares_the_momentum_of_sgd_and_not_the_state_of_adagrad():
    """Trap 3 speaks of momentum: Adagrad makes its state before any step, for frozen parameters too."""
    momentum, adagrad = (run(replace(SMALL, frozen="all", optimizer=name)) for name in ("SGD, momentum 0.9", "Adagrad"))
    assert momentum.state == 0 and adagrad.state > adagrad.weights
    assert "spares gradients and momentum" in LESSON.traps[2].sentence


def test_where_x_requires_a_gradient_frozen_layers_in_front_save_too():
    """Question 4 says that x requires none."""
    net = nn.Sequential(nn.Linear(2, 2).requires_grad_(False), nn.Linear(2, 2))
    assert not net[0](torch.ones(1, 2)).requires_grad
    assert net[0](torch.ones(1, 2, requires_grad=True)).requires_grad


def test_amsgrad_would_keep_a_third_average():
    p = nn.Parameter(torch.ones(1000))
    adamw = torch.optim.AdamW([p], amsgrad=True)
    p.grad = torch.ones(1000)
    adamw.step()
    assert round(sum(value.nbytes for value in adamw.state[p].values()) / p.nbytes) == 3


def test_no_generator_state_is_told_of_but_where_a_checkpoint_keeps_one():
    told = {mode: "generator" in LESSON.details(p := replace(SMALL, mode=mode), run(p)) for mode in MODES}
    assert [mode for mode in MODES if told[mode]] == ["checkpoint"] and "checkpoint" in TRAINING


def test_a_sum_saves_no_tensor_and_a_linear_its_input():
    x = torch.ones(2, 2, requires_grad=True)
    saved = []
    with torch.autograd.graph.saved_tensors_hooks(lambda tensor: saved.append(tensor) or tensor, lambda tensor: tensor):
        assert (x + x).requires_grad and not saved
        nn.Linear(2, 2)(x)
    assert any(tensor is x or torch.equal(tensor, x) for tensor in saved)
    [reply] = [choice.reply for choice in LESSON.predictions[1].choices if "without" in choice.text]
    assert "sums" in reply and "a Linear needs its input" in reply


@pytest.mark.parametrize(("optimizer", "early"), [("Adagrad", True), ("AdamW", False)])
def test_only_adagrad_has_a_state_where_nobody_trains(optimizer, early):
    params = Params(mode="no_grad", optimizer=optimizer)
    result = run(params)
    assert bool(result.state) == early
    said = LESSON.details(params, result)
    assert "in this mode, no_grad, nobody calls backward()" in said
    assert ("Adagrad makes its state before any step" in said) == early


def test_weights_and_activations_together_grow_less_than_activations_alone():
    result = run(Params())
    less, both = (result.weights + result.by_size[size] for size in (8, 16))
    assert round(both / less, 1) == 1.9 and LESSON.predictions[0].choices[1].text.startswith("×1.9:")


def test_a_weight_that_backward_reads_is_no_copy():
    """A Linear hands its weight to autograd, which holds the Parameter's own storage."""
    net, handed = nn.Linear(2, 2), []
    with torch.autograd.graph.saved_tensors_hooks(
        lambda tensor: handed.append(tensor) or tensor, lambda tensor: tensor
    ):
        net(torch.ones(1, 2, requires_grad=True))
    assert any(tensor.untyped_storage().data_ptr() == net.weight.untyped_storage().data_ptr() for tensor in handed)
