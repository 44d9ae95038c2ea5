"""With p between 0 and 1, nn.Dropout in train mode draws a new mask at each call and multiplies what it keeps by 1/(1-p); in eval mode it returns its input."""

from dataclasses import dataclass
from typing import Literal

from torch import Tensor

from explorable.lesson import Choice, Lesson, Prediction, Trap
from explorable.params import bounded, choice
from explorable.program import Program
from explorable.words import count, number

Layer = Literal[
    "nn.Dropout", "nn.Dropout1d", "nn.Dropout2d", "F.dropout", "attention's dropout_p", "nn.LSTM, 1 layer"
]  # fmt: skip
ONE_LAYER = "nn.LSTM, 1 layer"
DEAF = {"F.dropout": "F.dropout", "attention's dropout_p": "dropout_p"}  # layers that eval() does not reach


@dataclass(frozen=True)
class Params:
    p: float = bounded(0.5, low=0.0, high=1.0, step=0.05, about="probability of being dropped")
    layer: Layer = choice("nn.Dropout", about="the layer, or function, that drops entries")
    input: Literal["ones", "ramp", "normal"] = choice("ramp", about="what goes in")
    seed: int = bounded(0, low=0, high=999, step=1, about="of the mask")
    mode: Literal["train", "eval"] = choice("train", about="of the layer when it is called")
    passes: int = bounded(50, low=1, high=200, step=1, about="forward passes to average")


@dataclass(frozen=True)
class Result:
    x: Tensor  # (3, 4) input
    calls: list[Tensor]  # (3, 4) each: what three calls on x return, one after the other, in `mode`
    masks: list[Tensor]  # (3, 4) each: 1 where that call keeps the entry, else 0
    same: bool  # whether the first call returns x itself
    different: int  # how many of the three outputs differ from one another
    warned: list[str]  # what torch says when the layer is made
    mask: Tensor  # (3, 4) 1 where the seed keeps the entry in train mode, else 0
    scale: float  # 1 / (1 - p), inf at p = 1
    y_train: Tensor  # (3, 4) output in train mode
    y_eval: Tensor  # (3, 4) output in eval mode, same seed
    difference: Tensor  # (3, 4) y_train - y_eval
    mean: Tensor  # (passes, 3, 4) mean of the first k passes
    gap: Tensor  # (passes,) root mean square of (mean of the first k passes - x)
    power: Tensor  # (passes,) E[y**2] / E[x**2] over the first k passes; what drops with p < 1 nears 1 / (1 - p)


def quiet(params: Params) -> bool:
    """Whether nothing can be dropped: the layer is in eval mode and hears of it, or has no next layer to drop before."""
    return params.layer == ONE_LAYER or params.mode == "eval" and params.layer not in DEAF


def caption(params: Params, result: Result) -> str:
    if params.layer == ONE_LAYER:
        warns = ", and torch warns when it is made" * bool(result.warned)
        return f"In {params.mode} mode an LSTM of one layer drops nothing: all {len(result.calls)} calls return the same numbers{warns}."
    if quiet(params):
        returned = "x itself" if result.same else "the numbers of x"
        return f"In eval mode {params.layer} has nothing to do: all {len(result.calls)} calls return {returned}."
    if params.p == 1:
        return f"At p = 1 each call drops all {result.x.numel()} entries."
    if params.p == 0:
        returned = "x itself" if result.same else "the numbers of x"
        return f"At p = 0 no mask is drawn: all {len(result.calls)} calls return {returned}."
    kept = int(result.masks[0].sum())
    keeps = f"keeps {kept} of {result.x.numel()} entries, {'each ' if kept > 1 else ''}times {result.scale:.4g}"
    if not kept:
        keeps = f"keeps 0 of {result.x.numel()} entries"
    if params.mode == "eval":
        return f"eval() does not reach {DEAF[params.layer]}: with this seed the first call {keeps}."
    return f"With this seed the first call in train mode {keeps}; the next call draws a new mask."


