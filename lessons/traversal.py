"""By default a walk gives no object twice and names it by its first name; state_dict() gives parameters and persistent buffers under all their names."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

import regex
from torch import nn

from explorable.lesson import Choice, Lesson, Prediction, Trap
from explorable.params import choice, switch, text
from explorable.program import Program
from explorable.tape import off_the_tape
from explorable.words import count, listing, one_of, plural_of
from lessons.repeats import checked

MODELS = Path(__file__).parent.parent / "assets" / "models"
SHIPPED = tuple(name for name in ("closed_book", "extractive") if (MODELS / name / "config.json").exists())
ARCHITECTURES = ("Tagger", "CNN", "T5", "BERT", *SHIPPED)
Walk = Literal[
    "children()", "modules()", "named_modules()", "parameters()", "named_parameters()", "buffers()", "state_dict()",
]  # fmt: skip
NAMED = ("named_modules()", "named_parameters()", "state_dict()")
RECURSIVE = ("parameters()", "named_parameters()", "buffers()")
OF_MODULES = ("children()", "modules()", "named_modules()")


@dataclass(frozen=True)
class Params:
    architecture: Literal[ARCHITECTURES] = choice(  # type: ignore[valid-type]
        "Tagger",
        about="a T5 of 2 + 2 and a BERT of 12 layers, both tiny, and the trained models that ship with the app",
    )
    walk: Walk = choice("named_parameters()", about="model. ...")
    recurse: bool = switch(True, about="into the children", when={"walk": RECURSIVE})
    remove_duplicate: bool = switch(
        True, when={"walk": ("named_modules()", "named_parameters()")}, about="each object under one name"
    )
    pattern: str = text("", max_length=60, about="keep the names that hold this", when={"walk": NAMED})
    match: Literal["in", "search"] = choice("in", about="pattern in name, or regex.search", when={"walk": NAMED})


@dataclass(frozen=True)
class Survey:
    """What is made once for all visitors: the lesson reads it and never changes it."""

    model: nn.Module
    places: dict[str, str]
    tensors: dict[str, dict[str, Any]]
    twins: list[list[str]]
    hidden: dict[str, dict[str, Any]]
    counts: dict[str, int]
    numel: int


@dataclass(frozen=True)
class Result:
    places: dict[str, str]  # path of each place in the tree, depth first -> class of the module there
    tensors: dict[str, dict[str, Any]]  # path of each parameter and buffer, tied ones under all names -> its facts
    twins: list[list[str]]  # paths that lead to one object
    hidden: dict[str, dict[str, Any]]  # place of each module in a plain container -> its owner, class and size
    counts: dict[str, int]  # walk -> how many things it gives
    numel: int  # numbers in model.parameters()
    walked: list[str] | None  # paths of what the walk gives, in its order
    kept: list[str] | None  # those whose name matches; None where the search for the pattern raised
    error: str | None


def values(params: Params) -> Mapping[str, Any]:
    """The program's parameters; raises BadParam for a pattern that would fill the memory."""
    if params.match == "search" and params.walk in NAMED:
        checked(params.pattern)
    return {**vars(params), "folder": f"assets/models/{params.architecture}"}


@cache
@off_the_tape()
def surveyed(architecture: str) -> dict[str, Any]:
    """The survey of each architecture, made once."""
    import models.hugging_face  # noqa: F401

    return survey(Params(architecture), {"folder": str(MODELS / architecture)})


def survey(params: Params, given: Mapping[str, Any]) -> dict[str, Any]:
    """What the program finds in its model, or in one that is given."""
    return vars(Program("traversal", Survey, values=values, given=lambda _: given).run(params))


def block_of(name: str) -> str:
    """The path of the first numbered block that a name leads through, or else its first part."""
    parts = name.split(".")
    at = next((k for k, part in enumerate(parts) if part.isdigit()), 0)
    return ".".join(parts[: at + 1])


