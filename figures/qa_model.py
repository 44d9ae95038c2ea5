"""What each line of the class that loops gave, a lane for each call of its model, and the one padded batch beside it."""

import ast
from functools import cache
from typing import Any

from explorable.cut import source_of
from explorable.words import listing
from figures.cells import Bar, Cell, cells_of
from figures.panels import (
    Bars,
    Cube,
    Error,
    Facts,
    Figure,
    Grid,
    Operator,
    Panel,
    Table,
    described,
    figure,
    limit,
    veiled,
)
from lessons.qa_model import (
    AGAIN,
    APPEND,
    APPEND_LOSS,
    CALL,
    COLLATE,
    GET,
    ITEM,
    MEAN,
    NEVER,
    NONE,
    STACK,
    STRINGS,
    Params,
    Result,
    beside,
    kind_of,
    place_of,
    raised_in,
)

FAR = 1e9  # a colour limit that leaves ids white
AXES = ("items", "batch", "tokens", "vocabulary")  # of the stack


def draw(params: Params, result: Result) -> Figure:
    error = Error("What torch says", result.error or "", where=place_of(params, result))
    opened = result.logits is not None
    stacked = _stacked(result) if opened else error if result.error else _lanes(params, result)
    losses = _losses(params, result)
    apart = result.loss is not None and (params.forward == AGAIN or beside(result) != "they are equal")
    shapes = [_shapes_of(params, result), Operator("torch.stack(logits)", "what forward returns")]
    calls = [_calls(params, result), Operator("get_loss(logits, batch)", "what it returns")]
    return figure(
        hero=[
            [*calls, veiled(losses)] if apart else [*shapes, veiled(stacked)],
            [veiled(error)] if result.error and stacked is not error else [],
            [veiled(_facts(params, result))],
        ],
        more=[
            [_source(params, result)],
            [*shapes, stacked] if apart else [],
            [_slabs(result), _stack(result)] if opened else [],
            [_axes(result)] if opened else [],
            [_lanes(params, result), _answers(result)],
            [_argmax(result), *([] if apart else [losses])],
            [_ids(result)],
            [_mask(result), _labels(result)],
        ],
    )


def _shapes_of(params: Params, result: Result) -> Panel:
    """A row of boxes for each call of the inner model: the sizes of its logits."""
    lanes = [(place, lane["shape"]) for place, lane in enumerate(result.lanes) if "shape" in lane]
    if not lanes:
        return _calls(params, result)
    unequal = raised_in(params, result) == STACK

    def box(place: int, dim: int, size: int) -> Cell:
        ringed = ["@forward"] * (dim == 0 if result.logits is not None else unequal and dim == 1)
        return Cell(
            size, f"the logits of {_call(place, result)}: dim {dim} has size {size}", [f"dim-{AXES[dim + 1]}", *ringed]
        )

    cells = [[box(place, dim, size) for dim, size in enumerate(shape)] for place, shape in lanes]
    return Grid(
        "self.model(**item).logits", cells, tensor=f"logits, a list of {len(lanes)}: their shapes", limit=FAR, digits=0, signed=False, row_dim=2,
        col_dim=None, row_labels=[_call(place, result) for place, _ in lanes], col_labels=AXES[1:], label_width=52, wide=True,
    )  # fmt: skip


def _stacked(result: Result) -> Panel:
    """The sizes of the one tensor: the new axis, and the 1 of each call's batch behind it."""
    assert result.logits is not None
    sizes = result.logits.shape

    def box(dim: int, size: int) -> Cell:
        ringed = ["@forward"] * (dim < 2)
        mark, sub = ("", "") if dim else ("new", "new")  # green, as the edge of the rows that it counts
        return Cell(size, f"dim {dim} of the stack has size {size}", [f"dim-{AXES[dim]}", *ringed], sub, mark)

    return Grid(
        "the shape of one tensor", [[box(dim, size) for dim, size in enumerate(sizes)]], tensor=described("logits", result.logits, ["N", "B", "T", "V"]),
        limit=FAR, digits=0, signed=False, row_dim=None, col_dim=None, row_labels=["shape"], col_labels=AXES, label_width=52, wide=True,
    )  # fmt: skip


