"""What a guess among three costs, and the reader as it learns; or what padding and dropout do to it; then its training."""

from collections.abc import Sequence
from dataclasses import replace
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
from lessons.live_training import PADDED, Params, Result, answers, is_guess

ASKED = 4  # the position of the word in which the watched questions differ
PLATEAU = "a third each: ln 3 = {:.3f}"
HEADS = ("start", "end")


def draw(params: Params, result: Result) -> Figure:
    looks = range(len(result.taken))
    watched, losses, shares, whole = (
        [panel(result, k) for k in looks] for panel in (_picked, _loss, _accuracy, _probs)
    )
    curves = [_losses(result, k) for k in looks]
    if is_guess(params, result):
        hero = [[_example(result)], _guess(result)]
    else:
        hero = [_calls(params, result), [_facts(params, result)], _still_right(params, result)]
    return figure(
        hero=hero,
        more=[
            [stepped(curves)],
            [_questions(result)],
            [stepped(watched), stepped(losses)],
            [*_exact(params, result), stepped(shares)],
            [stepped(whole)],
            _read(params, result),
            [_accuracy_curve(result)],
        ],
        steps=[f"{step} of {params.steps}" for step in result.taken],
        step_name="step",
    )


def _example(result: Result) -> Panel:
    """One watched question."""
    return Table(
        "one example", ["", ""], [["text", _context(result)], ["question", f"what is the {_asked(result)[0]} ?"]],
        wide=True, breaks=True,
    )  # fmt: skip


def _guess(result: Result) -> list[Panel]:
    """What a guess gives each candidate of it, below them what the reader gives the right one, and what both cost."""
    looks = range(len(result.taken))
    costs = stepped([_cost(result, k) for k in looks])
    shares = veiled(replace(_given(result), frames=[_given(result, k) for k in looks]), cells=True)
    return [shares, Operator("cross-entropy", "of the right one's p"), veiled(costs)]


def _given(result: Result, k: int | None = None) -> Bars:
    """The p by guessing of each candidate, and for all other tokens, or in their place the reader's p of the right one."""
    right, *others = answers(result)
    marks = {f"{right} (right)": "", **dict.fromkeys(others, "quiet")}
    bars = [
        Bar(name, share, f"a guess gives it p = {share:.4f}", f"given-{at}", mark=mark)
        for at, ((name, mark), share) in enumerate(zip(marks.items(), result.even, strict=True))
    ]
    title = "p of each, by guessing"
    last = Bar("elsewhere", 0.0, "a guess among the three gives all other tokens 0", "given-others", "quiet")
    if k is not None:
        p = result.picked[k][0, 0].item()
        note = f"after {result.taken[k]} steps your reader gives “{right}” p = {p:.4f} as the start of the answer"
        title = "p: a guess, your reader"
        last = Bar(f"reader's {right}", p, note, "given-reader", "other")
    return Bars(title, [*bars, last], limit=1.0, references=[("a guess: 1/3 each", result.even[0])], named=True)


def _cost(result: Result, k: int) -> Curve:
    """-log(p), its point at a third, and the reader's own after so many steps; near p = 0 the loss has no end, and no line."""
    gap = result.chances[1] - result.chances[0]
    empty = round(result.chances[0] / gap)  # points from p = 0 on
    chances = [*(at * gap for at in range(empty)), *result.chances]
    costs = [*[None] * empty, *result.costs]
    third, p = costs.index(result.plateau), result.picked[k][0, 0].item()
    nearest = min(range(empty, len(chances)), key=lambda at: abs(chances[at] - p))
    ticks = {0: "0", third: "1/3", 2 * third: "2/3", 3 * third: "1"}

    def dot(at: int, loss: float) -> Sequence[float | None]:
        return [loss if place == at else None for place in range(len(chances))]

    reader, paid = f"your reader, step {result.taken[k]}", result.paid[k]
    return Curve(
        "cross-entropy loss", [ticks.get(at, f"{chance:.2f}") for at, chance in enumerate(chances)], {"-log(p)": costs},
        bold="-log(p)", ringed={third: "plateau"}, texts={third: f"{result.plateau:.3f}"}, x_title="p of the right one",
        dots={"a guess: -log(1/3)": dot(third, result.plateau), reader: dot(nearest, paid)},
        beside={reader: f"{paid:.{3 if paid >= 0.1 else 4}f}"}, ticks=[*ticks], wide=False,
    )  # fmt: skip


