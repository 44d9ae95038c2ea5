"""The unpadded and the padded row, each with how it goes on; then the logits of the first new number."""

from figures.cells import Cell, cells_of
from figures.panels import Facts, Figure, Grid, Panel, described, figure, limit, veiled
from lessons.generate_padding import ROUNDING, Params, Result, goes_on, reads_padding

FAR = 1e9  # a colour limit that leaves ids white


def draw(params: Params, result: Result) -> Figure:
    return figure(
        hero=[[veiled(_rows(params, result), cells=True)], [_facts(params, result)]],
        more=[[_logits("logits_alone", result), _logits("logits_padded", result)], [_logits("gap", result)]],
    )


def _rows(params: Params, result: Result) -> Panel:
    """The prompt alone and below it in the padded row with its mask, each beside how it goes on."""
    kept = [bool(real) for real in result.keep[0].tolist()]
    ids = result.input_ids[0].tolist()
    new = [
        Cell(hour, "how the prompt alone goes on", _new(at), mark="given") for at, hour in enumerate(result.alone.tolist())
    ]  # fmt: skip
    padded = [
        Cell(hour if real else "PAD", _note(result, at), _keys(result, at), mark="given" if real else "given pad")
        for at, (hour, real) in enumerate(zip(ids, kept, strict=True))
    ]
    padded += [Cell(hour, "how the padded row goes on", _new(at)) for at, hour in enumerate(result.padded.tolist())]
    mask = [Cell(one, "", f"cell{at}", mark="given") for at, one in enumerate(result.mask[0].tolist())]
    group = "generate() appends" if params.call == "generate" else "next"
    return Grid(
        "a tiny GPT-2 that learned to count hours", [[*_alone(params, ids, kept), *new], padded, [*mask, *(Cell(None) for _ in new)]],
        tensor=described("padded row, mask", result.input_ids, ["B", "S"]) + "; PAD is id 0",
        limit=FAR, digits=0, signed=False, row_labels=["alone", "padded", "mask"], label_width=56, row_dim=None, col_dim=None,
        col_labels=[""] * len(padded), col_groups=[("what it reads", len(kept)), (group, len(new))], wide=True,
    )  # fmt: skip


def _alone(params: Params, ids: list[int], kept: list[bool]) -> list[Cell]:
    """The hours without padding: for generate() the last of them in the last column, as it goes on from the last cell, else each above itself."""
    real = [at for at, is_real in enumerate(kept) if is_real]
    empty = Cell(None)
    hours = [
        Cell(ids[at], "", [f"cell{at}", *(["@goes_on", "@moves"] if at == real[-1] else [])], mark="given") for at in real
    ]  # fmt: skip
    before = len(kept) - len(real) if params.call == "generate" else real[0]
    return [*[empty] * before, *hours, *[empty] * (len(kept) - len(real) - before)]


def _new(at: int) -> list[str]:
    return [f"new{at}", *([] if at else ["@goes_on"])]


def _keys(result: Result, at: int) -> list[str]:
    """The cell of the padded row at which the next number is read decides both questions."""
    return [f"cell{at}", *(["@goes_on", "@moves"] if at == result.read else [])]


def _note(result: Result, at: int) -> str:
    what = f"the hour {result.input_ids[0, at].item()}" if result.keep[0, at].item() else "padding"
    read = "; the first new number is read here" if at == result.read else ""
    return f"cell {at}: {what}, position {result.position_ids[0, at].item()}{read}"


def _facts(params: Params, result: Result) -> Panel:
    same = "the same four numbers" if params.call == "generate" else "the same number"
    other = "other numbers" if params.call == "generate" else "another number"
    items = [
        (
            "goes_on",
            "generate() appends" if params.call == "generate" else "next comes",
            same if goes_on(result) else other,
        ),
        ("read", "the first new number is read at", "a cell of padding" if reads_padding(result) else "the last hour"),
        ("moves", "the logits, against those without padding", _moves(result)),
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
