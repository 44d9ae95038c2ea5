"""Every walk goes over one tree of registered objects and gives each of them once, under its first name; only state_dict() gives all names."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor, nn

from explorable.lesson import Lesson, Prediction, Trap
from explorable.params import choice, switch, text
from explorable.seeding import seeded
from explorable.tape import off_the_tape
from lessons.pattern import Refused, refusal, search
from lessons.source import joined, snippet_of

MODELS = Path(__file__).parent.parent / "assets" / "models"
SHIPPED = tuple(name for name in ("closed_book", "extractive") if (MODELS / name / "config.json").exists())
ARCHITECTURES = ("Tagger", "CNN", "T5", "BERT", *SHIPPED)
Walk = Literal[
    "children()", "modules()", "named_modules()", "parameters()", "named_parameters()", "buffers()", "state_dict()",
]  # fmt: skip
NAMED = ("named_modules()", "named_parameters()", "state_dict()")
RECURSIVE = ("parameters()", "named_parameters()", "buffers()")


@dataclass(frozen=True)
class Params:
    architecture: Literal[ARCHITECTURES] = choice(  # type: ignore[valid-type]
        "Tagger",
        about="a T5 of 2 + 2 and a BERT of 12 layers, both tiny, and the trained models that ship with the app",
    )
    walk: Walk = choice("named_parameters()", about="model. ...")
    recurse: bool = switch(True, about="into the children", when={"walk": RECURSIVE})
    remove_duplicate: bool = switch(
        True, when={"walk": ("named_modules()", "named_parameters()")}, about="each object once"
    )
    pattern: str = text("", max_length=60, about="keep the names that hold this", when={"walk": NAMED})
    match: Literal["in", "re.search"] = choice("in", about="pattern in name, or a regex", when={"walk": NAMED})


@dataclass(frozen=True)
class Result:
    places: dict[str, str]  # path of each place in the tree, depth first -> class of the module there
    tensors: dict[str, dict[str, Any]]  # path of each parameter and buffer, tied ones under all names -> see `facts`
    twins: list[list[str]]  # paths that lead to one object
    hidden: dict[str, dict[str, Any]]  # see `hidden_in`
    counts: dict[str, int]  # walk -> how many things it gives
    numel: int  # numbers in model.parameters()
    walked: list[str] | None = None  # paths of what the walk gives, in its order
    kept: list[str] | None = None  # those whose name matches; None where the pattern is refused
    error: str | None = None


class Tagger(nn.Module):
    """One layer under two names, a head tied to the embedding, and two layers that nn.Module does not see."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(12, 4)
        self.first = nn.Linear(4, 4)
        self.second = self.first
        self.norm = nn.BatchNorm1d(4)
        self.extra = [nn.Linear(4, 4), nn.Linear(4, 4)]
        self.head = nn.Linear(4, 12, bias=False)
        self.head.weight = self.embedding.weight


