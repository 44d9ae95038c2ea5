"""The logits of three watched questions snapshot by snapshot, the plateau at ln 3, and what padding and dropout break."""

from typing import Any

from figures.charts import lines
from figures.panels import Figure, Panel, bars, chart, described, figure, grid, limit, stepped
from lessons.live_training import Params, Result

ASKED = 4  # the position of the word in which the watched questions differ
HEADS = ("start", "end")


def draw(params: Params, result: Result) -> Figure:
    snapshots = len(result.taken)
    states = [
        _cells(result, result.logits[k], result.probs[k], "logits[-1].flatten(0, 1)", f"after {result.taken[k]} steps")
        for k in range(snapshots)
    ]
    return figure(
        [stepped(states[-1], states)],
        [_loss(result), _accuracy(result), *_exact(params, result)],
        _read(params, result),
        [_loss_curve(result), _accuracy_curve(result)],
        steps=[f"{step} of {params.steps}" for step in result.taken],
        step_name="step",
    )


def _cells(result: Result, logits: Any, probs: Any, title: str, badge: str) -> Panel:
    """(6, T): start and end of each watched question, one below the other, over the tokens they share."""
    values, shares = logits.flatten(0, 1), probs.flatten(0, 1).tolist() if probs is not None else None
    names = [tokens[ASKED] for tokens in result.tokens]
    tokens = [*result.tokens[0][:ASKED], "|".join(names), *result.tokens[0][ASKED + 1 :]]
    targets = [position for pair in result.targets.tolist() for position in pair]
    right = [["lit" if column == target else "" for column in range(len(tokens))] for target in targets]
    rows = [(row, values[row].tolist()) for row in range(len(targets))]
    notes = [
        [_note(result.tokens[row // 2][column], HEADS[row % 2], value, shares and shares[row][column])
         for column, value in enumerate(numbers)]
        for row, numbers in rows
    ]  # fmt: skip
    return grid(
        title, values, tensor=described(title, values, ("question, head", "T")), limit=limit(result.logits), badge=badge,
        cols="T", row_dim=0, col_dim=2, row_labels=[f"{name}: {head}" for name in names for head in HEADS],
        col_labels=tokens, marks=right, notes=notes, digits=1, wide=True, label_width=92,
        sub=shares and [[_share(value) for value in row] for row in shares],
    )  # fmt: skip


def _share(value: float) -> str:
    return f"{value:.2f}" if value >= 0.05 else ""


def _note(token: str, head: str, value: float, share: float | None) -> str:
    return f"{head} at “{token}”: logit {value:.4f}" + (f", softmax {share:.4f}" if share is not None else "")


def _loss(result: Result) -> Panel:
    frames = [
        bars("loss", ["200 others"], [loss], references=[("ln 3", result.plateau)], limit=3.3, digits=3)
        for loss in result.held_out_losses
    ]
    return stepped(frames[-1], frames)


def _accuracy(result: Result) -> Panel:
    frames = [
        bars("exact match", ["200 others"], [share], references=[("1 of 3", 1 / 3)], limit=1.0, digits=3)
        for share in result.accuracy
    ]
    return stepped(frames[-1], frames)


def _exact(params: Params, result: Result) -> list[Panel]:
    if result.exact is None:
        return []
    mode = f"train mode, dropout {params.dropout:g}" if params.mode == "train" else "eval mode"
    marks = ["lit" if kind == params.padding else "" for kind in result.exact]
    values = list(result.exact.values())
    title = f"exact match when read with {params.pads} [PAD] more, {mode}"
    return [bars(title, list(result.exact), values, limit=1.0, digits=3, marks=marks, wide=True)]


def _read(params: Params, result: Result) -> list[Panel]:
    """The same questions as the trained reader sees them with the chosen padding and mode."""
    if result.read is None:
        return []
    mode = f"train mode, p={params.dropout:g}" if params.mode == "train" else "eval mode"
    badge = f"read: {params.padding}, {mode}; softmax on [PAD]: {100 * (result.on_pads or 0.0):.1f} %"
    return [_cells(result, result.read, None, "read.flatten(0, 1)", badge)]


def _loss_curve(result: Result) -> Panel:
    losses = result.losses.tolist()
    steps: list[float] = [float(step) for step in range(1, len(losses) + 1)]
    drawn = lines(steps, {"loss": losses}, x_title="step", y_title="loss", laws={"ln 3": [result.plateau] * len(steps)})
    rows = [[int(step), losses[int(step) - 1]] for step in steps[:: max(1, len(steps) // 12)]]
    alt = f"Loss from {losses[0]:.3f} to {losses[-1]:.3f}; ln 3 is {result.plateau:.4f}."
    return chart("loss of each batch", drawn, alt=alt, columns=["step", "loss"], rows=rows)


def _accuracy_curve(result: Result) -> Panel:
    steps: list[float] = [float(step) for step in result.taken]
    drawn = lines(steps, {"exact match": result.accuracy}, x_title="step", y_title="exact match")
    rows = [[step, share] for step, share in zip(result.taken, result.accuracy, strict=True)]
    alt = f"Exact match on 200 other questions from {result.accuracy[0]:.3f} to {result.accuracy[-1]:.3f}."
    return chart("exact match at each snapshot", drawn, alt=alt, columns=["step", "exact match"], rows=rows)
