"""The padded row as the model reads it, the call, and how it goes on; then the logits of the first new number."""

from figures.cells import cells_of
from figures.panels import Facts, Figure, Grid, Operator, Panel, described, figure, limit, veiled
from lessons.generate_padding import ROUNDING, Params, Result, goes_on, reads_padding

FAR = 1e9  # a colour limit that leaves ids white


def draw(params: Params, result: Result) -> Figure:
    written = "generate(...)" if params.call == "generate" else "model(...)"
    call = Operator(written, "eval mode, a GPT-2")
    return figure(
        hero=[[_row(params, result), call, veiled(_continued(params, result))], [_facts(params, result)]],
        more=[[_logits("logits_alone", result), _logits("logits_padded", result)], [_logits("gap", result)]],
    )


def _row(params: Params, result: Result) -> Panel:
    """Three tensors one below the other; padding is marked."""
    rows = {"input_ids": result.input_ids[0], "attention_mask": result.mask[0]}
    cells = cells_of(
        list(rows.values()),
        [result.keep[0]] * 2,
        sub=lambda _, kept, row, at: ("hour" if kept else "[PAD]") if row == 0 else "",
        mark=lambda _, kept, row, at: "" if kept else "pad",
        key=lambda _, kept, row, at: f"cell{at}",
        note=lambda _, kept, row, at: _note(result, at),
    )
    return Grid(
        "inputs", cells, tensor=described("each", result.input_ids, ["B", "S"]), limit=FAR, digits=0, signed=False,
        row_labels=list(rows), label_width=108, row_dim=None, col_dim=1, cols="cell",
        badge=f"{params.pads} cells of padding" if params.pads else "no padding",
    )  # fmt: skip


def _note(result: Result, at: int) -> str:
    what = f"the hour {result.input_ids[0, at].item()}" if result.keep[0, at].item() else "padding"
    read = "; the first new number is read here" if at == result.read else ""
    return f"cell {at}: {what}, position {result.position_ids[0, at].item()}{read}"


def _continued(params: Params, result: Result) -> Panel:
    alone = result.alone.tolist()
    cells = cells_of(
        [result.alone, result.padded],
        key=lambda value, row, at: f"new{at}",
        mark=lambda value, row, at: "" if value == alone[at] else "differs",
    )
    return Grid(
        "what is appended", cells, tensor=described("each", result.alone, ["k"]), limit=FAR, digits=0, signed=False,
        row_labels=["alone", "padded"], label_width=60, row_dim=None, col_dim=None,
        badge="the likeliest number each time",
    )  # fmt: skip


def _facts(params: Params, result: Result) -> Panel:
    same = "the same four numbers" if params.call == "generate" else "the same number"
    other = "other numbers" if params.call == "generate" else "another number"
    items = [
        ("goes_on", "compared with the hours alone, padded gives", same if goes_on(result) else other),
        ("read", "the first new number is read at", "a cell of padding" if reads_padding(result) else "the last hour"),
        ("moves", "the logits, compared with the hours alone", _moves(result)),
        ("first", "position of the first hour", str(_first(result))),
    ]
    return veiled(Facts(items))


def _moves(result: Result) -> str:
    if result.gap.max() < ROUNDING:
        return "not at all"
    same = result.logits_alone.tolist().index(max(result.logits_alone.tolist()))
    now = result.logits_padded.tolist().index(max(result.logits_padded.tolist()))
    return f"they move, {'the same' if same == now else 'another'} number wins"


def _first(result: Result) -> int:
    return int(result.position_ids[0].tolist()[result.keep[0].tolist().index(1)])


def _logits(name: str, result: Result) -> Panel:
    tensor = getattr(result, name)
    cells = cells_of([tensor], key=lambda _, row, at: f"word{at}")
    return Grid(
        name, cells, tensor=described(name, tensor, ["V"]), limit=limit(result.logits_alone, result.logits_padded),
        digits=1, signed=name != "gap", row_labels=[""], col_labels=["PAD", *map(str, range(1, 13))], row_dim=None, cols="next number",
        wide=True, badge="of the first new number",
    )  # fmt: skip
