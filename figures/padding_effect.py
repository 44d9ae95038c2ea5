"""How far padding moves each real token, what becomes of the answer, and of the small set in every setting."""

from itertools import groupby
from typing import Any

from explorable.words import count, percent
from figures.cells import Cell, cells_of
from figures.panels import Facts, Figure, Grid, Operator, Panel, Table, described, figure, limit, pressable, veiled
from lessons.padding_effect import DEFAULT, FIXED, ROUNDING, T5, Params, Result, moved, setting_of

FAR = 1e9  # a colour limit that leaves ids white
COLUMNS, CELLS = 20, 60  # of the hero's grid: the row as text is wrapped, and its first cells
LONGEST = 40  # characters of an answer
ROOM = 4  # characters of a token


def draw(params: Params, result: Result) -> Figure:
    call = Operator("model(**inputs)", "eval mode")
    return figure(
        hero=[[_given(params, result), call, veiled(_moves(result))], [_facts(params, result)]],
        more=[
            [_accuracy(params, result)],
            [_gap(params, result)],
            [_inputs(result)],
            [_hidden(result)],
            [_logits("logits_alone", params, result), _logits("logits_padded", params, result)],
        ],
    )


def _given(params: Params, result: Result) -> Panel:
    """The row that goes in, as text: padding and tokens, where they stand."""
    mask = _runs(["one" if seen else "zero" for seen in result.inputs["attention_mask"][0].tolist()])

    def cell(at: int, place: int | None, real: bool) -> Cell:
        if place is None:
            return Cell("", key=f"end{at}", mark="" if real else "pad")
        return Cell(_cut(result.tokens[place]), f"cell {at}: {result.tokens[place]}", f"s{place}", mark="card", group=0)

    return Grid(
        "one row of input_ids", _wrapped(result, cell), tensor=f"attention_mask: {mask}; position of the first token: {_first(params, result)}",
        limit=FAR, labels=False, row_dim=None, col_dim=None, wide=True, badge="padding is striped",
    )  # fmt: skip


def _wrapped(result: Result, cell: Any) -> list[list[Cell]]:
    """The first cells of the row in lines, as text is wrapped: `cell` of its index, its token's place, and whether it is no padding."""
    places = iter(range(len(result.tokens)))
    order = [next(places) if real else None for real in result.keep[0].tolist()][:CELLS]
    order += [None] * (-len(order) % COLUMNS if len(order) > COLUMNS else 0)
    real = result.keep[0].tolist()[:CELLS] + [True] * COLUMNS  # what fills the last line is no padding
    width = min(COLUMNS, len(order))
    cells = [cell(at, place, real[at]) for at, place in enumerate(order)]
    return [cells[at : at + width] for at in range(0, len(cells), width)]


def _runs(cells: list[str]) -> str:
    return ", ".join(count(len(list(run)), cell, "[PAD]" if cell == "[PAD]" else "") for cell, run in groupby(cells))


def _first(params: Params, result: Result) -> str:
    if params.model == T5:
        return "relative"
    at = result.inputs["position_ids"][0] if "position_ids" in result.inputs else range(result.keep.shape[1])
    return str(int(at[result.keep[0].tolist().index(True)]))


def _moves(result: Result) -> Panel:
    """The same cells: each real token with how far its output moves, and the padding grey."""
    moves = result.hidden_gap.tolist()

    def cell(at: int, place: int | None, real: bool) -> Cell:
        if place is None:
            return Cell(None, key=f"end{at}", mark="" if real else "pad")
        token, move = result.tokens[place], moves[place]
        return Cell(move, f"{token}: largest |padded - alone| of its output = {move:.7f}", f"s{place}")

    shown = min(CELLS, result.keep.shape[1])
    part = f"the first {shown} of {result.keep.shape[1]} cells" if result.keep.shape[1] > CELLS else ""
    return Grid(
        "how far each real token's output moves", _wrapped(result, cell),
        tensor=described("hidden_gap", result.hidden_gap, ["S"]), limit=max(1.0, limit(result.hidden_gap)), labels=False,
        signed=False, wide=True, row_dim=None, col_dim=None, badge=part,
    )  # fmt: skip


def _cut(token: str) -> str:
    return token if len(token) <= ROOM else f"{token[: ROOM - 1]}…"


def _facts(params: Params, result: Result) -> Panel:
    share, alone = result.accuracy[setting_of(params)], result.accuracy["each alone"]
    return veiled(
        Facts(
            [
                ("kept", "real tokens that keep their output", _kept(result)),
                ("answer", "the padded row answers", _said(result.answer_padded)),
                ("alone", "the row alone answers", _said(result.answer_alone)),
                ("pooled", "the mean over all cells", _stays(result.pooled_gap["all cells"])),
                ("masked", "the mean over real tokens", _stays(result.pooled_gap["real cells"])),
                ("set", "small set right, padded and alone", f"{percent(share)}, {percent(alone)}"),
            ]
        )  # fmt: skip
    )


