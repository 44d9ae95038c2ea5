"""The logits of two passes in train mode; below, one answer in eval mode, many in train mode, and how far the accuracy spreads."""

from collections import Counter
from typing import Any

from figures.cells import Bar, cells_of
from figures.panels import Bars, Facts, Figure, Grid, Operator, Panel, Table, described, figure, limit, stepped, veiled
from lessons.train_mode_answers import Params, Result, agree, kept, same

SHOWN = 2  # tokens whose logits the hero draws
FIRST = 5  # feature that is drawn


def draw(params: Params, result: Result) -> Figure:
    passes = result.accuracy.shape[1]
    call = Operator("T5", "in train mode")
    masked = [veiled(_masked(result, k)) for k in range(2)]
    return figure(
        hero=[[_embedded(result), call, *masked], [veiled(_two_passes(result), cells=True), _facts(result)]],
        more=[[_own(result)], [_means(result)], [_accuracy(result)], [_answers(result)]],
        steps=[f"{k + 1} of {passes}" for k in range(passes)],
        step_name="pass in train mode",
    )


def _embedded(result: Result) -> Panel:
    """The first tokens of the question as the first dropout is given them, by colour."""
    names = [token.removeprefix("▁") for token in result.begins]
    cells = cells_of(result.embedded, note=lambda value, t, d: f"“{names[t]}”, feature {FIRST + d}: {value:.4f}")
    return Grid(
        "your question, embedded", cells, tensor=f"{len(names)} tokens, 5 of 128 features", limit=limit(result.embedded, result.masked),
        row_labels=names, col_labels=[""] * 5, label_width=54, row_dim=None, col_dim=None, quiet=True,
    )  # fmt: skip


def _masked(result: Result, k: int) -> Panel:
    """What the first dropout passes on in a pass: what it sets to 0 is crossed out, the rest is divided by 1 - p."""

    def note(value: float, before: float, t: int, d: int) -> str:
        return (
            f"pass {k + 1}: {before:.4f} is set to 0"
            if is_dropped(value, before)
            else f"pass {k + 1}: {before:.4f} / 0.9 = {value:.4f}"
        )

    cells = cells_of(
        result.masked[k], result.embedded, note=note, mark=lambda value, before, *_: "dropped" if is_dropped(value, before) else ""
    )  # fmt: skip
    return Grid(
        f"pass {k + 1}", cells, tensor="after dropout; ✕: set to 0", limit=limit(result.embedded, result.masked),
        labels=False, row_dim=None, col_dim=None, quiet=True,
    )  # fmt: skip


def is_dropped(value: float, before: float) -> bool:
    return value == 0 != before


def _two_passes(result: Result) -> Panel:
    """The logits of the likeliest first tokens in two passes of train mode."""
    calm, (first, second) = result.eval_logits[:SHOWN].tolist(), result.two_passes[:, :SHOWN].tolist()
    names = [token.removeprefix("▁") for token in result.tokens[:SHOWN]]

    def note(_: float, still: float, before: float, after: float, row: int, place: int) -> str:
        change = f"pass 2 - pass 1 = {after:.4f} - {before:.4f} = {after - before:+.4f}"
        return f"{names[place]}: {change}; in eval mode {still:.4f}, in every pass"

    cells = cells_of(
        [first, second],
        [calm] * 2,
        [first] * 2,
        [second] * 2,
        note=note,
        key=lambda *cell: [f"logit-{cell[-1]}", *["@twice"] * (cell[-1] == 0)],
    )
    return Grid(
        "logits of the answer's first token", cells, tensor=f"{described('two_passes', result.two_passes, ['pass', 'token'])}; {SHOWN} tokens drawn",
        limit=limit(result.two_passes, result.eval_logits), digits=1, row_labels=["pass 1", "pass 2"], col_labels=names, row_dim=None, col_dim=None,
        label_width=54, wide=True,
    )  # fmt: skip


def _facts(result: Result) -> Panel:
    items = [
        ("twice", "are the logits of two passes the same?", same(result)),
        ("again", "pass 1 once more, with its seed", agree(not result.again)),
        ("no_grad", "two passes under no_grad()", agree(result.differ_no_grad)),
        ("loaded", "model.training after from_pretrained()", str(result.loaded_training)),
        ("float", "SelfAttention.dropout after p = 0.5", kept(result.attention_dropout)),
    ]
    return veiled(Facts(items))


def _own(result: Result) -> Panel:
    """The visitor's question: what eval mode says, and how often train mode says what."""
    eval_answer = result.eval_answers[0]
    rows: list[list[Any]] = [["eval", (eval_answer or "nothing", "yes"), "always", ""]]
    for p, passes in result.answers.items():
        given = Counter(row[0] for row in passes)
        [(best, times), *others] = given.most_common()
        rest = ", ".join(f"{answer or 'nothing'} {often}×" for answer, often in others[:3])
        more = f" and {len(others) - 3} more" if len(others) > 3 else ""
        kind = "yes" if best == eval_answer else "warn"
        rows.append([f"train, p = {p}", (best or "nothing", kind), f"{times} of {len(passes)}", rest + more])
    return Table(
        result.asked[0], ("mode", "answer given most", "passes", "other answers"), rows, wide=True, breaks=True
    )


def _means(result: Result) -> Panel:
    size, share = len(result.wanted), result.eval_accuracy
    told = f"{round(share * size)} of {size} questions; two passes in eval mode are equal"
    shown = [Bar("eval", share, told, key="eval")]
    for p, row, mean, spread in zip(
        result.answers, result.accuracy.tolist(), result.mean.tolist(), result.spread.tolist(), strict=True
    ):
        told = f"mean of {len(row)} passes = {mean:.4f}, standard deviation {spread:.4f}, lowest {min(row):.4f}, highest {max(row):.4f}"
        shown.append(Bar(f"train, p = {p}", mean, told, key=f"p{p}"))
    return Bars(f"accuracy over {size} questions", shown, limit=1.0)


def _accuracy(result: Result) -> Panel:
    size, rates, spreads = len(result.wanted), list(result.answers), result.spread.tolist()

    def note(share: float, row: int, k: int) -> str:
        right = f"{round(share * size)} of {size} = {share:.4f}"
        return f"pass {k + 1}, p = {rates[row]}: {right}; spread of the row {spreads[row]:.4f}"

    return Grid(
        "accuracy", cells_of(result.accuracy, note=note, key=lambda share, row, k: f"p{rates[row]}"),
        tensor=described("accuracy", result.accuracy, ["p", "passes"]), limit=1.0, signed=False, rows="p", cols="passes",
        row_labels=[f"p={p}" for p in rates], label_width=52, badge="the spread: new masks in every pass", wide=True,
    )  # fmt: skip


def _answers(result: Result) -> Panel:
    """The answers of one pass to every question; the slider goes through the passes."""
    frames = [_of_pass(k, result) for k in range(result.accuracy.shape[1])]
    return stepped(frames)


def _of_pass(k: int, result: Result) -> Panel:
    rows: list[list[Any]] = []
    for place, question in enumerate(result.asked):
        wanted = result.wanted[place - 1] if place else result.eval_answers[0]
        said = [result.eval_answers[place], *(passes[k][place] for passes in result.answers.values())]
        rows.append([question, *((words or "nothing", "yes" if words == wanted else "warn") for words in said)])
    columns = ("question", "eval", *(f"train, p = {p}" for p in result.answers))
    return Table("answers", columns, rows, badge=f"pass {k + 1}", wide=True)
