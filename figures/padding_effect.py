"""What padding does to the answer, to the accuracy of every setting, and to each real token."""

from typing import Any

from figures.panels import Figure, Panel, described, figure, grid, limit, pressable, table
from lessons.padding_effect import DEFAULT, FIXED, T5, Params, Result, setting_of

FAR = 1e9  # a colour limit that leaves ids white
ROUNDING = 1e-4  # below this a difference is that of the order of sums


def draw(params: Params, result: Result) -> Figure:
    return figure(
        [_answers(result), _accuracy(params, result)],
        [_gap(params, result)],
        [_inputs(result)],
        [_hidden(result)],
        [_logits("logits_alone", params, result), _logits("logits_padded", params, result)],
    )


def _answers(result: Result) -> Panel:
    jumped = result.answer_padded != result.answer_alone
    rows: list[list[Any]] = [
        ["without padding", repr(result.answer_alone)],
        ["with padding", (repr(result.answer_padded), "warn" if jumped else "yes")],
    ]
    return table("the answer", ("read", "answer"), rows, badge="jumps" if jumped else "stays")


def _accuracy(params: Params, result: Result) -> Panel:
    """Every setting of the small set; a cell is pressed to see it."""
    alone = result.accuracy["each alone"]
    positions = (DEFAULT,) if params.model == T5 else (DEFAULT, FIXED)
    settings = [(side, mask) for side in ("right", "left") for mask in (True, False)]
    rows: list[list[Any]] = []
    for side, mask in settings:
        row: list[Any] = [f"{side}, {'mask' if mask else 'no mask'}"]
        for ids in positions:
            chosen = {"padding_side": side, "attention_mask": mask, "position_ids": ids}
            share = result.accuracy[setting_of(Params(**{**vars(params), **chosen}))]
            row.append(pressable(f"{share:.0%}", "yes" if share == alone else "warn", f"show {row[0]}, {ids}", chosen))
        rows.append(row)
    rows.append(["each alone", *[f"{alone:.0%}"] * len(positions)])
    columns = (
        ("relative positions",) if params.model == T5 else ("default position_ids", "counted from the first token")
    )
    current = settings.index((params.padding_side, params.attention_mask))
    return table(
        f"accuracy, {params.pads} cells of padding",
        ("", *columns),
        rows,
        lit=[current],
        note="share of a small set answered exactly, in one padded batch",
        wide=True,
    )


def _gap(params: Params, result: Result) -> Panel:
    rows = zip(result.logits_alone.tolist(), result.logits_padded.tolist(), result.gap.tolist(), strict=True)
    over = "largest |padded - alone| over all words" if params.model == T5 else "|padded - alone|"
    notes = [
        [
            f"{over} = {gap:.7f}   here {padded:.4f} with padding, {alone:.4f} without"
            for alone, padded, gap in zip(*row, strict=True)
        ]
        for row in rows
    ]
    return grid(
        "gap",
        result.gap,
        tensor=described("gap", result.gap, ["", "S" if params.model != T5 else "A"]),
        limit=max(1.0, limit(result.gap)),
        signed=False,
        row_labels=_rows(params),
        label_width=44,
        col_dim=1,
        cols="real tokens" if params.model != T5 else "tokens of the answer",
        sub=_subs(result, len(result.gap)),
        notes=notes,
        keys=_keys(result, len(result.gap), params),
        badge="only rounding" if result.gap.max() < ROUNDING else "logits moved",
        wide=True,
    )


def _rows(params: Params) -> list[str]:
    return ["logit"] if params.model == T5 else ["start", "end"]


def _subs(result: Result, rows: int) -> list[list[str]]:
    return [result.named] * rows


def _keys(result: Result, rows: int, params: Params) -> list[list[str]]:
    name = "a" if params.model == T5 else "s"
    return [[f"{name}{place}" for place in range(len(result.named))]] * rows


def _hidden(result: Result) -> Panel:
    return grid(
        "hidden_gap",
        [result.hidden_gap.tolist()],
        tensor=described("hidden_gap", result.hidden_gap, ["S"]),
        limit=max(1.0, limit(result.hidden_gap)),
        signed=False,
        row_labels=["max |Δ|"],
        label_width=56,
        cols="real tokens: the encoder's last hidden state",
        sub=[result.tokens],
        notes=[
            [
                f"{token}: largest |padded - alone| of its hidden state = {gap:.7f}"
                for token, gap in zip(result.tokens, result.hidden_gap.tolist(), strict=True)
            ]
        ],
        keys=[[f"s{place}" for place in range(len(result.tokens))]],
        wide=True,
    )


def _logits(name: str, params: Params, result: Result) -> Panel:
    tensor, top = getattr(result, name), limit(result.logits_alone, result.logits_padded)
    return grid(
        name,
        tensor,
        tensor=described(name, tensor),
        limit=top,
        row_labels=_rows(params),
        label_width=44,
        sub=_subs(result, len(tensor)),
        keys=_keys(result, len(tensor), params),
        digits=1,
        wide=True,
    )


def _inputs(result: Result) -> Panel:
    """The tensors that the model is given, one below the other; filled cells are marked."""
    keep = result.keep[0].tolist()
    places = iter(range(len(result.tokens)))
    key = [f"s{next(places)}" if real else f"pad{cell}" for cell, real in enumerate(keep)]
    words = iter(result.tokens)
    shown = [next(words) if real else "" for real in keep]
    first = result.inputs["input_ids"]
    return grid(
        "inputs",
        [tensor[0].tolist() for tensor in result.inputs.values()],
        tensor=f"{len(result.inputs)} tensors: {described('each', first, ['B', 'S'])}",
        limit=FAR,
        row_labels=list(result.inputs),
        label_width=104,
        sub=[shown if name == "input_ids" else [""] * len(keep) for name in result.inputs],
        marks=[["" if real else "pad" for real in keep]] * len(result.inputs),
        keys=[key] * len(result.inputs),
        digits=0,
        wide=True,
        badge="what the model is given",
    )
