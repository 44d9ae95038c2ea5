"""Normalisation layers differ in which values share one mean and variance; only BatchNorm lets samples share them."""

from copy import deepcopy
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor, nn

from explorable.lesson import Lesson, Prediction, Trap
from explorable.params import bounded, choice
from explorable.seeding import seeded
from lessons.source import HEADER, snippet_of

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
    norm: Norm = choice("BatchNorm1d", about="the layer whose groups are coloured")
    N: int = bounded(3, low=1, high=4, step=1, about="samples")
    L: int = bounded(5, low=2, high=6, step=1, about="positions; there are always C = 4 channels")
    num_groups: Literal[1, 2, 4] = choice(2, about="of GroupNorm, here and in the table")


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


class TransposedLayerNorm(nn.LayerNorm):
    """LayerNorm over the channels of (N, C, L), which have to be the last axis while it runs."""

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x.transpose(1, 2)).transpose(1, 2)


def groups_of(layer: nn.Module, x: Tensor) -> Tensor:
    """Numbers the groups: one NaN in the input turns all outputs of its group into NaN, and no other."""
    layer = deepcopy(layer).train()
    group = torch.full(x.shape, -1)
    while (group < 0).any():
        poisoned = x.clone()
        poisoned[tuple((group < 0).nonzero()[0])] = torch.nan
        group[layer(poisoned).isnan()] = group.max() + 1
    return group


def moments(values: Tensor, group: Tensor) -> Tensor:
    """Mean, biased variance and mean square of each group, (groups, 3)."""
    cells = [values[group == number] for number in range(int(group.max()) + 1)]
    return torch.tensor([[part.mean(), part.var(unbiased=False), part.square().mean()] for part in cells])


def compute(norm: str, N: int, L: int, num_groups: int) -> Result:
    C = 4
    torch.manual_seed(0)
    x = torch.randn(N, C, L) + torch.arange(C)[:, None] - 2.0 * torch.arange(N)[:, None, None]

    layers = {
        "BatchNorm1d": nn.BatchNorm1d(C),
        "LayerNorm([C, L])": nn.LayerNorm([C, L]),
        "LayerNorm(L)": nn.LayerNorm(L),
        "LayerNorm(C), transposed": TransposedLayerNorm(C),
        "GroupNorm": nn.GroupNorm(num_groups, C),
        "InstanceNorm1d": nn.InstanceNorm1d(C),
        "RMSNorm(L)": nn.RMSNorm(L),
    }
    if norm == "LayerNorm(C)":
        layers[norm] = nn.LayerNorm(C)  # normalises the last axis, whatever it means

    y_train = {name: layer(x) for name, layer in layers.items()}
    y_eval = {name: layer.eval()(x) for name, layer in layers.items()}
    gap = {name: (y_train[name] - y_eval[name]).abs().max().item() for name in layers}

    y = y_train[norm].detach()
    eps = layers[norm].eps or torch.finfo(x.dtype).eps
    group = {name: groups_of(layer, x) for name, layer in layers.items()}
    before, after = moments(x, group[norm]), moments(y, group[norm])
    parameters = {name: {key: tuple(p.shape) for key, p in layer.named_parameters()} for name, layer in layers.items()}
    buffers = {name: [key for key, _ in layer.named_buffers()] for name, layer in layers.items()}
    return Result(x, y, eps, group, before, after, gap, parameters, buffers, error=None)  # type: ignore[arg-type]


def run(params: Params) -> Result:
    with seeded(0):
        try:
            return compute(**vars(params))
        except RuntimeError as error:
            return refused(params, f"{type(error).__name__}: {error}")


def refused(params: Params, error: str) -> Result:
    """The input that the layer refuses."""
    torch.manual_seed(0)
    fields: dict[str, Any] = dict.fromkeys(Result.__annotations__)
    x = torch.randn(params.N, 4, params.L) + torch.arange(4)[:, None] - 2.0 * torch.arange(params.N)[:, None, None]
    return Result(**fields | {"x": x, "error": error})


def snippet(params: Params) -> str:
    header = "from copy import deepcopy\n" + HEADER
    return snippet_of(compute, vars(params), also=[TransposedLayerNorm, groups_of, moments], header=header)


def caption(params: Params, result: Result) -> str:
    if result.error:
        return (
            f"{result.error}. LayerNorm counts its normalized_shape from the LAST axis, and that holds L = {params.L} "
            f"positions, not C = 4 channels (x has {params.N} samples). Transpose x, or see what happens when L is 4."
        )
    return f"{_groups(params, result)} {_after(params, result)} {_modes(params, result)}"


def _groups(params: Params, result: Result) -> str:
    group = result.group[params.norm]
    count, name = len(result.before), params.norm
    if name == "GroupNorm":
        name = f"GroupNorm({params.num_groups}, C)"
    cut = f"{name} cuts x ({params.N}, 4, {params.L}) into {count} groups of {group.numel() // count} values."
    if params.norm == "LayerNorm(C)" and torch.equal(group, result.group["LayerNorm(L)"]):
        return f"{cut} C equals L, so nothing raises, but these are the groups of LayerNorm(L): the wrong axis."
    if params.N == 1:
        return f"{cut} With one sample no group can span two."
    if torch.isin(group[0], group[1:]).any():
        return f"{cut} Its groups span the {params.N} samples, so the output of a sample depends on its neighbours."
    return f"{cut} No group spans two samples, so the output of a sample never depends on its neighbours."


