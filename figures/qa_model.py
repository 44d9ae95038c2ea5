"""The notes' forward line by line beside what each line gave, the gate of torch.stack, and the corrected class's batch."""

from typing import Any

from figures.panels import Figure, Panel, bars, described, error, figure, grid, table
from lessons.qa_model import NONE, STRINGS, TENSORS, Params, Result, as_in_the_notes

ITEM = 'item = {f"{k1}": v1.to(self.device) for k1, v1 in item.items()}'
CALL, APPEND, APPEND_LOSS = (
    "output = self.model(**item)",
    "logits.append(output.logits)",
    "self.loss.append(output.loss)",
)
MEAN, STACK, GET = "self.loss = torch.stack(self.loss).mean()", "return torch.stack(logits)", "return self.loss"
FAR = 1e9  # a colour limit that leaves ids white


def draw(params: Params, result: Result) -> Figure:
    return figure(
        [_lanes(result), _gate(params, result)],
        [_source(params, result)],
        [_answers(result), _argmax(result), _losses(params, result)],
        [_ids(result)],
        [_mask(result), _labels(result)],
    )


def raised_in(params: Params, result: Result) -> str:
    """The line of the class that raised; "" where nothing did, or where default_collate refused before."""
    lanes = result.lanes or []
    if result.error is None or result.batch is None:
        return ""
    if params.forward == "never":
        return GET
    if params.items == NONE:
        return MEAN
    if params.items != TENSORS:
        return ITEM
    if not lanes:
        return CALL
    if "shape" not in lanes[0]:
        return APPEND
    return MEAN if lanes[0]["loss"] is None else STACK


def _source(params: Params, result: Result) -> Panel:
    lines = as_in_the_notes().splitlines()
    lines = lines[lines.index("    def forward(self, batch):") :]
    lines = [line for line in lines if line]
    failed, said = raised_in(params, result), _what_happened(params, result)
    order = [line.strip() for line in lines]
    reached = order.index(failed) if failed else len(order)
    rows: list[list[Any]] = []
    for number, (line, code) in enumerate(zip(lines, order, strict=True)):
        if code == failed:
            told: Any = (result.error, "warn")
        elif number > reached or params.forward == "never":
            told = ("not reached", "muted") if code in said else ""
        else:
            told = said.get(code, "")
        rows.append([line[4:].replace("    ", "\N{NO-BREAK SPACE}" * 3), told])
    return table(
        "the notes' class, line by line",
        ("line", "what happened"),
        rows,
        lit=[order.index(failed)] if failed else [],
        badge="raises" if failed else "silent",
        breaks=True,
        wide=True,
    )


def _what_happened(params: Params, result: Result) -> dict[str, Any]:
    """For the lines that do something: what they gave."""
    lanes = result.lanes or []
    shapes = [str(lane.get("shape", "")) for lane in lanes]
    losses = [lane.get("loss") for lane in lanes]
    missing = any(loss is None for loss in losses)
    shown = ", ".join("None" if loss is None else f"{loss.item():.4f}" for loss in losses)
    return {
        "def forward(self, batch):": "" if result.batch is None else f'batch["text"]: {_kind(result.batch["text"])}',
        'for item in batch["text"]:': "" if result.batch is None else _met(result.batch["text"]),
        ITEM: _shapes(params, result),
        CALL: ", ".join(sorted({f"{len(lanes)} × {lane['output']}" for lane in lanes})),
        APPEND: ", ".join(shapes),
        APPEND_LOSS: (shown, "warn") if missing else shown,
        "except:": ("never runs: append(None) raises nothing" if missing else "never runs", "muted"),
        MEAN: "" if result.loss is None else _means(losses, len(result.questions)),
        STACK: "" if result.logits is None else str(tuple(result.logits.shape)),
        GET: "" if result.loss is None else f"{result.loss.item():.4f}, of the last forward",
    }


def _means(losses: list[Any], size: int) -> str:
    """self.loss after each forward: the first one reads `size` items, a second one the rest."""
    forwards = [part for part in (losses[:size], losses[size:]) if part]
    return ", then ".join(f"{sum(loss.item() for loss in part) / len(part):.4f}" for part in forwards)


def _kind(text: Any) -> str:
    if isinstance(text, dict):
        return f"a dict of {len(text)} tensors"
    return f"a list of {len(text)} " + (type(text[0]).__name__ + "s" if text else "items")


def _met(text: Any) -> str:
    return ", ".join(map(repr, text)) if isinstance(text, dict) else f"{len(text)} items"


def _shapes(params: Params, result: Result) -> str:
    """What the first item holds, as it is given to the model."""
    if result.batch is None or params.items in (STRINGS, NONE) or not isinstance(result.batch["text"], list):
        return ""
    first = result.batch["text"][0]
    return ", ".join(f"{name} {tuple(row.shape)}" for name, row in first.items() if hasattr(row, "shape"))


