"""In train mode dropout zeroes entries at random and multiplies the rest by 1/(1-p); in eval mode it returns its input."""

from dataclasses import dataclass
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from lessons.lesson import Lesson, Prediction, Trap
from lessons.params import bounded, choice
from lessons.seeding import seeded
from lessons.source import snippet_of

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


class ForgotTraining(nn.Module):
    """Calls F.dropout without `training=self.training`, so it never hears of eval()."""

    def __init__(self, p: float) -> None:
        super().__init__()
        self.p = p

    def forward(self, x: Tensor) -> Tensor:
        return F.dropout(x, self.p)


def compute(p: float, layer: str, input: str, seed: int, mode: str, passes: int) -> Result:  # noqa: PLR0915 shown by branch
    if input == "ones":
        x = torch.ones(4, 6)
    if input == "ramp":
        x = torch.arange(-8.0, 16.0).reshape(4, 6) / 8
    if input == "normal":
        x = torch.randn(4, 6, generator=torch.Generator().manual_seed(0))

    if layer == "nn.Dropout":
        dropout = nn.Dropout(p)
    if layer == "nn.Dropout1d":
        dropout = nn.Dropout1d(p)  # x is read as (channels, length): whole rows go
    if layer == "F.dropout":
        dropout = ForgotTraining(p)

    dropout.train()
    torch.manual_seed(seed)
    y_train = dropout(x)
    torch.manual_seed(seed)  # the same draw on ones shows the mask
    mask = (dropout(torch.ones_like(x)) > 0).int()
    scale = 1 / (1 - p) if p < 1 else float("inf")

    dropout.eval()
    torch.manual_seed(seed)
    y_eval = dropout(x)
    difference = y_train - y_eval

    dropout.train(mode == "train")
    outputs = torch.stack([dropout(x) for _ in range(passes)])
    k = torch.arange(1, passes + 1)
    mean = outputs.cumsum(dim=0) / k[:, None, None]
    gap = (mean - x).square().mean(dim=(1, 2)).sqrt()
    power = outputs.square().mean(dim=(1, 2)).cumsum(dim=0) / k / x.square().mean()
    return Result(x, mask, scale, y_train, y_eval, difference, mean, gap, power)


def run(params: Params) -> Result:
    with seeded(params.seed):
        return compute(**vars(params))


def snippet(params: Params) -> str:
    return snippet_of(compute, vars(params), also=[ForgotTraining])


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
    run=run,
    snippet=snippet,
    caption=caption,
    predictions=(
        Prediction(
            question="nn.Dropout(0.5) in train mode: what does an entry of 1.0 become if it survives?",
            choices=("0.5", "1.0", "2.0"),
            answer=2,
            why="Survivors are multiplied by 1/(1-p) = 2, so that the mean over masks stays 1.0.",
            proof="nn.Dropout(0.5)(torch.ones(99)).max().item()",
            show={"input": "ones", "p": 0.5},
        ),
        Prediction(
            question="forward() calls F.dropout(x, 0.5). After model.eval(), does it still drop?",
            choices=("True", "False"),
            answer=0,
            why="F.dropout has its own argument training=True. eval() sets the flag of modules; a function never sees it.",
            proof="bool((F.dropout(torch.ones(999), 0.5) == 0).any())",
            show={"layer": "F.dropout"},
        ),
        Prediction(
            question="nn.Dropout1d(0.5) on a (4, 6) input in train mode: how many different values can one row hold?",
            choices=("1: a row is kept or dropped as a whole", "2: kept and dropped entries", "6"),
            answer=0,
            why="Dropout1d reads (4, 6) as 4 channels of length 6 and draws one number for each channel.",
            proof="{1: '1: a row is kept or dropped as a whole'}[max(len(set(row.tolist())) for row in nn.Dropout1d(0.5)(torch.ones(4, 6)))]",
            show={"layer": "nn.Dropout1d", "input": "ones"},
        ),
        Prediction(
            question="What does nn.Dropout(0.5) return in eval mode?",
            choices=("a copy of its input", "its input, the same object", "its input times 0.5"),
            answer=1,
            why="In eval mode no operator runs at all: the very same tensor object comes back.",
            proof="(lambda x: 'its input, the same object' if nn.Dropout(0.5).eval()(x) is x else 'a copy of its input')(torch.ones(3))",
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
