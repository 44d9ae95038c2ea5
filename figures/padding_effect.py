"""How far padding moves each real token, what becomes of the answer, and of the small set in every setting."""

from typing import Any, NamedTuple

from explorable.words import count, percent
from figures.cells import Cell, cells_of
from figures.panels import Facts, Figure, Grid, Panel, Table, described, figure, limit, pressable, veiled
from lessons.padding_effect import DEFAULT, FIXED, ROUNDING, T5, Params, Result, moved, setting_of

FAR = 1e9  # a colour limit that leaves ids white
TOKENS = 9  # real tokens that have a cell of their own in the hero
LONGEST = 40  # characters of an answer
ROOM = 7  # characters of a token
LABELS = 108  # pixels in front of a row


def draw(params: Params, result: Result) -> Figure:
    return figure(
        hero=[[veiled(_way(params, result), cells=True)], [_facts(params, result)]],
        more=[
            [_accuracy(params, result)],
            [_gap(params, result)],
            [_inputs(result)],
            [_hidden(result)],
            [_logits("logits_alone", params, result), _logits("logits_padded", params, result)],
        ],
    )


def _way(params: Params, result: Result) -> Panel:
    """Of each token its position without and with padding, the mask, and how far its output moves; first tokens, and the others as one."""
    mask: Any = result.inputs["attention_mask"][0]
    at: Any = result.inputs["position_ids"][0] if "position_ids" in result.inputs else range(result.keep.shape[1])
    groups, top = _groups(result), limit(result.hidden_gap)

    def position(group: Group) -> Cell:
        """In the padded row, and how far padding has moved it."""
        positions = [int(at[cell]) for cell in group.cells]
        shift = positions[0] - group.places[0] if group.places else 0
        keys = [_key(group), *["@kept"] * bool(shift and params.model != T5)]  # relative positions do not see the shift
        return Cell(_span(positions), _said_of(result, group), keys, f"+{shift}" if shift else "", _mark(group))

    def weight(group: Group) -> Cell:
        """The mask of a group; framed where it lets tokens attend to padding."""
        shown = [int(mask[cell]) for cell in group.cells]
        lets = " lit" * (group.kind == "pads" and 1 in shown)
        return Cell(_span(shown), "", _key(group), mark=_mark(group) + lets)

    name = "place" if params.model == T5 else "position"  # a T5 is given no positions
    rows = {
        "attention_mask": [weight(group) for group in groups],
        f"{name} alone": [
            Cell(_span(group.places) if group.places else None, "", _key(group), mark="given") for group in groups
        ],
        f"{name} padded": [position(group) for group in groups],
        "max |Δ output|": [_moves(result, group, top) for group in groups],
    }
    return Grid(
        "each token, in the row alone and in the padded row", [*rows.values()], limit=FAR, row_labels=[*rows],
        label_width=LABELS, row_dim=None, tensor=_told(params, result), col_labels=_names(result), col_dim=None, digits=0,
        signed=False, wide=True,
    )  # fmt: skip


def _moves(result: Result, group: "Group", top: float) -> Cell:
    """The largest |difference| of the output of a token, or of several, from that without padding."""
    if group.kind == "pads":
        return Cell("", "the padding has an output too", [_key(group), "@pooled"], mark="given pad tall")
    moves: list[float] = [result.hidden_gap.tolist()[place] for place in group.places]
    least, most = (_short(of(moves)) for of in (min, max))
    note = f"{_said_of(result, group)}: largest |padded - alone| of its output = {max(moves):.7f}"
    bar = (0.0, round(max(moves) / top, 4) if most != "0" else 0.0, "orange")
    return Cell(most if least == most else f"≤{most}", note, [_key(group), "@kept"], mark="tall", bar=bar)


def _short(move: float) -> str:
    """0 for a difference of rounding."""
    return f"{move:.2g}" if move >= ROUNDING else "0"


class Group(NamedTuple):
    """Neighbouring cells of the row that are drawn as one."""

    kind: str  # pads, token, rest
    cells: list[int]
    places: list[int]  # of its tokens among the real ones


def _groups(result: Result) -> list[Group]:
    """From left to right; padding stands on one side alone."""
    real = result.keep[0].tolist()
    filled = [cell for cell, is_real in enumerate(real) if not is_real]
    tokens = [cell for cell, is_real in enumerate(real) if is_real]
    first = len(tokens) if len(tokens) <= TOKENS + 1 else TOKENS
    groups = [Group("token", [cell], [place]) for place, cell in enumerate(tokens[:first])]
    if tokens[first:]:
        groups.append(Group("rest", tokens[first:], list(range(first, len(tokens)))))
    pads = [Group("pads", filled, [])] if filled else []
    return [*pads, *groups] if filled and filled[0] == 0 else [*groups, *pads]


def _said_of(result: Result, group: Group) -> str:
    if group.kind == "pads":
        return f"{count(len(group.cells), 'cell')} of padding"
    if group.kind == "rest":
        return "the other real tokens: " + " ".join(result.tokens[place] for place in group.places)
    return f"cell {group.cells[0]}: {result.tokens[group.places[0]]}"


def _names(result: Result) -> list[str]:
    """What stands above each column."""

    def name(group: Group) -> str:
        if group.kind == "pads":
            return "[PAD]"
        if group.kind == "rest":
            return "others"
        token = result.tokens[group.places[0]]
        return token if len(token) <= ROOM else f"{token[: ROOM - 1]}…"

    return [name(group) for group in _groups(result)]


def _key(group: Group) -> str:
    return f"s{group.places[0]}" if group.kind == "token" else group.kind


def _mark(group: Group) -> str:
    return "given pad" if group.kind == "pads" else "given"


def _span(numbers: list[int]) -> int | str:
    """One number, or the first and the last of several."""
    return numbers[0] if len(set(numbers)) == 1 else f"{numbers[0]}…{numbers[-1]}"


def _told(params: Params, result: Result) -> str:
    told = f"input_ids as tokens, attention_mask{'' if params.model == T5 else ', position_ids'}"
    return f"{told} [1, {result.keep.shape[1]}] int64 cpu; Δ output: padded - alone, {result.states.shape[1]} numbers a token"


def _facts(params: Params, result: Result) -> Panel:
    share, alone = result.accuracy[setting_of(params)], result.accuracy["each alone"]
    return veiled(
        Facts(
            [
                ("kept", "outputs the same as without padding", _kept(result)),
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
