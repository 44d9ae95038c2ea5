"""Three bars that can be dragged, what softmax makes of them, and what each way of feeding the loss costs."""

import math
from collections.abc import Sequence

from figures.formula import term
from figures.panels import Figure, Panel, bars, described, figure, pressable, table
from lessons.logits import Params, Result

CLASSES = ("class 0", "class 1", "class 2")
KEYS = ["class0", "class1", "class2"]


def draw(params: Params, result: Result) -> Figure:
    return figure(
        [_logits(params, result), _probs(result), _log_probs(result)],
        [_gradient(params, result), _losses(params, result)],
        [_numbers(result)],
    )


def _logits(params: Params, result: Result) -> Panel:
    scaled = result.scaled.tolist()
    notes = [
        f"scaled[{i}] = (logits[{i}] + shift) / temperature = ({z:.4g} + {term(params.shift)}) / {params.temperature:g} = {s:.4f}"
        for i, (z, s) in enumerate(zip(result.logits.tolist(), scaled, strict=True))
    ]
    return bars(
        "logits: drag the bars",
        CLASSES,
        result.logits.tolist(),
        limit=10.0,
        notes=notes,
        keys=KEYS,
        marks=_target(params),
        digits=2,
        wide=True,
        params=("z0", "z1", "z2"),
    )


def _target(params: Params) -> list[str]:
    return ["lit" if index == params.target else "" for index in range(3)]


def _probs(result: Result) -> Panel:
    scaled, top = result.scaled.tolist(), max(result.scaled.tolist())
    total = sum(math.exp(z - top) for z in scaled)
    notes = [
        f"exp({z:.4f} - {term(top)}) / {total:.4f} = {math.exp(z - top):.4g} / {total:.4f} = {p:.4g}"
        f"{'' if p else ', too small for float32'}   the largest, {top:.4g}, is subtracted first: it cancels"
        for z, p in zip(scaled, result.probs.tolist(), strict=True)
    ]
    return bars("probs = softmax", CLASSES, result.probs.tolist(), limit=1.0, notes=notes, keys=KEYS)


def _log_probs(result: Result) -> Panel:
    rows = zip(*(t.tolist() for t in (result.scaled, result.log_probs, result.probs, result.log_of_probs)), strict=True)
    notes = [
        f"{z:.4f} - log Σ exp = {z:.4f} - {term(z - log_p)} = {log_p:.4f}   "
        f"{'and' if math.isfinite(log_of_p) else 'but'} log(probs) = log({p:.4g}) = {log_of_p:.4f}"
        for z, log_p, p, log_of_p in rows
    ]
    return bars("log_probs = log_softmax", CLASSES, result.log_probs.tolist(), notes=notes, keys=KEYS)


def _gradient(params: Params, result: Result) -> Panel:
    """Autograd's gradient; its arithmetic is that of the formula where the formula holds."""
    grads, formula, probs = (t.tolist() for t in (result.grad, result.formula, result.probs))
    notes = [
        _step(grad) + f"   (p - onehot) / temperature = ({p:.4f} - {int(i == params.target)}) / {params.temperature:g} "
        f"= {f + 0.0:.4f}" + ("" if params.fed != "softmax(logits)" else "   which holds only where logits are fed")
        for i, (grad, f, p) in enumerate(zip(grads, formula, probs, strict=True))
    ]
    limit = max(map(abs, formula)) or 1.0
    return bars(
        f"grad of the loss of {params.fed}",
        CLASSES,
        [grad + 0.0 for grad in grads],
        limit=max(limit, *map(abs, grads)),
        notes=notes,
        keys=KEYS,
        marks=_target(params),
        digits=4,
        wide=True,
        signed=True,
    )


def _step(grad: float) -> str:
    moves = "stays" if abs(grad) < 1e-12 else "rises" if grad < 0 else "falls"
    return f"autograd: {grad + 0.0:+.6g}, so in a step of gradient descent this logit {moves}"


def _losses(params: Params, result: Result) -> Panel:
    def row(fed: str) -> Sequence[object]:
        first = pressable(fed, "yes" if fed == params.fed else "no", f"feed {fed}", {"fed": fed})
        lowest = result.lowest[fed].item() + 0.0
        return [
            first,
            f"{result.losses[fed].item() + 0.0:.4f}",
            (f"{lowest:.4f}", "warn" if lowest > 0.01 else "muted"),
        ]

    return table(
        "F.cross_entropy(input, label)",
        ("input", f"loss of class {params.target}", "the lowest it can be"),
        [row(fed) for fed in result.losses],
        lit=[list(result.losses).index(params.fed)],
        note="log_softmax of log-probabilities changes nothing; softmax of probabilities does.",
        wide=True,
    )


def _numbers(result: Result) -> Panel:
    columns = ("logits", "scaled", "probs", "log_probs", "log_of_probs", "formula", "grad")
    values = [getattr(result, name).tolist() for name in columns]
    rows = [[name, *(_short(column[i]) for column in values)] for i, name in enumerate(CLASSES)]
    return table("all numbers", ("", *columns), rows, note=described("each", result.logits, ["classes"]), wide=True)


def _short(value: float) -> str | tuple[str, str]:
    return f"{value + 0.0:.4g}" if math.isfinite(value) else (str(value), "warn")
