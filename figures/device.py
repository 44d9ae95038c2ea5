"""What a dtype can hold as ticks of a number line; below, times, memory and differences of the same questions in each place."""

from explorable.words import count
from figures.cells import Bar, Tick, cells_of
from figures.panels import Bars, Facts, Figure, Grid, Line, Panel, Table, described, figure, keyed, limit, veiled
from lessons.device import Params, Result, changed

FROM, TO = 1.0, 1.03125  # what the line shows: 1 and four steps of bfloat16
APART = 64  # steps in it that can be drawn apart


def draw(params: Params, result: Result) -> Figure:
    place = list(result.logits)[-1]
    return figure(
        hero=[
            [_bits(params, result)],
            [veiled(_line(params, result), cells=True)],
            [_facts(params, result, place)],
        ],
        more=[
            [_largest(result), _there(params, result)],
            [_sizes(result), _places(result)],
            [_answers(result), _batch(result)],
            [_logits(result, name) for name in result.logits],
            [_ticks(params, result)],
        ],
    )  # fmt: skip


def _bits(params: Params, result: Result) -> Panel:
    """How each dtype holds 1: the fewer bits of fraction, the wider the steps."""
    held = dict(zip(("float32", params.dtype), result.bits, strict=True))
    rows = [
        (name, sign, exponent, keyed(f"{fraction} ({len(fraction)} bits)", "", *["@next"] * (name == params.dtype)))
        for name, (sign, exponent, fraction) in held.items()
    ]
    columns = ["", "sign", "exponent", "fraction: 1/2, 1/4, 1/8, ..."]
    return Table("the bits of the number 1", columns, rows, breaks=True, wide=True)


def _line(params: Params, result: Result) -> Panel:
    names = dict.fromkeys(("float32", params.dtype))
    return Line(
        f"the numbers from {FROM:g} to {TO:g} that each dtype can hold",
        [_held(name, params, row) for name, row in zip(names, result.ticks.tolist(), strict=False)],
        low=FROM,
        high=TO,
    )


def _held(name: str, params: Params, row: list[float]) -> tuple[str, list[Tick], str]:
    """The first of them as torch gave it, the others as many steps on."""
    step = row[1] - row[0]
    steps = round((TO - FROM) / step)
    if steps > APART:
        return name, [], "closer to each other than can be drawn"
    texts = {1: _next(row), steps: f"{TO:g}"}
    if steps < APART // 4:  # among many it would stand below the text of the next one
        texts[0] = f"{FROM:g} →"
    ticks = [
        Tick(FROM + at * step, texts.get(at, ""), "next" if at == 1 else "", f"1 + {at} · {step!r} = {FROM + at * step!r} in {name}")
        for at in range(steps + 1)
    ]  # fmt: skip
    return name, ticks, f"steps of 1/{1 / step:.0f}, and nothing between two ticks"


def _ticks(params: Params, result: Result) -> Panel:
    """The numbers from 1 on, as far apart as each dtype holds them."""
    names = ("float32", params.dtype)
    cells = cells_of(
        result.ticks, note=lambda value, row, place: f"number {place} from 1 on in {names[row]}: {value!r}"
    )
    return Grid(
        "ticks", cells, tensor=described("ticks", result.ticks, ("dtype", "from 1 on")), limit=10.0, digits=7,
        signed=False, row_dim=None, col_dim=None, row_labels=names, label_width=72, wide=True,
    )  # fmt: skip


def _facts(params: Params, result: Result, place: str) -> Panel:
    share = result.weight_bytes[place] / result.weight_bytes["cpu float32"]
    items = [
        ("square", "300 · 300", f"{result.square}"),
        ("plus", "256 + 1", f"{result.plus_one}"),
        ("bytes", "bytes of the weights", f"{share:g} of float32's"),
        ("changed", "answers that change", changed(result, place)),
    ]
    return veiled(Facts(items))


def _next(row: list[float]) -> str:
    first, second, *_ = row
    return f"{first:g} + 1/{1 / (second - first):.0f}"


def _largest(result: Result) -> Panel:
    """Milliseconds for the largest batch that every place has read, in one batch and one by one."""
    size = min(max(sizes) for name, sizes in result.batched_seconds.items() if sizes)
    names = [name for name, sizes in result.batched_seconds.items() if size in sizes]
    ways = (("one batch", "better of two", result.batched_seconds), ("one by one", "sum", result.alone_seconds))

    def bar(name: str, how: str, of: str, seconds: dict[str, dict[int, float]]) -> Bar:
        label, ms = f"{name}, {how}", 1000 * seconds[name][size]
        return Bar(label, ms, f"{label}: {ms:.2f} ms, the {of}")

    shown = [bar(name, *way) for name in names for way in ways]
    return Bars(f"ms for {count(size, 'question')}", shown, unit="ms", digits=1, wide=True)


