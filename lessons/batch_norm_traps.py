"""BatchNorm1d takes axis 1 for the channels and checks only its size: swapped axes of equal size raise nothing."""

from dataclasses import dataclass
from typing import Literal

from torch import Tensor

from explorable.lesson import Choice, Lesson, Prediction, Trap
from explorable.params import choice
from explorable.program import Program
from explorable.words import count, listing, number

USUAL = "as usual"
UNTRACKED, POISONED, MICRO = "track_running_stats=False", "one NaN", "two micro-batches"
RANKS, SYNC = "two ranks", "SyncBatchNorm, CPU"
SWAPPED = ("(N, L, C), L = 3", "(N, L, C), L = 4")
Case = Literal[
    "as usual", "track_running_stats=False", "one NaN", "(N, L, C), L = 3", "(N, L, C), L = 4", "two micro-batches",
    "two ranks", "SyncBatchNorm, CPU",
]  # fmt: skip


@dataclass(frozen=True)
class Params:
    case: Case = choice("(N, L, C), L = 3", about="how the layer is made or fed")
    mode: Literal["train", "eval"] = choice("train", about="of the layer when it reads x")


@dataclass(frozen=True)
class Result:
    """R is 6, or 8 where the rows are two samples of four positions. Where torch refuses, only x and batches are not None."""

    x: Tensor  # (R, 3) rows, channels
    batches: Tensor  # (30, R, 3) what the layer was trained on
    y: Tensor | None  # (R, 3)
    y_usual: Tensor | None  # (R, 3) of a BatchNorm1d(3) that was trained on the same batches, without the NaN
    apart: float | None  # the largest |y - y_usual|
    stored: (
        Tensor | None
    )  # (3,) running_mean after training, of rank 0 where there are two; None where nothing is tracked
    change: Tensor | None  # (R / 2, 3) what 5 added to the second half of the rows does to the output of the first
    by_channel: Tensor | None  # (3,) mean of y over the rows
    by_position: Tensor | None  # (R / 2,) mean of y over two samples and three channels, by position
    error: str | None


def moves(result: Result) -> bool | None:
    """Whether the second half of the rows moves the output of the first; None where there is no number."""
    if result.change is None or result.change.isnan().all():
        return None
    return bool(result.change.nan_to_num().any())


def same(result: Result) -> bool:
    """Whether the output is that of the usual layer, but for rounding."""
    return result.apart is not None and result.apart < 1e-5  # NaN is not


def shares(result: Result) -> str:
    """Which values the output shows to have been normalised together: those whose mean is 0."""
    assert result.by_channel is not None and result.by_position is not None
    if result.by_channel.abs().max() < 1e-5:
        return "those of one channel"
    return "those of one position" if result.by_position.abs().max() < 1e-5 else "none"


def caption(params: Params, result: Result) -> str:
    if result.error and params.case == SYNC:
        kind = result.error.partition(":")[0]
        return f"In a process group SyncBatchNorm refuses a tensor on the CPU, in train mode, with {kind}."
    if result.error:
        return f"torch refuses with {result.error.partition(':')[0]}: the axis of 4 positions stands where 3 channels belong."
    assert result.y is not None
    nans = int(result.y.isnan().sum())
    if nans:
        return f"One NaN in {count(len(result.batches), 'batch')} has made {nans} of {result.y.numel()} outputs NaN, in eval mode for good."
    if same(result):
        return f"After {count(len(result.batches), 'batch')} the output is that of a usual layer{_hidden(params)}."
    if params.case in SWAPPED:
        return "BatchNorm1d took positions for channels: each has its own mean, and no error says so."
    assert result.apart is not None
    return (
        f"The output is up to {number(result.apart)} from that of a usual layer, and no error says so: {_why(params)}."
    )


def _hidden(params: Params) -> str:
    """Why train mode shows nothing of what eval mode would."""
    if params.case == POISONED:
        return ": train mode does not read running_mean, which holds a NaN"
    return ": train mode takes the batch, and eval mode would as well" if params.case == UNTRACKED else ""


