"""An edit leaves frozen tensors as they are, but other facts may change: how many depends on how far the rest is moved."""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Literal

import regex
from torch import Tensor

from explorable.lesson import Choice, Example, Lesson, Prediction, Trap
from explorable.params import bounded, choice, text
from explorable.program import Program, scoped, unscoped
from explorable.words import count, number, one_of
from lessons.edit_request import before, requested, shared
from lessons.repeats import checked

WO = "encoder.block[1].layer[1].DenseReluDense.wo"
PATTERNS = {
    WO: r"^encoder\.block\.1\.layer\.1\.DenseReluDense\.wo\.",
    "decoder.block[1].layer[2].DenseReluDense.wo": r"^decoder\.block\.1\.layer\.2\.DenseReluDense\.wo\.",
    "every DenseReluDense": r"\.DenseReluDense\.",
    "everything": ".",
}
SHORT = dict(
    zip(
        PATTERNS.values(),
        ("one matrix of the encoder", "one matrix of the decoder", "every DenseReluDense", "everything"),
        strict=True,
    )
)
COUNTED = {
    "one matrix of the encoder": "one tensor", "one matrix of the decoder": "one tensor", "everything": "all tensors",
}  # fmt: skip
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
        "What is the capital of France?", max_length=120, about="one of the 1,404 facts, in one of its wordings"
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
    seed: int = bounded(
        0, low=0, high=999, step=1, about="of dropout, and of the order of several edits", when={"mode": ("train",)}
    )
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
    rest: list[tuple[str, str, str]]  # R facts that nobody edits: relation, question, answer before
    looks: list[int]  # S of the M states: those in which the R facts were asked
    changed: list[Tensor]  # (S, R) whether the answer is another one
    order: list[list[int]]  # M: which edit each state belongs to, in the order of edit_loader
    losses: list[Tensor]  # (M,) M = N * (steps + 1): before and after each step of each edit
    logits: list[Tensor]  # (M, 2) of the old and the new answer, at the first token in which they differ
    probabilities: list[Tensor]  # (M, 2) softmax of the logits at these two
    ahead: list[list[int]]  # M: the likeliest token there is 0 the old answer's, 1 the new one's, 2 another
    moved: list[Tensor]  # (P,) norm of each parameter's change
    answers: list[list[str]]  # N answers to the edited questions
    reworded: list[
        list[tuple[str, str, str]]
    ]  # (another wording of an edited question, what it should say, what it says)
    broken: list[list[tuple[str, str, str]]]  # (question of another fact, its answer before, its answer now)
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
    seed = params.seed if params.mode == "train" else Params.seed  # the order of the edits is drawn from it too
    same = {"steps": params.steps, "mode": params.mode, "seed": seed}
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
    if not result.locality:
        return _under_way(result)
    first, *second = [(len(broken), name) for broken, name in zip(result.broken, moving(result), strict=False)]
    more = f"; {_with(second[0][1])}, {second[0][0]} {one_of(second[0][0], 'does', 'do')}" if second else ""
    lead = _with(first[1])
    return (
        f"{lead[0].upper()}{lead[1:]}, the model {_says(result)} and {first[0]} of {len(result.rest)} other facts "
        f"{'changes' if first[0] == 1 else 'change'}{more}."
    )


def _with(name: str) -> str:
    """What may move, or which of two settings it is that let the same move."""
    return f"with {name}" if name.startswith("the ") else f"with {name} moving"


def _says(result: Result) -> str:
    """What the first setting gives to the edited questions."""
    wanted, given = [new for _, new in result.edits], result.answers[0]
    if len(wanted) > 1:
        held = sum(map(str.__eq__, wanted, given))
        return f"gives {'all' if held == len(wanted) else 'some' if held else 'none'} of the new answers"
    said = f"“{given[0]}”" if given[0] else "nothing"
    return (
        f"says {said}"
        if given == wanted
        else f"{'still says' if given == result.old else 'says'} {said}, not “{wanted[0]}”,"
    )


