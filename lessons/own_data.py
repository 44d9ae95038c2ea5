"""default_collate makes int64 of Python ints, float64 of floats, and keeps strings in a list; a None stops it unless a string came first."""

from dataclasses import dataclass
from typing import Any, Literal

from explorable.apart import Apart
from explorable.lesson import Choice, Example, Lesson, Prediction, Trap
from explorable.params import IN_A_LINK, bounded, choice, switch, text
from explorable.program import unscoped
from explorable.words import count, listing, one_of

REFUSALS = (AttributeError, IndexError, KeyError, OverflowError, RuntimeError, TypeError, ValueError)
PETS = "name,age,kg,tame\nRex,3,12.5,yes\nMia,7,4.25,no\nOtto,1,30.0,yes\nLuna,12,3.5,yes\nBen,5,8.75,no\nKira,2,21.0,yes\n"
TOKENS = '{"ids": [5, 9, 2], "label": 1}\n{"ids": [7, 2], "label": 0}\n{"ids": [4, 8, 6, 2], "label": 1}\n'
GAP = "name,age\nRex,3\nMia,\nOtto,1\n"
TABLES = ("CSV", "JSON lines")
FILES = {"CSV": "data.csv", "JSON lines": "data.jsonl", "lines": "data.txt"}


@dataclass(frozen=True)
class Params:
    data: str = text(
        PETS,
        max_length=1_000_000,
        lines=3,
        about="your rows, kept nowhere",
        file={".csv": {"format": "CSV"}, ".jsonl": {"format": "JSON lines"}, ".txt": {"format": "lines"}},
    )
    format: Literal["CSV", "JSON lines", "lines"] = choice("CSV", about="CSV: line 1 names the columns")
    numbers: bool = switch(True, about="read number columns as such", when={"format": ("CSV",)})
    columns: str = text("", max_length=400, about="names, with commas; empty: all", when={"format": TABLES})
    batch_size: int = bounded(4, low=1, high=64, step=1, about="rows in a batch")
    shuffle: bool = switch(False, about="a random order")
    seed: int = bounded(0, low=0, high=999, step=1, about="of the order", when={"shuffle": (True,)})
    drop_last: bool = switch(False, about="skip a batch that is not full")
    collate_fn: Literal["default_collate", "dict of lists", "list"] = choice("default_collate", about="rows -> batch")


@dataclass(frozen=True)
class Result:
    n: int | None  # len(dataset); None where the text cannot be read
    names: list[str] | None  # the columns: those of the first line, or of all JSON objects
    remarks: list[str] | None  # what the reader saw: missing values, why a column is text, a choice that is dropped
    chosen: list[str] | None  # the columns that a sample is cut to; none: all
    first_rows: list[list[list[str]]] | None  # the first 6 samples: [type, value] of each column
    length: int | None  # len(loader)
    asked: (
        list[int] | None
    )  # the indices that __getitem__ was asked for, batch after batch, up to the sixth or an error
    sizes: list[int] | None  # rows in each of the first 6 batches
    trees: list[list[list[Any]]] | None  # each of them: rows of depth, name, type, dtype and shape, values
    error: str | None  # what was said by whom refused


def values(params: Params) -> dict[str, Any]:
    """The program's parameters; a text too long for a page is read from a file there."""
    long = len(params.data) > IN_A_LINK
    return {**vars(params), "data": "" if long else params.data, "file": FILES[params.format] if long else ""}


def given(params: Params) -> dict[str, Any]:
    """The long text itself, in place of that file."""
    return {"content": params.data} if len(params.data) > IN_A_LINK else {}


def large(params: Params) -> bool:
    """Whether reading the text takes Python long: here it would hold everybody else up."""
    return len(params.data) > 50_000


def files(params: Params) -> dict[str, str]:
    """That file, for who runs the program alone."""
    return {FILES[params.format]: params.data} if len(params.data) > IN_A_LINK else {}


def leaves(tree: list[list[Any]]) -> dict[str, str]:
    """What a batch holds under each name: "Tensor int64 (4,)" or "list of 4 str"."""
    found = {name: what(kind, facts, value) for depth, name, kind, facts, value in tree if depth == 1}
    return found or {"": what(*tree[0][2:5])}


def what(kind: str, facts: str, value: str) -> str:
    if not facts.startswith("len "):
        return f"{kind} {facts}".strip()
    strings = " str" if value.startswith(("'", '"')) else ""
    return f"{kind} of {facts.removeprefix('len ')}{strings}"


