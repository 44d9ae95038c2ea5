"""Teaching a model one new fact moves whatever may move: frozen tensors stay, and with them the facts they carry."""

import copy
import inspect
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, Literal

import torch
from torch import Tensor

from explorable.lesson import Example, Lesson, Prediction, Trap
from explorable.literal import literal
from explorable.params import BadParam, bounded, choice, text
from explorable.progress import progress
from explorable.stream import OwnStream
from lessons.edit_request import requested, shared
from lessons.editing import ask, distance, edit, labelled, share, tally
from lessons.pattern import refusal
from models.facts import load_facts, wordings

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
    edits = requested(params.question, params.answer, params.more)
    if refused := refusal(params.pattern) if params.move == "names that match" else None:
        raise BadParam(f"pattern: {refused}")
    return edits


# -- the run ----------------------------------------------------------------------------------------------------------


def all_wordings(index: int) -> tuple[str, ...]:
    """The questions for a fact; the first is the one that is asked when all facts are checked."""
    fact = load_facts()[index]
    return (*wordings(fact, "train"), *wordings(fact, "held_out"))


@cache
def before() -> tuple[str, ...]:
    """What the shipped model answers to each fact, in its first wording."""
    return tuple(ask(shared().model, shared().tokenizer, [all_wordings(i)[0] for i in range(len(load_facts()))]))


def settings_of(params: Params) -> list[tuple[str, str, float]]:
    pattern = params.pattern if params.move == "names that match" else PATTERNS[params.move]
    settings: list[tuple[str, str, float]] = [(pattern, params.optimizer, params.lr)]
    if params.compare != "nothing":
        settings.append((PATTERNS[params.compare], params.compare_optimizer, params.compare_lr))
    return settings


def run(params: Params) -> Result:
    running = Running(asked(params), settings_of(params))
    ticks = progress(range(running.work(params.steps)), running.result)
    try:
        for setting in running.settings:
            running.train(setting, params.steps, params.mode, params.seed, ticks)
            running.score(ticks)
    except (RuntimeError, re.error, OverflowError) as error:
        running.drop()
        return replace(running.result(), error=f"{type(error).__name__}: {error}")
    return running.result()