def _slabs(result: Result) -> Panel:
    """The logits of each call as one slab, with the columns of a few words."""
    lanes = list(enumerate(result.lanes))
    cells = [
        [_rows(lane["drawn"].tolist(), result, f"the logits of {_call(place, result)}", str(place))]
        for place, lane in lanes
    ]
    size = lanes[0][1]["shape"][-1]
    return Cube(
        "one slab for each call", cells, parts=[f"{_call(place, result)}: {lane['shape']}" for place, lane in lanes],
        tensor=f"list of {len(lanes)}; {len(result.drawn)} of {size:,} words drawn", axes=AXES[1:],
        limit=limit(*[lane["drawn"] for _, lane in lanes]), digits=0, solid=False, column=True,
        col_labels=[_short(word) for word in result.drawn_words],
    )  # fmt: skip


def _short(word: str) -> str:
    plain = word.removeprefix("▁")  # how T5 writes a space
    return plain if len(plain) < 7 else f"{plain[:5]}…"


def _rows(rows: list[list[float]], result: Result, where: str, item: str) -> list[list[Cell]]:
    """The cells of a slab."""

    def cell(t: int, column: int, value: float) -> Cell:
        word = result.drawn_words[column]
        return Cell(value, f"{where} at token {t} for {word!r}: {value:.3f}", f"item{item}t{t}w{column}")

    return [[cell(t, column, value) for column, value in enumerate(row)] for t, row in enumerate(rows)]


def _stack(result: Result) -> Panel:
    """The same slabs behind each other: the first axis counts them."""
    assert result.logits is not None
    slabs = result.logits[:, 0, :, result.drawn]  # (N, T, W)
    cells = [_rows(rows, result, f"logits[{n}, 0]", str(n)) for n, rows in enumerate(slabs.tolist())]
    items, one, tokens, words = result.logits.shape
    return Cube(
        "the stack, drawn", cells, tensor=described("logits", result.logits, ["N", "B", "T", "V"]), axes=[AXES[0], *AXES[2:]],
        at=[0, 2, 3], sizes=[items, tokens, words], dims=[3, 1, 2], new_dim=0, limit=limit(slabs), digits=0, flat=False,
        badge=f"dim 1, each call's batch of {one}, is not drawn", wide=True,
    )  # fmt: skip


@cache
def class_lines() -> tuple[str, ...]:
    """The methods of the class that loops, as they stand in the program, without __init__."""
    source = source_of("qa_model")
    [found] = [node for node in source.tree.body if isinstance(node, ast.ClassDef) and node.name == "QAModel"]
    methods = [node for node in found.body if isinstance(node, ast.FunctionDef) and node.name != "__init__"]
    lines = [line for node in methods for line in source.lines[node.lineno - 1 : node.end_lineno]]
    return tuple(line[4:] for line in lines)


def _indented(line: str) -> str:
    return line.replace("    ", "\N{NO-BREAK SPACE}" * 2)


def _calls(params: Params, result: Result) -> Panel:
    """A block for each call of the inner model: the shape of its logits."""
    rows: list[list[Any]] = [
        [_call(place, result), str(lane["shape"]) if "shape" in lane else ("no .logits", "warn")]
        for place, lane in enumerate(result.lanes)
    ]
    return Table(
        "self.model(**item)",
        ["call", ".logits (B, T, V)"],
        rows or [["none", _without_a_lane(params, result)]],
        breaks=True,
    )


def _call(place: int, result: Result) -> str:
    return f"item {place}" if place < len(result.questions) else "again"


def _without_a_lane(params: Params, result: Result) -> str:
    return "the first call raised" if raised_in(params, result) == CALL else "self.model was not called"


def _lanes(params: Params, result: Result) -> Panel:
    """One row for each call of the inner model: what came out."""
    rows: list[list[Any]] = []
    for place, lane in enumerate(result.lanes):
        loss = "None" if lane.get("loss") is None else f"{lane['loss'].item():.4f}"
        shape = str(lane["shape"]) if "shape" in lane else ("no .logits", "warn")
        rows.append([_call(place, result), shape, loss])
    rows = rows or [["none", _without_a_lane(params, result), ""]]
    return Table("what its model returns", ["call", ".logits (B, T, V)", ".loss"], rows, breaks=True)


