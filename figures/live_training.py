"""The loss of each batch beside the plateau at ln 3; below, the watched questions step by step, and what padding and dropout break."""

from collections.abc import Sequence
from typing import Any

from explorable.words import percent
from figures.cells import Bar, cells_of
from figures.panels import (
    Bars,
    Curve,
    Fact,
    Facts,
    Figure,
    Grid,
    Operator,
    Panel,
    Table,
    described,
    figure,
    stepped,
    veiled,
)
from lessons.live_training import PADDED, Params, Result, is_plain

ASKED = 4  # the position of the word in which the watched questions differ
HEADS = ("start", "end")


def draw(params: Params, result: Result) -> Figure:
    looks = range(len(result.taken))
    watched, losses, shares, curves, whole = (
        [panel(result, k) for k in looks] for panel in (_picked, _loss, _accuracy, _losses, _probs)
    )
    step = Operator("AdamW", f"{params.steps} steps")
    return figure(
        hero=[
            [_questions(result), step, _played(curves)],
            [veiled(_facts(params, result))],
        ],
        more=[
            [stepped(watched), stepped(losses)],
            [*_exact(params, result), stepped(shares)],
            [stepped(whole)],
            _read(params, result),
            [_accuracy_curve(result)],
        ],
        steps=[f"{step} of {params.steps}" for step in result.taken],
        step_name="step",
    )


def _played(frames: list[Panel]) -> Panel:
    return veiled(stepped(frames))


def _asked(result: Result) -> list[str]:
    return [tokens[ASKED] for tokens in result.tokens]


def _answers(result: Result) -> list[str]:
    return [tokens[start] for tokens, (start, _) in zip(result.tokens, result.targets.tolist(), strict=True)]


def _questions(result: Result) -> Panel:
    context = " ".join(result.tokens[0]).split(" [SEP] ", 1)[1].removesuffix(" [SEP]")
    rows = [[f"what is the {asked} ?", answer] for asked, answer in zip(_asked(result), _answers(result), strict=True)]
    return Table("Watched while it trains", ["question", "answer"], rows, note=f"Context: {context}", breaks=True)


def _picked(result: Result, k: int) -> Panel:
    """(3, 3): how the start's softmax is shared among the candidates, a row a question."""
    asked, answers, values = _asked(result), _answers(result), result.picked[k]
    cells = cells_of(
        values,
        note=lambda value, row, column: f"asked for {asked[row]}, start at “{answers[column]}”: softmax {value:.4f}",
        mark=lambda value, row, column: "lit" if row == column else "",
    )
    return Grid(
        "start, by candidate", cells, tensor=described("picked[k]", values, ("question", "candidate")), limit=1.0,
        rows="question", cols="candidate", row_dim=0, col_dim=1, row_labels=asked, col_labels=answers, signed=False, label_width=56,
        badge=f"step {result.taken[k]}",
    )  # fmt: skip


def _facts(params: Params, result: Result) -> Panel:
    items: list[Fact] = [("plateau", "loss at a third each", f"{result.plateau:.3f}")]
    if result.exact is not None:
        items.append(("right", f"held-out questions, {_how(params)}", f"{percent(result.exact[params.padding])} right"))
        items.append(("twice", "two calls, one question", "they are equal" if result.repeats else "they differ"))
    if result.moved is not None and params.padding != "no extra padding":
        items.append(("moved", "logits, with this padding", "they stay" if result.moved < 1e-3 else "they change"))
    return Facts(items)


def _how(params: Params) -> str:
    if is_plain(params):
        return "as trained"
    return (
        f"{params.mode} mode"
        if params.padding == "no extra padding"
        else f"[PAD] on the {params.padding.split(',')[0]}"
    )


def _loss(result: Result, k: int) -> Panel:
    return Bars(
        "loss on held-out questions", [Bar(f"{result.n_held_out} questions", result.held_out_losses[k])],
        references=[("ln 3", result.plateau)], limit=max(result.held_out_losses),
    )  # fmt: skip


def _accuracy(result: Result, k: int) -> Panel:
    bar = Bar(f"{result.n_held_out} questions", result.accuracy[k])
    return Bars("held-out questions right, start and end", [bar], limit=1.0)


def _losses(result: Result, k: int) -> Panel:
    """The loss of every batch up to this look."""
    count = len(result.losses)
    labels = [str(step) for step in range(1, count + 1)]
    lines: dict[str, Sequence[float]] = {"loss of the batch": result.losses, "ln 3": [result.plateau] * count}
    return Curve("loss of each batch", labels, lines, x_title="step", upto=max(0, min(result.taken[k], count) - 1))


def _accuracy_curve(result: Result) -> Panel:
    labels = [str(step) for step in result.taken]
    return Curve("share right at each look", labels, {"held-out questions": result.accuracy}, x_title="step")


def _probs(result: Result, k: int) -> Panel:
    return _cells(
        result, result.logits[k], result.probs[k], "probs[-1].flatten(0, 1)", f"after {result.taken[k]} steps"
    )


def _cells(result: Result, logits: Any, probs: Any, title: str, badge: str) -> Panel:
    """(6, T): start and end of each watched question, one below the other, over the tokens they share."""
    values = probs.flatten(0, 1)
    names = _asked(result)
    tokens = [*result.tokens[0][:ASKED], "|".join(names), *result.tokens[0][ASKED + 1 :]]
    targets = [position for pair in result.targets.tolist() for position in pair]

    def note(share: float, score: float, row: int, column: int) -> str:
        return f"{HEADS[row % 2]} at “{result.tokens[row // 2][column]}”: logit {score:.4f}, softmax {share:.4f}"

    cells = cells_of(
        values,
        logits.flatten(0, 1),
        note=note,
        mark=lambda share, score, row, column: "lit" if column == targets[row] else "",
    )
    return Grid(
        title, cells, tensor=described(title, values, ("question, head", "T")), limit=1.0, badge=badge, cols="T", row_dim=0,
        col_dim=2, row_labels=[f"{name}: {head}" for name in names for head in HEADS], col_labels=tokens,
        wide=True, label_width=92, signed=False,
    )  # fmt: skip


def _exact(params: Params, result: Result) -> list[Panel]:
    if result.exact is None:
        return []
    mode = f"train mode, p = {params.dropout:g}" if params.mode == "train" else "eval mode"
    shown = [Bar(kind, right, mark="lit" if kind == params.padding else "") for kind, right in result.exact.items()]
    title = f"Held-out questions right with {params.pads} [PAD] more, {mode}"
    return [Bars(title, shown, limit=1.0, wide=True)]


def _read(params: Params, result: Result) -> list[Panel]:
    """The same questions as the trained reader sees them with the chosen padding and mode."""
    if result.read is None:
        return []
    mode = f"train mode, p = {params.dropout:g}" if params.mode == "train" else "eval mode"
    badge = f"{PADDED[params.padding]}, {mode}; {percent(result.on_pads or 0.0)} of the softmax on [PAD]"
    title = "read.softmax(-1).flatten(0, 1)"
    return [_cells(result, result.read, result.read.softmax(-1), title, badge)]
