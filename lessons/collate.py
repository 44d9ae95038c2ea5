"""default_collate walks into the dicts, lists and tuples of a sample: numbers and tensors become one tensor for each position, strings stay strings."""

from dataclasses import dataclass
from typing import Literal

from explorable.lesson import Choice, Lesson, Prediction, Trap
from explorable.params import bounded, choice
from explorable.program import Program
from explorable.words import count, listing, one_of

REFUSALS = (AttributeError, IndexError, KeyError, RuntimeError, TypeError, ValueError)
Sample = Literal[
    "TensorDataset", "tensor", "tensor (1, T)", "numpy array", "int", "float", "1 first, then 2.5", "2.5 first, then 1", "str",
    "tuple (x, label)", "list of 3 floats", "lists of unequal length", "tensors of unequal length", "dict", "dicts with other keys",
    "nested", "NamedTuple", "None", "set", "QAModel text",
]  # fmt: skip


@dataclass(frozen=True)
class Params:
    sample: Sample = choice("TensorDataset", about="what dataset[i] returns")
    batch_size: int | None = bounded(100, low=1, high=100, step=1, about="None: no batching")
    collate_fn: Literal["default_collate", "list", "pad_sequence", "dict of lists"] = choice(
        "default_collate", about="list of samples -> batch"
    )


@dataclass(frozen=True)
class Result:
    sample_tree: list[tuple]  # dataset[0]
    next_trees: list[list[tuple]]  # dataset[1] and dataset[2], where the first batch holds them
    by_size: dict[str, list[tuple] | str]  # batch_size None, 1, 2, 100 -> the first batch, or what torch said
    batch_tree: list[tuple] | None  # the first batch, None where collate refuses
    length: int | None  # len(loader): batches in an epoch
    loop: list[str] | None  # QAModel only: what its loop over batch["text"] meets
    error: str | None  # what torch said when it refused


def rule(params: Params) -> str:
    """What is called with the samples."""
    none = params.batch_size is None and params.collate_fn == "default_collate"
    return "default_convert" if none else params.collate_fn


def kind_of(nodes: list[tuple]) -> str:
    """What a tree is of: "list of 1 Tensor", "Tensor float64", "dict of 2 keys"; of places of several types each type is named."""
    _, _, kind, facts, _ = nodes[0]
    if not facts.startswith("len "):
        return f"{kind} {facts.split(' ')[0]}".strip()
    size = int(facts.removeprefix("len "))
    if kind in ("dict", "set"):
        return f"{kind} of {count(size, 'key' if kind == 'dict' else 'item')}"
    inside = [*dict.fromkeys(node[2] for node in nodes[1:] if node[0] == 1)]
    return f"{kind} of {size} {listing(inside or ['str'])}"


def a(kind: str) -> str:
    return f"{'an' if kind[0] in 'aeiou' or kind == 'ndarray' else 'a'} {kind}"


def caption(params: Params, result: Result) -> str:
    if result.batch_tree is None:
        first = a(result.sample_tree[0][2])
        one = first if params.batch_size in (None, 1) else f"the first {first}"
        got = (
            f"a list of {count(params.batch_size, 'sample')}, {one}"
            if params.batch_size
            else f"the sample itself, {one}"
        )
        return f"Given {got}, {rule(params)} refuses with {str(result.error).partition(':')[0]}."
    batch = " ".join(
        [
            a(result.batch_tree[0][2]),
            result.batch_tree[0][3].split(" ")[0] if result.batch_tree[0][2] == "Tensor" else "",
        ]
    ).strip()
    if result.error:
        return f"With collate_fn={rule(params)}, the batch is {batch}, and the loop over batch['text'] stops with {result.error.partition(':')[0]}."
    size = params.batch_size or 1
    given = count(size, "sample") if size > 1 else "one sample"
    epoch = f", and an epoch has {count(result.length or 0, 'batch' if params.batch_size else 'sample')}"
    made = a(kind_of(result.batch_tree)).replace(" of 1 ", " of one ")
    become = one_of(size, "becomes", "become")
    if shape := _shape(result.batch_tree):
        given = "the samples" if size > 1 else "a sample"
    return f"{_with(params)}, {given} {become} {made}{shape}{epoch}."


def _with(params: Params) -> str:
    """`With default_collate`: a function of PyTorch by its name, what a visitor chose as the argument."""
    return f"With {rule(params)}" if rule(params).startswith("default_") else f"With collate_fn={rule(params)}"


def _shape(nodes: list[tuple]) -> str:
    """The shape of a lone tensor, or of the one in a batch of one place, where both have two dims at most."""
    facts = nodes[1][3] if nodes[0][3] == "len 1" and len(nodes) > 1 else nodes[0][3]
    _, _, shape = facts.partition(" ")
    return f" {shape}" if shape.startswith("(") and shape != "()" and shape.count(",") < 2 else ""


def details(params: Params, result: Result) -> str:
    sizes = dict[str, list[str]]()  # what the first batch is -> the values of batch_size that give it
    for size, found in result.by_size.items():
        sizes.setdefault(f"is {a(kind_of(found))}" if isinstance(found, list) else "is refused", []).append(size)
    found_with = [f"{kind} with batch_size {listing(some, 'or')}" for kind, some in sizes.items()]
    by_size = f"The first batch {listing(found_with)}."
    held = [f"{name} {kind} {facts}".strip() for depth, name, kind, facts, _ in result.batch_tree or [] if depth == 1]
    size = result.batch_tree[0][3].removeprefix("len ") if held and result.batch_tree else ""
    more = int(size) - len(held) if size.isdecimal() else 0
    inside = f" The batch holds {', '.join(held)}{f' and {more} more' if more > 0 else ''}." if held else ""
    met = f" The loop over batch['text'] first meets {result.loop[0]}." if result.loop else ""
    epoch = (
        f" An epoch has {count(result.length, 'batch' if params.batch_size else 'sample')}." if result.length else ""
    )
    return f"{by_size}{inside}{met}{epoch}"


