"""A reader first learns which words may be answers, at a loss of ln 3, and only then to look at the question."""

import copy
import inspect
import math
import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Literal

import torch
from torch import Tensor, nn

from explorable.lesson import Example, Lesson, Prediction, Trap
from explorable.params import bounded, choice
from explorable.progress import progress
from explorable.seeding import seeded
from explorable.stream import OwnStream
from lessons import toy_questions
from lessons.source import joined, snippet_of
from lessons.toy_questions import VOCABULARY, ask, collate, padded, read_all, sample

Reading = Literal[
    "no extra padding", "right", "right, no attention_mask", "left", "left, position_ids from the mask"
]  # fmt: skip
READINGS = ("no extra padding", "right", "right, no attention_mask", "left", "left, position_ids from the mask")
INITS, RATES = (0.02, 0.05, 0.1, 0.15, 0.25), (0.0005, 0.001, 0.002, 0.005)


@dataclass(frozen=True)
class Params:
    initializer_range: Literal[INITS] = choice(  # type: ignore[valid-type]
        0.15, about="standard deviation of the first weights; BertConfig's default is 0.02"
    )
    lr: Literal[RATES] = choice(0.002, about="learning rate of AdamW")  # type: ignore[valid-type]
    batch_size: Literal[8, 32, 64] = choice(32)
    steps: int = bounded(150, low=25, high=300, step=25, about="of the optimiser")
    seed: int = bounded(0, low=0, high=999, step=1, about="of weights, examples and dropout")
    padding: Reading = choice("no extra padding", about="of the trained reader's input; shown at once")
    pads: int = bounded(24, low=1, high=32, step=1, about="[PAD] tokens more, but for “no extra padding”")
    mode: Literal["eval", "train"] = choice("eval", about="of the trained reader; shown at once")
    dropout: float = bounded(0.1, low=0.0, high=0.5, step=0.1, about="p of its nn.Dropouts", when={"mode": ("train",)})


@dataclass(frozen=True)
class Result:
    tokens: list[list[str]]  # 3 x T: the watched questions, each with the same context
    targets: Tensor  # (3, 2) their right start and end
    losses: Tensor  # (steps,) of each training batch
    taken: list[int]  # S: steps after which a snapshot was taken
    accuracy: list[float]  # S: share of 200 other questions with start and end right
    held_out_losses: list[float]  # S: loss on them
    logits: Tensor  # (S, 3, 2, T) of the watched questions; 2: start, end
    probs: Tensor  # (S, 3, 2, T) softmax over T
    plateau: float  # ln 3: the loss of who knows the three candidates and ignores the question
    exact: dict[str, float] | None = None  # padding -> share of the 200 questions right, read in `mode`
    read: Tensor | None = None  # (3, 2, T) logits of the watched questions' own tokens with this padding, in this mode
    on_pads: float | None = None  # share of softmax that falls on [PAD]


def build(initializer_range: float) -> Any:
    from transformers import BertConfig, BertForQuestionAnswering

    config = BertConfig(
        vocab_size=len(VOCABULARY),
        hidden_size=48,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=96,
        max_position_embeddings=64,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
        initializer_range=initializer_range,
    )
    model = BertForQuestionAnswering(config)
    return model


def prepare(model: Any, lr: float, seed: int) -> tuple[Any, ...]:
    facts = {"color": "red", "price": "ten", "owner": "anna"}
    watched = [ask(facts, asked) for asked in facts]
    tokens = [example[0] for example in watched]
    targets = torch.tensor([example[1:] for example in watched])
    rng = random.Random(seed)
    held_out = [sample(rng) for _ in range(200)]
    plateau = math.log(3)

    opt = torch.optim.AdamW(model.parameters(), lr=lr)
    losses: list[float] = []
    taken: list[int] = []
    accuracy: list[float] = []
    held_out_losses: list[float] = []
    logits: list[Tensor] = []
    return watched, tokens, targets, rng, held_out, plateau, opt, losses, taken, accuracy, held_out_losses, logits


