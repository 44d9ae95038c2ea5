"""An edit leaves frozen tensors as they are, but not every fact: how many others change depends on how far the rest is moved."""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Literal

import regex
from torch import Tensor

from explorable.lesson import Example, Lesson, Prediction, Trap
from explorable.params import bounded, choice, text
from explorable.program import Program, scoped, unscoped
from lessons.edit_request import before, requested, shared
from lessons.repeats import checked

WO = "encoder.block[1].layer[1].DenseReluDense.wo"
PATTERNS = {
    WO: r"^encoder\.block\.1\.layer\.1\.DenseReluDense\.wo\.",
    "decoder.block[1].layer[2].DenseReluDense.wo": r"^decoder\.block\.1\.layer\.2\.DenseReluDense\.wo\.",
    "every DenseReluDense": r"\.DenseReluDense\.",
    "everything": ".",
}
Moves = Literal[
    "encoder.block[1].layer[1].DenseReluDense.wo", "decoder.block[1].layer[2].DenseReluDense.wo",
    "every DenseReluDense", "everything", "names that match",
]  # fmt: skip
Others = Literal["nothing", "encoder.block[1].layer[1].DenseReluDense.wo", "every DenseReluDense", "everything"]
Optimizer = Literal["SGD", "Adam", "AdamW"]
RATES = (0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3)


@dataclass(frozen=True)
class Params:
    question: str = text(
        "What is the capital of France?", max_length=120, about="any wording of a fact the model knows"
    )
    answer: str = text("Lyon", max_length=60, about="the new answer, of words in the vocabulary")
    move: Moves = choice(WO, about="the parameters that may move")
    pattern: str = text(
        r"^decoder\..*\.EncDecAttention\.", max_length=120, about="regex, searched in each name",
        when={"move": ("names that match",)},
    )  # fmt: skip
    optimizer: Optimizer = choice("Adam")
    lr: Literal[RATES] = choice(0.003, about="learning rate")  # type: ignore[valid-type]
    steps: int = bounded(20, low=0, high=60, step=1, about="for each edit")
    mode: Literal["eval", "train"] = choice(
        "eval", about="of the model while it is edited; scores are taken in eval mode"
    )
    seed: int = bounded(0, low=0, high=999, step=1, about="of dropout", when={"mode": ("train",)})
    compare: Others = choice("everything", about="what may move in a second run, drawn beside the first")
    compare_optimizer: Optimizer = choice("Adam", when={"compare": ("every DenseReluDense", "everything", WO)})
    compare_lr: Literal[RATES] = choice(  # type: ignore[valid-type]
        0.003, about="learning rate of the second run", when={"compare": ("every DenseReluDense", "everything", WO)}
    )
    more: str = text("", max_length=600, lines=3, about="further edits in a row, one a line: Capital of Japan => Kyoto")


@dataclass(frozen=True)
class Result:
    """Lists hold an item for each setting: the first, and the one it is compared with."""

    edits: list[tuple[str, str]]  # N questions and their new answers
    old: list[str]  # what the model says to the N questions before
    settings: list[tuple[str, str, float]]  # regex of what may move, optimiser, learning rate
    names: list[str]  # P parameters
    sizes: Tensor  # (P,) norm of each parameter before
    trainable: list[list[bool]]  # P requires_grad flags
    order: list[list[int]]  # M: which edit each state belongs to, in the order of edit_loader
    losses: list[Tensor]  # (M,) M = N * (steps + 1): before and after each step of each edit
    logits: list[Tensor]  # (M, 2) of the old and the new answer, at the first token in which they differ
    probabilities: list[Tensor]  # (M, 2) softmax of the logits at these two
    moved: list[Tensor]  # (P,) norm of each parameter's change
    answers: list[list[str]]  # N answers to the edited questions
    reworded: list[
        list[tuple[str, str, str]]
    ]  # (another wording of an edited question, what it should say, what it says)
    broken: list[list[tuple[str, str, str]]]  # (question of another fact, its answer before, its answer now)
    kept: list[dict[str, tuple[int, int]]]  # relation -> other facts whose answer stayed, of how many
    success: list[float]  # share of the edited questions with the new answer
    generality: list[float]  # share of their other wordings with the new answer
    locality: list[float]  # share of the other facts with the answer from before
    error: str | None = None


def asked(params: Params) -> list[tuple[str, str, int]]:
    """The edits: question, new answer, index of the fact. Raises BadParam with one sentence for what cannot be read."""
    if params.move == "names that match":
        checked(params.pattern)
    return requested(params.question, params.answer, params.more)


def settings_of(params: Params) -> list[tuple[str, str, float]]:
    pattern = params.pattern if params.move == "names that match" else PATTERNS[params.move]
    settings: list[tuple[str, str, float]] = [(pattern, params.optimizer, params.lr)]
    if params.compare != "nothing":
        settings.append((PATTERNS[params.compare], params.compare_optimizer, params.compare_lr))
    return settings


def values(params: Params) -> dict[str, Any]:
    """The parameters of the program."""
    edits = [(question, answer) for question, answer, _ in asked(params)]
    same = {"steps": params.steps, "mode": params.mode, "seed": params.seed}
    return {"edits": edits, "settings": settings_of(params), **same}


def given(_: Params) -> dict[str, Any]:
    """The shipped model, and what it answers to all facts."""
    shipped = shared()
    return {"pretrained": shipped.model, "tokenizer": shipped.tokenizer, "before": before()}


