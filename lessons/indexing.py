"""A slice of nn.Sequential keeps the layers and their names; one of nn.ModuleList names them from 0 again, and neither copies a layer."""

from dataclasses import dataclass
from typing import Any, Literal

from torch import Tensor

from explorable.lesson import Choice, Lesson, Prediction, Trap
from explorable.params import bounded, choice
from explorable.program import Program
from explorable.words import count, listing, spelled

Container = Literal["Sequential", "ModuleList", "ModuleDict", "own __getitem__", "no __getitem__"]
Operation = Literal[
    "layers[i]", "layers[i:]", "layers[:i]", "layers[i:].append(new)", "nn.Sequential(*layers[i:])", "getattr(layers, str(i))",
    "del layers[i]", "layers[i] = new", "layers.insert(i, new)", "layers.append(new)", "[layer] * 3", "copy.deepcopy(layers)", "layers(x)",
]  # fmt: skip
KEYED = ("layers[i]", "del layers[i]", "layers[i] = new")
INDEXED = (
    *KEYED, "layers[i:]", "layers[:i]", "layers[i:].append(new)", "nn.Sequential(*layers[i:])", "getattr(layers, str(i))", "layers.insert(i, new)",
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


HOLDERS = {
    "own __getitem__": "a module that defines __getitem__",
    "no __getitem__": "a module that defines no __getitem__",
}  # of the containers that are no class of torch


def caption(params: Params, result: Result) -> str:
    return f"On {HOLDERS.get(params.container, f'a {params.container}')}, {written(params)} {_outcome(params, result)}."


def _outcome(params: Params, result: Result) -> str:
    if result.error:
        return f"raises {result.error.partition(':')[0]}"
    if result.y is not None:
        return f"runs its {len(result.before)} layers in order and returns a tensor of shape {tuple(result.y.shape)}"
    if not result.got_ids:
        return f"gives an empty {_type(result)}, with none of the {len(result.before)} layers"
    return f"{_given(result)}, and {_fitting(result)}"


def _given(result: Result) -> str:
    """What the operation returned or left behind, and which of its layers were there before."""
    if result.got_names == [""]:
        return "gives the very layer that it holds"
    ids = result.got_ids or []
    layers = count(len(ids), "layer")
    start = (
        f"leaves the container itself with {layers}"
        if result.same_container
        else f"gives a new {_type(result)} of {layers}"
    )
    kept = sum(letter in result.before_ids for letter in ids)
    if len(set(ids)) < len(ids):
        return f"{start} that are one object"
    if kept == len(ids):
        return f"{start}{', all from before' if result.same_container else ' that it shares with layers'}"
    return f"{start}, {spelled(kept) if kept else 'none'} of them from before"


def _type(result: Result) -> str:
    return str((result.facts_got or {})["type"])


def fitting(result: Result) -> int:
    """How many of its keys have in an older checkpoint the numbers that it has now."""
    return sum(text == "the same numbers" for text in (result.checkpoint or {}).values())


def _fitting(result: Result) -> str:
    keys, fit = len(result.checkpoint or {}), fitting(result)
    many = "all" if fit == keys else spelled(fit) if fit else "none"
    under = "both of its keys" if fit == keys == 2 else f"{many} of its {keys} keys"
    return f"an older checkpoint holds the right numbers under {under}"


def details(params: Params, result: Result) -> str:
    held = f"Before, the layers are named {listing(result.before_names)}."
    if result.error:
        return f"{held} {written(params)} raises {result.error.rstrip('.')}."
    if result.facts_got is None:
        return f"{held} The container has a forward, so it can be called."
    now = _named(result.got_names or [], result.got_ids or [])
    found = result.facts_got
    tensors, keys = count(found["parameters()"], "tensor"), count(found["keys of state_dict()"], "key")
    return f"{held} After it {now}; parameters() gives {tensors}, state_dict() has {keys}, and bool() is {found['bool()']}."


def _named(names: list[str], ids: list[str]) -> str:
    if names in ([], [""]):
        return "there is a layer alone, which has no name" if names else "there is no layer"
    if len(names) == 1:
        return f"there is one layer, named {names[0]}: object {ids[0]}"
    objects = f"objects {listing(ids)}" if len(set(ids)) > 1 else f"all object {ids[0]}"
    return f"the layers are named {listing(names)} and are {objects}"


def written(params: Params) -> str:
    """The operation with its index."""
    i = repr(str(params.i)) if params.key == "str" and params.operation in KEYED else repr(params.i)
    filled = {
        "layers[i:]": f"layers[{i}:]",
        "layers[:i]": f"layers[:{i}]",
        "getattr(layers, str(i))": f"getattr(layers, '{i}')",
    }
    return filled.get(params.operation) or params.operation.replace("[i", f"[{i}").replace("(i,", f"({i},")


LESSON = Lesson(
    slug="indexing",
    title="Indexing",
    truth=__doc__,
    Params=Params,
    program=Program("indexing", Result, raises=REFUSALS, values=values),
    caption=caption,
    details=details,
    minutes=5,
    main=("container", "operation", "i", "key"),
    related=("registration", "traversal", "stack"),
    predictions=(
        Prediction(
            id="names",
            question="layers is an nn.Sequential of four. Which names do the layers of layers[1:] have?",
            choices=(
                Choice(
                    "0, 1, 2",
                    "So it is in a slice of a ModuleList, and in nn.Sequential(*layers[1:]): both number their layers anew.",
                ),
                Choice(
                    "no names: a list",
                    "A slice of a Python list is a list. Sequential.__getitem__ makes a Sequential of it, and that has names.",
                ),
                Choice(
                    "1, 2, 3",
                    "A slice of a Sequential keeps the names, so the keys of its state_dict() still fit an older checkpoint.",
                ),
            ),
            answer=2,
            proof="names of a slice",
            show={},
            ring="names",
        ),
        Prediction(
            id="slice",
            question="layers is an nn.Sequential of four. What is layers[:2]?",
            choices=(
                Choice(
                    "a list of 2 layers",
                    "Sequential looks like a list. But its slice is a module again, so it can be called and moved.",
                ),
                Choice(
                    "a new Sequential",
                    "A slice is a new container of the same class around the same layers: what trains one trains the other.",
                ),
                Choice(
                    "layers, cut short",
                    "A slice changes nothing: layers still has four. del layers[2:] cuts it short.",
                ),
            ),
            answer=1,
            proof="a slice",
            show={"operation": "layers[:i]", "i": 2},
            ring="kind",
        ),
        Prediction(
            id="append",
            question="layers is an nn.Sequential of four. Which names do the layers of layers[1:].append(new) have?",
            choices=(
                Choice(
                    "1, 2, 3, 4",
                    "That would go on with the names. But append() names the new layer by len(), which is 3: this name is taken.",
                ),
                Choice(
                    "1, 2, 3",
                    "The slice keeps the names 1, 2, 3; append() takes str(len()), 3, and so replaces the last layer without a word.",
                ),
                Choice(
                    "0, 1, 2, 3",
                    "So it is in a slice of a ModuleList, which numbers its layers anew. A slice of a Sequential keeps the names.",
                ),
            ),
            answer=1,
            proof="append to a slice",
            show={"operation": "layers[i:].append(new)"},
            ring="names",
        ),
        Prediction(
            id="insert",
            question="layers is an nn.ModuleList of four. Which names do its layers have after layers.insert(5, new)?",
            choices=(
                Choice(
                    "0, 1, 2, 3, 4",
                    "A Python list puts what is past its end at the end. ModuleList.insert writes under the name it was given.",
                ),
                Choice(
                    "there are none: it raises",
                    "nn.Sequential raises IndexError here. ModuleList.insert checks no range, and no error comes yet.",
                ),
                Choice(
                    "0, 1, 2, 3, 5",
                    "The name 4 is left out: a for loop reaches all five layers, and layers[4] raises KeyError.",
                ),
            ),
            answer=2,
            proof="insert past the end",
            show={"container": "ModuleList", "operation": "layers.insert(i, new)", "i": 5},
            ring="names",
        ),
        Prediction(
            id="repeated",
            question="nn.ModuleList([nn.Linear(2, 2)] * 3): how many tensors does parameters() give?",
            choices=(
                Choice(
                    "2: one weight, one bias",
                    "The list holds one object three times, under six keys of state_dict(); parameters() gives each tensor once.",
                ),
                Choice(
                    "6: a pair for each layer",
                    "So it is for [nn.Linear(2, 2) for _ in range(3)]. `* 3` repeats the reference, it makes no layer.",
                ),
                Choice(
                    "3: one for each layer",
                    "A Linear has two, and there is one Linear: the list names it three times.",
                ),
            ),
            answer=0,
            proof="one layer three times",
            show={"container": "ModuleList", "operation": "[layer] * 3"},
            ring="parameters",
        ),
        Prediction(
            id="called",
            question="layers is an nn.ModuleList of four. What does layers(x) do?",
            choices=(
                Choice(
                    "it runs them in order",
                    "That is nn.Sequential. A ModuleList does not know in which order, or how, you want its layers.",
                ),
                Choice(
                    "it gives four outputs",
                    "Write [layer(x) for layer in layers] for that; no forward is written for you.",
                ),
                Choice(
                    "it raises NotImplementedError",
                    "A ModuleList keeps modules so that they are registered; it has no forward.",
                ),
            ),
            answer=2,
            proof="a list that is called",
            show={"container": "ModuleList", "operation": "layers(x)"},
            ring="kind",
        ),
        Prediction(
            id="empty",
            question="layers[4:] of an nn.Sequential of four is empty. What does `if layers[4:]:` make of it?",
            choices=(
                Choice(
                    "it is true",
                    "An object is true by default, and so is a module without __len__. A Sequential has __len__.",
                ),
                Choice(
                    "it is false",
                    "Containers have __len__, and Python calls what is empty false: write `is not None` to ask for that.",
                ),
                Choice(
                    "it raises IndexError",
                    "layers[4] does. A slice past the end is empty, as it is for a Python list.",
                ),
            ),
            answer=1,
            proof="an empty slice",
            show={"operation": "layers[i:]", "i": 4},
            ring="bool",
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
            sentence="The layers are numbered anew from 0, so a key of an older checkpoint now names another layer.",
            source="https://github.com/richzhang/PerceptualSimilarity/pull/143",
            params={"operation": "nn.Sequential(*layers[i:])"},
        ),
        Trap(
            name="Insert past the end",
            sentence="ModuleList.insert checks no range: a name is left out, and an index that len() allows raises a KeyError later.",
            source="https://github.com/PaddlePaddle/Paddle/pull/71540",
            params={"container": "ModuleList", "operation": "layers.insert(i, new)", "i": 5},
        ),
        Trap(
            name="A ModuleList that is called",
            sentence="A ModuleList has no forward: write the loop, or use nn.Sequential.",
            source="https://github.com/cloneofsimo/paint-with-words-sd/issues/2",
            params={"container": "ModuleList", "operation": "layers(x)"},
        ),
        Trap(
            name="A module of your own, indexed",
            sentence="A module has an index only if its class defines __getitem__; take the attribute instead.",
            source="https://github.com/OUCMachineLearning/OUCML/issues/21",
            params={"container": "no __getitem__", "operation": "layers[i]", "i": 0},
        ),
    ),
)