def _why(params: Params) -> str:
    if params.case == UNTRACKED:
        return "eval mode has stored nothing and takes the batch"
    if params.case == MICRO:
        if params.mode == "train":
            return "each micro-batch has a mean of its own"
        return "the buffers have taken the means and variances of smaller batches, twice as many"
    if params.mode == "train":
        return "each rank takes the mean of its own rows"
    return "each rank has stored the means and variances of its own rows"


def details(params: Params, result: Result) -> str:
    if result.error and params.case == SYNC:
        return (
            f"{result.error}. On GPUs it gathers mean, variance and count of each rank, and all ranks normalise with those of the whole "
            "batch, as one BatchNorm1d does that reads all rows. Without a process group, or in eval mode, it is BatchNorm."
        )
    if result.error:
        return f"{result.error}. BatchNorm1d reads (N, C, L): permute (N, L, C) first. With 3 positions nothing would have been said."
    assert result.y is not None and result.change is not None
    of_what = {RANKS: " of rank 0"}.get(params.case, " of each position" * (params.case in SWAPPED))
    held = f"the layer has no running_mean after {count(len(result.batches), 'batch')}"
    if result.stored is not None:
        means = listing([number(mean).replace("nan", "NaN") for mean in result.stored.tolist()])
        held = f"after {count(len(result.batches), 'batch')} running_mean{of_what} holds {means}"
    moved = f"changes the output of the first by up to {number(result.change.nan_to_num().abs().max().item(), 2)}"
    if not moves(result):
        moved = f"leaves the output of the first as it is{', NaN in one channel' * bool(result.change.isnan().any())}"
    sent = " By default DistributedDataParallel would send the buffers of rank 0 to all before a forward pass." * (
        params.case == RANKS
    )
    return f"The channels are drawn around 5, 0 and -2; {held}. Adding 5 to the second half of the rows {moved}, in {params.mode} mode.{sent}"