def names_of_one(params: Params, result: Result) -> list[str]:
    """The paths of the object with most names among those that this walk may give; empty where each has one."""
    modules = params.walk in OF_MODULES
    return max((group for group in result.twins if (group[0] in result.places) is modules), key=len, default=[])


def caption(params: Params, result: Result) -> str:
    if result.error:
        return _refused(*result.error.split(": ", 1))
    gives = f"{params.architecture}.{called(params)} gives {_counted(params, result)}"
    if not result.walked:
        return f"{gives}; {_elsewhere(params, result)}."
    if params.walk in NAMED and params.pattern:
        return f"{gives}, and {_test(params)} keeps {len(result.kept or []) or 'none'}."
    return f"{gives}{_shared(params, result)}."


def called(params: Params) -> str:
    """The walk with the arguments that differ from their defaults."""
    given = [] if params.recurse or params.walk not in RECURSIVE else ["recurse=False"]
    if not params.remove_duplicate and params.walk in ("named_modules()", "named_parameters()"):
        given.append("remove_duplicate=False")
    return f"{params.walk[:-1]}{', '.join(given)})"


def _refused(kind: str, said: str) -> str:
    if kind == "TimeoutError":
        return "The pattern is refused with TimeoutError: its search took too long on a name, so no name is kept."
    return f"The pattern is no regex ({said}), so no name is kept."


def _counted(params: Params, result: Result) -> str:
    nouns = {"modules()": "module", "parameters()": "parameter", "buffers()": "buffer"}
    given, noun = len(result.walked or []), nouns.get(params.walk, "name")
    if params.walk == "children()":
        return f"{given or 'no'} {one_of(max(given, 1), 'child', 'children')}"
    return f"{given or 'no'} {one_of(max(given, 1), noun, plural_of(noun))}"


def _elsewhere(params: Params, result: Result) -> str:
    """Where a walk that gives nothing would find something."""
    if result.counts[params.walk]:
        return f"with recurse=True it gives {result.counts[params.walk]}"
    return f"parameters() gives {result.counts['parameters()']}"


def _test(params: Params) -> str:
    return f'"{params.pattern}" in name' if params.match == "in" else f'search("{params.pattern}", name)'


def _shared(params: Params, result: Result) -> str:
    """What the walk makes of the object with most names."""
    group = names_of_one(params, result)
    given = sum(name in group for name in result.walked or [])
    if not given:
        return ""
    noun = "layer" if group[0] in result.places else "tensor"
    how = "given once" if given == 1 else "given under each of them"
    if len(group) > 2:
        return f"; {group[0]} is one {noun} with {len(group)} names, {how}"
    return f"; {listing(group)} are one {noun}, {how}"


def details(params: Params, result: Result) -> str:
    parts = [_no_names(params, result), _several(result), _unseen(result), _unsaved(result)]
    return " ".join(part for part in parts if part) or "Every object has one name, and every tensor is saved."


def _no_names(params: Params, result: Result) -> str:
    if params.walk in NAMED or not result.walked:
        return ""
    return f"{params.walk} gives objects without names; those on screen were looked up by identity."


def _several(result: Result) -> str:
    groups = [" = ".join(group) for group in result.twins]
    return f"One object under several names: {'; '.join(groups)}." if groups else ""


def _unseen(result: Result) -> str:
    if not result.hidden:
        return ""
    total = sum(seen["numel"] for seen in result.hidden.values())
    stand = one_of(len(result.hidden), "stands", "stand")
    modules, numbers = count(len(result.hidden), "module"), count(total, "number")
    return f"{modules} with {numbers} {stand} in a plain Python container: no walk gives them."


def _unsaved(result: Result) -> str:
    names = [name for name, tensor in result.tensors.items() if not tensor["saved"]]
    return f"state_dict() leaves out what is registered with persistent=False: {listing(names)}." if names else ""