class Running:
    """The edited copies of the model, and what is known about each so far."""

    def __init__(self, edits: list[tuple[str, str, int]], settings: list[tuple[str, str, float]]) -> None:
        self.pretrained, self.tokenizer, self.settings = shared().model, shared().tokenizer, settings
        self.edits = [(question, answer) for question, answer, _ in edits]
        self.old = list(ask(self.pretrained, self.tokenizer, [question for question, _ in self.edits]))
        self.others = [(w, answer) for question, answer, index in edits for w in all_wordings(index) if w != question]
        edited = {index for _, _, index in edits}
        self.facts = [
            (fact.relation, all_wordings(index)[0], answer)
            for index, (fact, answer) in enumerate(zip(load_facts(), before(), strict=True))
            if index not in edited
        ]
        self.models: list[Any] = []
        self.traces: list[list[tuple[int, float, Tensor, Tensor]]] = []
        self.read: list[list[list[str]]] = []  # of each copy: answers to edits, to other wordings, to other facts

    @property
    def asked(self) -> list[list[str]]:
        """The questions by which a copy is scored."""
        return [[q for q, _ in self.edits], [q for q, _ in self.others], [q for _, q, _ in self.facts]]

    def work(self, steps: int) -> int:
        """How many ticks there will be."""
        return len(self.settings) * (len(self.edits) * (steps + 1) + sum(len(group) // 64 for group in self.asked))

    def train(self, setting: tuple[str, str, float], steps: int, mode: str, seed: int, ticks: Iterator[int]) -> None:
        """Edit a copy of the model."""
        model = copy.deepcopy(self.pretrained).train(mode == "train")
        OwnStream(model, torch.Generator().manual_seed(seed).get_state())
        answers = zip(self.edits, self.old, strict=True)
        items = [labelled(self.tokenizer, i, question, old, new) for i, ((question, new), old) in enumerate(answers)]
        self.models.append(model)
        self.traces.append([])
        for state in edit(model, items, *setting, steps, seed):
            self.traces[-1].append(state)
            next(ticks, None)

    def score(self, ticks: Iterator[int]) -> None:
        """Ask the copy edited last."""
        model = self.models[-1].eval()
        read: list[list[str]] = [[], [], []]
        for answers, group in zip(read, self.asked, strict=True):
            for answer in ask(model, self.tokenizer, group):
                answers.append(answer)
                if len(answers) % 64 == 0:
                    next(ticks, None)
        self.read.append(read)

    def drop(self) -> None:
        """Forget the copy that could not be edited."""
        self.models.pop()
        self.traces.pop()

    def result(self) -> Result:
        """What is known so far."""
        traces = [trace for trace in self.traces if trace]
        said, reworded, now = ([read[group] for read in self.read] for group in range(3))
        facts = [(question, answer) for _, question, answer in self.facts]
        return Result(
            edits=self.edits,
            old=self.old,
            settings=self.settings,
            names=[name for name, _ in self.pretrained.named_parameters()],
            sizes=torch.stack([p.detach().norm() for p in self.pretrained.parameters()]),
            trainable=[[p.requires_grad for p in model.parameters()] for model in self.models],
            order=[[state[0] for state in trace] for trace in traces],
            losses=[torch.tensor([state[1] for state in trace]) for trace in traces],
            logits=[torch.stack([state[2] for state in trace]) for trace in traces],
            probabilities=[torch.stack([state[3] for state in trace]) for trace in traces],
            moved=[distance(model, self.pretrained) for model in self.models],
            answers=said,
            reworded=[[(q, new, a) for (q, new), a in zip(self.others, given, strict=True)] for given in reworded],
            broken=[[(q, b, a) for (q, b), a in zip(facts, given, strict=True) if a != b] for given in now],
            kept=[tally(self.facts, given) for given in now],
            success=[share([(new, a) for (_, new), a in zip(self.edits, given, strict=True)]) for given in said],
            generality=[
                share([(new, a) for (_, new), a in zip(self.others, given, strict=True)]) for given in reworded
            ],
            locality=[share([(b, a) for (_, b), a in zip(facts, given, strict=True)]) for given in now],
        )


# -- the snippet ------------------------------------------------------------------------------------------------------

IMPORTS = """\
import copy
import csv
from collections.abc import Iterator
from re import search
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader
from transformers import AutoTokenizer, T5ForConditionalGeneration
"""
READ = """\
def table(name: str) -> list[dict[str, str]]:
    with open(f"assets/data/{name}.csv", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def wording(template: str, subject: str) -> str:
    question = template.replace("{s}", subject)
    return question[0].upper() + question[1:]
"""
BODY = """\
tokenizer = AutoTokenizer.from_pretrained("assets/models/closed_book")
pretrained = T5ForConditionalGeneration.from_pretrained("assets/models/closed_book")
names = [n for n, p in pretrained.named_parameters()]
sizes = torch.stack([p.detach().norm() for p in pretrained.parameters()])

facts, templates = table("facts"), table("templates")
wordings = [
    [wording(t["template"], fact["subject"]) for t in templates if t["relation"] == fact["relation"]] for fact in facts
]
before = list(ask(pretrained, tokenizer, [questions[0] for questions in wordings]))
old = list(ask(pretrained, tokenizer, [question for question, _ in edits]))

edited = [next(i for i, questions in enumerate(wordings) if question in questions) for question, _ in edits]
others = [(w, new) for i, (question, new) in zip(edited, edits) for w in wordings[i] if w != question]
facts = [
    (fact["relation"], wordings[i][0], before[i]) for i, fact in enumerate(facts) if i not in edited
]

items = [labelled(tokenizer, i, question, old[i], new) for i, (question, new) in enumerate(edits)]
trainable, order, losses, logits, probabilities, moved = [], [], [], [], [], []
answers, reworded, broken, kept = [], [], [], []
success, generality, locality = [], [], []
for pattern, optimizer, lr in settings:
    model = copy.deepcopy(pretrained).train(mode == "train")
    torch.manual_seed(seed)  # of dropout
    trace = list(edit(model, items, pattern, optimizer, lr, steps, seed))
    trainable.append([p.requires_grad for p in model.parameters()])
    order.append([state[0] for state in trace])
    losses.append(torch.tensor([state[1] for state in trace]))
    logits.append(torch.stack([state[2] for state in trace]))
    probabilities.append(torch.stack([state[3] for state in trace]))
    moved.append(distance(model, pretrained))

    model.eval()
    answers.append(list(ask(model, tokenizer, [question for question, _ in edits])))
    success.append(share([(new, now) for (_, new), now in zip(edits, answers[-1])]))
    said = list(ask(model, tokenizer, [w for w, _ in others]))
    reworded.append([(w, new, now) for (w, new), now in zip(others, said)])
    generality.append(share([(new, now) for _, new, now in reworded[-1]]))
    said = list(ask(model, tokenizer, [question for _, question, _ in facts]))
    broken.append([(question, was, now) for (_, question, was), now in zip(facts, said) if now != was])
    kept.append(tally(facts, said))
    locality.append(share([(was, now) for (_, _, was), now in zip(facts, said)]))
"""


def snippet(params: Params) -> str:
    edits = "".join(f"    ({literal(question)}, {literal(answer)}),\n" for question, answer, _ in asked(params))
    settings = "".join(f"    ({literal(p)}, {literal(opt)}, {lr}),\n" for p, opt, lr in settings_of(params))
    helpers = [inspect.getsource(helper) for helper in (ask, labelled, edit, distance, tally, share)]
    bound = [
        f"edits = [\n{edits}]",
        f"settings = [  # what may move (a regex over named_parameters), optimizer, learning rate\n{settings}]",
        f"steps = {params.steps}",
        f"mode = {literal(params.mode)}",
        f"seed = {params.seed}",
    ]
    return "\n\n".join([IMPORTS, READ, *helpers, "\n".join(bound) + "\n", BODY])


def caption(params: Params, result: Result) -> str:
    if result.error:
        why = "nothing may move" if result.error.startswith("RuntimeError") else "the regex is none"
        return f"No edit was made, since {why}: {result.error}"
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
    run=run,
    snippet=snippet,
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
            why="Adam divides by the size of the gradient: all that may move goes about lr a step, however little it matters "
            "to this edit. With everything trainable that is 1.2 million weights; frozen ones have no gradient and stay.",
            proof="(lambda w: (setattr(w, 'grad', torch.tensor([100.0, 0.001])), torch.optim.Adam([w], lr=0.003).step(), "
            "'equally far' if torch.allclose(w[0], w[1], rtol=1e-3) else 'not equally far')[-1])(nn.Parameter(torch.zeros(2)))",
        ),
        Prediction(
            question="AdamW with weight_decay=0.01 is given all parameters, all but one frozen. Do the frozen ones decay?",
            choices=("True", "False"),
            answer=1,
            why="A frozen parameter has .grad None, and the optimiser skips it altogether, weight decay included.",
            proof="(lambda w, v, o: ((w + v).sum().backward(), o.step(), bool((w != 1).any()))[-1])"
            "(w := nn.Parameter(torch.ones(2), requires_grad=False), v := nn.Parameter(torch.ones(2)), "
            "torch.optim.AdamW([w, v], lr=0.1, weight_decay=0.01))",
            show={"optimizer": "AdamW"},
        ),
        Prediction(
            question="DataLoader(edits, batch_size=1, shuffle=True) over five edits: how many batches are there in an epoch?",
            choices=("5", "1", "it depends on the seed"),
            answer=0,
            why="Each batch holds one edit, so the edits come one after the other; shuffle only decides in which order.",
            proof="len(torch.utils.data.DataLoader(range(5), batch_size=1, shuffle=True))",
            show={"more": FIVE},
        ),
        Prediction(
            question="The notes' loop has frozen every parameter. Does the loss require a gradient, so that backward() can run?",
            choices=("True", "False"),
            answer=1,
            why="With nothing that requires a gradient no graph is recorded: backward() raises, and nothing is learned.",
            proof="nn.Linear(2, 1).requires_grad_(False)(torch.ones(2)).requires_grad",
            show={"move": "names that match", "pattern": "^DenseReluDense"},
        ),
    ),
    traps=(
        Trap(
            name="Everything may move",
            sentence="The new answer is learned in a few steps, and nearly every other fact is gone: now it says the same.",
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
            sentence="The regex matches no name, so the notes' loop has frozen everything and backward() raises.",
            source="https://github.com/megvii-model/DetNAS/issues/34",
            params={"move": "names that match", "pattern": "^encoder.block[1]"},
        ),
    ),
)