LESSON = Lesson(
    slug="batch_norm_traps",
    title="BatchNorm traps",
    truth=__doc__,
    Params=Params,
    program=Program("batch_norm_traps", Result, raises=(RuntimeError, ValueError)),
    caption=caption,
    details=details,
    minutes=4,
    main=("case", "mode"),
    related=("batch_norm", "normalization", "modes"),
    predictions=(
        Prediction(
            id="swapped",
            question="x is (N=2, L=3, C=3), BatchNorm1d(3) in train mode: which values share one mean?",
            choices=(
                Choice(
                    "those of one channel",
                    "So it should be. But BatchNorm1d takes dim 1 for the channels, and there stand the positions.",
                ),
                Choice(
                    "those of one position",
                    "It reads (N, C, L), and L is 3 as well. Transpose the last two axes before and after it.",
                ),
                Choice(
                    "none: it raises",
                    "It would with 4 positions. Here the sizes agree by chance.",
                ),
            ),
            answer=1,
            proof="swapped",
            show={},
            ring="shares",
        ),
        Prediction(
            id="untracked",
            question="BatchNorm1d(3, track_running_stats=False) in eval mode: 5 is added to the last three of six rows. What do the first three outputs do?",
            choices=(
                Choice(
                    "they stay",
                    "So it is for the usual layer, which has stored a mean for eval mode. This one has stored none.",
                ),
                Choice(
                    "they move",
                    "Without stored statistics eval mode takes those of the batch: an answer depends on who else is asked about.",
                ),
                Choice(
                    "it raises: nothing is stored",
                    "The documentation says what eval mode then does: the same as train mode.",
                ),
            ),
            answer=1,
            proof="no statistics",
            show={"case": UNTRACKED, "mode": "eval"},
            ring="moves",
        ),
        Prediction(
            id="nan",
            question="One of 30 batches held a NaN in one sample and channel. What does eval mode return for six rows without a NaN?",
            choices=(
                Choice(
                    "numbers",
                    "15 good batches came after it. But 0.9 times NaN is NaN: no later batch heals a running mean.",
                ),
                Choice(
                    "NaN everywhere",
                    "Channels share nothing: the buffers of the two others never met the NaN.",
                ),
                Choice(
                    "NaN in one channel",
                    "running_mean of that channel has been NaN ever since, and train mode, which does not read it, hides that while the weights are sound.",
                ),
            ),
            answer=2,
            proof="one NaN",
            show={"case": POISONED, "mode": "eval"},
            ring="returns",
        ),
        Prediction(
            id="micro",
            question="Six rows go through BatchNorm in train mode as two micro-batches of three. Compared with one batch of six, what comes out?",
            choices=(
                Choice(
                    "other numbers",
                    "Each micro-batch has its own mean and variance. Accumulation adds up gradients, it joins no batches.",
                ),
                Choice(
                    "the same numbers",
                    "So it is for layers that read each row alone. BatchNorm reads the batch.",
                ),
                Choice(
                    "half of each number",
                    "Dividing the loss by 2 halves gradients. It changes no output.",
                ),
            ),
            answer=0,
            proof="micro-batches",
            show={"case": MICRO},
            ring="same",
        ),
        Prediction(
            id="ranks",
            question="Two ranks train on three rows each, each with its BatchNorm1d. 5 is added to the rows of rank 1. What do the outputs of rank 0 do?",
            choices=(
                Choice(
                    "they move",
                    "So it is with SyncBatchNorm, which gathers mean and variance from all ranks. BatchNorm1d asks nobody.",
                ),
                Choice(
                    "they stay",
                    "Each rank has the mean of its own three rows. DistributedDataParallel averages gradients, and no statistics of a batch.",
                ),
                Choice(
                    "nothing: it raises",
                    "Nobody compares the statistics of ranks, so nobody complains. Only the numbers are others than with one batch of six.",
                ),
            ),
            answer=1,
            proof="two ranks",
            show={"case": RANKS},
            ring="moves",
        ),
        Prediction(
            id="sync",
            question="SyncBatchNorm stands in a process group, in train mode, and is handed six rows on the CPU. What does it do?",
            choices=(
                Choice(
                    "it normalises",
                    "So it does without a process group, where it is BatchNorm. In a group it would gather on GPUs.",
                ),
                Choice(
                    "it raises",
                    "Its kernels for gathered statistics exist for GPUs and a few other devices, and it looks at the device first. Eval mode needs none.",
                ),
                Choice(
                    "it moves them to a GPU",
                    "A layer moves no input: what lies on another device is refused or, where it can be, read as it is.",
                ),
            ),
            answer=1,
            proof="synchronised on a CPU",
            show={"case": SYNC},
            ring="does",
        ),
    ),
    traps=(
        Trap(
            name="No stored statistics",
            sentence="With track_running_stats=False eval mode works as train mode does: the answer depends on the batch, and one row alone raises.",
            source="https://github.com/pytorch/pytorch/issues/156051",
            params={"case": UNTRACKED, "mode": "eval"},
        ),
        Trap(
            name="One NaN, for good",
            sentence="A NaN in one batch stays in running_mean, even if the step on it is skipped: train mode does not read it, and eval mode returns NaN.",
            source="https://github.com/pytorch/pytorch/issues/1206",
            params={"case": POISONED, "mode": "eval"},
        ),
        Trap(
            name="(N, L, C) into BatchNorm1d",
            sentence="BatchNorm1d reads (N, C, L): given (N, L, C) it raises, or normalises positions where L happens to be C.",
            source="https://github.com/xieyulai/LSTM-for-Human-Activity-Recognition-using-2D-Pose_Pytorch/issues/2",
            params={"case": SWAPPED[1]},
        ),
        Trap(
            name="Accumulation is no larger batch",
            sentence="Micro-batches have statistics of their own, so accumulated steps are not those of the large batch.",
            source="https://github.com/giotto-ai/giotto-deep/issues/75",
            params={"case": MICRO},
        ),
        Trap(
            name="Each rank for itself",
            sentence="Split over ranks, a batch is normalised share by share, and the running mean that gets saved is rank 0's. SyncBatchNorm gathers.",
            source="https://github.com/LibreYOLO/libreyolo/pull/531",
            params={"case": RANKS},
        ),
        Trap(
            name="SyncBatchNorm on a CPU",
            sentence="In a process group it wants a GPU in train mode; older versions wanted one in eval mode too. For a CPU put BatchNorm back.",
            source="https://github.com/open-mmlab/mmsegmentation/issues/387",
            params={"case": SYNC},
        ),
    ),
)