def _under_way(result: Result) -> str:
    begun = [k for k, losses in enumerate(result.losses) if len(losses)]
    if not begun:
        return "The first step is under way."
    loss = number(result.losses[begun[-1]][-1].item())
    return f"Under way with {names_of(result)[begun[-1]]}: the loss is {loss} in state {len(result.losses[begun[-1]]) - 1}."


def _refused(kind: str, said: str) -> str:
    if kind == "TimeoutError":
        return "The pattern is refused with TimeoutError: its search took too long on a name, so no edit was made."
    if kind == "error":
        return f"The pattern is no regex ({said}), so no edit was made."
    return f"No edit was made, since nothing may move and backward() raises {kind}."


def name_of(setting: tuple[str, str, float]) -> str:
    """What may move, the optimiser and its learning rate."""
    pattern, optimizer, lr = setting
    return f"{SHORT.get(pattern, 'names that match')}, {optimizer} {lr:g}"


def names_of(result: Result) -> list[str]:
    """A short name for each setting: what may move, where that tells them apart."""
    moves = [SHORT.get(pattern, "names that match") for pattern, _, _ in result.settings]
    return moves if len(set(moves)) == len(moves) else ["the first setting", "the second"]


def moving(result: Result) -> list[str]:
    """What each setting lets move, in the words of the question where these tell the settings apart."""
    names = names_of(result)
    words = [COUNTED.get(name, name) for name in names]
    return words if sorted(words) == [*sorted(set(COUNTED.values()))] else names


def scope_of(trains: list[bool]) -> str:
    """How many tensors may move, in words."""
    return "all tensors" if all(trains) else "one tensor" if sum(trains) == 1 else f"{sum(trains)} tensors"


def details(params: Params, result: Result) -> str:
    if result.error:
        return ""
    mode = f"train mode, seed {params.seed}" if params.mode == "train" else "eval mode"
    begun = f"{count(params.steps, 'step')}, in {mode}."
    if len(result.edits) > 1:
        begun = (
            f"{count(params.steps, 'step')} for each edit, in {mode}, one edit after the other; the scores are taken after "
            "the last, in eval mode."
        )
    parts = [begun[0].upper() + begun[1:]]
    parts += [_scores(result, index) for index, _ in enumerate(result.locality)]
    if params.mode == "eval" and len(result.edits) == 1:
        parts += [
            _missed(result, index) for index, given in enumerate(result.answers) if given[0] != result.edits[0][1]
        ]
    return " ".join(parts)


def _scores(result: Result, index: int) -> str:
    trains, moved = sum(result.trainable[index]), int((result.moved[index] > 0).sum())
    name = name_of(result.settings[index])
    return (
        f"{name[0].upper()}{name[1:]}: {trains} of {len(result.names)} tensors may move and {moved} did; success "
        f"{result.success[index]:.2f}, generality {result.generality[index]:.2f}, locality {result.locality[index]:.3f}."
    )


