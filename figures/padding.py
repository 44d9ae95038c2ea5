"""Lines and the rectangle they become, the cells that batches waste, the loss of every label, and what masks make of it."""

from typing import Any

from explorable.words import count, number
from figures.cells import Bar, cells_of
from figures.panels import (
    Bars,
    Error,
    Facts,
    Figure,
    Grid,
    Operator,
    Panel,
    Table,
    described,
    figure,
    keyed,
    limit,
    veiled,
)
from lessons.padding import LABELS, MASKS, ROUNDING, WASTE, WAYS, Params, Result, pads, real_pads

PLAIN = 1e9  # ids are names, not amounts: no colour
SHOWN = 28  # characters of a line
ROOM, MOST = 5, 6  # characters of a token; cells that are ringed at most
MOVES = ("", "no mask", ".bool()", "== 0")  # the ways of WAYS, as columns


def draw(params: Params, result: Result) -> Figure:
    if result.input_ids is None:
        said = veiled(Error("input_ids", result.error or "", where="tokenizer(texts, ...)"))
        return figure(
            hero=[[_lines(result), _call(params), said], [_facts(result)]], more=[[_tokenizer(params, result)]]
        )
    if params.view == WASTE:
        return _waste(params, result)
    if params.view == LABELS:
        return _labels(params, result)
    if params.view == MASKS:
        return _masks(params, result)
    return figure(
        hero=[[_lines(result), _call(params), veiled(_words(result))], [_facts(result)]],
        more=[[_ids(result)], [_mask(result), _tokenizer(params, result)]],
    )


def _lines(result: Result) -> Panel:
    """The lines, and of how many tokens each is, [CLS] and [SEP] counted."""
    shown = [line if len(line) <= SHOWN else f"{line[:SHOWN]}…" for line in result.texts]
    rows = [[f"{row}", line] for row, line in enumerate(shown)]
    if result.attention_mask is None:
        return Table("lines", ["", "text"], rows, breaks=True)
    sizes = result.attention_mask.sum(dim=1).tolist()
    counted = [[*row, f"{size}"] for row, size in zip(rows, sizes, strict=True)]
    return Table("lines", ["", "text", "tokens"], counted, breaks=True)


def _call(params: Params) -> Panel:
    multiple = f" pad_to_multiple_of={params.pad_to_multiple_of}" if params.pad_to_multiple_of else ""
    return Operator(
        "tokenizer(texts)", f"padding={params.padding!r} max_length={params.max_length} truncation=True{multiple}"
    )


def _facts(result: Result) -> Panel:
    if result.input_ids is None:
        return veiled(Facts([("shape", "input_ids", "refused"), ("pad", "pad_token_id", str(result.pad_token_id))]))
    return veiled(
        Facts(
            [
                ("shape", "input_ids.shape", str(tuple(result.input_ids.shape))),
                ("pads", "padding fills", count(pads(result), "cell")),
                ("pad", "pad_token_id", _pad(result)),
            ]
        )  # fmt: skip
    )


def _pad(result: Result) -> str:
    """The id, and the token that it is where cells are filled with it."""
    kept = result.attention_mask.flatten().tolist()  # type: ignore[union-attr]
    used = next((token for token, keep in zip(sum(result.tokens or [], []), kept, strict=True) if not keep), "")
    return f"{result.pad_token_id}{f', {used}' * bool(used)}"


def _words(result: Result) -> Panel:
    """The rectangle as tokens; ringed are those that reach its last column, or else its corner."""
    tokens, kept = result.tokens or [], result.attention_mask.tolist()  # type: ignore[union-attr]
    last = [line for line, keep in enumerate(kept) if keep[-1]] or [len(kept) - 1]

    def key(token: str, keep: int, line: int, at: int) -> list[str]:
        return [f"{line},{at}", *["@shape"] * (at == len(kept[0]) - 1 and line in last[:MOST])]

    cells = cells_of(
        [[token if len(token) <= ROOM else f"{token[: ROOM - 1]}…" for token in row] for row in tokens],
        kept,
        key=key,
        mark=lambda token, keep, *_: "" if keep else "pad",
        note=lambda token, keep, line, at: f"line {line}, position {at}: {tokens[line][at]!r}; attention_mask {keep}",
    )
    lines, positions = len(kept), len(kept[0])
    return Grid(
        "input_ids, as tokens", cells, tensor=described("input_ids", result.input_ids, ("line", "T")), limit=PLAIN, wide=True,
        rows=count(lines, "line"), cols=count(positions, "position"), badge=f"{lines} × {positions}",
    )  # fmt: skip


def _ids(result: Result) -> Panel:
    cells = cells_of(
        result.input_ids,
        result.tokens,
        result.attention_mask,
        sub=lambda i, token, keep, line, at: token,
        mark=lambda i, token, keep, line, at: "" if keep else "pad",
        note=lambda i, token, keep, line, at: f"line {line}, position {at}: {token!r} is id {i}; attention_mask {keep}",
    )
    return Grid(
        "input_ids", cells, tensor=described("input_ids", result.input_ids, ("line", "T")), limit=PLAIN, digits=0, rows="line",
        cols="position", wide=True,
    )  # fmt: skip