def _stays(gap: float) -> str:
    return "it stays" if gap < ROUNDING else "it moves"


def _kept(result: Result) -> str:
    tokens, changed = len(result.tokens), moved(result)
    return "all of them" if not changed else "none of them" if changed == tokens else f"{tokens - changed} of {tokens}"


def _said(answer: str) -> str:
    return repr(answer if len(answer) <= LONGEST else f"{answer[:LONGEST]}…")


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
            row.append(pressable(percent(share), "yes" if share == alone else "warn", f"show {row[0]}, {ids}", chosen))
        rows.append(row)
    rows.append(["each alone", *[percent(alone)] * len(positions)])
    columns = (
        ("relative positions",) if params.model == T5 else ("default position_ids", "counted from the first real token")
    )
    current = settings.index((params.padding_side, params.attention_mask))
    return Table(
        f"accuracy, {count(params.pads, 'cell')} added to the longest row", ("", *columns), rows, lit=[current],
        note="share of a small set answered exactly, in one padded batch", wide=True,
    )  # fmt: skip


def _gap(params: Params, result: Result) -> Panel:
    over = "largest |padded - alone| over all words" if params.model == T5 else "|padded - alone|"
    cells = _cells(
        params,
        result,
        result.gap,
        result.logits_alone,
        result.logits_padded,
        note=lambda gap, alone, padded, *_: f"{over} = {gap:.7f}   here {padded:.4f} with padding, {alone:.4f} without",
    )
    return Grid(
        "gap", cells, tensor=described("gap", result.gap, ["", "S" if params.model != T5 else "A"]),
        limit=max(1.0, limit(result.gap)), signed=False, row_labels=_rows(params), label_width=44, col_dim=1,
        cols="real tokens" if params.model != T5 else "tokens of the answer",
        badge="only rounding" if result.gap.max() < ROUNDING else "logits moved", wide=True,
    )  # fmt: skip


def _rows(params: Params) -> list[str]:
    return ["logit"] if params.model == T5 else ["start", "end"]


def _cells(params: Params, result: Result, *tensors: Any, **entries: Any) -> Any:
    """The first of tensors that have a column a token, which is named below each number."""
    name = "a" if params.model == T5 else "s"
    return cells_of(
        *tensors, key=lambda *cell: f"{name}{cell[-1]}", sub=lambda *cell: result.named[cell[-1]], **entries
    )


def _hidden(result: Result) -> Panel:
    cells = cells_of(
        [result.hidden_gap],
        [result.tokens],
        sub=lambda gap, token, *_: token,
        note=lambda gap, token, *_: f"{token}: largest |padded - alone| of its hidden state = {gap:.7f}",
        key=lambda gap, token, row, place: f"s{place}",
    )
    return Grid(
        "hidden_gap", cells, tensor=described("hidden_gap", result.hidden_gap, ["S"]),
        limit=max(1.0, limit(result.hidden_gap)), signed=False, row_labels=["max |Δ|"], label_width=56,
        cols="real tokens: the encoder's last hidden state", wide=True,
    )  # fmt: skip


def _logits(name: str, params: Params, result: Result) -> Panel:
    tensor, top = getattr(result, name), limit(result.logits_alone, result.logits_padded)
    return Grid(
        name, _cells(params, result, tensor), tensor=described(name, tensor), limit=top, row_labels=_rows(params),
        label_width=44, digits=1, wide=True,
    )  # fmt: skip


def _inputs(result: Result) -> Panel:
    """The tensors that the model is given, one below the other; filled cells are marked."""
    keep = result.keep[0].tolist()
    places = iter(range(len(result.tokens)))
    keys = [f"s{next(places)}" if real else f"pad{cell}" for cell, real in enumerate(keep)]
    words = iter(result.tokens)
    shown = [next(words) if real else "" for real in keep]
    names, first = list(result.inputs), result.inputs["input_ids"]
    cells = cells_of(
        [tensor[0] for tensor in result.inputs.values()],
        sub=lambda _, row, at: shown[at] if names[row] == "input_ids" else "",
        mark=lambda _, row, at: "" if keep[at] else "pad",
        key=lambda _, row, at: keys[at],
    )
    return Grid(
        "inputs", cells, tensor=f"{len(result.inputs)} tensors: {described('each', first, ['B', 'S'])}", limit=FAR,
        row_labels=names, label_width=104, digits=0, wide=True, badge="what the model is given",
    )  # fmt: skip
