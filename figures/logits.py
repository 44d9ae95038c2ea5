"""Three bars that can be dragged, what softmax makes of them, and the same with 100 added; then the loss and its gradient, by what is fed."""

import math
from collections.abc import Sequence

from explorable.words import number
from figures.cells import Bar
from figures.formula import term
from figures.panels import Bars, Facts, Figure, Operator, Panel, Table, described, figure, pressable, veiled
from lessons.logits import Params, Result

CLASSES = ("class 0", "class 1", "class 2")


def draw(params: Params, result: Result) -> Figure:
    fed = f"; F.cross_entropy is fed {params.fed}" * (params.fed != "logits")
    call, again = (
        Operator("softmax", words) for words in (f"of {_scaled(params)}{fed}", f"of {_scaled(params, 'logits + 100')}")
    )
    return figure(
        hero=[
            [_logits(params, result), call, veiled(_probs(params, result))],
            [_plus_100(result), again, veiled(_probs_plus_100(params, result))],
            [_facts(params, result)],
        ],
        more=[[_gradient(params, result), _losses(params, result)], [_log_probs(result), _numbers(result)]],
    )


def _scaled(params: Params, name: str = "logits") -> str:
    """What softmax is given, written with the shift and the temperature that do something."""
    sign = "-" if params.shift < 0 else "+"
    shifted = f"{name} {sign} {abs(params.shift):g}" if params.shift else name
    if params.temperature == 1:
        return shifted
    return f"{f'({shifted})' if ' ' in shifted else shifted} / {params.temperature:g}"


def _facts(params: Params, result: Result) -> Panel:
    right = params.target
    items = [
        ("constant", "with 100 added to each", _moved(result)),
        ("loss", "F.cross_entropy returns", number(result.losses[params.fed].item())),
        ("grad", f"gradient of logit {right}", number(result.grad[right].item(), 4)),
        ("largest", "largest |gradient|", number(result.grad.abs().max().item(), 4)),
        ("log", f"probs.log() of class {right}", number(result.log_of_probs[right].item())),
    ]
    if not result.log_grad.isfinite().all():
        items.append(("through", "gradients through this log", _not_finite(result)))
    if params.fed != "logits":
        items.insert(2, ("compared", "the loss, compared with feeding logits", _compared(params, result)))
    return veiled(Facts(items))


def _not_finite(result: Result) -> str:
    return "nan" if result.log_grad.isnan().any() else "infinite"


def _moved(result: Result) -> str:
    return f"rounding: {number(result.moved, 6)}" if result.moved else "no probability changes"


def _compared(params: Params, result: Result) -> str:
    more = (result.losses[params.fed] - result.losses["logits"]).item()
    if abs(more) < 1e-4:
        return "the same loss"
    return f"{number(abs(more))} {'more' if more > 0 else 'less'}"


def _logits(params: Params, result: Result) -> Panel:
    shown = [
        _bar(
            i,
            z,
            f"scaled[{i}] = (logits[{i}] + shift) / temperature = ({z:.4g} + {term(params.shift)}) / {params.temperature:g} = {s:.4f}",
            param=f"z{i}",
        )
        for i, (z, s) in enumerate(zip(result.logits.tolist(), result.scaled.tolist(), strict=True))
    ]
    return Bars("logits, from -10 to 10", shown, limit=10.0, digits=2, signed=True)


def _plus_100(result: Result) -> Panel:
    shown = [_bar(i, z, f"logits[{i}] + 100 = {z:.4g}") for i, z in enumerate(result.plus_100.tolist())]
    return Bars("100 added to each, from 0 to 110", shown, limit=110.0, digits=2)


def _probs_plus_100(params: Params, result: Result) -> Panel:
    shown = [
        _bar(i, p, f"softmax of the logits + 100: {p:.4g}", "@constant")
        for i, p in enumerate(result.probs_plus_100.tolist())
    ]
    return Bars("probabilities, with 100 added", shown, limit=1.0, digits=4)


def _bar(i: int, value: float, note: str, *keys: str, target: int | None = None, param: str = "") -> Bar:
    """A bar of class i."""
    return Bar(CLASSES[i], value, note, key=[f"class{i}", *keys], mark="lit" if i == target else "", param=param)


def _probs(params: Params, result: Result) -> Panel:
    scaled, top = result.scaled.tolist(), max(result.scaled.tolist())
    total = sum(math.exp(z - top) for z in scaled)
    shown = [
        _bar(
            i,
            p,
            f"exp({z:.4f} - {term(top)}) / {total:.4f} = {math.exp(z - top):.4g} / {total:.4f} = {p:.4g}"
            f"{'' if p else ', too small for float32'}   the largest, {top:.4g}, is subtracted first: it cancels",
            "@constant",
            *("@compared", "@largest", "@grad", "@loss", "@log") * (i == params.target),
        )
        for i, (z, p) in enumerate(zip(scaled, result.probs.tolist(), strict=True))
    ]
    return Bars("probabilities", shown, limit=1.0, digits=4)


def _log_probs(result: Result) -> Panel:
    rows = zip(*(t.tolist() for t in (result.scaled, result.log_probs, result.probs, result.log_of_probs)), strict=True)
    shown = [
        _bar(
            i,
            log_p,
            f"{z:.4f} - log Σ exp = {z:.4f} - {term(z - log_p)} = {log_p:.4f}   "
            f"{'and' if math.isfinite(log_of_p) else 'but'} log(probs) = log({p:.4g}) = {log_of_p:.4f}",
        )
        for i, (z, log_p, p, log_of_p) in enumerate(rows)
    ]
    return Bars("log_probs = log_softmax", shown)


def _gradient(params: Params, result: Result) -> Panel:
    """Autograd's gradient; its arithmetic is that of the formula where the formula holds."""
    grads, formula, probs = (t.tolist() for t in (result.grad, result.formula, result.probs))
    elsewhere = "   which is the gradient where logits or log-probabilities are fed" * (params.fed == "softmax(logits)")
    shown = [
        _bar(
            i,
            grad + 0.0,
            f"{_step(grad)}   (p - onehot) / temperature = ({p:.7f} - {int(i == params.target)}) / {params.temperature:g} "
            f"= {f + 0.0:.4f}{elsewhere}",
            target=params.target,
        )
        for i, (grad, f, p) in enumerate(zip(grads, formula, probs, strict=True))
    ]
    limit = max(max(map(abs, formula)) or 1.0, *map(abs, grads))
    return Bars(f"grad of the loss of {params.fed}", shown, limit=limit, digits=4, wide=True, signed=True)


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

    return Table(
        "F.cross_entropy(input, label)", ("input", f"loss of class {params.target}", "lowest possible"),
        [row(fed) for fed in result.losses], lit=[list(result.losses).index(params.fed)],
        note="Where logits or their log_softmax are fed, the loss comes as near to 0 as you like; float32 rounds it to 0.",
        wide=True,
    )  # fmt: skip


def _numbers(result: Result) -> Panel:
    columns = ("logits", "scaled", "probs", "log_probs", "log_of_probs", "formula", "grad")
    values = [getattr(result, name).tolist() for name in columns]
    rows = [[name, *(_short(column[i]) for column in values)] for i, name in enumerate(CLASSES)]
    return Table("all numbers", ("", *columns), rows, note=described("each", result.logits, ["classes"]), wide=True)


def _short(value: float) -> str | tuple[str, str]:
    return f"{value + 0.0:.4g}" if math.isfinite(value) else (str(value), "warn")