def caption(params: Params, result: Result) -> str:
    if result.error:
        return _refused(params, result)
    rows = count(result.n or 0, "row")
    if not result.trees:
        fills = one_of(result.n or 1, "fills", "fill")
        return f"{rows.capitalize()} {fills} no batch of {params.batch_size}: an epoch is empty, and nothing raises."
    kind = what(*result.trees[0][0][2:5]).split(" of ")[0]
    article = "an" if kind[0] in "aeiou" else "a"
    made = f"{one_of(result.n or 0, 'makes', 'make')} {count(result.length or 0, 'batch')}"
    floats = {
        name: said.split()[1] for name, said in leaves(result.trees[0]).items() if said.startswith("Tensor float")
    }
    if result.names and kind == "dict" and floats:
        name, dtype = next(iter(floats.items()))
        other = "" if dtype == "float32" else "; the weights of a new nn.Linear are float32"
        numbers = count((result.sizes or [0])[0], "number")
        return f"In the first batch {numbers} of {name.strip(chr(39))} became one {dtype} tensor{other}."
    return f"{rows} {made}, and collate_fn, {params.collate_fn}, makes {article} {kind} of the first."


def _refused(params: Params, result: Result) -> str:
    error = result.error or ""
    kind, _, message = error.partition(": ")
    if result.n is None:
        return f"The text cannot be read as {params.format}: {message.rstrip('.')}."
    return f"With {params.collate_fn} the loader stops{_where(params, result)} with {kind}: {_why(result)}"