def _facts(params: Params, result: Result) -> Panel:
    failed = f"{kind_of(result)} in {place_of(params, result)}"
    returns = str(tuple(result.logits.shape)) if result.logits is not None else "nothing: it is not called"
    whose = "the last item alone" if params.forward == AGAIN else "all items"
    inside = params.forward != NEVER and result.batch is not None
    return Facts(
        [
            ("forward", "forward(batch) returns", failed if result.error and inside else returns),
            ("of", "get_loss() is the loss of", "nothing: it is not reached" if result.loss is None else whose),
            ("means", "get_loss(), to the loss of one padded batch", beside(result)),
            ("answer", "one padded batch answers", listing([repr(each["text"]) for each in result.decoded])),
        ]
    )


def _source(params: Params, result: Result) -> Panel:
    lines = [line for line in class_lines() if line.strip()]
    failed, said = raised_in(params, result), _what_happened(params, result)
    order = [line.strip() for line in lines]
    reached = -1 if failed == COLLATE else order.index(failed) if failed else len(order)
    rows: list[list[Any]] = []
    for at, (line, code) in enumerate(zip(lines, order, strict=True)):
        if code == failed:
            told: Any = (result.error, "warn")
        elif at > reached or params.forward == NEVER:
            told = ("not reached", "muted") if code in said else ""
        else:
            told = said.get(code, "")
        rows.append([_indented(line), told])
    return Table(
        "the class that loops, line by line", ("line", "what happened"), rows,
        lit=[order.index(failed)] if failed in order else [], badge="raises" if failed else "silent", breaks=True, wide=True,
    )  # fmt: skip


def _what_happened(params: Params, result: Result) -> dict[str, Any]:
    """For the lines that do something: what they gave."""
    lanes = result.lanes
    shapes = [str(lane.get("shape", "")) for lane in lanes]
    losses = [lane.get("loss") for lane in lanes]
    missing = any(loss is None for loss in losses)
    shown = ", ".join("None" if loss is None else f"{loss.item():.4f}" for loss in losses)
    return {
        'for item in batch["text"]:': "" if result.batch is None else _met(result.batch["text"]),
        ITEM: _shapes(params, result),
        CALL: ", ".join(sorted({f"{len(lanes)} × {lane['output']}" for lane in lanes})),
        APPEND: ", ".join(shapes),
        APPEND_LOSS: (shown, "warn") if missing else shown,
        "except AttributeError:": ("does not run: append(None) raises nothing" if missing else "does not run", "muted"),
        MEAN: "" if result.loss is None else _means(losses, len(result.questions)),
        STACK: "" if result.logits is None else str(tuple(result.logits.shape)),
        GET: "" if result.loss is None else f"{result.loss.item():.4f}, of the last forward",
    }


def _means(losses: list[Any], size: int) -> str:
    """self.loss after each forward: the first one reads `size` items, a second one the rest."""
    forwards = [part for part in (losses[:size], losses[size:]) if part]
    return ", then ".join(f"{sum(loss.item() for loss in part) / len(part):.4f}" for part in forwards)


def _met(text: Any) -> str:
    return ", ".join(map(repr, text)) if isinstance(text, dict) else f"{len(text)} × {_kind(text)}"


def _kind(text: list[Any]) -> str:
    return type(text[0]).__name__ if text else "item"


def _shapes(params: Params, result: Result) -> str:
    """What the first item holds, as it is given to the model."""
    if result.batch is None or params.items in (STRINGS, NONE) or not isinstance(result.batch["text"], list):
        return ""
    first = result.batch["text"][0]
    return ", ".join(f"{name} {tuple(row.shape)}" for name, row in first.items() if hasattr(row, "shape"))


def _axes(result: Result) -> Panel:
    meanings = ("N: items of the loop", "B: the batch of one item", "T: answer tokens", "V: words of the vocabulary")
    rows = [[f"dim {dim}", str(size), meanings[dim]] for dim, size in enumerate(result.logits.shape)]  # type: ignore[union-attr]
    note = described("logits", result.logits, ["N", "B", "T", "V"])
    return Table("the axes of torch.stack(logits)", ("dim", "size", "counts"), rows, note=note)


