"""Normalisation layers differ in which values they normalise together: of these, only BatchNorm in train mode takes values of several samples."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from torch import Tensor

from explorable.lesson import Choice, Lesson, Prediction, Trap
from explorable.params import bounded, choice
from explorable.program import Program
from explorable.words import count, listing, number, one_of

Norm = Literal[
    "BatchNorm1d",
    "LayerNorm([C, L])",
    "LayerNorm(L)",
    "LayerNorm(C)",
    "LayerNorm(C), transposed",
    "GroupNorm",
    "InstanceNorm1d",
    "RMSNorm(L)",
]


@dataclass(frozen=True)
class Params:
    norm: Norm = choice("BatchNorm1d", about="the layer that x goes through")
    N: int = bounded(3, low=1, high=4, step=1, about="samples")
    L: int = bounded(5, low=2, high=6, step=1, about="positions; always 4 channels")
    num_groups: Literal[1, 2, 4] = choice(2, about="of GroupNorm", when={"norm": ("GroupNorm",)})


@dataclass(frozen=True)
class Result:
    """Where torch refuses, `error` is set and only x is not None. Dicts have one entry a layer."""

    x: Tensor  # (N, 4, L)
    y: Tensor  # (N, 4, L) output of the chosen layer in train mode
    eps: float  # of the chosen layer
    group: dict[str, Tensor]  # (N, 4, L) for each cell the number of the group it is normalised with
    before: Tensor  # (groups, 3) mean, biased variance and mean square of each group of x
    after: Tensor  # (groups, 3) likewise of y
    gap: dict[str, float]  # largest |train - eval|; 0.0 where eval() changes no bit
    parameters: dict[str, dict[str, tuple[int, ...]]]  # name and shape
    buffers: dict[str, list[str]]  # names
    error: str | None


def values(params: Params) -> Mapping[str, Any]:
    """The program's parameters: the number of groups is set where GroupNorm is chosen."""
    return {**vars(params), "num_groups": params.num_groups if params.norm == "GroupNorm" else Params.num_groups}


def caption(params: Params, result: Result) -> str:
    if result.error:
        return (
            f"LayerNorm(C) refuses with RuntimeError: it is matched with the last axis, which holds {params.L} positions "
            "and not 4 channels."
        )
    group = result.group[params.norm]
    groups = count(len(result.before), "group")
    return f"{called(params)} cuts x into {groups} of {group.numel() // len(result.before)} values, {_spans(params, result)}."


def called(params: Params) -> str:
    return f"GroupNorm({params.num_groups}, C)" if params.norm == "GroupNorm" else params.norm


def _spans(params: Params, result: Result) -> str:
    group, one = result.group[params.norm], len(result.before) == 1
    if is_wrong_axis(params, result):
        return "those of LayerNorm(L): C equals L, so nothing raises"
    if params.N == 1:
        return "all within the only sample"
    if {*group[0].flatten().tolist()} & {*group[1:].flatten().tolist()}:
        return f"which {one_of(one, 'spans', 'span')} all samples: in train mode a sample depends on the others"
    return "each within one sample"


def is_wrong_axis(params: Params, result: Result) -> bool:
    """Whether a LayerNorm(C) that does not raise normalises along L."""
    return params.norm == "LayerNorm(C)" and bool((result.group[params.norm] == result.group["LayerNorm(L)"]).all())


def details(params: Params, result: Result) -> str:
    if result.error:
        samples = count(params.N, "sample")
        return (
            f"{result.error}. Transpose x ({samples}), so that the channels come last, or see what happens when L is 4."
        )
    return f"{_after(params, result)} {_modes(params, result)}"


def _after(params: Params, result: Result) -> str:
    mean, var, square = result.after.unbind(dim=1)
    many, third, what = len(mean) > 1, var, "variance"
    if params.norm == "RMSNorm(L)":
        third, what = square, "mean square"
    subject = "The means of its groups" if many else "The mean of its only group"
    those = "those" if many else "that"
    return (
        f"x is ({params.N}, 4, {params.L}). {subject} {_run(result.before[:, 0])}, {those} of y {_run(mean)}; "
        f"the {what + 's' if many else what} of y {_run(third)}."
    )


def _run(values: Tensor) -> str:
    """The range of some numbers, as they read when rounded."""
    low, high = (number(round(value, 3)) for value in (values.min().item(), values.max().item()))
    if len(values) == 1:
        return f"is {low}"
    return f"are all {low}" if low == high else f"run from {low} to {high}"


def _modes(params: Params, result: Result) -> str:
    shapes, gap = result.parameters[params.norm], result.gap[params.norm]
    owned = " and ".join(f"{name} {shape}" for name, shape in shapes.items()) or "no parameters"
    buffers = result.buffers[params.norm]
    stored = f"the buffers {listing(buffers)}" if buffers else "no buffers"
    moved = f"moves its output by up to {number(gap)} after this one batch" if gap else "changes no bit of its output"
    return f"The layer has {owned} and {stored}; eval() {moved}."


