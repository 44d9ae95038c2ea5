"""Two runs of one edit side by side: old against new answer at every step, the three scores, and what broke."""

from typing import Any

from figures.charts import lines
from figures.panels import Figure, Panel, bars, chart, error, figure, stepped, table
from lessons.edit import PATTERNS, Params, Result

Cell = str | tuple[str, str]
SHORT = ("encoder wo", "decoder wo", "every DenseReluDense", "everything")  # of PATTERNS
LISTED = 20  # broken facts of a setting, at most


def draw(params: Params, result: Result) -> Figure:
    if result.error:
        where = "output.loss.backward()" if result.error.startswith("RuntimeError") else "search(pattern, n)"
        return figure([error("What torch says", result.error, where=where)], [_tensors(result)])
    titles = _titles(result)
    drawn = range(len(result.losses))
    return figure(
        [_scores(result, titles), *(_probabilities(result, k, titles[k]) for k in drawn)],
        [_losses(result, titles), *(_logits(result, k, titles[k]) for k in drawn)] if drawn else [],
        [_edited(result, titles)],
        [_broken(result, k, titles[k]) for k in range(len(result.broken))],
        [_kept(result, titles), _reworded(result, titles)],
        [_curves(result, titles, "loss"), _curves(result, titles, "logit")] if drawn else [],
        [_tensors(result)],
        steps=_states(params, result),
        step_name="step",
    )


def _titles(result: Result) -> list[str]:
    """A short name for each setting."""
    moves = dict(zip(PATTERNS.values(), SHORT, strict=True))
    return [f"{moves.get(pattern, 'regex')}, {optimizer} {lr:g}" for pattern, optimizer, lr in result.settings]


def _states(params: Params, result: Result) -> list[str]:
    """A label for each state: what has been done when it is read."""
    longest = max(result.order, key=len, default=[])
    edits = len(result.edits)
    labels = []
    for position, index in enumerate(longest):
        step = f"{position % (params.steps + 1)} of {params.steps}"
        labels.append(f"{step}, {result.edits[index][0]}" if edits > 1 else step)
    return labels


def _rivals(result: Result, k: int, position: int) -> list[str]:
    index = result.order[k][position]
    return [f"{result.old[index]} (old)", f"{result.edits[index][1]} (new)"]


def _pair(result: Result, k: int, title: str, values: list[Any], limit: float) -> Panel:
    """Old and new answer as two bars, one frame a state."""
    frames = [
        bars(title, _rivals(result, k, position), pair, limit=limit, digits=3) for position, pair in enumerate(values)
    ]
    return stepped(frames[-1], frames)


def _probabilities(result: Result, k: int, title: str) -> Panel:
    return _pair(result, k, f"probability · {title}", result.probabilities[k].tolist(), 1.0)


def _logits(result: Result, k: int, title: str) -> Panel:
    top = max(abs(value) for tensor in result.logits for pair in tensor.tolist() for value in pair)
    return _pair(result, k, f"logit · {title}", result.logits[k].tolist(), top if top < float("inf") else 100.0)


def _losses(result: Result, titles: list[str]) -> Panel:
    curves = [tensor.tolist() for tensor in result.losses]
    frames = []
    for position in range(max(map(len, curves))):
        now = [curve[min(position, len(curve) - 1)] for curve in curves]
        frames.append(bars("loss at this step", titles[: len(now)], now, digits=3))
    return stepped(frames[-1], frames)


def _scores(result: Result, titles: list[str]) -> Panel:
    rows: list[list[Cell]] = [
        ["success", *_shares(result, result.success, result.answers)],
        ["generality", *_shares(result, result.generality, result.reworded)],
        ["locality", *_localities(result)],
    ]
    return table("After the last step", ["score", *titles], rows)


def _shares(result: Result, shares: list[float], asked: list[Any]) -> list[Cell]:
    cells: list[Cell] = []
    for value, items in zip(shares, asked, strict=True):
        cells.append((f"{value:.2f} ({round(value * len(items))}/{len(items)})", "yes" if value >= 0.9 else "warn"))
    return cells + _waiting(result, cells)