def _losses(params: Params, result: Result) -> Panel:
    losses = [
        *((_call(at, result), lane.get("loss")) for at, lane in enumerate(result.lanes)),
        ("get_loss()", result.loss),
        ("the batch, by token", result.batched_loss),
    ]  # fmt: skip
    ringed = {"get_loss()": ["@means", "@of"], "the batch, by token": ["@means"], "again": ["@of"]}
    shown = [
        Bar(name, loss.item(), _told(name, params), [f"loss-{name.replace(' ', '_')}", *ringed.get(name, [])])
        for name, loss in losses
        if loss is not None
    ]
    if not shown:
        return Table("losses", ("loss", "why"), [["None", "no item has labels, so there is no loss"]])
    return Bars("losses", shown, digits=4)


def _told(name: str, params: Params) -> str:
    if name.startswith("get_loss"):
        last = "the last forward, of the last item alone" if params.forward.startswith("again") else "the one forward"
        return f"self.loss of {last}: the mean of item losses, in which every item weighs the same"
    if name.startswith("the batch"):
        return "cross_entropy over all answer tokens, -100 ignored: every token weighs the same"
    return f"{name}: the mean over the tokens of its own answer"


def _argmax(result: Result) -> Panel:
    lanes = [lane for lane in result.lanes if "p" in lane]
    if not lanes:
        return Table("argmax of the lanes", ("nothing",), [["no call returned logits"]])
    return _words(
        "argmax of the lanes",
        lanes,
        "lane",
        "given the label before it",
    )


def _answers(result: Result) -> Panel:
    return _words("one padded batch answers", result.decoded, "question", "greedy")


def _words(title: str, rows: list[dict[str, Any]], axis: str, badge: str) -> Panel:
    """The tokens with their probabilities, a row for each answer; short ones end early."""
    widest = max(len(row["tokens"]) for row in rows)

    def cell(i: int, t: int) -> Cell:
        key = f"{axis}{i}t{t}"
        if t >= len(rows[i]["tokens"]):
            return Cell(None, "after </s>", key, mark="pad")
        word, p = rows[i]["tokens"][t], rows[i]["p"][t].item()
        return Cell(p, f"p({word}) = softmax(logits[{i}, {t}]).max() = {p:.6f}", key, sub=word)

    return Grid(
        title, [[cell(i, t) for t in range(widest)] for i in range(len(rows))],
        tensor=f"{len(rows)} answers, up to {widest} tokens: float32 {rows[0]['p'].device}", limit=1.0, rows=axis, cols="T",
        badge=badge, digits=3, wide=True,
    )  # fmt: skip


def _ids(result: Result) -> Panel:
    cells = cells_of(
        result.input_ids,
        result.tokens,
        result.attention_mask,
        sub=lambda i, token, keep, *_: token,
        mark=lambda i, token, keep, *_: "" if keep else "pad",
        key=lambda i, token, keep, row, column: f"s{row}.{column}",
    )
    return Grid(
        "input_ids", cells, tensor=described("input_ids", result.input_ids, ["N", "S"]), limit=FAR, rows="N", cols="S",
        badge="of one padded batch", digits=0, wide=True,
    )  # fmt: skip


def _mask(result: Result) -> Panel:
    mask = result.attention_mask
    cells = cells_of(mask, key=lambda _, row, column: f"s{row}.{column}")
    return Grid(
        "attention_mask", cells, tensor=described("attention_mask", mask, ["N", "S"]), limit=FAR, rows="N", cols="S", digits=0, wide=True
    )  # fmt: skip


def _labels(result: Result) -> Panel:
    if result.labels is None:
        return Table("labels", ("labels", "so"), [["None", "the decoder reads its start token alone; no loss"]])
    cells = cells_of(
        result.labels,
        mark=lambda label, *_: "pad" if label == -100 else "",
        key=lambda label, row, column: f"t{row}.{column}",
    )
    return Grid(
        "labels", cells, tensor=described("labels", result.labels, ["N", "T"]), limit=FAR, rows="N", cols="T", digits=0,
        badge="-100 is ignored",
    )  # fmt: skip