def train(
    model: Any, watched: Any, rng: random.Random, held_out: Any, opt: Any, losses: Any, taken: list[int],
    accuracy: list[float], held_out_losses: list[float], logits: Any, batch_size: int, steps: int, so_far: Callable[[], Any],
) -> tuple[Any, ...]:  # fmt: skip
    for step in progress(range(steps + 1), so_far):
        if step % 10 == 0 or step == steps:
            model.eval()
            taken.append(step)
            logits.append(read_all(model, collate(watched))[0])
            _, exact_match, held_out_loss = read_all(model, collate(held_out))
            accuracy.append(exact_match)
            held_out_losses.append(held_out_loss)
            model.train()
        if step < steps:
            batch = collate([sample(rng) for _ in range(batch_size)])
            loss = model(**batch).loss
            losses.append(loss.item())
            opt.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            opt.step()
    losses = torch.tensor(losses)
    logits = torch.stack(logits)
    probs = logits.softmax(-1)
    return losses, logits, probs


def read_again(
    model: Any, watched: Any, held_out: Any, padding: str, pads: int, mode: str, dropout: float
) -> tuple[Any, ...]:
    reader = copy.deepcopy(model).train(mode == "train")
    for m in reader.modules():
        if isinstance(m, nn.Dropout):
            m.p = dropout
    exact = {}
    for kind in ("no extra padding", "right", "right, no attention_mask", "left", "left, position_ids from the mask"):
        exact[kind] = read_all(reader, padded(held_out, kind, pads))[1]

    batch = padded(watched, padding, pads)
    real = batch["input_ids"] != VOCABULARY["[PAD]"]
    scores, _, _ = read_all(reader, batch)  # (3, 2, T + pads)
    read = torch.stack([pair[:, own] for pair, own in zip(scores, real, strict=True)])
    on_pads = (scores.softmax(-1) * ~real[:, None]).sum(-1).mean().item()
    return exact, read, on_pads


# -- the run ----------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=32)
def trained(initializer_range: float, lr: float, batch_size: int, steps: int, seed: int) -> tuple[Any, ...]:
    """The trained model, what it is read with, and the Result of the training; other paddings need no other training."""
    with seeded(seed):
        model = build(initializer_range)
    watched, tokens, targets, rng, held_out, plateau, opt, *lists = prepare(model, lr, seed)
    losses, taken, accuracy, held_out_losses, logits = lists

    def so_far() -> Result:
        seen = torch.stack(logits)
        known = list(taken), list(accuracy), list(held_out_losses), seen, seen.softmax(-1), plateau
        return Result(tokens, targets, torch.tensor(losses), *known)

    train(
        model, watched, rng, held_out, opt, losses, taken, accuracy, held_out_losses, logits, batch_size, steps, so_far
    )
    return model, watched, held_out, so_far()


def run(params: Params) -> Result:
    import models.hugging_face  # noqa: F401

    fitted = trained(params.initializer_range, params.lr, params.batch_size, params.steps, params.seed)
    model, watched, held_out, result = fitted
    model = copy.deepcopy(model)
    OwnStream(model, torch.Generator().manual_seed(params.seed).get_state())  # its copy in `read_again` has one too
    again = read_again(model, watched, held_out, params.padding, params.pads, params.mode, params.dropout)
    exact, read, on_pads = again
    return replace(result, exact=exact, read=read, on_pads=on_pads)


IMPORTS = """\
import copy
import math
import random
import torch
from typing import Any
from torch import Tensor, nn
from transformers import BertConfig, BertForQuestionAnswering
"""


def snippet(params: Params) -> str:
    values = vars(params)
    words = inspect.getsource(toy_questions).split('"""\n', 1)[1]  # without the docstring
    parts = [
        words,
        snippet_of(build, values, seed=params.seed, header=IMPORTS),
        snippet_of(prepare, values, header=IMPORTS),
        snippet_of(train, values, header=IMPORTS),
        snippet_of(read_again, values, seed=params.seed, header=IMPORTS),
    ]
    return joined(*parts)