LESSON = Lesson(
    slug="collate",
    title="What a batch is",
    truth=__doc__,
    Params=Params,
    program=Program("collate", Result, raises=REFUSALS),
    caption=caption,
    details=details,
    minutes=6,
    main=("sample", "batch_size", "collate_fn"),
    related=("batches", "own_data", "padding"),
    predictions=(
        Prediction(
            id="tensor_dataset",
            question="x has shape (100, 10). What is a batch of DataLoader(TensorDataset(x), batch_size=100)?",
            choices=(
                Choice(
                    "Tensor (100, 10)",
                    "So it would be if the dataset were x itself. TensorDataset returns tuples, here of one tensor.",
                ),
                Choice(
                    "list of 1 Tensor",
                    "A tuple becomes a list: one stacked tensor for each position in the tuple.",
                ),
                Choice(
                    "tuple of 100 Tensor",
                    "The samples are not kept apart: the tensors at each position of the tuple are stacked.",
                ),
            ),
            answer=1,
            proof="a TensorDataset",
            show={},
            ring="batch",
        ),
        Prediction(
            id="floats",
            question="The samples are Python floats, batch_size=100. What is the batch?",
            choices=(
                Choice(
                    "Tensor float32",
                    "torch.tensor makes float32 of Python floats. default_collate asks for float64, so that no bit is lost.",
                ),
                Choice(
                    "list of 100 float",
                    "Numbers have a rule: one tensor of all of them. Strings would stay as they are.",
                ),
                Choice(
                    "Tensor float64",
                    "A Python float has 64 bits, and default_collate keeps them. A float32 nn.Linear then refuses the batch.",
                ),
            ),
            answer=2,
            proof="floats",
            show={"sample": "float"},
            ring="batch",
        ),
        Prediction(
            id="lists",
            question="The samples are lists of 3 floats, batch_size=4. What is the batch?",
            choices=(
                Choice(
                    "Tensor (4, 3)",
                    "So it would be for samples that are tensors. A list is read as 3 positions, and each is batched by itself.",
                ),
                Choice("list of 4 list", "That is collate_fn=list, which keeps the samples apart."),
                Choice(
                    "list of 3 Tensor",
                    "default_collate transposes: one tensor for each position of the lists, each with 4 numbers.",
                ),
            ),
            answer=2,
            proof="lists of floats",
            show={"sample": "list of 3 floats", "batch_size": 4},
            ring="batch",
        ),
        Prediction(
            id="loop",
            question='The samples are {"text": {"input_ids": ...}}, batch_size=2. What does `for item in batch["text"]` yield?',
            choices=(
                Choice(
                    "key strings", "default_collate merges the dicts into one, and a loop over a dict yields its keys."
                ),
                Choice(
                    "dicts", "The samples were dicts, but after default_collate there is one dict, with batched values."
                ),
                Choice(
                    "tensors",
                    "The tensors are the values of that one dict; a loop over a dict does not yield its values.",
                ),
            ),
            answer=0,
            proof="the loop",
            show={"sample": "QAModel text", "batch_size": 2},
            ring="items",
        ),
        Prediction(
            id="int_first",
            question="The two samples of a batch are 1 and 2.5, in this order. What is the batch?",
            choices=(
                Choice(
                    "Tensor int64",
                    "A batch of ints is int64. Here torch.tensor([1, 2.5]) is called, which needs a float type.",
                ),
                Choice(
                    "Tensor float32",
                    "The first sample picks the rule, and for an int it is torch.tensor(batch): float32, the default dtype. For a float it asks for float64.",
                ),
                Choice(
                    "Tensor float64",
                    "That is 2.5 first: the rule of a float asks for float64, the rule of an int lets torch.tensor choose.",
                ),
            ),
            answer=1,
            proof="an int first",
            show={"sample": "1 first, then 2.5", "batch_size": 2},
            ring="batch",
        ),
    ),
    traps=(
        Trap(
            name="A None in the dataset",
            sentence="A __getitem__ that forgets to return gives None, and default_collate has no rule for None.",
            source="https://github.com/Megvii-BaseDetection/YOLOX/issues/1523",
            params={"sample": "None"},
        ),
        Trap(
            name="Lists of unequal length",
            sentence="Lists of unequal length cannot be transposed, so default_collate raises; pad them in a collate_fn.",
            source="https://github.com/pytorch/pytorch/issues/42654",
            params={"sample": "lists of unequal length", "batch_size": 4},
        ),
        Trap(
            name="Floats become float64",
            sentence="Python floats give a float64 batch, and nn.Linear has float32 weights by default; return torch.tensor(x) instead.",
            source="https://github.com/pytorch/pytorch/issues/69446",
            params={"sample": "float"},
        ),
        Trap(
            name="A list is transposed",
            sentence="[x, y, z] as a sample does not become a row of a tensor: three tensors come out, one for each position.",
            source="https://github.com/pytorch/pytorch/issues/50272",
            params={"sample": "list of 3 floats", "batch_size": 4},
        ),
    ),
)