def _there(params: Params, result: Result) -> Panel:
    no_gpu = ("none: torch.cuda.is_available() is False", "warn" if params.device == "cuda" else "muted")
    memory = [
        (f"{name} ran out of memory", (f"at a batch of {size}", "warn")) for name, size in result.out_of_memory.items()
    ]
    return Table(
        "What is there",
        ["", ""],
        [("CPU", result.cpu), ("GPU", result.gpu or no_gpu), ("asked for", f"{params.device} {params.dtype}"), *memory],
    )


def _sizes(result: Result) -> Panel:
    rows = [
        (name, str(size), f"{1000 * seconds:.1f}", f"{1000 * result.alone_seconds[name][size]:.1f}")
        for name, sizes in result.batched_seconds.items()
        for size, seconds in sizes.items()
    ]
    skipped = (
        "; float16 on a CPU is read up to 4, as many CPUs are slow at it"
        if "cpu float16" in result.batched_seconds
        else ""
    )
    return Table(
        "batched_seconds, alone_seconds",
        ["place", "batch", "one batch, ms", "one by one, ms"],
        rows,
        note=f"One batch: the better of two forwards{skipped}.",
    )


def _places(result: Result) -> Panel:
    rows = [
        (
            name,
            f"{1000 * result.first_seconds[name]:.1f}",
            f"{1000 * result.warm_seconds[name]:.1f}",
            f"{result.weight_bytes[name] / 1e6:.1f}",
            f"{result.peak_bytes[name] / 1e6:.0f}",
            f"{result.logit_difference[name]:.2g}",
            f"{result.batch_difference[name]:.2g}",
            (f"{result.changed_answers[name]} of {len(result.answers[name])}", _good(result.changed_answers[name])),
        )
        for name in result.logits
    ]
    return Table(
        "Places",
        ["place", "first, ms", "warm, ms", "weights, MB", "peak, MB", "Δ logits", "Δ batch", "answers changed"],
        rows,
        wide=True,
        note=(
            "Δ logits: largest difference to cpu float32; Δ batch: between one batch and one by one. Peak: of a GPU what its "
            "allocator held, of a CPU what this whole process took since it started."
        ),
    )


def _good(changed: int) -> str:
    return "warn" if changed else "yes"


def _answers(result: Result) -> Panel:
    names = list(result.answers)
    first = result.answers[names[0]]
    shown = range(min(8, len(first)))
    rows = [
        (str(i), *[_answer(result.answers[name], first, i) for name in names])
        for i in shown
    ]  # fmt: skip
    note = "The first eight questions; the others repeat them." if len(first) > len(shown) else ""
    return Table("answers", ["question", *names], rows, note=note, wide=True)


def _answer(answers: list[str], reference: list[str], i: int) -> tuple[str, str]:
    if i >= len(answers):
        return "not read", "muted"
    return (answers[i], "no") if answers[i] == reference[i] else (answers[i], "warn")


def _batch(result: Result) -> Panel:
    tensors = {"input_ids": result.input_ids, "attention_mask": result.attention_mask, **result.logits}
    rows = [
        (f"logits {name}" if name in result.logits else name, described("", tensor).strip())
        for name, tensor in tensors.items()
    ]
    return Table(
        "batch", ["tensor", "shape, dtype, device"], rows, note="Logits as they were brought back: float32 on the CPU."
    )


def _logits(result: Result, name: str) -> Panel:
    """Start and end logits of the first question's tokens in one place."""
    both = result.logits[name]
    real = int(result.attention_mask[0].sum())
    shown = both[0, :, :real]
    cells = cells_of(
        shown,
        result.logits["cpu float32"][0, :, :real],
        note=lambda value, reference, *_: f"{name}: {value:.5f}; cpu float32: {reference:.5f}",
    )
    return Grid(
        f"logits[{name!r}][0, :, :{real}]", cells, tensor=described("logits", shown, ("start, end", "T")),
        limit=limit(*[each[0, :, :real] for each in result.logits.values()]), row_labels=["start", "end"], rows="start, end",
        cols="token", label_width=44, digits=1, wide=True,
    )  # fmt: skip