LESSON = Lesson(
    slug="normalization",
    title="Which values are normalised together",
    truth=__doc__,
    Params=Params,
    program=Program("normalization", Result, raises=(RuntimeError,), values=values),
    caption=caption,
    details=details,
    minutes=6,
    main=("norm", "L", "N", "num_groups"),
    related=("batch_norm", "modes"),
    predictions=(
        Prediction(
            id="batch_means",
            question="x has shape (3, 4, 5). How many means does nn.BatchNorm1d(4) take in train mode?",
            choices=(
                Choice(
                    "12: one per sample and channel",
                    "That is InstanceNorm. BatchNorm lets the samples of a batch share a mean, which gives it its name.",
                ),
                Choice("3: one per sample", "That is LayerNorm([4, 5]), which normalises each sample by itself."),
                Choice(
                    "4: one per channel",
                    "Each channel has one mean over all samples and positions, here over 15 values.",
                ),
                Choice(
                    "20: one per channel and position",
                    "For an input (N, C) each feature has a mean of its own. In (N, C, L) the features are the channels, "
                    "and their positions share it.",
                ),
            ),
            answer=2,
            proof="means of BatchNorm",
            show={},
            ring="means",
        ),
        Prediction(
            id="layer_means",
            question="x has shape (3, 4, 5). How many means does nn.LayerNorm(5) take?",
            choices=(
                Choice(
                    "12: one per sample and channel",
                    "normalized_shape names the last axes, here L. Each index of the axes before it has a mean of its own.",
                ),
                Choice(
                    "3: one per sample",
                    "That takes LayerNorm([4, 5]): what normalized_shape does not name is not averaged over.",
                ),
                Choice(
                    "4: one per channel",
                    "That is BatchNorm in train mode. LayerNorm(5) averages over the last axis alone.",
                ),
            ),
            answer=0,
            proof="means of LayerNorm",
            show={"norm": "LayerNorm(L)"},
            ring="means",
        ),
        Prediction(
            id="eval",
            question="How far does eval() move the output of nn.LayerNorm(5) on one and the same x?",
            choices=(
                Choice(
                    "a little",
                    "BatchNorm changes from batch to stored statistics. LayerNorm has none stored that it could change to.",
                ),
                Choice(
                    "not at all", "LayerNorm has no buffers: in both modes it takes mean and variance from its input."
                ),
                Choice(
                    "a lot: it has seen one batch",
                    "So it is with BatchNorm, whose buffers start at 0 and 1. LayerNorm has no buffers that must warm up.",
                ),
            ),
            answer=1,
            proof="eval",
            show={"norm": "LayerNorm(L)"},
            ring="gap",
        ),
        Prediction(
            id="wrong_axis",
            question="x has shape (3, 4, 4), channels in the middle. Along which axis does nn.LayerNorm(4) normalise?",
            choices=(
                Choice(
                    "C, the channels",
                    "The 4 was meant for them. But normalized_shape is matched with the last axes, and it fits there too.",
                ),
                Choice(
                    "neither: it raises",
                    "It does where the last axis has another size. Here both are 4, so there is nothing to notice.",
                ),
                Choice(
                    "L, the last axis", "LayerNorm matches normalized_shape with the last axes, whatever they mean."
                ),
            ),
            answer=2,
            proof="last axis",
            show={"norm": "LayerNorm(C)", "L": 4},
            ring="axes",
        ),
        Prediction(
            id="parameters",
            question="On x of shape (3, 4, 5), GroupNorm(1, 4) and LayerNorm([4, 5]) make equal groups. How many parameters have they?",
            choices=(
                Choice(
                    "8 and 40",
                    "GroupNorm has a weight and a bias for each channel, LayerNorm for each cell of its normalized_shape.",
                ),
                Choice(
                    "40 and 40",
                    "Their outputs agree when they are new, but for rounding. GroupNorm knows only its channels, not L.",
                ),
                Choice(
                    "8 and 8",
                    "So it would be with a weight and a bias for each channel in both. LayerNorm has them for each cell of its normalized_shape.",
                ),
            ),
            answer=0,
            proof="parameters",
            show={"norm": "GroupNorm", "num_groups": 1},
            ring="parameters",
        ),
        Prediction(
            id="rms",
            question="x has shape (3, 4, 5). What holds for each row of y = nn.RMSNorm(5)(x), but for eps and rounding?",
            choices=(
                Choice(
                    "mean 0, variance 1",
                    "That is LayerNorm. RMSNorm subtracts nothing, so the mean of a row need not become 0.",
                ),
                Choice(
                    "mean(y²) = 1",
                    "A new RMSNorm divides by √(mean(x²) + eps), and does no more than that: eps matters only for tiny rows.",
                ),
                Choice("mean 0, any variance", "The other half of LayerNorm: RMSNorm scales, and does not centre."),
            ),
            answer=1,
            proof="mean square",
            show={"norm": "RMSNorm(L)"},
            ring="leaves",
        ),
    ),
    traps=(
        Trap(
            name="LayerNorm(C) on (N, C, L)",
            sentence="LayerNorm(4) is matched with the last axis, which holds 5 positions, and raises. Transpose x, "
            "so that the channels come last.",
            source="https://github.com/pytorch/pytorch/issues/74661",
            params={"norm": "LayerNorm(C)"},
        ),
        Trap(
            name="... and C happens to equal L",
            sentence="With C = L = 4 the same call raises nothing, and normalises along the positions instead of the channels.",
            source="https://github.com/Qualcomm-AI-research/geometric-algebra-transformer/pull/8",
            params={"norm": "LayerNorm(C)", "L": 4},
        ),
        Trap(
            name="Running means of LayerNorm",
            sentence="LayerNorm has by default a weight and a bias, but never a buffer: eval() changes no bit of its output.",
            source="https://github.com/ageron/handson-ml2/issues/170",
            params={"norm": "LayerNorm([C, L])"},
        ),
        Trap(
            name="GroupNorm(1, C) as LayerNorm",
            sentence="The groups are those of LayerNorm([C, L]), but weight and bias have shape (4,) instead of (4, 5).",
            source="https://github.com/pytorch/pytorch/pull/69071",
            params={"norm": "GroupNorm", "num_groups": 1},
        ),
    ),
)