LESSON = Lesson(
    slug="traversal",
    title="One tree, seven walks",
    truth=__doc__,
    Params=Params,
    program=Program(
        "traversal",
        Result,
        raises=(regex.error, TimeoutError),
        values=values,
        given=lambda params: surveyed(params.architecture),
    ),
    caption=caption,
    details=details,
    minutes=5,
    main=("architecture", "walk", "pattern", "match"),
    related=("registration", "freeze", "dropout_reset"),
    predictions=(
        Prediction(
            id="tied",
            question="embedding and head share one weight. Which name does named_parameters() give?",
            choices=(
                Choice(
                    "both names",
                    "Both attributes exist, and state_dict() lists both. This walk remembers each object it has given, "
                    "unless remove_duplicate=False.",
                ),
                Choice(
                    "embedding.weight alone",
                    "The walk goes in the order of registration and remembers the objects: the first name is the one given.",
                ),
                Choice(
                    "head.weight alone",
                    "head was assigned last, but that changes no order: embedding was registered before it.",
                ),
            ),
            answer=1,
            proof="a tied weight",
            show={},
            ring="tied",
        ),
        Prediction(
            id="shared",
            question="self.first and self.second are one Linear. How often does model.modules() give this Linear?",
            choices=(
                Choice(
                    "2 times",
                    "It has two names, but modules() gives objects. named_modules(remove_duplicate=False) gives every name.",
                ),
                Choice(
                    "0 times",
                    "An assignment registers a module under each name: self.second = self.first is no mere Python alias.",
                ),
                Choice("1 time", "modules() remembers the objects that it has given, and passes the second name by."),
            ),
            answer=2,
            proof="a shared layer",
            show={"walk": "modules()"},
            ring="layer",
        ),
        Prediction(
            id="blocks",
            question='A BERT has the blocks layer.0 to layer.11. From how many of them does `"layer.1" in name` keep names?',
            choices=(
                Choice(
                    "1 block",
                    "So it is meant, but `in` looks for text, and a name may go on behind it. Ask for layer.1. with its dot.",
                ),
                Choice(
                    "3 blocks", "layer.10 and layer.11 hold the text layer.1 as well; with a dot behind it one is left."
                ),
                Choice("12 blocks", "So it is with layer. alone: that text stands in the names of all twelve."),
            ),
            answer=1,
            proof="twelve blocks",
            show={"architecture": "BERT", "pattern": "layer.1"},
            ring="blocks",
        ),
        Prediction(
            id="buffers",
            question="The two BatchNorms of a CNN hold 6 buffers. How many of these does named_parameters() give?",
            choices=(
                Choice(
                    "0 of 6",
                    "Buffers are kept apart from parameters: named_buffers() and state_dict() give them, an optimiser given parameters() gets none.",
                ),
                Choice(
                    "4 of 6",
                    "The running means and variances are floats and could be learned, but they are registered as buffers.",
                ),
                Choice(
                    "6 of 6", "So it is in state_dict(), which holds parameters and persistent buffers side by side."
                ),
            ),
            answer=0,
            proof="buffers",
            show={"architecture": "CNN"},
            ring="buffers",
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
            sentence=r"An unescaped dot stands for any character, so layer.1. finds layer.10 and layer.11; write layer\.1\. for one block.",
            source="https://github.com/vllm-project/llm-compressor/issues/1642",
            params={"architecture": "BERT", "pattern": "layer.1.", "match": "search"},
        ),
        Trap(
            name="Tied weights in state_dict()",
            sentence="state_dict() holds every name of a tied weight, and safetensors' save_file refuses tensors that share memory.",
            source="https://github.com/qwopqwop200/GPTQ-for-LLaMa/issues/143",
            params={"architecture": "T5", "walk": "state_dict()"},
        ),
        Trap(
            name="Layers in a Python list",
            sentence="No walk gives them, so to(), state_dict() and an optimiser given parameters() pass them by.",
            source="https://github.com/pytorch/pytorch/issues/715",
            params={"architecture": "Tagger", "walk": "modules()"},
        ),
    ),
)
