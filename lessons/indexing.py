"""Sequential and ModuleList are indexed by position, ModuleDict by key, other modules not at all; what comes out is shared, not copied."""

from dataclasses import dataclass
from typing import Any, Literal

from torch import Tensor

from explorable.lesson import Lesson, Prediction, Trap
from explorable.params import bounded, choice
from explorable.program import Program
from explorable.words import count

Container = Literal["Sequential", "ModuleList", "ModuleDict", "own __getitem__", "no __getitem__"]
Operation = Literal[
    "layers[i]", "layers[i:]", "layers[:i]", "nn.Sequential(*layers[i:])", "getattr(layers, str(i))", "del layers[i]",
    "layers[i] = new", "layers.insert(i, new)", "layers.append(new)", "[layer] * 3", "copy.deepcopy(layers)", "layers(x)",
]  # fmt: skip
KEYED = ("layers[i]", "del layers[i]", "layers[i] = new")
INDEXED = (
    *KEYED, "layers[i:]", "layers[:i]", "nn.Sequential(*layers[i:])", "getattr(layers, str(i))", "layers.insert(i, new)",
)  # fmt: skip


@dataclass(frozen=True)
class Params:
    container: Container = choice("Sequential", about="what holds the four layers")
    operation: Operation = choice("layers[i:]", about="what is done with it")
    i: int = bounded(1, low=-5, high=5, step=1, about="the index", when={"operation": INDEXED})
    key: Literal["int", "str"] = choice("int", about="type of the index: 1 or '1'", when={"operation": KEYED})


@dataclass(frozen=True)
class Result:
    before: Tensor  # (4,) weight[0, 0] of each layer in the container
    before_names: list[str]  # their names in named_modules()
    before_ids: list[str]  # a letter for each object: equal letters are one object
    facts_before: dict[str, Any]  # type, len(), bool(), parameters and keys
    got: Tensor | None = None  # (n,) weight[0, 0] of each layer in what the operation returned or left behind
    got_names: list[str] | None = None
    got_ids: list[str] | None = None
    facts_got: dict[str, Any] | None = None
    same_container: bool | None = None  # whether it is the very container that was there before
    checkpoint: dict[str, str] | None = None  # key of its state_dict -> what a checkpoint saved before has under it
    y: Tensor | None = None  # (1, 2) output, where the container was called
    error: str | None = None


REFUSALS = (AttributeError, IndexError, KeyError, NotImplementedError, TypeError)


def values(params: Params) -> dict[str, Any]:
    """The parameters of the program; the type of the index counts where there is one."""
    return {**vars(params), "key": params.key if params.operation in KEYED else "int"}


def caption(params: Params, result: Result) -> str:
    held = f"A container with {len(result.before)} layers, {params.container}"
    if result.error:
        return f"{held}: {written(params)} raises {result.error}."
    if result.y is not None:
        return f"{held}: {written(params)} runs them in order and returns a tensor of shape {tuple(result.y.shape)}."
    ids, names = result.got_ids or [], result.got_names or []
    kept = sum(letter in result.before_ids for letter in ids)
    facts_got, checkpoint = result.facts_got or {}, result.checkpoint or {}
    place = _place(result)
    matching = sum(text == "the same numbers" for text in checkpoint.values())
    keys = f"{matching or 'None'} of its {len(checkpoint)} keys hold the numbers that an older checkpoint has under the same key."
    return (
        f"{held}: {written(params)} leaves a {facts_got['type']}, {place}, with {_named(names)}: {count(len(ids), 'layer')}, "
        f"{count(len(set(ids)), 'different object')}, {kept or 'none'} from before. {keys if checkpoint else 'It has no keys.'}"
    )


def _place(result: Result) -> str:
    """Whether what is left is the container itself, a layer that it holds, or a new object."""
    if result.same_container:
        return "the container itself"
    return "the very layer that it holds" if result.got_names == [""] else "a new object"


