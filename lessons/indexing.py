"""Sequential and ModuleList are indexed by position, ModuleDict by key, other modules not at all; what comes out is shared, not copied."""

import copy
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Literal

import torch
from torch import Tensor, nn

from explorable.lesson import Lesson, Prediction, Trap
from explorable.params import bounded, choice
from explorable.seeding import seeded
from lessons.source import HEADER, snippet_of

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
    facts_before: dict[str, Any]  # see `facts`
    got: Tensor | None = None  # (n,) weight[0, 0] of each layer in what the operation returned or left behind
    got_names: list[str] | None = None
    got_ids: list[str] | None = None
    facts_got: dict[str, Any] | None = None
    same_container: bool | None = None  # whether it is the very container that was there before
    checkpoint: dict[str, str] | None = None  # key of its state_dict -> what a checkpoint saved before has under it
    y: Tensor | None = None  # (1, 2) output, where the container was called
    error: str | None = None


class Stack(nn.Module):
    """A module that lends the indexing of its list."""

    def __init__(self, layers: Iterable[nn.Module]) -> None:
        super().__init__()
        self.layers = nn.ModuleList(layers)

    def __getitem__(self, index: Any) -> Any:
        return self.layers[index]

    def __len__(self) -> int:
        return len(self.layers)

    def forward(self, x: Tensor) -> Tensor:
        for layer in self.layers:
            x = layer(x)
        return x


class Net(nn.Module):
    """A module with its layers as attributes."""

    def __init__(self, layers: Iterable[nn.Module]) -> None:
        super().__init__()
        for number, layer in enumerate(layers):
            setattr(self, f"layer{number}", layer)

    def forward(self, x: Tensor) -> Tensor:
        for layer in self.children():
            x = layer(x)
        return x


def listed(module: nn.Module, letters: dict[int, str]) -> tuple[list[str], list[str], Tensor]:
    """Names, letters and weight[0, 0] of the Linear layers in a module; an object not met before gets the next letter."""
    layers = [(name, m) for name, m in module.named_modules(remove_duplicate=False) if isinstance(m, nn.Linear)]
    ids = [letters.setdefault(id(layer), chr(ord("A") + len(letters))) for _, layer in layers]
    return [name for name, _ in layers], ids, torch.tensor([layer.weight[0, 0].item() for _, layer in layers])


def facts(module: Any) -> dict[str, Any]:
    return {
        "type": type(module).__name__,
        "len()": len(module) if hasattr(module, "__len__") else None,
        "bool()": bool(module),
        "parameters()": len(list(module.parameters())),
        "keys of state_dict()": len(module.state_dict()),
    }


def found(key: str, value: Tensor, saved: dict[str, Tensor]) -> str:
    if key not in saved:
        return "no such key"
    return "the same numbers" if torch.equal(saved[key], value) else "another layer's numbers"


def build(container: str) -> tuple[Any, ...]:
    a, b, c, d, new = (nn.Linear(2, 2) for _ in range(5))
    if container == "Sequential":
        layers = nn.Sequential(a, b, c, d)
    if container == "ModuleList":
        layers = nn.ModuleList([a, b, c, d])
    if container == "ModuleDict":
        layers = nn.ModuleDict({"0": a, "1": b, "2": c, "3": d})
    if container == "own __getitem__":
        layers = Stack([a, b, c, d])
    if container == "no __getitem__":
        layers = Net([a, b, c, d])

    letters = {id(layer): letter for layer, letter in zip((a, b, c, d, new), "ABCDE", strict=True)}
    before_names, before_ids, before = listed(layers, letters)
    facts_before = facts(layers)
    saved = layers.state_dict()
    return a, new, layers, letters, before_names, before_ids, before, facts_before, saved


def operate(  # noqa: C901, PLR0915 shown by branch
    container: str, operation: str, i: Any, key: str, a: Any, new: Any, layers: Any
) -> Any:
    if key == "str":
        i = str(i)
    if operation == "layers[i]":
        result = layers[i]
    if operation == "layers[i:]":
        result = layers[i:]
    if operation == "layers[:i]":
        result = layers[:i]
    if operation == "nn.Sequential(*layers[i:])":
        result = nn.Sequential(*layers[i:])
    if operation == "getattr(layers, str(i))":
        result = getattr(layers, str(i))
    if operation == "del layers[i]":
        del layers[i]
        result = layers
    if operation == "layers[i] = new":
        layers[i] = new
        result = layers
    if operation == "layers.insert(i, new)":
        layers.insert(i, new)
        result = layers
    if operation == "layers.append(new)":
        layers.append(new)
        result = layers
    if operation == "[layer] * 3" and container == "Sequential":
        result = nn.Sequential(*[a] * 3)
    if operation == "[layer] * 3" and container == "ModuleList":
        result = nn.ModuleList([a] * 3)
    if operation == "[layer] * 3" and container == "ModuleDict":
        result = nn.ModuleDict(dict.fromkeys(["0", "1", "2"], a))
    if operation == "[layer] * 3" and container == "own __getitem__":
        result = Stack([a] * 3)
    if operation == "[layer] * 3" and container == "no __getitem__":
        result = Net([a] * 3)
    if operation == "copy.deepcopy(layers)":
        result = copy.deepcopy(layers)
    if operation == "layers(x)":
        x = torch.ones(1, 2)
        y = layers(x)
        result = y
    return result