def _mask(result: Result) -> Panel:
    mask = result.attention_mask
    return Grid(
        "attention_mask", cells_of(mask), tensor=described("attention_mask", mask, ("line", "T")), limit=1, digits=0, rows="line",
        cols="position", badge="Hugging Face: 1 = attend",
    )  # fmt: skip


def _ignored(result: Result) -> Panel:
    mask = result.key_padding_mask
    cells = cells_of(mask, mark=lambda ignore, *_: "pad" if ignore else "")
    return Grid(
        "key_padding_mask", cells, tensor=described("key_padding_mask", mask, ("line", "T")), limit=1, rows="line", cols="position",
        badge="nn.MultiheadAttention: True = ignore",
    )  # fmt: skip


def _tokenizer(params: Params, result: Result) -> Panel:
    rows: list[list[Any]] = [
        ["pad_token_id", ("None", "warn") if result.pad_token_id is None else result.pad_token_id],
        ["tokenizer.vocab_size", result.vocab_size],
        ["len(tokenizer)", result.length],
        ["lines", len(result.texts)],
    ]
    if result.input_ids is not None:
        rows += [["real tokens", result.input_ids.numel() - pads(result)], ["padding", pads(result)]]
    return Table(f"tokenizer with pad_token {params.pad_token}", ["", "value"], rows)


def _waste(params: Params, result: Result) -> Figure:
    cells = result.cells or {}
    filled = [
        ("random", "in random order", "random order"),
        ("sorted", "sorted by length", "sorted by length"),
        ("one", "all in one batch", "one batch of all"),
    ]
    said = Facts([(key, label, _filled(cells[name] - cells["real tokens"])) for key, label, name in filled])
    call = Operator(f"DataLoader(batch_size={params.batch_size})", "padding='longest' in each batch")
    return figure(
        hero=[[_lines(result), call, veiled(_cells(result))], [veiled(said)]],
        more=[[_batches(result, "random order")], [_batches(result, "sorted by length")]],
    )


def _filled(cells: int) -> str:
    return f"{count(cells, 'cell')} of padding" if cells else "no padding at all"


def _batches(result: Result, how: str) -> Panel:
    """Every batch is padded to its own longest line; cells beyond it are not computed at all."""
    batches, lines = (
        (result.random_batches, result.order) if how == "random order" else (result.sorted_batches, result.by_length)
    )
    assert batches is not None and lines is not None
    widest = max(ids.shape[1] for ids in batches)
    numbers = [number for number, ids in enumerate(batches) for _ in ids]
    cells = cells_of(
        [row + [None] * (widest - len(row)) for ids in batches for row in ids.tolist()],
        mark=lambda i, row, at: "pad" if i == result.pad_token_id else "",
        group=lambda i, row, at: None if i is None else numbers[row],
        key=lambda i, row, at: f"line-{lines[row]}",
    )
    return Grid(
        how, cells, tensor=f"input_ids of each batch, at most [{len(cells)}, {widest}] int64 cpu", limit=PLAIN, digits=0, row_dim=None,
        row_labels=[str(line) for line in lines], rows="line", cols="position", badge=f"{(result.cells or {})[how]} cells",
        group_names=["batch"] * len(batches), wide=True,
    )  # fmt: skip


def _cells(result: Result) -> Panel:
    cells = result.cells or {}
    real = cells["real tokens"]
    shown = [
        Bar(name, size, f"{name}: {count(size, 'cell')}, {size - real or 'none'} of them padding", _bar_key(name))
        for name, size in cells.items()
    ]
    return Bars("cells", shown, digits=0, references=[("real tokens", real)], wide=True)


RINGED = {  # the bars that decide a question
    "random order": "random", "labels = input_ids": "labels", "-100 where the mask is 0": "labels",
    "-100 where id == pad_token_id": "by_id",
}  # fmt: skip


def _bar_key(name: str) -> list[str]:
    own = name.replace(" ", "-")
    return [own, f"@{RINGED[name]}"] if name in RINGED else [own]


def _labels(params: Params, result: Result) -> Figure:
    call = Operator("F.cross_entropy(logits, labels)", "ignore_index=-100")
    if result.loss is None:
        said = veiled(Error("logits", result.error or "", where="model(input_ids)"))
        row = [
            ("pad", "pad_token_id", str(result.pad_token_id)),
            ("rows", "rows of the Embedding", str(result.vocab_size)),
        ]
        return figure(
            hero=[[_lines(result), Operator("model(input_ids)"), said], [veiled(Facts(row))]],
            more=[[_ids(result), _tokenizer(params, result)]],
        )
    ids, mask = (tensor.tolist() for tensor in (result.input_ids, result.attention_mask))  # type: ignore[union-attr]
    real = [row[1:] for row in mask]
    named = [[int(i != result.pad_token_id) for i in row[1:]] for row in ids]
    everything = [[1] * len(row) for row in real]
    return figure(
        hero=[[_lines(result), call, veiled(_loss(result))], [_said(result)]],
        more=[
            [_ids(result)],
            [
                _losses(result, "counted", "labels = input_ids", everything),
                _losses(result, "ignored", "-100 where the mask is 0", real),
            ],
            [_losses(result, "by_id", "-100 where id == pad_token_id", named), _tokenizer(params, result)],
        ],
    )