def written(params: Params) -> str:
    """The operation with its index."""
    i = repr(str(params.i)) if params.key == "str" and params.operation in KEYED else repr(params.i)
    filled = {
        "layers[i:]": f"layers[{i}:]",
        "layers[:i]": f"layers[:{i}]",
        "getattr(layers, str(i))": f"getattr(layers, '{i}')",
    }
    return filled.get(params.operation) or params.operation.replace("[i", f"[{i}").replace("(i,", f"({i},")


def _named(names: list[str]) -> str:
    if names == [""]:
        return "no name, being the layer itself"
    return f"the names {', '.join(names)}" if names else "nothing inside"


LESSON = Lesson(
    slug="indexing",
    title="Indexing",
    truth=__doc__,
    Params=Params,
    program=Program("indexing", Result, raises=REFUSALS, values=values),
    caption=caption,
    predictions=(
        Prediction(
            question="layers is a nn.Sequential of three modules. What is type(layers[:2])?",
            choices=("list", "Sequential", "tuple"),
            answer=1,
            why="A slice is a new container of the same class around the same modules, so it can be called.",
            proof="a slice",
            show={"operation": "layers[:i]", "i": 2},
        ),
        Prediction(
            question="layers is a nn.Sequential of four. Which names do the layers of layers[1:] have?",
            choices=("0, 1, 2", "1, 2, 3"),
            answer=1,
            why="A slice of a Sequential keeps the names; nn.Sequential(*layers[1:]) and a slice of a ModuleList count anew.",
            proof="names of a slice",
            show={"operation": "layers[i:]", "i": 1},
        ),
        Prediction(
            question="nn.ModuleList([nn.Linear(2, 2)] * 3): how many different parameter tensors has it?",
            choices=("2", "3", "6"),
            answer=0,
            why="The list holds one object three times: one weight and one bias, under six keys of state_dict().",
            proof="one layer three times",
            show={"container": "ModuleList", "operation": "[layer] * 3"},
        ),
        Prediction(
            question="What does nn.ModuleList([first, second])(x) give?",
            choices=("second(first(x))", "a list of two outputs", "NotImplementedError"),
            answer=2,
            why="A ModuleList only keeps modules; it has no forward, because it does not know in which order you want them.",
            proof="a list that is called",
            show={"container": "ModuleList", "operation": "layers(x)"},
        ),
        Prediction(
            question="layers[4:] of a nn.Sequential of four is empty. What is bool(layers[4:])?",
            choices=("True", "False"),
            answer=1,
            why="Containers have __len__, and Python calls what is empty false: `if layers:` skips an empty Sequential.",
            proof="an empty slice",
            show={"operation": "layers[i:]", "i": 4},
        ),
    ),
    traps=(
        Trap(
            name="[layer] * 3",
            sentence="One layer under three names: its weights are shared, and nothing says so.",
            source="https://github.com/yaoppeng/U-Net_v2/issues/10",
            params={"container": "ModuleList", "operation": "[layer] * 3"},
        ),
        Trap(
            name="nn.Sequential(*layers[1:])",
            sentence="The layers are numbered anew, so keys of an older checkpoint name other layers.",
            source="https://github.com/richzhang/PerceptualSimilarity/pull/143",
            params={"operation": "nn.Sequential(*layers[i:])"},
        ),
        Trap(
            name="ModuleList called like a Sequential",
            sentence="A ModuleList has no forward: write the loop, or use nn.Sequential.",
            source="https://github.com/cloneofsimo/paint-with-words-sd/issues/2",
            params={"container": "ModuleList", "operation": "layers(x)"},
        ),
        Trap(
            name="A module of your own, indexed",
            sentence="Only a class with __getitem__ has an index; take the attribute instead.",
            source="https://github.com/OUCMachineLearning/OUCML/issues/21",
            params={"container": "no __getitem__", "operation": "layers[i]", "i": 0},
        ),
    ),
)