def _lanes(result: Result) -> Panel:
    """One row for each call of the inner model: what went in, what came out."""
    questions = result.questions
    rows: list[list[Any]] = []
    for number, lane in enumerate(result.lanes or []):
        again = number >= len(questions)
        asked = questions[-1] if again else questions[number]
        loss = "None" if lane.get("loss") is None else f"{lane['loss'].item():.4f}"
        shape = str(lane["shape"]) if "shape" in lane else ("no .logits: " + ", ".join(lane["keys"][:2]), "warn")
        words = " ".join(lane.get("tokens", []))
        rows.append(["again" if again else str(number), asked, shape, loss, words])
    columns = ("lane", "question", ".logits (B, T, V)", ".loss", "argmax")
    title = 'for item in batch["text"]: self.model(**item)'
    return table(title, columns, rows or [["none", "self.model was not called", "", "", ""]], wide=True)


def _gate(params: Params, result: Result) -> Panel:
    title = "gate: torch.stack(logits)"
    if result.logits is None:
        return {
            **error(title, result.error or "", where=raised_in(params, result) or "default_collate(text)"),
            "wide": True,
        }
    meanings = ("N: items of the batch", "B: rows of one item", "T: answer tokens", "V: words of the vocabulary")
    rows = [[f"dim {dim}", size, meanings[dim]] for dim, size in enumerate(result.logits.shape)]
    note = described("logits", result.logits, ["N", "B", "T", "V"])
    return table(title, ("dim", "size", "counts"), rows, badge="open", note=note)


def _losses(params: Params, result: Result) -> Panel:
    names, values = [], []
    for number, lane in enumerate(result.lanes or []):
        if lane.get("loss") is not None:
            names.append(f"item {number}" if number < len(result.questions) else "again")
            values.append(lane["loss"].item())
    if result.loss is not None:
        names.append("get_loss, the notes")
        values.append(result.loss.item())
    if result.batched_loss is not None:
        names.append("the batch, by token")
        values.append(result.batched_loss.item())
    if not values:
        return table("losses", ("loss", "why"), [["None", "no item has labels, so there is no loss"]])
    return bars("losses", names, values, digits=4, notes=[_told(name, params) for name in names])


def _told(name: str, params: Params) -> str:
    if name.startswith("get_loss"):
        last = "the last forward, of the last item alone" if params.forward.startswith("again") else "the one forward"
        return f"self.loss of {last}: the mean of item losses, in which every item weighs the same"
    if name.startswith("the batch"):
        return "cross_entropy over all answer tokens, -100 ignored: every token weighs the same"
    return f"{name}: the mean over the tokens of its own answer"


def _argmax(result: Result) -> Panel:
    lanes = [lane for lane in result.lanes or [] if "p" in lane]
    if not lanes:
        return table("argmax of the lanes", ("nothing",), [["no call returned logits"]])
    return _words(
        "argmax of the lanes",
        lanes,
        "lane",
        "given the label before it",
    )


def _answers(result: Result) -> Panel:
    return _words("the corrected class answers", result.decoded, "question", "greedy")


def _words(title: str, rows: list[dict[str, Any]], axis: str, badge: str) -> Panel:
    """The tokens with their probabilities, a row for each answer; short ones end early."""
    widest = max(len(row["tokens"]) for row in rows)
    gap = [None] * widest
    cells = [[*row["p"].tolist(), *gap][:widest] for row in rows]
    words = [[*row["tokens"], *[""] * widest][:widest] for row in rows]
    notes = [
        [
            f"p({word}) = softmax(logits[{i}, {t}]).max() = {p:.6f}" if word else "after </s>"
            for t, (word, p) in enumerate(zip(*pair, strict=True))
        ]
        for i, pair in enumerate(zip(words, cells, strict=True))
    ]
    return grid(
        title,
        cells,
        tensor=f"{len(rows)} answers, up to {widest} tokens: float32 {rows[0]['p'].device}",
        limit=1.0,
        rows=axis,
        cols="T",
        sub=words,
        notes=notes,
        marks=[["" if word else "pad" for word in row] for row in words],
        keys=[[f"{axis}{i}t{t}" for t in range(widest)] for i in range(len(rows))],
        badge=badge,
        digits=3,
        wide=True,
    )


def _ids(result: Result) -> Panel:
    return grid(
        "input_ids",
        result.input_ids,
        tensor=described("input_ids", result.input_ids, ["N", "S"]),
        limit=FAR,
        rows="N",
        cols="S",
        sub=result.tokens,
        marks=[["" if keep else "pad" for keep in row] for row in result.attention_mask.tolist()],
        keys=_places("s", result.input_ids),
        badge="what the corrected class reads",
        digits=0,
        wide=True,
    )


def _mask(result: Result) -> Panel:
    mask = result.attention_mask
    return grid(
        "attention_mask", mask, tensor=described("attention_mask", mask, ["N", "S"]), limit=FAR, rows="N", cols="S",
        keys=_places("s", mask), digits=0, wide=True,
    )  # fmt: skip


def _labels(result: Result) -> Panel:
    if result.labels is None:
        return table("labels", ("labels", "so"), [["None", "the decoder reads its start token alone; no loss"]])
    return grid(
        "labels", result.labels, tensor=described("labels", result.labels, ["N", "T"]), limit=FAR, rows="N", cols="T",
        marks=[["pad" if label == -100 else "" for label in row] for row in result.labels.tolist()],
        keys=_places("t", result.labels), digits=0, badge="-100 is ignored",
    )  # fmt: skip


def _places(name: str, tensor: Any) -> list[list[str]]:
    rows, columns = tensor.shape
    return [[f"{name}{row}.{column}" for column in range(columns)] for row in range(rows)]