def _after(params: Params, result: Result) -> str:
    mean, var, square = ((column.min().item(), column.max().item()) for column in result.after.unbind(dim=1))
    start = result.before[:, 0]
    ran = f"The means of the groups ran from {start.min().item():.2f} to {start.max().item():.2f}"
    if params.norm == "RMSNorm(L)":
        return f"{ran} and still run from {mean[0]:.2f} to {mean[1]:.2f}; it is mean(y²) that is now {square[0]:.3f}."
    return f"{ran}; now all are {max(map(abs, mean)):.3f}, with variances from {var[0]:.4f} to {var[1]:.4f}."


def _modes(params: Params, result: Result) -> str:
    shapes, gap = result.parameters[params.norm], result.gap[params.norm]
    owned = " and ".join(f"{name} {shape}" for name, shape in shapes.items()) or "no parameters"
    buffers = result.buffers[params.norm]
    stored = f"the buffers {', '.join(buffers)}" if buffers else "no buffers"
    moved = f"moves its output by up to {gap:.3f} after this one batch" if gap else "changes no bit of its output"
    return f"It has {owned} and {stored}; eval() {moved}."


LESSON = Lesson(
    slug="normalization",
    title="Which values are normalised together",
    truth=__doc__,
    Params=Params,
    run=run,
    snippet=snippet,
    caption=caption,
    predictions=(
        Prediction(
            question="x has shape (3, 4, 5). How many means does nn.LayerNorm(5) compute?",
            choices=("3: one a sample", "4: one a channel", "12: one a sample and channel"),
            answer=2,
            why="normalized_shape names the last axes, here L = 5; every combination of the other axes, "
            "3 × 4, is normalised on its own.",
            proof="{3: '3: one a sample', 4: '4: one a channel', 12: '12: one a sample and channel'}"
            "[torch.native_layer_norm(torch.randn(3, 4, 5), [5], None, None, 1e-5)[1].numel()]",
            show={"norm": "LayerNorm(L)"},
        ),
        Prediction(
            question="How far does eval() move the output of a LayerNorm?",
            choices=("0.0", "a little", "a lot"),
            answer=0,
            why="LayerNorm has no buffers: it takes mean and variance from its input in both modes. "
            "Of the layers here only BatchNorm keeps running statistics.",
            proof="(lambda norm, x: (norm(x) - norm.eval()(x)).abs().max().item())(nn.LayerNorm(5), torch.randn(3, 4, 5))",
            show={"norm": "LayerNorm(L)"},
        ),
        Prediction(
            question="x has shape (2, 4, 4), channels in the middle. Over which axis does nn.LayerNorm(4) normalise?",
            choices=("the channels", "the last axis", "it raises"),
            answer=1,
            why="LayerNorm only ever looks at the last axes. With C equal to L it cannot notice the mistake.",
            proof="(lambda y: 'the last axis' if y.mean(dim=2).abs().max() < 1e-5 else 'the channels')"
            "(nn.LayerNorm(4)(torch.randn(2, 4, 4)))",
            show={"norm": "LayerNorm(C)", "L": 4},
        ),
        Prediction(
            question="GroupNorm(1, 4) and LayerNorm([4, 5]) start with equal outputs. How many parameters have they?",
            choices=("8 and 40", "40 and 40", "8 and 8"),
            answer=0,
            why="Their groups are equal, but GroupNorm has one weight and bias a channel and LayerNorm one a cell of (C, L), "
            "so they part with the first training step.",
            proof="' and '.join(str(sum(p.numel() for p in m.parameters())) for m in (nn.GroupNorm(1, 4), nn.LayerNorm([4, 5])))",
            show={"norm": "GroupNorm", "num_groups": 1},
        ),
        Prediction(
            question="Add 3 to every value of x. Does the output of nn.RMSNorm stay the same?",
            choices=("True", "False"),
            answer=1,
            why="RMSNorm divides by the root of mean(x²) and subtracts no mean, so a constant is not removed. "
            "LayerNorm would remove it.",
            proof="(lambda norm, x: torch.allclose(norm(x), norm(x + 3), atol=1e-3))(nn.RMSNorm(5), torch.randn(3, 4, 5))",
            show={"norm": "RMSNorm(L)"},
        ),
    ),
    traps=(
        Trap(
            name="LayerNorm(C) on (N, C, L)",
            sentence="LayerNorm normalises the last axes, so channels in the middle have to be transposed first.",
            source="https://github.com/pytorch/pytorch/issues/71465",
            params={"norm": "LayerNorm(C)"},
        ),
        Trap(
            name="... and C happens to equal L",
            sentence="With C = L = 4 the same mistake raises nothing and normalises positions instead of channels.",
            source="https://github.com/pytorch/pytorch/issues/51455",
            params={"norm": "LayerNorm(C)", "L": 4},
        ),
        Trap(
            name="Waiting for eval() to change LayerNorm",
            sentence="LayerNorm stores nothing: its output after eval() is the same to the last bit.",
            source="https://github.com/ageron/handson-ml2/issues/170",
            params={"norm": "LayerNorm([C, L])"},
        ),
        Trap(
            name="GroupNorm(1, C) is LayerNorm, isn't it?",
            sentence="The groups are those of LayerNorm([C, L]), but weight and bias have shape (C,) instead of (C, L).",
            source="https://github.com/pytorch/pytorch/pull/69071",
            params={"norm": "GroupNorm", "num_groups": 1},
        ),
    ),
)