def _where(params: Params, result: Result) -> str:
    if not result.asked:
        return ""
    rows = result.asked[(len(result.asked) - 1) // params.batch_size * params.batch_size :]
    return f" at the batch of row {rows[0]}" if len(rows) == 1 else f" at the batch that begins with row {rows[0]}"


MIXED = "the first value of a column of the batch is a number, another one is not."
WHY = {
    "NoneType": "a value is missing; fill it or leave the row out.",
    "Overflow when": "an int64 ends at 2**63 - 1.",
    "int too large": "a float64 holds no whole number that large.",
    "equal size": "lists of unequal length make no rectangle; pad them, or keep them as lists.",
    "new(): invalid": MIXED,
    "must be real number": MIXED,
    "cannot be interpreted as an integer": MIXED,
    "has no len()": "the first value of a column of the batch is a list, another one is not.",
    "string indices": "a line is text and has no columns.",
    "indices must be integers": "a line is text and has no columns.",
    "num_samples=0": "there is no row to draw.",
}


def _why(result: Result) -> str:
    """What the error means for a row; NoneType where the missing value is not the first one too."""
    error = result.error or ""
    if error.startswith("KeyError"):
        return "a row of the batch does not have that column."
    return next((why for part, why in WHY.items() if part in error), "no rule covers these values.")


def details(params: Params, result: Result) -> str:
    if result.n is None:
        return ""
    said = [_sentence(remark) for remark in result.remarks or []]
    return " ".join([_rows(params, result), *said, *_batches(params, result), *_changes(result)])


def _sentence(remark: str) -> str:
    return f"{remark[0].upper()}{remark[1:]}." if remark.startswith(("cells", "line", "no column")) else f"{remark}."


def _rows(params: Params, result: Result) -> str:
    names = (
        f" with the {one_of(len(result.names), 'column', 'columns')} {listing(list(map(repr, result.names[:12])))}"
        if result.names
        else ""
    )
    numbers = (
        "" if params.format != "CSV" else ", numbers read as numbers" if params.numbers else ", every cell read as text"
    )
    cut = f"; a sample is cut to {listing(list(map(repr, result.chosen)))}" if result.chosen else ""
    rows = count(result.n or 0, "row")
    return f"{rows[0].upper()}{rows[1:]} of {params.format}{names}{numbers}{cut}."


def _batches(params: Params, result: Result) -> list[str]:
    drawn = f"drawn with seed {params.seed}" if params.shuffle else "in their own order"
    come = f"The rows come {drawn}, {params.batch_size} to a batch"
    if result.trees is None:
        return [f"{come}."]
    if not result.trees:
        return [f"{come}, and a short last one is dropped: no batch is left."]
    cut = "a short last one is dropped" if params.drop_last else "a short last one is kept"
    held = "; ".join(f"{name} {kind}".strip() for name, kind in leaves(result.trees[0]).items())
    return [f"{come}, and {cut}; the first sizes are {result.sizes}.", f"Batch 0 holds: {held}."]


def _changes(result: Result) -> list[str]:
    """What becomes another type from one batch to the next, told once for the loader."""
    first, *others = [_types(tree) for tree in result.trees] if result.trees else [{}]
    said = []
    for name, kind in first.items():
        at, other = next(
            ((at, types[name]) for at, types in enumerate(others, 1) if types.get(name, kind) != kind), (0, "")
        )
        if at:
            said.append(f"{name} changes its type between batches: {kind} in batch 0, {other} in batch {at}.")
        if kind == "float32":
            said.append(f"{name} is float32 in batch 0, as its first value is no float but another one is.")
    return said


def _types(tree: list[list[Any]]) -> dict[str, str]:
    """The dtype of each tensor of a batch, the type of what is none."""
    return {
        name: facts.split(" ")[0] if kind == "Tensor" else kind for depth, name, kind, facts, _ in tree if depth == 1
    }


LIST_OF_WORDS = "list of 4 str"

LESSON = Lesson(
    slug="own_data",
    title="Your own data",
    truth=__doc__,
    Params=Params,
    program=Apart(
        "own_data",
        Result,
        raises=REFUSALS,
        values=values,
        given=given,
        files=files,
        scope=unscoped,
        seconds=15.0,
        memory=1_000_000_000,
        imports=(),
        advice="give fewer rows",
        when=large,
    ),  # fmt: skip
    caption=caption,
    details=details,
    minutes=6,
    main=("data", "format", "batch_size"),
    related=("collate", "padding", "dataset"),
    examples=(
        Example("CSV: six pets", {}),
        Example("JSON lines: token ids of unequal length", {"data": TOKENS, "format": "JSON lines", "batch_size": 2}),
        Example("CSV with a gap", {"data": GAP, "batch_size": 3}),
        Example("Plain lines", {"data": "the first line\nanother one\nthe last", "format": "lines", "batch_size": 2}),
    ),
    predictions=(
        Prediction(
            id="weights",
            question="What does default_collate make of four floats of the column kg?",
            choices=(
                Choice(
                    "Tensor float32 (4,)",
                    "float32 is torch.tensor's default. A Python float has 64 bits, and default_collate keeps them all.",
                ),
                Choice(
                    "Tensor float64 (4,)",
                    "A Python float has 64 bits, and so has the tensor; most layers then want .float().",
                ),
                Choice(
                    "list of 4 float",
                    "So it would be with text, which stays a list. Of numbers default_collate makes one tensor.",
                ),
            ),
            answer=1,
            proof="weights",
            show={},
            ring="column-2",
        ),
        Prediction(
            id="words",
            question="The column name holds words. What does default_collate make of it in a batch of 4?",
            choices=(
                Choice(
                    LIST_OF_WORDS,
                    "Text has no tensor: the strings are kept, one for each row. A tokenizer makes numbers of them.",
                ),
                Choice("an error", "A type without a rule raises, such as None. For str the rule is to keep the list."),
                Choice(
                    "Tensor int64 (4,)",
                    "No vocabulary is made behind your back: numbers for words are a tokenizer's work.",
                ),
            ),
            answer=0,
            proof="words",
            show={},
            ring="column-0",
        ),
        Prediction(
            id="cells",
            question="numbers is off: each cell stays as the csv module reads it. What is age in a batch of 4?",
            choices=(
                Choice(
                    "Tensor int64 (4,)",
                    "A cell 3 looks like an int, but CSV knows only text, and csv.reader converts nothing by default.",
                ),
                Choice("an error", "Strings are no error: default_collate keeps them. What needs numbers fails later."),
                Choice(
                    LIST_OF_WORDS,
                    "csv.reader returns text, so the batch holds '3' and '7' until somebody converts them.",
                ),
            ),
            answer=2,
            proof="cells of csv",
            show={"numbers": False},
            ring="column-1",
        ),
        Prediction(
            id="gap",
            question="The ages are 3, nothing and 1, the missing one read as None. What does a batch of 3 rows do?",
            choices=(
                Choice(
                    "a nan stands there",
                    "pandas would write nan. Here None reaches default_collate, which puts no number in its place.",
                ),
                Choice(
                    "the row is left out",
                    "A DataLoader looks at no value. To leave the row out takes a dataset, a sampler or a collate_fn of your own.",
                ),
                Choice(
                    "stops: RuntimeError",
                    "The first value is an int, so torch.tensor gets all three, and has no dtype for None.",
                ),
            ),
            answer=2,
            proof="a gap",
            show={"data": GAP, "batch_size": 3},
            ring="loader",
        ),
    ),
    traps=(
        Trap(
            name="A cell is empty",
            sentence="The missing age becomes None, and a tensor of 3, None and 1 cannot be made: the loader stops.",
            source="https://github.com/Megvii-BaseDetection/YOLOX/issues/1523",
            params={"data": GAP, "batch_size": 3},
        ),
        Trap(
            name="Lists of unequal length",
            sentence="Token ids of unequal length are no rectangle, and default_collate does not pad.",
            source="https://github.com/pytorch/pytorch/issues/42654",
            params={"data": TOKENS, "format": "JSON lines", "batch_size": 2},
        ),
        Trap(
            name="An id too large for int64",
            sentence="A Python int has no limit and an int64 has: the first of these ids is above 2**63 - 1.",
            source="https://github.com/pytorch/pytorch/issues/135628",
            params={"data": "id,label\n10239237003504588839,1\n4316640507316845735,0\n", "batch_size": 2},
        ),
    ),
)
