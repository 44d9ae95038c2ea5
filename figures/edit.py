"""The facts that an edit changes, look by look, with two settings side by side; the scores, and what broke."""

from collections.abc import Sequence
from typing import Any

from figures.panels import (
    Curve,
    Dots,
    Error,
    Fact,
    Facts,
    Figure,
    Operator,
    Panel,
    Table,
    figure,
    keyed,
    stepped,
    veiled,
)
from lessons.edit import Params, Result, moving, name_of, names_of, scope_of

Cell = str | tuple[str, str]
LISTED = 20  # broken facts of a setting, at most
WORDINGS = 4  # questions whose answers stand in the hero, at most


def draw(params: Params, result: Result) -> Figure:
    if result.error:
        where = "output.loss.backward()" if result.error.startswith("RuntimeError") else "search(pattern, n)"
        told = Error("What torch says", result.error, where=where)
        return figure(hero=[[_asked(result), told]], more=[[_tensors(result)]])
    looked = [k for k, losses in enumerate(result.losses) if len(losses)]
    optimizers = dict.fromkeys(optimizer for _, optimizer, _ in result.settings)
    return figure(
        hero=[
            [
                _asked(result),
                Operator(" · ".join(optimizers), f"{params.steps} steps"),
                *(_changed(result, k) for k in looked),
                *([_now(result)] if len(result.settings) == 1 and result.reworded else []),
            ],
            [veiled(Facts(items))] if (items := _facts(result)) else [],
        ],
        more=[
            [_scores(result), _kept(result)] if result.broken else [],
            _curves(result, "probability") + _curves(result, "loss"),
            [_broken(result, k) for k in range(len(result.broken))],
            [_edited(result)],
            [_reworded(result)],
            _curves(result, "logit"),
            [_tensors(result)],
        ],
        steps=_states(params, result),
        step_name="step",
    )


def _titles(result: Result) -> list[str]:
    return [name_of(setting) for setting in result.settings]


def _states(params: Params, result: Result) -> list[str]:
    """A label for each look: what has been done when all other facts are asked."""
    labels = []
    order = max(result.order, key=len)
    for position in result.looks[: max(map(len, result.changed))] if order else []:
        index = order[position]
        step = f"{position % (params.steps + 1)} of {params.steps}"
        labels.append(f"{step}, {result.edits[index][0]}" if len(result.edits) > 1 else step)
    return labels


def _asked(result: Result) -> Panel:
    rows = [[question, f"{was} → {new}"] for (question, new), was in zip(result.edits, result.old, strict=True)]
    return Table("Taught", ["question", "answer"], rows, breaks=True)


def _now(result: Result) -> Panel:
    """What the only setting makes of the edited questions, and of some of their other wordings."""
    told = [(question, said, "@said") for (question, _), said in zip(result.edits, result.answers[0], strict=True)]
    told += [(question, said, "@reworded") for question, _, said in result.reworded[0]]
    shown = told[:WORDINGS]
    rows = [[question, keyed(said or "(nothing)", "no", key)] for question, said, key in shown]
    note = f"{len(shown)} of {len(told)}; the first is the one it was taught" if len(told) > len(shown) else ""
    return veiled(Table("Says now", ["question", "answer"], rows, note=note, breaks=True))


def _changed(result: Result, k: int) -> Panel:
    """A dot for each other fact, one frame a look; the last one says what the model answers then to the edited question."""
    key = "@worse" if len(result.settings) > 1 else "@changed"
    found = result.changed[k].tolist()
    said = result.answers[k][0] if k < len(result.answers) and len(result.edits) == 1 else ""
    frames = [
        Dots(
            _moving(result, k), marked, off="give the same answer", on="other facts change", key=key,
            badge=f"says “{said}”" if said and marked is found[-1] else "",
        )
        for marked in found
    ]  # fmt: skip
    return veiled(stepped(frames))


def _moving(result: Result, k: int) -> str:
    """What may move, in words."""
    name = moving(result)[k]
    return name if name.startswith("the ") else f"{name} may move"


def _facts(result: Result) -> list[Fact]:
    """What the first setting did, and which of the two changed more."""
    if not result.broken:
        return []
    name, lost = names_of(result)[0], [len(broken) for broken in result.broken]
    right = sum(wanted == said for _, wanted, said in result.reworded[0])
    strayed = sum(
        bool(far) and not free for far, free in zip(result.moved[0].tolist(), result.trainable[0], strict=True)
    )
    items: list[Fact] = [
        ("said", f"edited, {name}", *_said_to(result)),
        ("reworded", "other wordings", _of(right, len(result.reworded[0]))),
        ("changed", "other facts that change", _share(lost[0], len(result.rest))),
        ("frozen", "frozen tensors that moved", str(strayed) if strayed else "not one"),
    ]
    if len(lost) == 2:
        scopes = [scope_of(trains) for trains in result.trainable]
        named = [f"moving {scope}" for scope in scopes] if scopes[0] != scopes[1] else names_of(result)
        more = "both alike" if lost[0] == lost[1] else named[lost.index(max(lost))]
        items.append(("worse", "spoils more other facts", more))
    return items


def _said_to(result: Result) -> tuple[str, str]:
    given = result.answers[0]
    if len(given) > 1:
        right = sum(new == now for (_, new), now in zip(result.edits, given, strict=True))
        return f"{_of(right, len(given))} say the new answer", ""
    kind = (
        "the new answer"
        if given[0] == result.edits[0][1]
        else "the old answer"
        if given == result.old
        else "neither of the two"
    )
    return kind, given[0] or "(nothing)"