def examine(result: Any, layers: Any, letters: dict[int, str], saved: dict[str, Tensor]) -> tuple[Any, ...]:
    got_names, got_ids, got = listed(result, letters)
    facts_got = facts(result)
    same_container = result is layers
    checkpoint = {key: found(key, value, saved) for key, value in result.state_dict().items()}
    return got_names, got_ids, got, facts_got, same_container, checkpoint


def run(params: Params) -> Result:
    with seeded(1):
        a, new, layers, letters, names, ids, before, facts_before, saved = build(params.container)
        result = Result(before, names, ids, facts_before)
        try:
            key = params.key if params.operation in KEYED else "int"
            got = operate(params.container, params.operation, params.i, key, a, new, layers)
        except (AttributeError, IndexError, KeyError, NotImplementedError, TypeError) as error:
            return replace(result, error=f"{type(error).__name__}: {error}")
        if isinstance(got, Tensor):
            return replace(result, y=got)
        names, ids, weights, facts_got, same, checkpoint = examine(got, layers, letters, saved)
        return replace(
            result, got_names=names, got_ids=ids, got=weights, facts_got=facts_got, same_container=same,
            checkpoint=checkpoint,
        )  # fmt: skip


def snippet(params: Params) -> str:
    values = vars(params) if params.operation in KEYED else {**vars(params), "key": "int"}
    header = f"from collections.abc import Iterable\nfrom typing import Any\n{HEADER}"
    parts = [
        snippet_of(build, values, seed=1, also=[Stack, Net, listed, facts], header=header),
        snippet_of(operate, values, header=""),
    ]
    if params.operation != "layers(x)":
        parts.append(snippet_of(examine, {}, also=[found], header=""))
    return "import copy\n" * ("copy." in params.operation) + "\n".join(parts)


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
    return (
        f"{held}: {written(params)} leaves a {facts_got['type']}, {place}, with {_named(names)}; {kept} of its {len(ids)} layers "
        f"were there before, {len(set(ids))} are different objects. {matching} of its {len(checkpoint)} keys hold the "
        "numbers that an older checkpoint has under the same key."
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
    run=run,
    snippet=snippet,
    caption=caption,
    predictions=(
        Prediction(
            question="layers is a nn.Sequential of three modules. What is type(layers[:2])?",
            choices=("list", "Sequential", "tuple"),
            answer=1,
            why="A slice is a new container of the same class around the same modules, so it can be called.",
            proof="type(nn.Sequential(nn.ReLU(), nn.ReLU(), nn.ReLU())[:2]).__name__",
            show={"operation": "layers[:i]", "i": 2},
        ),
        Prediction(
            question="layers is a nn.Sequential of four. Which names do the layers of layers[1:] have?",
            choices=("0, 1, 2", "1, 2, 3"),
            answer=1,
            why="A slice of a Sequential keeps the names; nn.Sequential(*layers[1:]) and a slice of a ModuleList count anew.",
            proof="', '.join(name for name, _ in nn.Sequential(*(nn.ReLU() for _ in range(4)))[1:].named_children())",
            show={"operation": "layers[i:]", "i": 1},
        ),
        Prediction(
            question="nn.ModuleList([nn.Linear(2, 2)] * 3): how many different parameter tensors has it?",
            choices=("2", "3", "6"),
            answer=0,
            why="The list holds one object three times: one weight and one bias, under six keys of state_dict().",
            proof="len(list(nn.ModuleList([nn.Linear(2, 2)] * 3).parameters()))",
            show={"container": "ModuleList", "operation": "[layer] * 3"},
        ),
        Prediction(
            question="What does nn.ModuleList([first, second])(x) give?",
            choices=("second(first(x))", "a list of two outputs", "NotImplementedError"),
            answer=2,
            why="A ModuleList only keeps modules; it has no forward, because it does not know in which order you want them.",
            proof="__import__('unittest').TestCase().assertRaises(NotImplementedError, nn.ModuleList([nn.ReLU(), nn.ReLU()]), "
            "torch.ones(1)) or 'NotImplementedError'",
            show={"container": "ModuleList", "operation": "layers(x)"},
        ),
        Prediction(
            question="layers[4:] of a nn.Sequential of four is empty. What is bool(layers[4:])?",
            choices=("True", "False"),
            answer=1,
            why="Containers have __len__, and Python calls what is empty false: `if layers:` skips an empty Sequential.",
            proof="bool(nn.Sequential(nn.ReLU(), nn.ReLU(), nn.ReLU(), nn.ReLU())[4:])",
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