class CNN(nn.Module):
    """Two convolutions with BatchNorm, and a linear head."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU())
        self.body = nn.Sequential(nn.Conv2d(8, 8, 3), nn.BatchNorm2d(8), nn.ReLU())
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.head = nn.Linear(8, 10)


def facts(tensor: Tensor, saved: bool) -> dict[str, Any]:
    return {
        "kind": "parameter" if isinstance(tensor, nn.Parameter) else "buffer",
        "shape": list(tensor.shape),
        "dtype": str(tensor.dtype).removeprefix("torch."),
        "requires_grad": tensor.requires_grad,
        "saved": saved,
    }


def same_object(named: Iterable[tuple[str, Any]]) -> list[list[str]]:
    """The names that lead to one object, where there are several."""
    names: dict[int, list[str]] = {}
    for name, thing in named:
        names.setdefault(id(thing), []).append(name)
    return [group for group in names.values() if len(group) > 1]


def hidden_in(model: nn.Module) -> dict[str, dict[str, Any]]:
    """Modules that stand in plain lists, tuples and dicts: no walk gives them."""
    registered, own, found = set(model.modules()), vars(nn.Module()), {}
    for path, module in model.named_modules():
        for name, value in vars(module).items():
            if name in own or not isinstance(value, (list, tuple, dict)):
                continue
            for key, item in value.items() if isinstance(value, dict) else enumerate(value):
                if isinstance(item, nn.Module) and item not in registered:
                    numel = sum(p.numel() for p in item.parameters())
                    place = f"{path}.{name}[{key!r}]".lstrip(".")
                    found[place] = {"of": path, "type": type(item).__name__, "numel": numel}
    return found


def build(architecture: str, folder: str) -> nn.Module:
    if architecture == "Tagger":
        model = Tagger()
    if architecture == "CNN":
        model = CNN()
    if architecture == "T5":
        from transformers import T5Config, T5ForConditionalGeneration

        config = T5Config(vocab_size=32, d_model=8, d_kv=4, d_ff=16, num_heads=2, num_layers=2)
        model = T5ForConditionalGeneration(config)
    if architecture == "BERT":
        from transformers import BertConfig, BertModel

        config = BertConfig(
            vocab_size=32, hidden_size=8, intermediate_size=16, num_attention_heads=2, num_hidden_layers=12
        )
        model = BertModel(config)
    if architecture == "closed_book":
        from transformers import AutoModelForSeq2SeqLM

        model = AutoModelForSeq2SeqLM.from_pretrained(folder)
    if architecture == "extractive":
        from transformers import AutoModelForQuestionAnswering

        model = AutoModelForQuestionAnswering.from_pretrained(folder, dtype=torch.float32)
    return model


def survey(model: nn.Module) -> Result:
    places = {name: type(m).__name__ for name, m in model.named_modules(remove_duplicate=False)}
    named_tensors = [
        *model.named_parameters(remove_duplicate=False),
        *model.named_buffers(remove_duplicate=False),
    ]
    saved = model.state_dict().keys()
    tensors = {name: facts(tensor, name in saved) for name, tensor in named_tensors}
    twins = same_object(model.named_modules(remove_duplicate=False)) + same_object(named_tensors)
    hidden = hidden_in(model)
    counts = {
        "children()": len(list(model.children())),
        "modules()": len(list(model.modules())),
        "named_modules()": len(list(model.named_modules())),
        "parameters()": len(list(model.parameters())),
        "named_parameters()": len(list(model.named_parameters())),
        "buffers()": len(list(model.buffers())),
        "state_dict()": len(model.state_dict()),
    }
    numel = sum(p.numel() for p in model.parameters())
    return Result(places, tensors, twins, hidden, counts, numel)


def named(
    model: nn.Module, walk: str, recurse: bool, remove_duplicate: bool, pattern: str, match: str
) -> tuple[list[str], list[str]]:
    if walk == "named_modules()":
        walked = [name for name, m in model.named_modules(remove_duplicate=remove_duplicate)]
    if walk == "named_parameters()":
        walked = [name for name, p in model.named_parameters(recurse=recurse, remove_duplicate=remove_duplicate)]
    if walk == "state_dict()":
        walked = list(model.state_dict())
    if match == "in":
        kept = [name for name in walked if pattern in name]
    else:
        kept = [name for name in walked if search(pattern, name)]
    return walked, kept


def unnamed(model: nn.Module, walk: str, recurse: bool) -> tuple[list[str], list[str]]:
    if walk == "children()":
        things = list(model.children())
    if walk == "modules()":
        things = list(model.modules())
    if walk == "parameters()":
        things = list(model.parameters(recurse=recurse))
    if walk == "buffers()":
        things = list(model.buffers(recurse=recurse))
    # this walk gives no names: each object is looked up under the first of its own
    everything = chain(model.named_modules(), model.named_parameters(), model.named_buffers())
    names = {id(thing): name for name, thing in everything}
    walked = [names[id(thing)] for thing in things]
    kept = walked
    return walked, kept


@cache
@off_the_tape()
def _model(architecture: str) -> nn.Module:
    """Built once and never changed: the lesson reads its structure."""
    if architecture not in ("Tagger", "CNN"):
        import models.hugging_face  # noqa: F401

    with seeded(0):
        return build(architecture, str(MODELS / architecture))


@cache
@off_the_tape()
def _surveyed(architecture: str) -> Result:
    return survey(_model(architecture))


def run(params: Params) -> Result:
    return walk_through(_model(params.architecture), _surveyed(params.architecture), params)


def walk_through(model: nn.Module, result: Result, params: Params) -> Result:
    """The Result of `survey`, completed by one walk."""
    if params.walk not in NAMED:
        walked, kept = unnamed(model, params.walk, params.recurse)
        return replace(result, walked=walked, kept=kept)
    settings = (model, params.walk, params.recurse, params.remove_duplicate)
    try:
        walked, kept = named(*settings, params.pattern, params.match)
        return replace(result, walked=walked, kept=kept)
    except Refused:
        return replace(result, walked=named(*settings, "", "in")[0])
    except (re.error, OverflowError) as error:
        walked, _ = named(*settings, "", "in")
        return replace(result, walked=walked, error=f"{type(error).__name__}: {error}")


def refused(params: Params) -> str | None:
    """Why the regex is not run here: a sentence, or None."""
    return refusal(params.pattern) if params.match == "re.search" and params.walk in NAMED else None


IMPORTS = """\
import torch
from collections.abc import Iterable
from itertools import chain
from re import search
from typing import Any
from torch import Tensor, nn
"""


def snippet(params: Params) -> str:
    values = {**vars(params), "folder": f"assets/models/{params.architecture}"}
    parts = [
        snippet_of(build, values, seed=0, also=[Tagger, CNN], header=IMPORTS),
        snippet_of(survey, {}, also=[facts, same_object, hidden_in], header=IMPORTS),
        snippet_of(named if params.walk in NAMED else unnamed, values, header=IMPORTS),
    ]
    return joined(*parts)


def caption(params: Params, result: Result) -> str:
    if result.error:
        return f"The regex is not one: {result.error.split(': ', 1)[1]}. Nothing is filtered; change the pattern."
    if sentence := refused(params):
        return f"{sentence} All {len(result.walked or [])} names are shown; Python's own re would run it."
    parts = [_gives(params, result), _kept(params, result), _twice(params, result), _unseen(result)]
    return " ".join(part for part in parts if part)


def _gives(params: Params, result: Result) -> str:
    count = len(result.walked or [])
    things = {"modules()": "modules", "named_modules()": "modules", "children()": "children", "buffers()": "buffers"}
    noun = things.get(params.walk, "names" if params.walk == "state_dict()" else "parameters")
    if params.walk in RECURSIVE and not params.recurse:
        return f"{params.architecture}.{params.walk[:-1]}recurse=False) gives {count} {noun}: those of the root itself."
    return f"{params.architecture}.{params.walk} gives {count} {noun}."


def _kept(params: Params, result: Result) -> str:
    if params.walk not in NAMED:
        return "It gives no names; those in the picture were looked up by identity."
    if not params.pattern:
        return ""
    test = f'"{params.pattern}" in name' if params.match == "in" else f're.search(r"{params.pattern}", name)'
    return f"{test} keeps {len(result.kept or [])} of them."


def _twice(params: Params, result: Result) -> str:
    """What is said of objects under several names."""
    if not result.twins:
        return ""
    walked = set(result.walked or [])
    all_names = params.walk == "state_dict()" or any(len(walked.intersection(group)) > 1 for group in result.twins)
    given = "this walk gives them under each name" if all_names else "this walk gives each of them once at most"
    longest = max(result.twins, key=len)
    noun = "object has" if len(result.twins) == 1 else "objects have"
    return f"{len(result.twins)} {noun} several names, such as {' = '.join(longest)}; {given}."


def _unseen(result: Result) -> str:
    if not result.hidden:
        return ""
    total = sum(seen["numel"] for seen in result.hidden.values())
    return f"{len(result.hidden)} modules with {total} numbers stand in a plain Python container: no walk gives them."


_TWO_NAMES = "(lambda net: (setattr(net, 'a', nn.Linear(1, 1)), setattr(net, 'b', net.a), ANSWER)[-1])(nn.Module())"

LESSON = Lesson(
    slug="traversal",
    title="One tree, seven walks",
    truth=__doc__,
    Params=Params,
    run=run,
    snippet=snippet,
    caption=caption,
    predictions=(
        Prediction(
            question="The head's weight is the embedding's weight. Under which names does named_parameters() list it?",
            choices=("both", "only the first", "only the last"),
            answer=1,
            why="The walk remembers the objects it has given; remove_duplicate=False and state_dict() give every name.",
            proof=_TWO_NAMES.replace(
                "ANSWER", "{1: 'only the first', 2: 'both'}[sum('bias' in n for n, _ in net.named_parameters())]"
            ),
            show={"architecture": "Tagger", "walk": "named_parameters()"},
        ),
        Prediction(
            question="A BatchNorm's running_mean: is it among named_parameters()?",
            choices=("True", "False"),
            answer=1,
            why="It is a buffer: named_buffers() and state_dict() give it, and no optimiser ever gets it.",
            proof="'running_mean' in dict(nn.BatchNorm1d(2).named_parameters())",
            show={"architecture": "CNN", "walk": "named_parameters()"},
        ),
        Prediction(
            question='12 blocks are named layer.0 to layer.11. How many of them hold a name with `"layer.1" in name`?',
            choices=("1", "3", "12"),
            answer=1,
            why="layer.10 and layer.11 contain the text layer.1 as well; ask for layer.1. with its dot, or use a regex.",
            proof="sum('layer.1' in f'layer.{i}' for i in range(12))",
            show={"architecture": "BERT", "pattern": "layer.1"},
        ),
        Prediction(
            question="One layer is assigned to self.first and to self.second. How often does model.modules() give it?",
            choices=("once", "twice"),
            answer=0,
            why="modules() gives objects, each once; only named_modules(remove_duplicate=False) visits every place.",
            proof=_TWO_NAMES.replace("ANSWER", "{2: 'once', 3: 'twice'}[len(list(net.modules()))]"),
            show={"architecture": "Tagger", "walk": "modules()"},
        ),
    ),
    traps=(
        Trap(
            name='"layer.1" in name',
            sentence="Meant for one block, it takes layer.10 and layer.11 along.",
            source="https://github.com/ChenDelong1999/ITRA/issues/1",
            params={"architecture": "BERT", "pattern": "layer.1"},
        ),
        Trap(
            name="A dot in a regex",
            sentence="In a regex the dot stands for any letter and nothing ends the name: escape the dots and add one behind.",
            source="https://github.com/ChenDelong1999/ITRA/issues/1",
            params={"architecture": "BERT", "pattern": r"layer\.1\.", "match": "re.search"},
        ),
        Trap(
            name="Tied weights: one parameter, two keys",
            sentence="state_dict() holds both names of a tied weight, named_parameters() one: plain safetensors refuses to save it.",
            source="https://github.com/safetensors/safetensors/issues/202",
            params={"architecture": "T5", "walk": "state_dict()"},
        ),
        Trap(
            name="Layers in a Python list",
            sentence="No walk gives them, so they are neither trained, nor saved, nor moved.",
            source="https://github.com/pytorch/pytorch/issues/715",
            params={"architecture": "Tagger", "walk": "modules()"},
        ),
    ),
)