def _calls(params: Params, result: Result) -> list[Panel]:
    """The right answers' start logits as they were after training, and as two calls give them now."""
    assert result.calls is not None
    targets, asked = result.targets[:, 0].tolist(), _asked(result)
    trained = [[scores[0][start] for scores, start in zip(result.logits[-1].tolist(), targets, strict=True)]]
    now = result.calls.tolist()
    top = max(abs(value) for row in (*trained, *now) for value in row)

    def mark(value: float, before: float, *_: int) -> str:
        return "differs" if abs(value - before) > 1e-3 else ""

    def grid(title: str, rows: list[list[float]], labels: list[str], key: Any, **entries: Any) -> Panel:
        cells = cells_of(rows, *entries.pop("beside", ()), key=key, **entries)
        return Grid(
            title, cells, tensor="start logit of the right answer", limit=top, row_dim=None, col_dim=None, row_labels=labels,
            col_labels=asked, label_width=48, signed=False,
        )  # fmt: skip

    before = grid("as trained", trained, ["call"], lambda _, row, column: [f"start-{column}", "@moved"])
    after = grid(
        "read so, twice", now, ["call 1", "call 2"],
        lambda _, one, row, column: [f"start-{column}", "@twice", *["@moved"] * (row == 0)],
        beside=([trained[0], now[0]],), mark=mark,
    )  # fmt: skip
    return [before, Operator("reader(**batch)", _how(params)), veiled(after)]


def _still_right(params: Params, result: Result) -> list[Panel]:
    """How many held-out questions are right as it was trained, and as it is read now."""
    if result.exact is None:
        return []
    shares = {"as trained": result.accuracy[-1], "read so": result.exact[params.padding]}
    bars = [Bar(name, share) for name, share in shares.items()]
    return [veiled(Bars("held-out questions right, start and end", bars, limit=1.0, wide=True))]


def _asked(result: Result) -> list[str]:
    return [tokens[ASKED] for tokens in result.tokens]


def _context(result: Result) -> str:
    return " ".join(result.tokens[0]).split(" [SEP] ", 1)[1].removesuffix(" [SEP]")


def _questions(result: Result) -> Panel:
    rows = [[f"what is the {asked} ?", answer] for asked, answer in zip(_asked(result), answers(result), strict=True)]
    return Table(
        "Watched while it trains", ["question", "answer"], rows, note=f"Context: {_context(result)}", breaks=True
    )


def _picked(result: Result, k: int) -> Panel:
    """(3, 3): how the start's softmax is shared among the candidates, a row a question."""
    asked, right, values = _asked(result), answers(result), result.picked[k]
    cells = cells_of(
        values,
        note=lambda value, row, column: f"asked for {asked[row]}, start at “{right[column]}”: softmax {value:.4f}",
        mark=lambda value, row, column: "lit" if row == column else "",
    )
    return Grid(
        "start, by candidate", cells, tensor=described("picked[k]", values, ("question", "candidate")), limit=1.0,
        rows="question", cols="candidate", row_dim=0, col_dim=1, row_labels=asked, col_labels=right, signed=False, label_width=56,
        badge=f"step {result.taken[k]}",
    )  # fmt: skip


def _facts(params: Params, result: Result) -> Panel:
    items: list[Fact] = []
    if result.repeats is not None:
        items.append(("twice", "two calls, one question", "they are equal" if result.repeats else "they differ"))
    if result.moved is not None and params.padding != "no extra padding":
        items.append(("moved", "logits, with this padding", "they stay" if result.moved < 1e-3 else "they change"))
    return veiled(Facts(items))


def _how(params: Params) -> str:
    pads = [] if params.padding == "no extra padding" else [f"{params.pads} [PAD]: {params.padding}"]
    return ", ".join([*pads, f"{params.mode} mode"])


def _loss(result: Result, k: int) -> Bars:
    return Bars(
        "loss on held-out questions", [Bar(f"{result.n_held_out} questions", result.held_out_losses[k])],
        references=[("ln 3", result.plateau)], limit=max(result.held_out_losses),
    )  # fmt: skip


def _accuracy(result: Result, k: int) -> Panel:
    bar = Bar(f"{result.n_held_out} questions", result.accuracy[k])
    return Bars("held-out questions right, start and end", [bar], limit=1.0)


def _losses(result: Result, k: int) -> Curve:
    """The loss of every batch up to this look."""
    batches = len(result.losses)
    labels = [str(step) for step in range(1, batches + 1)]
    lines: dict[str, Sequence[float]] = {
        "loss of the batch": result.losses,
        PLATEAU.format(result.plateau): [result.plateau] * batches,
    }
    return Curve("loss of each batch", labels, lines, x_title="step", upto=max(0, min(result.taken[k], batches) - 1))


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