def _loss(result: Result) -> Panel:
    shown = [Bar(name, mean, key=_bar_key(name)) for name, mean in (result.loss or {}).items()]
    return Bars("mean loss", shown, digits=4, wide=True)


def _said(result: Result) -> Panel:
    """What each way to label makes of the padding, and of real tokens with the id of the pad token."""
    assert result.loss is not None and result.counted is not None
    filled, lost = pads(result), real_pads(result)
    counts = bool(result.counted[result.attention_mask[:, 1:] == 0].any())  # type: ignore[index]
    return veiled(
        Facts(
            [
                (
                    "labels",
                    "labels that are padding",
                    ("they are counted" if counts else "they are left out") if filled else "there are none",
                ),
                ("lost", "real tokens ignored by id", str(lost) if lost else "none"),
                ("by_id", "loss with -100 by id", number(result.loss["-100 where id == pad_token_id"], 4)),
            ]
        )  # fmt: skip
    )


def _losses(result: Result, name: str, badge: str, kept: list[list[int]]) -> Panel:
    values = getattr(result, name)
    cells = cells_of(
        values,
        kept,
        [row[1:] for row in result.tokens or []],
        mark=lambda loss, keep, token, *_: "" if keep else "pad",
        sub=lambda loss, keep, token, *_: token,
    )
    return Grid(
        name, cells, tensor=described(name, values, ("line", "T - 1")), limit=limit(result.counted), rows="line",
        cols="predicted position", badge=badge, digits=1,
        col_labels=[str(at + 1) for at in range(values.shape[1])],
    )  # fmt: skip


def _masks(params: Params, result: Result) -> Figure:
    """How far the real tokens of all lines are from the lines alone, by the mask that is passed, in the layer and in the function."""
    assert result.gap is not None and result.function_gap is not None
    layer, function = (gap.amax(dim=1).tolist() for gap in (result.gap, result.function_gap))
    rows: list[list[Any]] = [
        ["nn.TransformerEncoderLayer", *map(_difference, layer[:3])],
        ["… and position_ids from it", *[("–", "muted")] * 2, keyed(*_difference(layer[3]), "@module")],
        [
            "F.scaled_dot_product_attention",
            _difference(function[0]),
            keyed(*_difference(function[1]), "@function"),
            _difference(function[2]),
        ],
    ]
    note = "Passed: attention_mask.bool(), or attention_mask == 0."
    moves = Table("largest move of a real token", MOVES, rows, breaks=True, wide=True, note=note)
    said = Facts([
        ("module", "src_key_padding_mask is True", _attends(layer[3], "no token attends to it", "each token attends to it")),
        ("function", "attn_mask is True", _attends(function[1], "the queries attend to it", "no query attends to it")),
    ])  # fmt: skip
    call = Operator("attention", f"{params.mode} mode, no_grad")
    mask = result.attention_mask.tolist()  # type: ignore[union-attr]
    ones = [[f"{line}", f"{sum(row)}", f"{len(row) - sum(row)}"] for line, row in enumerate(mask)]
    passed = Table("attention_mask", ["line", "ones", "zeros"], ones, breaks=True)
    return figure(
        hero=[[passed, call, veiled(moves)], [veiled(said)]],
        more=[[_gap(result)], [_mask(result), _ignored(result)], [_ids(result)]],
    )


def _attends(gap: float, yes: str, no: str) -> str:
    """What True means, from the difference that is left when True stands where it should by this reading."""
    return yes if gap < ROUNDING else no


def _gap(result: Result) -> Panel:
    """Line by line."""
    assert result.gap is not None and result.function_gap is not None
    columns = ["", *(f"line {line}" for line in range(result.gap.shape[1]))]
    named = [
        *(("src_key_padding_mask", way, row) for way, row in zip(WAYS, result.gap.tolist(), strict=True)),
        *(("attn_mask", way, row) for way, row in zip(WAYS[:3], result.function_gap.tolist(), strict=True)),
    ]
    rows = [[f"{argument}: {way}", *(_difference(value) for value in row)] for argument, way, row in named]
    note = "Largest difference of a real token's output from the same line alone, without padding."
    return Table("gap, line by line", columns, rows, wide=True, note=note)


def _difference(value: float) -> tuple[str, str]:
    shown = f"{value:.2g}".replace("-", "\N{NON-BREAKING HYPHEN}")
    return ("NaN", "warn") if value != value else (shown, "yes" if value < ROUNDING else "warn")