def scope(params: Params) -> AbstractContextManager[None]:
    """In eval mode nothing draws random numbers, and runs need not wait for each other."""
    return scoped(params) if params.mode == "train" else unscoped(params)


def caption(params: Params, result: Result) -> str:
    if result.error:
        return _refused(*result.error.split(": ", 1))
    several = f"{len(result.edits)} edits of {params.steps} steps" if len(result.edits) > 1 else f"{params.steps} steps"
    parts = [f"{result.edits[0][0]} {result.old[0]} → {result.edits[0][1]}: {several} in {_mode(params)}."]
    for index, _ in enumerate(result.locality):
        parts.append(_scores(result, index))
    if len(result.locality) < len(result.settings):
        step, loss = (
            len(result.losses[-1]) - 1 if result.losses else 0,
            result.losses[-1][-1].item() if result.losses else 0,
        )
        parts.append(f"Running: state {step}, loss {loss:.4f}.")
    return " ".join(parts)


def _refused(kind: str, said: str) -> str:
    if kind == "TimeoutError":
        return "The pattern is refused with TimeoutError: its search took too long on a name, so no edit was made."
    if kind == "error":
        return f"The pattern is no regex ({said}), so no edit was made."
    return f"No edit was made, since nothing may move: {kind}: {said}"


def _mode(params: Params) -> str:
    return f"train mode, seed {params.seed}" if params.mode == "train" else "eval mode"


def name_of(setting: tuple[str, str, float]) -> str:
    """A setting in words."""
    pattern, optimizer, lr = setting
    moves = next((name for name, known in PATTERNS.items() if known == pattern), f"names that match “{pattern}”")
    place, found, _ = moves.partition(".layer")
    return f"{f'wo of {place}' if found else moves}, {optimizer} {lr:g}"


def _scores(result: Result, index: int) -> str:
    trains, moved = sum(result.trainable[index]), int((result.moved[index] > 0).sum())
    lost = len(result.broken[index])
    return (
        f"{name_of(result.settings[index])}: {moved} of {len(result.names)} tensors moved ({trains} may), success "
        f"{result.success[index]:.2f}, generality {result.generality[index]:.2f}, locality {result.locality[index]:.3f}: "
        f"{lost} other fact{'' if lost == 1 else 's'} changed."
    )


FIVE = """\
What is the capital of Japan? => Kyoto
What is the currency of Switzerland? => euro
What is the official language of Brazil? => Spanish
What is the chemical symbol of gold? => Ag"""
LESSON = Lesson(
    slug="edit",
    title="Edit one fact",
    truth=__doc__,
    Params=Params,
    program=Program(
        "edit", Result, (RuntimeError, regex.error, TimeoutError), values=values, given=given, scope=scope, so_far=True
    ),
    caption=caption,
    button="Run the edit",
    examples=(
        Example("France: Lyon", {}),
        Example("France: Marseille", {"answer": "Marseille"}),
        Example("Italy: Lyon", {"question": "What is the capital of Italy?"}),
        Example("Five edits in a row", {"more": FIVE}),
    ),
    predictions=(
        Prediction(
            question="Adam, lr=0.003, first step. One weight has the gradient 100, another 0.001. How far do they go?",
            choices=("100000 times as far", "equally far", "the second stays"),
            answer=1,
            why="Adam's first step divides each gradient by its own size, so a weight moves about lr wherever its gradient is far "
            "above eps=1e-8. Where it is 0 the weight stays, and later steps mix several gradients, which need not agree.",
            proof="equally far",
        ),
        Prediction(
            question="AdamW with weight_decay=0.01 is given all parameters, all but one frozen. Do the frozen ones decay?",
            choices=("True", "False"),
            answer=1,
            why="A frozen parameter has .grad None, and the optimiser skips it altogether, weight decay included.",
            proof="frozen",
            show={"optimizer": "AdamW"},
        ),
        Prediction(
            question="DataLoader(edits, batch_size=1, shuffle=True) over five edits: how many batches are there in an epoch?",
            choices=("5", "1", "it depends on the seed"),
            answer=0,
            why="Each batch holds one edit, so the edits come one after the other; shuffle only decides in which order.",
            proof="batches",
            show={"more": FIVE},
        ),
        Prediction(
            question="A loop has frozen every parameter. Does the loss require a gradient, so that backward() can run?",
            choices=("True", "False"),
            answer=1,
            why="With nothing that requires a gradient no graph is recorded: backward() raises, and nothing is learned.",
            proof="nothing to train",
            show={"move": "names that match", "pattern": "^DenseReluDense"},
        ),
    ),
    traps=(
        Trap(
            name="Everything may move",
            sentence="The new answer is learned in a few steps; the steps after these go on moving every tensor, and most other facts change.",
            source="https://github.com/deepseek-ai/DeepSeek-Coder/issues/134",
            params={"move": "everything", "compare": WO},
        ),
        Trap(
            name="A later edit undoes an earlier one",
            sentence="In a row, each edit moves the same weights again; success is measured after the last one.",
            source="https://github.com/zjunlp/EasyEdit/issues/445",
            params={"more": FIVE, "move": "everything", "compare": "every DenseReluDense"},
        ),
        Trap(
            name="All that is left is frozen",
            sentence="The regex matches no name, since brackets are a set of letters in it: every parameter is frozen, and backward() raises.",
            source="https://github.com/megvii-model/DetNAS/issues/34",
            params={"move": "names that match", "pattern": "^encoder.block[1]"},
        ),
    ),
)
