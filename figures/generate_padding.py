"""The padded row as the model reads it, the call, and how it goes on; then the logits of the first new number."""

from figures.cells import Cell, cells_of
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
    """The hours alone, and below them the padded row with its mask: each hour stands in one column."""
    kept = [bool(real) for real in result.keep[0].tolist()]
    hours = [hour if real else None for hour, real in zip(result.input_ids[0].tolist(), kept, strict=True)]
    padded = [hour if real else "PAD" for hour, real in zip(result.input_ids[0].tolist(), kept, strict=True)]
    rows = {"alone": hours, "padded": padded, "mask": result.mask[0].tolist()}
    cells = [
        [Cell(value, _note(result, at) if row else "", _keys(result, row, at)) for at, value in enumerate(values)]
        for row, values in enumerate(rows.values())
    ]
    return Grid(
        "what the model reads", cells, tensor=described("padded, mask", result.input_ids, ["B", "S"]) + "; [PAD] is id 0",
        limit=FAR, digits=0, signed=False, row_labels=list(rows), label_width=60, row_dim=None, col_dim=1, cols="cell",
    )  # fmt: skip


def _keys(result: Result, row: int, at: int) -> list[str]:
    """The cell of the padded row at which the next number is read decides both questions."""
    return [f"cell{at}", *(["@goes_on", "@moves"] if row == 1 and at == result.read else [])]


def _note(result: Result, at: int) -> str:
    what = f"the hour {result.input_ids[0, at].item()}" if result.keep[0, at].item() else "padding"
    read = "; the first new number is read here" if at == result.read else ""
    return f"cell {at}: {what}, position {result.position_ids[0, at].item()}{read}"


def _continued(params: Params, result: Result) -> Panel:
    alone = result.alone.tolist()
    cells = cells_of(
        [result.alone, result.padded],
        key=lambda value, row, at: [f"new{at}", *(["@goes_on"] if row else [])],
        mark=lambda value, row, at: "" if value == alone[at] else "differs",
    )
    title = "what is appended" if params.call == "generate" else "likeliest next"
    return Grid(
        title, cells, tensor=described("each", result.alone, ["k"]), limit=FAR, digits=0, signed=False,
        row_labels=["alone", "padded"], label_width=60, row_dim=None, col_dim=None,
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