def _missed(result: Result, index: int) -> str:
    """Why the model doesn't give the new answer: who is ahead where the two answers first differ, after the last step."""
    new, place = (
        result.edits[0][1],
        f"With {names_of(result)[index]}, where “{result.old[0]}” and the new answer first differ,",
    )
    old, now = (number(value) for value in result.probabilities[index][-1].tolist())
    shares = f"(probability {old} against {now} of “{new}”)"
    return (
        f"{place} the old one is still ahead {shares}.",
        f"{place} “{new}” is ahead {shares}, but another of its tokens isn't.",
        f"{place} a third token is ahead of both {shares}.",
    )[result.ahead[index][-1]]


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
    details=details,
    minutes=7,
    main=("move", "optimizer", "lr", "steps"),
    related=("freeze", "live_training", "dense_relu_dense"),
    button="Run the edit",
    examples=(
        Example("France: Lyon", {}),
        Example("France: Marseille", {"answer": "Marseille"}),
        Example("Germany: Munich", {"question": "What is the capital of Germany?", "answer": "Munich"}),
        Example("Italy: Lyon", {"question": "What is the capital of Italy?"}),
        Example("Five edits in a row", {"more": FIVE}),
    ),
    predictions=(
        Prediction(
            id="everything",
            question="A model learns “Lyon” in 20 steps. Which spoils more other facts: moving one tensor or all?",
            choices=(
                Choice(
                    "moving one tensor",
                    "One tensor has to do all the work, so it seems to be bent the most. But in these 20 steps Adam moves a weight by at most "
                    "about lr each, and this run has few weights to move.",
                ),
                Choice(
                    "moving all tensors",
                    "Adam moves a weight by up to about lr a step, even where its gradient is small. With every tensor free all of them may go that far, "
                    "also those that this fact needs least.",
                ),
                Choice(
                    "both alike",
                    "Both runs learn the same fact from the same loss. It says nothing about the other facts, and one run moves many more weights.",
                ),
            ),
            answer=1,
            proof="everything",
            show={},
            ring="worse",
        ),
        Prediction(
            id="little",
            question="Every tensor may move again, now by SGD with lr=0.03. “Lyon” is learned. How many of the other facts change?",
            choices=(
                Choice(
                    "more than half",
                    "So it was with Adam. SGD moves a weight by lr times its gradient, and most gradients of this edit are tiny.",
                ),
                Choice(
                    "up to half of them",
                    "Fewer steps of Adam end there. SGD's steps are lr times the gradients, which fade as the new answer is learned.",
                ),
                Choice(
                    "none of them",
                    "SGD moves a weight by lr times its gradient, so the weights that this fact does not need hardly move. How far decides, not how "
                    "many may move.",
                ),
            ),
            answer=2,
            proof="little",
            show={"move": "everything", "optimizer": "SGD", "lr": 0.03, "compare": "nothing"},
            ring="changed",
        ),
        Prediction(
            id="wordings",
            question="“euro” is taught for Switzerland in one wording. In how many of the 13 other wordings of the question is it said?",
            choices=(
                Choice(
                    "none of 13",
                    "Only one question was trained on. But the model reads all wordings of a question much alike, and the edit reaches what it makes of them.",
                ),
                Choice(
                    "all 13",
                    "The model makes nearly the same of every wording of a question, and the edit changes what it says to that. Generality is 1.",
                ),
                Choice(
                    "6 of 13",
                    "Wordings that share more words would follow, others not. Here the words around “Switzerland” matter little.",
                ),
            ),
            answer=1,
            proof="wordings",
            show={"question": "What is the currency of Switzerland?", "answer": "euro", "compare": "nothing"},
            ring="reworded",
        ),
        Prediction(
            id="neither",
            question="“Munich” is taught for Germany, by the same 20 steps of Adam on one tensor. What does the model say then?",
            choices=(
                Choice(
                    "the new answer",
                    "It learned “Lyon” in as many steps. How many an edit takes depends on the fact: here 20 are too few.",
                ),
                Choice(
                    "the old answer",
                    "The loss of the new answer fell, and with it the old one lost its lead. That does not make the new one the most likely.",
                ),
                Choice(
                    "neither of the two",
                    "The steps have pushed the old answer down, and the new one is not up yet: a third one is ahead for now. More steps bring the new one.",
                ),
            ),
            answer=2,
            proof="neither",
            show={"question": "What is the capital of Germany?", "answer": "Munich", "compare": "nothing"},
            ring="said",
        ),
        Prediction(
            id="frozen",
            question="AdamW decays weights, and it is given all tensors, of which all but one are frozen. How many of the frozen ones does it move?",
            choices=(
                Choice(
                    "all of them",
                    "Weight decay needs no gradient, so it seems to reach every tensor. But the optimiser skips a tensor whose .grad is None before it decays.",
                ),
                Choice(
                    "not one",
                    "A tensor frozen from the start has .grad None, and the optimiser skips it altogether, its weight decay included.",
                ),
                Choice(
                    "the matrices",
                    "Recipes often spare biases and norms from weight decay, by groups of parameters. AdamW itself decays every tensor with a .grad.",
                ),
            ),
            answer=1,
            proof="frozen",
            show={"optimizer": "AdamW", "compare": "nothing"},
            ring="frozen",
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
            sentence="In a regex [1] matches a 1, and no brackets: no name matches, every parameter is frozen, and backward() raises.",
            source="https://github.com/hiyouga/LlamaFactory/issues/4101",
            params={"move": "names that match", "pattern": "^encoder.block[1]"},
        ),
    ),
)