def _of(part: int, whole: int) -> str:
    return f"all {whole}" if part == whole else f"{part or 'none'} of {whole}"


def _share(part: int, whole: int) -> str:
    return "none of them" if not part else "up to half of them" if part <= whole / 2 else "more than half"


def _scores(result: Result) -> Panel:
    rows: list[list[Cell]] = [
        ["success", *_shares(result, result.success, result.answers)],
        ["generality", *_shares(result, result.generality, result.reworded)],
        ["locality", *_localities(result)],
    ]
    return Table("After the last step", ["score", *_titles(result)], rows)


def _shares(result: Result, shares: list[float], asked: list[Any]) -> list[Cell]:
    cells: list[Cell] = []
    for value, items in zip(shares, asked, strict=True):
        cells.append((f"{value:.2f} ({round(value * len(items))}/{len(items)})", "yes" if value >= 0.9 else "warn"))
    return cells + _waiting(result, cells)


def _localities(result: Result) -> list[Cell]:
    cells: list[Cell] = []
    for value, broken in zip(result.locality, result.broken, strict=True):
        same = len(result.rest) - len(broken)
        cells.append((f"{value:.3f} ({same}/{len(result.rest)})", "yes" if value >= 0.9 else "warn"))
    return cells + _waiting(result, cells)


def _waiting(result: Result, cells: list[Any]) -> list[Cell]:
    """For the settings that are not scored yet."""
    return [("…", "muted")] * (len(result.settings) - len(cells))


def _edited(result: Result) -> Panel:
    rows: list[list[Cell]] = []
    for index, (question, new) in enumerate(result.edits):
        said: list[Cell] = [_said(given[index], new) for given in result.answers]
        rows.append([question, result.old[index], new, *said, *_waiting(result, said)])
    return Table(
        "Success: the edited question", ["question", "before", "new answer", *_titles(result)], rows, wide=True
    )


def _said(answer: str, wanted: str) -> Cell:
    return (answer or "(nothing)", "yes" if answer == wanted else "warn")


def _reworded(result: Result) -> Panel:
    rows: list[list[Cell]] = []
    for several in zip(*result.reworded, strict=True):
        said = [_said(answer, wanted) for _, wanted, answer in several]
        rows.append([several[0][0], several[0][1], *said, *_waiting(result, said)])
    columns = ["other wording", "new answer", *_titles(result)]
    return Table("Generality: other wordings of the edited question", columns, rows, wide=True)


def _broken(result: Result, k: int) -> Panel:
    broken = result.broken[k]
    spread = broken[:: max(1, -(-len(broken) // LISTED))]  # facts of one relation stand together: some of each
    rows: list[list[Cell]] = [[question, was, (now or "(nothing)", "warn")] for question, was, now in spread]
    note = "" if broken else "no other fact changed"
    if len(rows) < len(broken):
        note = f"{len(rows)} of {len(broken)}, taken from all relations"
    return Table(
        f"Locality: what broke · {_titles(result)[k]}",
        ["question", "before", "now"],
        rows,
        note=note,
        badge=str(len(broken)),
    )


def _kept(result: Result) -> Panel:
    """How many facts of each relation kept their answer, with each setting that is done."""
    relations = list(dict.fromkeys(relation for relation, _, _ in result.rest))
    rows: list[list[Cell]] = []
    for relation in relations:
        at = [index for index, (other, _, _) in enumerate(result.rest) if other == relation]
        cells: list[Cell] = []
        for k in range(len(result.broken)):
            same = len(at) - int(result.changed[k][-1][at].sum())
            cells.append((f"{same} of {len(at)}", "yes" if same >= 0.9 * len(at) else "warn"))
        rows.append([relation, *cells, *_waiting(result, cells)])
    return Table("Locality: other facts that stayed", ["relation", *_titles(result)], rows)


def _tensors(result: Result) -> Panel:
    titles = _titles(result)[: len(result.moved)]
    rows: list[list[Cell]] = []
    for index, name in enumerate(result.names):
        moved = [
            _moved(flags[index], distances[index].item())
            for flags, distances in zip(result.trainable, result.moved, strict=True)
        ]
        rows.append([name, f"{result.sizes[index].item():.3f}", *moved])
    note = "norm of the tensor before, and of its change after the last step; ▲ may move, ❄ frozen"
    return Table(
        "Which tensors moved, and how far", ["named_parameters()", "norm", *titles], rows, note=note, wide=True
    )


def _moved(trains: bool, distance: float) -> Cell:
    return (
        (f"▲ {distance:.4f}", "warn") if trains else ("❄ 0", "muted") if not distance else (f"❄ {distance:.4f}", "no")
    )


def _curves(result: Result, name: str) -> list[Panel]:
    """The loss, or what the two answers have where they first differ, in every state of the runs that have as many."""
    values = {"loss": result.losses, "logit": result.logits, "probability": result.probabilities}[name]
    longest = max(map(len, values))
    drawn: dict[str, Sequence[float]] = {}
    for title, t in zip(_titles(result), values, strict=True):
        if len(t) == longest and t.dim() == 1:
            drawn[title] = t.tolist()
        elif len(t) == longest:
            drawn |= {
                f"{answer} answer, {title}": column for answer, column in zip(("old", "new"), t.T.tolist(), strict=True)
            }
    return (
        [Curve(f"{name} in every state", [str(i) for i in range(longest)], drawn, x_title="state")] if longest else []
    )