def _localities(result: Result) -> list[Cell]:
    cells: list[Cell] = []
    for value, kept in zip(result.locality, result.kept, strict=True):
        same, total = (sum(pair[end] for pair in kept.values()) for end in (0, 1))
        cells.append((f"{value:.3f} ({same}/{total})", "yes" if value >= 0.9 else "warn"))
    return cells + _waiting(result, cells)


def _waiting(result: Result, cells: list[Any]) -> list[Cell]:
    """For the settings that are not scored yet."""
    return [("…", "muted")] * (len(result.settings) - len(cells))


def _edited(result: Result, titles: list[str]) -> Panel:
    rows: list[list[Cell]] = []
    for index, (question, new) in enumerate(result.edits):
        said: list[Cell] = [_said(given[index], new) for given in result.answers]
        rows.append([question, result.old[index], new, *said, *_waiting(result, said)])
    return table("Success: the edited question", ["question", "before", "new answer", *titles], rows, wide=True)


def _said(answer: str, wanted: str) -> Cell:
    return (answer or "(nothing)", "yes" if answer == wanted else "warn")


def _reworded(result: Result, titles: list[str]) -> Panel:
    rows: list[list[Cell]] = []
    for several in zip(*result.reworded, strict=True):
        said = [_said(answer, wanted) for _, wanted, answer in several]
        rows.append([several[0][0], several[0][1], *said, *_waiting(result, said)])
    columns = ["other wording", "new answer", *titles]
    return table("Generality: other wordings of the edited question", columns, rows, wide=True)


def _broken(result: Result, k: int, title: str) -> Panel:
    broken = result.broken[k]
    spread = broken[:: max(1, -(-len(broken) // LISTED))]  # facts of one relation stand together: some of each
    rows: list[list[Cell]] = [[question, was, (now or "(nothing)", "warn")] for question, was, now in spread]
    note = "" if broken else "no other fact changed"
    if len(rows) < len(broken):
        note = f"{len(rows)} of {len(broken)}, taken from all relations"
    return table(
        f"Locality: what broke · {title}", ["question", "before", "now"], rows, note=note, badge=str(len(broken))
    )


def _kept(result: Result, titles: list[str]) -> Panel:
    rows: list[list[Cell]] = []
    for relation in dict.fromkeys(name for kept in result.kept for name in kept):
        pairs = [kept[relation] for kept in result.kept]
        cells: list[Cell] = [(f"{same} of {total}", "yes" if same >= 0.9 * total else "warn") for same, total in pairs]
        rows.append([relation, *cells, *_waiting(result, cells)])
    return table("Locality: other facts that stayed", ["relation", *titles], rows)


def _tensors(result: Result) -> Panel:
    titles = _titles(result)[: len(result.moved)]
    rows: list[list[Cell]] = []
    for index, name in enumerate(result.names):
        moved = [
            _moved(flags[index], distances[index].item())
            for flags, distances in zip(result.trainable, result.moved, strict=True)
        ]
        rows.append([name, f"{result.sizes[index].item():.3f}", *moved])
    note = "norm of the tensor before, and of its change after the last step; ▲ may move, ❄ frozen by the notes' loop"
    return table(
        "Which tensors moved, and how far", ["named_parameters()", "norm", *titles], rows, note=note, wide=True
    )


def _moved(trains: bool, distance: float) -> Cell:
    return (
        (f"▲ {distance:.4f}", "warn") if trains else ("❄ 0", "muted") if not distance else (f"❄ {distance:.4f}", "no")
    )


def _curves(result: Result, titles: list[str], name: str) -> Panel:
    if name == "loss":
        series = {title: t.tolist() for title, t in zip(titles, result.losses, strict=False)}
    else:
        series = {
            f"{answer} · {title}": t[:, column].tolist()
            for title, t in zip(titles, result.logits, strict=False)
            for column, answer in enumerate(("old", "new"))
        }
    x: list[float] = list(range(max(map(len, series.values()))))
    ends = ", ".join(f"{key} {curve[0]:.2f} to {curve[-1]:.2f}" for key, curve in series.items())
    shown = sorted({*x[:: max(1, len(x) // 10)], x[-1]})
    rows = [[int(i), *(curve[int(i)] if i < len(curve) else "" for curve in series.values())] for i in shown]
    drawn = lines(x, series, x_title="state", y_title=name)
    return chart(f"{name} at every state", drawn, alt=f"{name}: {ends}.", columns=["state", *series], rows=rows)
