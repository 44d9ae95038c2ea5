"""Ids with their filling, the cells that batches waste, the loss of every label, and what masks make of it."""

from typing import Any

from figures.panels import Figure, Panel, bars, described, error, figure, grid, limit, table
from lessons.padding import LABELS, MASKS, WASTE, WAYS, Params, Result

PLAIN = 1e9  # ids are names, not amounts: no colour


def draw(params: Params, result: Result) -> Figure:
    if result.input_ids is None:
        return figure([error("input_ids", result.error or "", where="tokenizer(texts, ...)")], [_facts(params, result)])
    if params.view == WASTE:
        return figure([_batches(result, "random order"), _batches(result, "sorted by length")], [_cells(result)])
    if params.view == LABELS:
        return _labels(params, result)
    if params.view == MASKS:
        return figure([_gap(result)], [_mask(result), _ignored(result)], [_ids(result)])
    return figure([_ids(result)], [_mask(result), _facts(params, result)])


def _ids(result: Result) -> Panel:
    ids, mask, tokens = result.input_ids, result.attention_mask.tolist(), result.tokens  # type: ignore[union-attr]
    assert ids is not None and tokens is not None
    notes = [
        [
            f"line {row}, position {at}: {token!r} is id {i}; attention_mask {keep}"
            for at, (token, i, keep) in enumerate(zip(*cells, strict=True))
        ]
        for row, cells in enumerate(zip(tokens, ids.tolist(), mask, strict=True))
    ]
    return grid(
        "input_ids", ids, tensor=described("input_ids", ids, ("line", "T")), limit=PLAIN, digits=0, rows="line", cols="position",
        sub=tokens, marks=_pads(mask), notes=notes, wide=True,
    )  # fmt: skip


def _pads(mask: list[list[int]]) -> list[list[str]]:
    return [["" if keep else "pad" for keep in row] for row in mask]


def _mask(result: Result) -> Panel:
    mask = result.attention_mask
    return grid(
        "attention_mask", mask, tensor=described("attention_mask", mask, ("line", "T")), limit=1, digits=0, rows="line",
        cols="position", badge="Hugging Face: 1 = keep",
    )  # fmt: skip


def _ignored(result: Result) -> Panel:
    mask = result.key_padding_mask
    assert mask is not None
    return grid(
        "key_padding_mask", mask, tensor=described("key_padding_mask", mask, ("line", "T")), limit=1, rows="line", cols="position",
        badge="PyTorch: True = ignore", marks=[["pad" if ignore else "" for ignore in row] for row in mask.tolist()],
    )  # fmt: skip


def _facts(params: Params, result: Result) -> Panel:
    rows: list[list[Any]] = [
        ["pad_token_id", ("None", "warn") if result.pad_token_id is None else result.pad_token_id],
        ["tokenizer.vocab_size", result.vocab_size],
        ["len(tokenizer)", result.length],
        ["lines", len(result.texts)],
    ]
    if result.input_ids is not None and result.attention_mask is not None:
        real = int(result.attention_mask.sum())
        rows += [["real tokens", real], ["padding", result.input_ids.numel() - real]]
    return table(f"tokenizer with pad_token {params.pad_token}", ["", "value"], rows)


def _batches(result: Result, how: str) -> Panel:
    """Every batch is padded to its own longest line; cells beyond it are not computed at all."""
    batches, lines = (
        (result.random_batches, result.order) if how == "random order" else (result.sorted_batches, result.by_length)
    )
    assert batches is not None and lines is not None
    widest = max(ids.shape[1] for ids in batches)
    rows = [row + [None] * (widest - len(row)) for ids in batches for row in ids.tolist()]
    numbers = [number for number, ids in enumerate(batches) for _ in ids]
    return grid(
        how, rows, tensor=f"input_ids of each batch, at most [{len(rows)}, {widest}] int64 cpu", limit=PLAIN, digits=0, row_dim=None,
        row_labels=[str(line) for line in lines], rows="line", cols="position", badge=f"{(result.cells or {})[how]} cells",
        marks=[["pad" if i == result.pad_token_id else "" for i in row] for row in rows],
        groups=[[None if i is None else number for i in row] for row, number in zip(rows, numbers, strict=True)],
        group_names=["batch"] * len(batches), keys=[[f"line-{line}"] * widest for line in lines],
    )  # fmt: skip


def _cells(result: Result) -> Panel:
    cells = result.cells or {}
    real = cells["real tokens"]
    notes = [f"{name}: {size} cells, {size - real} of them padding" for name, size in cells.items()]
    return bars(
        "cells", list(cells), list(cells.values()), digits=0, notes=notes, references=[("real tokens", real)], wide=True
    )


def _labels(params: Params, result: Result) -> Figure:
    if result.loss is None:
        return figure(
            [error("logits", result.error or "", where="model(input_ids)"), _facts(params, result)], [_ids(result)]
        )
    ids, mask = (tensor.tolist() for tensor in (result.input_ids, result.attention_mask))  # type: ignore[union-attr]
    real = [row[1:] for row in mask]
    named = [[int(i != result.pad_token_id) for i in row[1:]] for row in ids]
    everything = [[1] * len(row) for row in real]
    loss = bars("loss", list(result.loss), list(result.loss.values()), digits=4, wide=True)
    return figure(
        [loss, _facts(params, result)],
        [
            _losses(result, "counted", "labels = input_ids", everything),
            _losses(result, "ignored", "-100 where the mask is 0", real),
        ],
        [_losses(result, "by_id", "-100 where id == pad_token_id", named)],
    )


def _losses(result: Result, name: str, badge: str, kept: list[list[int]]) -> Panel:
    values = getattr(result, name)
    return grid(
        name, values, tensor=described(name, values, ("line", "T - 1")), limit=limit(result.counted), rows="line",
        cols="predicted position", badge=badge, marks=_pads(kept), sub=[row[1:] for row in result.tokens or []], digits=1,
        col_labels=[str(at + 1) for at in range(values.shape[1])],
    )  # fmt: skip


def _gap(result: Result) -> Panel:
    assert result.gap is not None
    columns = ["src_key_padding_mask", *(f"line {line}" for line in range(result.gap.shape[1]))]
    rows = [[way, *(_difference(value) for value in row)] for way, row in zip(WAYS, result.gap.tolist(), strict=True)]
    return table(
        "gap",
        columns,
        rows,
        wide=True,
        note="Largest difference of a real token's output from the same line alone, without padding.",
    )


def _difference(value: float) -> tuple[str, str]:
    shown = f"{value:.2g}".replace("-", "\N{NON-BREAKING HYPHEN}")
    return ("NaN", "warn") if value != value else (shown, "yes" if value < 1e-5 else "warn")
