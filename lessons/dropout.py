"""In train mode dropout zeroes entries at random and multiplies the rest by 1/(1-p); in eval mode it returns its input."""

from dataclasses import dataclass
from typing import Literal

from torch import Tensor

from explorable.lesson import Lesson, Prediction, Trap
from explorable.params import bounded, choice
from explorable.program import Program

Layer = Literal["nn.Dropout", "nn.Dropout1d", "F.dropout"]


@dataclass(frozen=True)
class Params:
    p: float = bounded(0.5, low=0.0, high=1.0, step=0.05, about="probability that an entry is dropped")
    layer: Layer = choice("nn.Dropout", about="F.dropout is called without training=")
    input: Literal["ones", "ramp", "normal"] = choice("ramp", about="what goes in")
    seed: int = bounded(0, low=0, high=999, step=1, about="of the mask")
    mode: Literal["train", "eval"] = choice("train", about="of the passes below")
    passes: int = bounded(50, low=1, high=200, step=1, about="forward passes to average")


@dataclass(frozen=True)
class Result:
    x: Tensor  # (4, 6) input
    mask: Tensor  # (4, 6) 1 where the seed keeps the entry in train mode, else 0
    scale: float  # 1 / (1 - p), inf at p = 1
    y_train: Tensor  # (4, 6) output in train mode
    y_eval: Tensor  # (4, 6) output in eval mode, same seed
    difference: Tensor  # (4, 6) y_train - y_eval
    mean: Tensor  # (passes, 4, 6) mean of the first k passes
    gap: Tensor  # (passes,) root mean square of (mean of the first k passes - x)
    power: Tensor  # (passes,) E[y**2] / E[x**2] over the first k passes; the law in train mode is 1 / (1 - p)


def caption(params: Params, result: Result) -> str:
    kept, cells = int(result.mask.sum()), result.mask.numel()
    if params.p == 1:
        train = f"p = 1 drops all {cells} entries, so every output is 0."
    else:
        train = f"In train mode {kept} of {cells} entries survive, each multiplied by 1/(1-p) = {result.scale:.3f}."
    moved = int((result.difference != 0).sum())
    if params.layer == "F.dropout":
        still = "After eval() nothing changes: F.dropout was called without training=self.training, so it still drops."
    else:
        still = f"In eval mode the output is the input; train and eval differ in {moved} of {cells} entries."
    noun = "pass" if params.passes == 1 else "passes"
    mean = (
        f"Over {params.passes} {noun} in {params.mode} mode the mean is {result.gap[-1].item():.3f} (root mean square) from x, "
        f"and E[y²]/E[x²] is {result.power[-1].item():.3f}."
    )
    return f"{train} {still} {mean}"


LESSON = Lesson(
    slug="dropout",
    title="Dropout",
    truth=__doc__,
    Params=Params,
    program=Program("dropout", Result),
    caption=caption,
    predictions=(
        Prediction(
            question="nn.Dropout(0.5) in train mode: what does an entry of 1.0 become if it survives?",
            choices=("0.5", "1.0", "2.0"),
            answer=2,
            why="Survivors are multiplied by 1/(1-p) = 2, so that the mean over masks stays 1.0.",
            proof="survivor",
            show={"input": "ones", "p": 0.5},
        ),
        Prediction(
            question="forward() calls F.dropout(x, 0.5). After model.eval(), does it still drop?",
            choices=("True", "False"),
            answer=0,
            why="F.dropout has its own argument training=True. eval() sets the flag of modules; a function never sees it.",
            proof="function",
            show={"layer": "F.dropout"},
        ),
        Prediction(
            question="nn.Dropout1d(0.5) on a (4, 6) input in train mode: how many different values can one row hold?",
            choices=("1: a row is kept or dropped as a whole", "2: kept and dropped entries", "6"),
            answer=0,
            why="Dropout1d reads (4, 6) as 4 channels of length 6 and draws one number for each channel.",
            proof="rows",
            show={"layer": "nn.Dropout1d", "input": "ones"},
        ),
        Prediction(
            question="What does nn.Dropout(0.5) return in eval mode?",
            choices=("a copy of its input", "its input, the same object", "its input times 0.5"),
            answer=1,
            why="In eval mode no operator runs at all: the very same tensor object comes back.",
            proof="the same object",
            show={"mode": "eval"},
        ),
    ),
    traps=(
        Trap(
            name="F.dropout without training=",
            sentence="eval() does not reach F.dropout: its training argument is True unless you pass self.training.",
            source="https://github.com/pytorch/pytorch/issues/26338",
            params={"layer": "F.dropout"},
        ),
        Trap(
            name="Forgot eval()",
            sentence="Predictions made in train mode are one random draw each; the passes below scatter instead of agreeing with x.",
            source="https://github.com/huggingface/transformers/issues/2627",
            params={"mode": "train", "passes": 3},
        ),
    ),
)