def details(params: Params, result: Result) -> str:
    same_seed = f"With the same seed, train and eval mode differ in {int((result.difference != 0).sum())} of {result.x.numel()} entries."
    if params.layer == ONE_LAYER:
        said = "".join(f" torch warns: {text}." for text in result.warned)
        return f"{same_seed}{said} Put nn.Dropout behind the LSTM, or give it two layers."
    return (
        f"{same_seed} Over {count(params.passes, 'pass')} in {params.mode} mode the mean is {settled(result.gap)} "
        f"(root mean square) from x, and E[y²]/E[x²] is {settled(result.power)}."
    )


def settled(passes: Tensor) -> str:
    """What the last pass says, without the rounding of float32 that many sums leave: `1.0`, not `1.0000001`."""
    return number(round(passes[-1].item(), 5))


ALL_THE_SAME, ALL_DIFFERENT = "1 output, three times", "3 different outputs"

LESSON = Lesson(
    slug="dropout",
    title="Dropout",
    truth=__doc__,
    Params=Params,
    program=Program("dropout", Result),
    caption=caption,
    details=details,
    minutes=5,
    main=("mode", "p", "layer", "seed"),
    related=("dropout_reset", "train_mode_answers"),
    predictions=(
        Prediction(
            id="three_calls",
            question="nn.Dropout(0.5) in train mode is called three times on x. How many different outputs?",
            choices=(
                Choice(
                    ALL_THE_SAME,
                    "Most layers are functions of their input and weights. Dropout in train mode also takes numbers from torch's "
                    "generator, and each call takes the next ones.",
                ),
                Choice(
                    "1 output: the seed is set",
                    "manual_seed sets where the generator starts. Each call moves it on, so only the whole run repeats, not the "
                    "single call.",
                ),
                Choice(ALL_DIFFERENT, "Every call draws a new mask from torch's generator."),
            ),
            answer=2,
            proof="three calls",
            show={},
            ring="outputs",
        ),
        Prediction(
            id="survivor",
            question="nn.Dropout(0.5) in train mode: what does the entry 3.0 become if it is kept?",
            choices=(
                Choice(
                    "1.5",
                    "The first paper multiplied by the share that is kept, in eval mode. torch divides by that share, 1-p, in train mode.",
                ),
                Choice(
                    "3.0",
                    "Dropping alone would leave it, but then the mean over masks would be 1.5 in train mode, and 3.0 in eval mode.",
                ),
                Choice("6.0", "What is kept is multiplied by 1/(1-p) = 2, so that the mean over masks stays 3.0."),
            ),
            answer=2,
            proof="survivor",
            show={},
            ring="2,2",
        ),
        Prediction(
            id="functional",
            question="forward() calls F.dropout(x, 0.5). After model.eval(), how many different outputs do three calls on one x return?",
            choices=(
                Choice(
                    ALL_THE_SAME,
                    "eval() sets the flag self.training of every module. A function has no such flag: it must be handed "
                    "training=self.training.",
                ),
                Choice(ALL_DIFFERENT, "F.dropout has its own argument training=True, and eval() never changes it."),
                Choice(
                    "none: it raises in eval mode",
                    "Nothing checks this: F.dropout is right for whoever wants to drop at all times.",
                ),
            ),
            answer=1,
            proof="function in eval mode",
            show={"layer": "F.dropout", "mode": "eval"},
            ring="outputs",
        ),
        Prediction(
            id="attention",
            question="forward() calls F.scaled_dot_product_attention(..., dropout_p=0.5). How many different outputs do three calls return after eval()?",
            choices=(
                Choice(
                    ALL_THE_SAME,
                    "nn.MultiheadAttention passes 0 in eval mode. The function drops whenever dropout_p is above 0.",
                ),
                Choice(
                    ALL_DIFFERENT,
                    "A function knows nothing of eval(): pass dropout_p=self.p if self.training else 0.0.",
                ),
                Choice(
                    "1 output: too little is dropped",
                    "At 0.5 half of the attention weights go, on average. In eval mode they go as they do in train mode.",
                ),
            ),
            answer=1,
            proof="attention in eval mode",
            show={"layer": "attention's dropout_p", "mode": "eval", "seed": 4},
            ring="outputs",
        ),
        Prediction(
            id="one_layer",
            question="nn.LSTM(4, 4, num_layers=1, dropout=0.5) in train mode is called three times on x. How many different outputs?",
            choices=(
                Choice(
                    ALL_DIFFERENT,
                    "So it is with num_layers=2: the LSTM drops from what one layer hands to the next.",
                ),
                Choice(
                    "none: it raises",
                    "It only warns, when the layer is made: non-zero dropout expects num_layers greater than 1.",
                ),
                Choice(
                    ALL_THE_SAME,
                    "dropout= acts between layers and never behind the last. With one layer nothing is dropped.",
                ),
            ),
            answer=2,
            proof="one layer",
            show={"layer": ONE_LAYER},
            ring="outputs",
        ),
        Prediction(
            id="picture",
            question="nn.Dropout2d(0.5) gets one picture of shape (1, 3, 4), meant as (C, H, W), in train mode. What does it drop?",
            choices=(
                Choice(
                    "the channel or nothing",
                    "torch warns that a future release will read it so. Today it reads three axes as (N, C, L): 3 rows are the channels.",
                ),
                Choice("single entries", "That is nn.Dropout. Dropout1d, 2d and 3d drop a channel as a whole."),
                Choice(
                    "whole rows",
                    "It takes the first axis for the batch and each row for a channel, and says so in a warning. Add the batch axis.",
                ),
            ),
            answer=2,
            proof="a picture without a batch",
            show={"layer": "nn.Dropout2d"},
            ring="dropped",
        ),
        Prediction(
            id="channels",
            question="nn.Dropout1d(0.5) in train mode gets an input of shape (3, 4). What does it drop?",
            choices=(
                Choice(
                    "whole rows",
                    "Dropout1d reads (3, 4) as 3 channels of length 4 and draws one number for each channel.",
                ),
                Choice(
                    "single entries", "That is nn.Dropout. The 1d means that a whole 1-D channel is kept or dropped."
                ),
                Choice(
                    "whole columns",
                    "The channels of an unbatched input stand in dim 0, so what goes as a whole is a row.",
                ),
            ),
            answer=0,
            proof="what goes",
            show={"layer": "nn.Dropout1d"},
            ring="dropped",
        ),
        Prediction(
            id="eval_object",
            question="nn.Dropout(0.5) in eval mode: what does the call return?",
            choices=(
                Choice(
                    "a copy of x",
                    "Most layers make a new tensor. F.dropout, which this one calls, hands back its input where it has nothing to drop.",
                ),
                Choice(
                    "x itself, the same object",
                    "torch returns its input before any mask is drawn: the very same tensor object comes back.",
                ),
                Choice(
                    "x times 0.5",
                    "That was the first paper's way. torch scales in train mode, so that eval mode has nothing to do.",
                ),
            ),
            answer=1,
            proof="the same object",
            show={"mode": "eval"},
            ring="object",
        ),
    ),
    traps=(
        Trap(
            name="F.dropout without training=",
            sentence="eval() does not reach F.dropout, whose argument training is True by default. Pass training=self.training.",
            source="https://github.com/pytorch/pytorch/issues/26338",
            params={"layer": "F.dropout", "mode": "eval"},
        ),
        Trap(
            name="dropout_p in eval mode",
            sentence="F.scaled_dot_product_attention drops whenever dropout_p is above 0: pass 0 unless self.training.",
            source="https://github.com/pytorch/pytorch/issues/124464",
            params={"layer": "attention's dropout_p", "mode": "eval", "seed": 4},
        ),
        Trap(
            name="One LSTM layer",
            sentence="An LSTM drops between its layers. With one layer it drops nothing, in train mode too, and only warns.",
            source="https://github.com/espnet/espnet/issues/1780",
            params={"layer": ONE_LAYER},
        ),
        Trap(
            name="Dropout2d without a batch axis",
            sentence="Given three axes, Dropout2d takes the second for the channels: it drops rows of the picture, not its channel.",
            source="https://github.com/pytorch/pytorch/issues/69801",
            params={"layer": "nn.Dropout2d"},
        ),
        Trap(
            name="Forgot eval()",
            sentence="With dropout in train mode each prediction is one random draw: ask again, and another answer comes.",
            source="https://github.com/huggingface/transformers/issues/2627",
            params={"mode": "train", "input": "normal"},
        ),
    ),
)