def caption(params: Params, result: Result) -> str:
    step, loss = result.taken[-1], result.losses[-10:].mean().item() if len(result.losses) else math.nan
    where = "above" if loss > 1.15 * result.plateau else "near" if loss > 0.85 * result.plateau else "below"
    told = (
        f"AdamW, lr={params.lr:g}, batches of {params.batch_size}, initializer_range={params.initializer_range:g}, seed "
        f"{params.seed}. After {step} steps {100 * result.accuracy[-1]:.1f} % of 200 other questions are right (exact match "
        f"{result.accuracy[-1]:.3f}); the last ten losses average {loss:.3f}, {where} the plateau ln 3 = {result.plateau:.4f}."
    )
    if result.exact is None:
        return told
    mode = f"train mode with dropout {params.dropout:g}" if params.mode == "train" else "eval mode"
    left, on_pads = result.exact["left"], result.on_pads or 0.0
    seen = on_pads > 0.001 and params.padding != "right, no attention_mask"
    why = ", which a mask hides from attention but not from the head" if seen else ""
    return (
        f"{told} Read in {mode}, {params.padding}: exact match {result.exact[params.padding]:.3f}, "
        f"{100 * on_pads:.1f} % of softmax on [PAD]{why}. With {params.pads} [PAD] on the left: {left:.3f}."
    )


LESSON = Lesson(
    slug="live_training",
    title="Train a reader in seconds",
    truth=__doc__,
    Params=Params,
    run=run,
    snippet=snippet,
    caption=caption,
    button="Train",
    instant=("padding", "pads", "mode", "dropout"),
    examples=(
        Example("It learns to read", {}),
        Example("It stays at ln 3: the default initializer_range", {"initializer_range": 0.02}),
    ),
    predictions=(
        Prediction(
            question="A reader knows the three candidates and ignores the question: a third of softmax on each. What is its loss?",
            choices=("0.333", "1.099", "3.000"),
            answer=1,
            why="Cross-entropy is -log p of the right token: -log(1/3) = ln 3. A loss that stops there has learned everything "
            "but to look at the question.",
            proof="f'{F.cross_entropy(torch.zeros(1, 3), torch.tensor([0])).item():.3f}'",
            show={"initializer_range": 0.02},
        ),
        Prediction(
            question="attention_mask is [0, 0, 1, 1]: left padding. What does (mask.cumsum(0) - 1).clamp(min=0) give?",
            choices=("[0, 0, 0, 1]", "[0, 1, 2, 3]", "[1, 1, 0, 0]"),
            answer=0,
            why="The real tokens count from 0 again, as in training. Without these position_ids they would count from 2 on, "
            "positions at which the reader has never seen a question.",
            proof="(torch.tensor([0, 0, 1, 1]).cumsum(0) - 1).clamp(min=0).tolist()",
            show={"padding": "left, position_ids from the mask"},
        ),
        Prediction(
            question="The trained reader is put into train mode, and its nn.Dropouts get p=0.5. Are two forwards equal?",
            choices=("True", "False"),
            answer=1,
            why="In train mode each forward draws a new mask, so logits change and answers with them; eval mode drops nothing.",
            proof="(lambda m, x: torch.equal(m(x), m(x)))(nn.Dropout(0.5).train(), torch.ones(99))",
            show={"mode": "train", "dropout": 0.5},
        ),
    ),
    traps=(
        Trap(
            name="Stuck at ln 3",
            sentence="With BertConfig's initializer_range of 0.02 so small a model attends to all tokens alike, and in these steps never reads the question.",
            source="https://github.com/huggingface/transformers/issues/1126",
            params={"initializer_range": 0.02},
        ),
        Trap(
            name="No attention_mask",
            sentence="Every token attends to the padding too, and right answers turn wrong, without an error.",
            source="https://github.com/huggingface/transformers/issues/2860",
            params={"padding": "right, no attention_mask"},
        ),
        Trap(
            name="Padded on the left",
            sentence="The mask is right, the positions are not: the question stands where none stood in training.",
            source="https://github.com/huggingface/transformers/issues/238",
            params={"padding": "left"},
        ),
        Trap(
            name="Forgot eval()",
            sentence="In train mode dropout goes on dropping: the same reader gives other and worse answers at each call.",
            source="https://github.com/huggingface/transformers/issues/695",
            params={"mode": "train", "dropout": 0.3},
        ),
    ),
)
