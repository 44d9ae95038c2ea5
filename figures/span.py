"""Tokens along the text with their start and end logits, the best spans, and the matrix of all pairs of likely tokens."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from explorable.words import count
from figures.cells import Bar, Cell, Token
from figures.panels import (
    Bars,
    Error,
    Facts,
    Figure,
    Grid,
    Operator,
    Panel,
    Strip,
    Table,
    described,
    figure,
    limit,
    stepped,
    veiled,
)
from lessons.span import Params, Result, illegal, most_of_it, shorten, verdict

MOST_FRAMES = 12  # windows that can be scrubbed through
MOST_TOKENS = 2000  # in all of them: they travel to the page
PADDING_SHOWN = 3
KINDS = {0: "question", -1: "special"}
LEGEND = (
    ("up", "above: softmax over all tokens, as a start"),
    ("down", "below: as an end"),
    ("logit", "lines: logits above 0"),
    ("answer", "best legal span"),
    ("start", "argmax of the starts"),
    ("end", "argmax of the ends"),
    ("outside", "special token, padding"),
)
HERO_LEGEND = (("up", "highest start logit"), ("down", "highest end logit"), ("answer", "the answer given"))
HERO_TOKENS = 40  # the most that the hero draws of a text
SHOWN = 3  # best spans in the hero
SHORT = 16  # letters of an answer in the list
NO_ANSWER = "no answer"
NEAR = 3  # tokens on each side of a peak
SHARED = ("shared", "in a neighbouring window too")

Numbers = dict[str, Any]  # the fields of the Result as lists


def draw(params: Params, result: Result) -> Figure:
    if result.error:
        return figure(
            hero=[[Operator("model(question, context)"), veiled(Error("the model is not asked", result.error))]]
        )
    numbers = {name: value.tolist() for name, value in vars(result).items() if hasattr(value, "tolist")}
    shown = ranked_windows(numbers)
    frames = [_strip(result, numbers, w) for w in shown]
    text = stepped(frames) if len(frames) > 1 else frames[0]
    fits = shown == [0] and len(frames[0].tokens) <= HERO_TOKENS  # else the hero shows what lies around the peaks
    near = frames[0] if fits else _near(frames[-1], numbers)
    return figure(
        hero=[
            [veiled(_plain(near, fits, result, numbers), cells=fits)],
            [veiled(_list(params, result, numbers), cells=True)],
            [_facts(params, result)],
        ],
        more=[
            [text],
            [replace(_best(params, result, numbers), wide=True)] if len(result.answers) > SHOWN else [],
            [_pair(params, result, numbers)],
            [_matrix(params, result, numbers)],
            [_windows(params, result, numbers)] if len(result.tokens) > 1 else [],
            [_batch(params, result)],
        ],
        steps=[_named(numbers, w) for w in shown] if len(shown) > 1 else [],
        step_name="window",
    )


def _facts(params: Params, result: Result) -> Panel:
    naive = f"“{shorten(result.naive_answer, 24)}”" if result.naive_answer else "an empty answer"
    items = [
        ("sure", "most of the probability to one span?", most_of_it(result.probabilities.tolist()[0])),
        ("null", "null score - best span", f"{result.null_gap:.1f}"),
        ("verdict", f"threshold {params.threshold:g} says", verdict(result)),
        ("naive", "two separate argmaxes", naive),
        ("legal", "legal", count(result.legal_spans, "span")),
        ("order", f"temperature {params.temperature:g} reorders", "nothing" if result.same_order else "something"),
    ]
    if len(result.begins) > 1:
        items.append(("second", "the second window begins", f"at token {result.begins[1]}"))
    return veiled(Facts(items))


def _list(params: Params, result: Result, numbers: Numbers) -> Panel:
    """The best spans and "no answer", the highest score first: both logits, their sum, and the softmax that leaves "no answer" out."""
    best = [(result.scores.tolist()[rank], rank) for rank in range(min(SHOWN, len(result.answers)))]
    ranked = sorted([*best, (result.null_score, -1)], reverse=True)
    top = max(abs(value) for score, rank in ranked for value in (score, *_parts(numbers, rank))) or 1.0
    rows = [_entry(params, result, numbers, rank, top) for _, rank in ranked]
    return Grid(
        "each span, and “no answer”, which is [CLS]",
        rows,
        limit=top,
        tensor=f"the softmax is over all legal spans, of which the best are listed; temperature {params.temperature:g}",
        row_labels=[NO_ANSWER if rank < 0 else _ends_of(result.answers[rank]) for _, rank in ranked],
        col_labels=["start logit", "+ end logit", "= score", "softmax of spans", "answer"],
        label_width=100,
        row_dim=None,
        col_dim=None,
        digits=2,
        wide=True,
    )


def _entry(params: Params, result: Result, numbers: Numbers, rank: int, top: float) -> list[Cell]:
    """A row of the list; rank -1 is "no answer"."""
    absent = rank < 0
    first, last = _parts(numbers, rank)
    score = result.null_score if absent else numbers["scores"][rank]
    share = None if absent else numbers["probabilities"][rank]
    window, start, end = numbers["spans"][rank]
    note = _gap(result) if absent else _sum(params, result, numbers, (window, start, end), share or 0.0)
    keys = [] if absent else _lights(window, start, end, range(start, end + 1))
    deciding = rank < 1  # "no answer" and the best span

    def drawn(value: float, kind: str, mark: str = "", *more: str) -> Cell:
        return Cell(value, note, [*keys, *more], mark=mark, bar=(0.5, round(0.5 + value / top / 2, 4), kind))

    asked = [*["@order"] * (not absent), *["@sure"] * deciding]
    return [
        drawn(first, "blue", "given"),
        drawn(last, "orange", "given"),
        drawn(score, "grey", "", *["@null"] * deciding),
        Cell("–", "the softmax leaves it out", asked, "no span", mark="illegal")
        if absent
        else Cell(f"{share:.3f}", note, [*keys, *asked], bar=(0.0, round(share or 0.0, 4), "green")),
        Cell("✓", verdict(result), keys, "given", mark="big")
        if deciding and absent == result.absent
        else Cell("", key=keys),
    ]


def _ends_of(answer: str) -> str:
    """A long answer by its first and its last word."""
    words = answer.split()
    return shorten(answer if len(answer) <= SHORT else f"{words[0]} … {words[-1]}", SHORT)


def _parts(numbers: Numbers, rank: int) -> list[float]:
    """The start and the end logit whose sum is the score."""
    if rank < 0:
        return list(numbers["null_parts"])
    window, start, end = numbers["spans"][rank]
    return [numbers["start_logits"][window][start], numbers["end_logits"][window][end]]


def _gap(result: Result) -> str:
    best = result.scores.tolist()[0]
    return f"null score - best span = {result.null_score:.3f} - {best:.3f} = {result.null_gap:.3f}"


def ranked_windows(numbers: Numbers) -> list[int]:
    """The windows with the highest logits, the one that won last: it is the one shown first."""
    won, count = numbers["spans"][0][0], len(numbers["input_ids"])
    height = [max(start) + max(end) for start, end in zip(numbers["start_logits"], numbers["end_logits"], strict=True)]
    others = sorted((w for w in range(count) if w != won), key=lambda w: height[w])
    most = min(MOST_FRAMES, max(2, MOST_TOKENS // len(numbers["input_ids"][0])))
    return [*others[1 - most :], won]


def _named(numbers: Numbers, window: int) -> str:
    count = len(numbers["input_ids"])
    return f"{window} of 0 to {count - 1}" + (", the one that won" if window == numbers["spans"][0][0] else "")


def _strip(result: Result, numbers: Numbers, window: int) -> Strip:
    real = sum(numbers["attention_mask"][window])
    shown = min(len(result.tokens[window]), real + PADDING_SHOWN)
    hidden = len(result.tokens[window]) - shown
    return Strip(
        f"start_logits[{window}], end_logits[{window}]",
        [_token(result, numbers, window, at) for at in range(shown)],
        tensor=described("start_logits, end_logits", result.start_logits, ("W", "T"))
        + (f"; {hidden} more tokens of padding are not drawn" if hidden else ""),
        limit=limit(result.start_logits, result.end_logits),
        legend=LEGEND if len(result.tokens) == 1 else (*LEGEND, SHARED),
        badge=f"window {window}, {real} tokens",
    )


def _near(text: Strip, numbers: Numbers) -> Strip:
    """Of the window that won: [CLS], and what lies around the best span and the two argmaxes."""
    _, *ends = numbers["spans"][0]
    tokens, kept = text.tokens, {0}
    for at in (*ends, *numbers["naive"]):
        kept |= set(range(max(0, at - NEAR), min(len(tokens), at + NEAR + 1)))
    shown, last = [], -1
    for at in sorted(kept):
        if at > last + 1:
            shown.append(Token("…", 0, 0, 0, 0, ["question"], "", f"{count(at - last - 1, 'token')} not drawn here"))
        shown.append(tokens[at])
        last = at
    return replace(text, tokens=shown, tensor=f"{len(kept)} of {len(tokens)} tokens; all of them below")


def _plain(text: Strip, fits: bool, result: Result, numbers: Numbers) -> Strip:
    """Question and text as they are read; marked are the answer given, which may be [CLS], and the two argmaxes."""
    shown, last, drawn = [], "", -1
    for token in text.tokens:
        kinds, key = list(token.kinds), token.key
        window, at = (int(part) for part in key.split()[0][1:].split(".")) if key else (0, -1)
        if "special" in kinds and at and at not in numbers["naive"]:
            continue  # [SEP]
        inside = at >= 0 and numbers["side"][window][at] == 1
        kinds += ["joined"] * _joins(numbers, window, at, drawn) + ["first"] * (inside and last != "text" and at > 1)
        if result.absent:
            kinds = [*(kind for kind in kinds if kind != "answer"), *["answer"] * (at == 0)]
        shown.append(replace(token, text=token.text.removeprefix("##"), kinds=kinds))
        last, drawn = "text" if inside else last, at
    window = numbers["spans"][0][0]
    windows = f"window {window} of 0 to {len(result.tokens) - 1}" if len(result.tokens) > 1 else ""
    told = "" if fits else text.tensor
    return replace(
        text, title="the question, and below it the text", tokens=shown, legend=HERO_LEGEND, plain=True, badge=windows, tensor=told
    )  # fmt: skip


def _joins(numbers: Numbers, window: int, at: int, drawn: int) -> bool:
    """Whether the text has no space between the token and the one drawn before it."""
    sides, spans = numbers["side"][window], numbers["offsets"][window]
    return 0 <= drawn == at - 1 and sides[at] == sides[drawn] >= 0 and spans[at][0] == spans[drawn][1]


def _token(result: Result, numbers: Numbers, window: int, at: int) -> Token:
    start, end = numbers["start_logits"][window][at], numbers["end_logits"][window][at]
    up, down = numbers["start_probability"][window][at], numbers["end_probability"][window][at]
    kinds = _kinds(numbers, window, at)
    place = ["context"] if numbers["side"][window][at] == 1 else []
    where = f"id {numbers['input_ids'][window][at]}, " + ", ".join([*place, *kinds])
    if numbers["side"][window][at] >= 0:
        where += " characters {} to {}".format(*numbers["offsets"][window][at])
    note = (
        f"token {at} “{result.tokens[window][at]}” ({where}): start logit {start:+.3f}, softmax {up:.3f}; "
        f"end logit {end:+.3f}, softmax {down:.3f}"
    )
    return Token(
        result.tokens[window][at],
        round(start, 4),
        round(end, 4),
        start_share=round(up, 4),
        end_share=round(down, 4),
        kinds=kinds,
        key=" ".join(_keys(result, numbers, window, at)),
        note=note,
    )


def _kinds(numbers: Numbers, window: int, at: int) -> list[str]:
    """What the token is, and what it is to the answer."""
    padding = not numbers["attention_mask"][window][at]
    kinds = ["padding" if padding else KINDS.get(numbers["side"][window][at], "")]
    kinds += ["shared"] * _is_shared(numbers, window, at)
    best, start, end = numbers["spans"][0]
    if window == best:
        naive_start, naive_end = numbers["naive"]
        kinds += ["answer"] * (start <= at <= end) + ["start"] * (at == naive_start) + ["end"] * (at == naive_end)
    return [kind for kind in kinds if kind]


def _is_shared(numbers: Numbers, window: int, at: int) -> bool:
    """Whether a neighbouring window holds the token as well."""
    first, last = numbers["offsets"][window][at]
    near = [w for w in (window - 1, window + 1) if 0 <= w < len(numbers["side"])]
    return numbers["side"][window][at] == 1 and any(
        _reach(numbers, w)[0] <= first < last <= _reach(numbers, w)[1] for w in near
    )


def _reach(numbers: Numbers, window: int) -> tuple[int, int]:
    """The characters of the context that a window holds: start and end, exclusive."""
    sides, spans = numbers["side"][window], numbers["offsets"][window]
    last = len(sides) - 1 - sides[::-1].index(1)
    return spans[sides.index(1)][0], spans[last][1]


def _keys(result: Result, numbers: Numbers, window: int, at: int) -> list[str]:
    """A token lights the spans it lies in, and its row and column of the matrix."""
    inside = [f"~{_pair_key(*span)}" for span in numbers["spans"] if span[0] == window and span[1] <= at <= span[2]]
    if window == numbers["spans"][0][0]:
        inside += [f"~{_pair_key(window, at, end)}" for end in numbers["ends"] if at in numbers["starts"]]
        inside += [f"~{_pair_key(window, start, at)}" for start in numbers["starts"] if at in numbers["ends"]]
    return [f"t{window}.{at}", *dict.fromkeys(inside), *_decides(result, numbers, window, at)]


def _decides(result: Result, numbers: Numbers, window: int, at: int) -> list[str]:
    """The questions that the token decides: it is ringed beside their answer."""
    won = window == numbers["spans"][0][0]
    second = window == 1 and at == numbers["side"][1].index(1)
    asked = {
        "naive": won and at in numbers["naive"],
        "null": won and result.tokens[window][at] == "[CLS]",
        "second": second,
    }
    return [f"@{name}" for name, here in asked.items() if here]


def _pair_key(window: int, start: int, end: int) -> str:
    return f"s{window}.{start}-{end}"


def _lights(window: int, start: int, end: int, tokens: Sequence[int]) -> list[str]:
    """The keys of a span: itself, and its tokens, which it lights without being lit by each."""
    return [_pair_key(window, start, end), *dict.fromkeys(f"~t{window}.{at}" for at in tokens)]


def _best(params: Params, result: Result, numbers: Numbers) -> Bars:
    """The n best spans, by their probability among all legal ones."""
    rows = zip(result.answers, numbers["spans"], numbers["probabilities"], strict=True)
    shown = [
        Bar(
            f"{rank} {shorten(answer, 12)}",
            share,
            _sum(params, result, numbers, (w, i, j), share),
            key=_lights(w, i, j, range(i, j + 1)),
        )
        for rank, (answer, (w, i, j), share) in enumerate(rows, 1)
    ]
    return Bars("the best spans, and their probability", shown, limit=1.0)


def _sum(params: Params, result: Result, numbers: Numbers, span: Sequence[int], share: float) -> str:
    window, start, end = span
    first, last = numbers["start_logits"][window][start], numbers["end_logits"][window][end]
    return (
        f"“{shorten(result.answers[numbers['spans'].index(list(span))], 80)}”: start_logits[{window}, {start}] + "
        f"end_logits[{window}, {end}] = {first:.3f} + {last:.3f} = {first + last:.3f}; softmax of sum / {params.temperature:g} "
        f"over {result.legal_spans} legal spans: {share:.4f}"
    )


def _matrix(params: Params, result: Result, numbers: Numbers) -> Panel:
    """start + end for the likeliest tokens of the window that won; what is no span is hatched and says why."""
    window, *best = numbers["spans"][0]
    starts, ends = numbers["starts"], numbers["ends"]
    listed = [span[1:] for span in numbers["spans"] if span[0] == window]
    label = result.tokens[window]

    def cell(score: float, legal: bool, i: int, j: int) -> Cell:
        told, keys = _told(params, result, numbers, i, j), _lights(window, i, j, (i, j))
        group = 0 if [i, j] == best else 1 if [i, j] == numbers["naive"] else 2 if [i, j] in listed else None
        return Cell(score, told, keys, mark="" if legal else "illegal", group=group)

    rows = zip(numbers["matrix"], numbers["matrix_legal"], starts, strict=True)
    return Grid(
        "matrix",
        [
            [cell(score, legal, i, j) for score, legal, j in zip(scores, kept, ends, strict=True)]
            for scores, kept, i in rows
        ],
        badge=f"start + end logit; window {window}, its likeliest starts and ends",
        tensor=described("matrix", result.matrix, ("start", "end")),
        limit=limit(result.matrix),
        rows="start token",
        cols="end token",
        row_labels=[f"{i} {label[i]}" for i in starts],
        col_labels=[f"{j} {label[j]}" for j in ends],
        group_names=["best legal span", "the two argmaxes", "another of the n best"],
        label_width=92,
        digits=1,
        wide=True,
    )


def _told(params: Params, result: Result, numbers: Numbers, start: int, end: int) -> str:
    window = numbers["spans"][0][0]
    first, last = numbers["start_logits"][window][start], numbers["end_logits"][window][end]
    why = illegal(result, window, start, end, params.max_answer_tokens)
    words = f"illegal: {why}" if why else f"legal: {end - start + 1} tokens"
    names = " to ".join(f"{at} “{result.tokens[window][at]}”" for at in (start, end))
    return f"{names}: {first:.3f} + {last:.3f} = {first + last:.3f}   {words}"


def _pair(params: Params, result: Result, numbers: Numbers) -> Panel:
    """The best legal span beside what two separate argmaxes give."""
    window, *best = numbers["spans"][0]
    naive = numbers["naive"]
    label = result.tokens[window]
    why = illegal(result, window, naive[0], naive[1], params.max_answer_tokens)

    def side(span: Sequence[int]) -> list[str]:
        i, j = span
        score = numbers["start_logits"][window][i] + numbers["end_logits"][window][j]
        return [f"{i} {label[i]}", f"{j} {label[j]}", f"{score:.2f}"]

    answers = [
        shorten(result.answers[0], 120),
        (shorten(result.naive_answer, 120) or "'' (empty)", "warn" if why else "yes"),
    ]
    legal = [("yes", "yes"), (f"no: {why}", "warn") if why else ("yes", "yes")]
    names = ["start token", "end token", "score"]
    pipeline = [f"{result.pipeline_score:.3f}", ("–", "muted")]
    null = [f"{result.null_gap:.2f}", (f"null score {result.null_score:.2f}", "muted")]
    return Table(
        "The best pair, and the pair of the bests",
        ["", "best legal span", "two argmaxes"],
        [
            ("answer", *answers),
            *zip(names, side(best), side(naive), strict=True),
            ("legal", *legal),
            ("null score - score", *null),
            ("a pipeline's score", *pipeline),
        ],
        note="The sum of the two argmaxes is never lower than that of a legal pair: only the mask of legal pairs leaves it out.",
    )


def _windows(params: Params, result: Result, numbers: Numbers) -> Panel:
    """What each window holds, and what it would have answered."""
    rows = []
    for window, sides in enumerate(numbers["side"]):
        top = [rank for rank, span in enumerate(numbers["spans"], 1) if span[0] == window]
        ranks = ", ".join(map(str, top)) or "none"
        peak = max(numbers["start_logits"][window]), max(numbers["end_logits"][window])
        rows.append(
            (
                str(window),
                f"{sum(numbers['attention_mask'][window])} of {len(sides)}",
                "{} to {}".format(*_reach(numbers, window)),
                f"{peak[0]:.2f}, {peak[1]:.2f}",
                (f"{ranks}: won", "yes") if 1 in top else (ranks, "muted"),
            )
        )
    return Table(
        "Windows",
        ["window", "tokens", "characters of the context", "highest start, end logit", "ranks among the n best"],
        rows,
        lit=[numbers["spans"][0][0]],
        note=f"Neighbours share {params.stride} tokens of context. Logits of different windows are compared as they are. "
        f"The slider shows the {len(ranked_windows(numbers))} windows with the highest logits.",
    )


def _batch(params: Params, result: Result) -> Panel:
    """The tensors as the model read them."""
    tensors = {
        "input_ids": result.input_ids,
        "attention_mask": result.attention_mask,
        "token_type_ids": result.token_type_ids,
        "offset_mapping": result.offsets,
        "start_logits": result.start_logits,
        "end_logits": result.end_logits,
    }
    window = result.spans[0, 0]
    rows = [(name, described("", t).strip(), _ends(t[window].tolist())) for name, t in tensors.items() if t is not None]
    asked = "" if params.weights == "extractive" else f"; {params.weights} was asked for"
    return Table(
        "batch", ["tensor", "(windows, tokens)", f"row {int(window)}"], rows, badge=f"{result.folder} read it{asked}",
        note="The model is given all but offset_mapping, which finds the characters of each token.", wide=True,
    )  # fmt: skip


def _ends(values: list[Any]) -> str:
    written = [f"{v:.2f}" if isinstance(v, float) else str(v).replace(" ", "") for v in values]
    return " ".join(written) if len(written) <= 9 else " ".join([*written[:5], "…", *written[-3:]])
