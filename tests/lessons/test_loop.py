"""What the order of the lines changes: gradients that pile up, that are gone, that are clipped too late."""

import pytest
import torch
from torch import nn

from lessons.loop import (
    ACCUMULATES,
    FALLS,
    LEADS,
    LESSON,
    RISES,
    STAYS,
    SWINGS,
    Params,
    caption,
    meant,
    moved,
    trend,
    values,
)
from tests.corners import corners, result_at

run = LESSON.run
DEAD = ("zero_grad() after backward()", "no backward()", "no step()", "step() before backward()")


def settings(**changed):
    """The corners with these settings."""
    return [params for params in corners(Params) if vars(params).items() >= changed.items()]


@pytest.mark.parametrize("change", DEAD)
def test_where_step_finds_no_gradient_nothing_ever_moves(change):
    for params in settings(change=change):
        result = result_at("loop", params)
        assert moved(result) == "never moved" and trend(result.epochs) == STAYS
        assert set(result.norms) <= {0.0} and result.weights[-1] == [0.0, 0.0]
        assert "stays at" in caption(params, result)


def test_without_zero_grad_plain_sgd_has_momentum_1():
    params = Params()
    assert trend(run(params).epochs) == SWINGS
    model, losses = nn.Linear(1, 1), []
    for parameter in model.parameters():
        nn.init.zeros_(parameter)
    optimizer = torch.optim.SGD(model.parameters(), lr=params.lr, momentum=1.0)
    x = torch.linspace(-1, 2, 12).reshape(4, 3).T
    for _ in range(10):
        for row in x:
            optimizer.zero_grad()
            loss = nn.functional.mse_loss(model(row[:, None]), 2 * row[:, None] + 1)
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
    assert run(params).losses == pytest.approx(losses, rel=1e-4)


def test_clipping_behind_step_changes_nothing_and_in_front_of_it_bounds_what_step_reads():
    for params in settings(change="clip after step()", schedule="none"):
        unclipped = run(Params(change="none", optimizer_is=params.optimizer_is, lr=params.lr))
        assert result_at("loop", params).losses == unclipped.losses
    for params in settings(change="none", clip=True):
        assert max(result_at("loop", params).norms) <= 1 + 1e-5


def test_accumulated_and_not_divided_is_three_times_the_rate_for_sgd_and_no_other_for_adam():
    for lr in (0.05, 0.1):
        wrong = run(Params(change=ACCUMULATES[0], lr=lr))
        meant = run(Params(change=ACCUMULATES[0], lr=round(3 * lr, 2))).in_order
        assert wrong.losses == pytest.approx(meant, rel=1e-3)
    adam = run(Params(change=ACCUMULATES[0], optimizer_is="Adam"))
    assert adam.losses == pytest.approx(adam.in_order, rel=1e-3)


def test_in_order_an_accumulation_is_one_batch_of_all_rows():
    model, losses = nn.Linear(1, 1), []
    for parameter in model.parameters():
        nn.init.zeros_(parameter)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    x = torch.linspace(-1, 2, 12)[:, None]
    for _ in range(10):
        optimizer.zero_grad()
        loss = nn.functional.mse_loss(model(x), 2 * x + 1)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert run(Params(change=ACCUMULATES[0])).epochs_in_order.tolist() == pytest.approx(losses, rel=1e-4)


def test_zero_grad_in_each_turn_leaves_a_third_of_the_last_batch():
    result = run(Params(change=ACCUMULATES[1]))
    layer = nn.Linear(1, 1)
    for parameter in layer.parameters():
        nn.init.zeros_(parameter)
    last = torch.linspace(-1, 2, 12).reshape(4, 3).T[2][:, None]
    (nn.functional.mse_loss(layer(last), 2 * last + 1) / 3).backward()
    norm = torch.stack([parameter.grad.norm() for parameter in layer.parameters()]).norm().item()
    assert len(result.norms) == 10 and result.norms[0] == pytest.approx(norm)


def test_a_new_optimizer_each_turn_is_the_same_for_plain_sgd_and_makes_each_step_of_adam_a_first_one():
    for params in settings(change="a new optimizer each turn"):
        result = result_at("loop", params)
        if params.optimizer_is == "SGD":
            assert result.losses == result.in_order
        elif params.optimizer_is == "Adam" and params.lr < 0.5:
            assert result.stride == pytest.approx(params.lr, rel=1e-3)


def test_a_scheduler_counts_its_calls():
    by = {schedule: run(Params(change="none", schedule=schedule)) for schedule in ("none", "each epoch", "each batch")}
    assert set(by["none"].lrs) == {0.1}
    assert by["each epoch"].lrs == pytest.approx([0.1 * 0.8 ** (turn // 3) for turn in range(30)])
    assert by["each batch"].lrs == pytest.approx([0.1 * 0.8**turn for turn in range(30)])


def test_in_order_the_loop_learns():
    for params in settings(change="none", optimizer_is="SGD", schedule="none", clip=False):
        result = result_at("loop", params)
        assert result.losses == result.in_order and trend(result.epochs) == FALLS
        assert moved(result) != "never moved"


def test_one_forward_for_all_turns_ends_in_turn_2():
    for params in settings(change="one forward() for all turns"):
        result = result_at("loop", params)
        assert result.error.startswith("RuntimeError: Trying to backward") and len(result.losses) == 1
        assert "turn 2" in caption(params, result)


def test_each_clause_of_the_caption_is_said_where_it_holds():
    for params in corners(Params):
        result = result_at("loop", params)
        told = caption(params, result)
        if result.error:
            continue
        assert ("stays at" in told) == (trend(result.epochs) == STAYS)
        assert ("goes up and down and ends at" in told) == (trend(result.epochs) == SWINGS)
        in_place = params.change == "none" and params.schedule != "each batch"
        assert bool(meant(params)) == (not in_place)
        assert meant(params) in told and ("it ends at" in told or "as it does" in told) == (not in_place)
        assert ("as it does" in told) == (params.change != "none" and result.losses == result.in_order)


def test_all_losses_are_finite():
    for params in corners(Params):
        assert torch.tensor(result_at("loop", params).losses).isfinite().all()


def test_a_scheduler_that_steps_first_is_warned_of_and_skips_the_first_rate():
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.1)
    scheduler = torch.optim.lr_scheduler.ExponentialLR(optimizer, gamma=0.8)
    with pytest.warns(UserWarning, match="before `optimizer.step"):
        scheduler.step()
    assert optimizer.param_groups[0]["lr"] == pytest.approx(0.08)


def test_the_caption_names_each_line_that_is_not_in_order():
    inner = "scheduler.step() in the inner loop"
    for params in settings(schedule="each batch"):
        if (told := result_at("loop", params)).error:
            continue
        said = caption(params, told)
        assert (inner in said) == (values(params)["schedule"] == "each batch")
        assert params.change == "none" or LEADS[params.change] in said


def test_the_traps_show_what_they_name():
    shown = {trap.name: run(Params(**trap.params)) for trap in LESSON.traps}
    assert shown["No zero_grad(), with momentum"].losses[-1] > 1e6
    assert moved(shown["No step()"]) == "never moved"
    assert shown["Clipping behind step()"].norms[0] > 1
    assert shown["The optimiser made in the loop"].losses != shown["The optimiser made in the loop"].in_order
    assert shown["The scheduler in the inner loop"].lrs[-1] < 0.001
    assert shown["One forward() for all turns"].error
    assert trend(shown["Accumulated, not divided"].epochs) == RISES
    assert (
        shown["zero_grad() while accumulating"].epochs[-1] > shown["zero_grad() while accumulating"].epochs_in_order[-1]
    )


def test_the_details_name_optimiser_clipping_and_scheduler_and_round_a_clipped_norm():
    params = Params(clip=True, schedule="each epoch")
    told = LESSON.details(params, run(params))
    assert told.startswith(
        "The optimiser is SGD with lr 0.1, the gradients are clipped before step(), and the scheduler steps each epoch. "
    )
    assert "step() read was 1.0 at first and " in told and "0.99999" not in told
    params = Params(change="none")
    assert "the gradients are not clipped, and there is no scheduler. " in LESSON.details(params, run(params))


def test_what_backward_adds_is_the_gradient_of_the_batch_of_that_turn():
    result = run(Params(change="none"))
    x = torch.linspace(-1, 2, 12).reshape(4, 3).T
    for (turn, added), (w, b) in zip(result.adds, result.weights, strict=False):
        row = x[turn % 3]
        assert added == pytest.approx((2 * (w * row + b - 2 * row - 1) * row).mean().item(), rel=1e-3, abs=1e-6)
    assert [grad for _, grad in result.reads] == [grad for _, grad in result.adds]
    assert run(Params(change="no backward()")).adds == [] and run(Params(change="no step()")).reads == []
    assert {grad for _, grad in run(Params(change="step() before backward()")).reads} == {None}


def test_the_loop_that_it_is_compared_with_is_the_one_that_its_name_says():
    plain = run(Params(change="none")).losses
    for change in (
        "no zero_grad()",
        "zero_grad() after backward()",
        "no backward()",
        "no step()",
        "step() before backward()",
    ):
        assert run(Params(change=change)).in_order == plain
    adam = Params(change="a new optimizer each turn", optimizer_is="Adam")
    assert run(adam).in_order == run(Params(change="none", optimizer_is="Adam")).losses
    assert run(Params(change="clip after step()")).in_order == run(Params(change="none", clip=True)).losses
    by_epoch = run(Params(change="none", schedule="each epoch")).losses
    assert run(Params(change="none", schedule="each batch")).in_order == by_epoch
    both = Params(schedule="each batch")
    assert meant(both) == "with zero_grad() and with scheduler.step() in the outer loop"
    assert run(both).in_order == by_epoch
    assert run(Params(change=ACCUMULATES[0])).in_order == run(Params(change=ACCUMULATES[1])).in_order
