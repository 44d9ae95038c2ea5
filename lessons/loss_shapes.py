"""A loss written with operators broadcasts unequal shapes that fit, without a word; F.cross_entropy wants the classes of a batch in dim 1."""

from dataclasses import dataclass
from typing import Literal

from torch import Tensor

from explorable.lesson import Choice, Lesson, Prediction, Trap
from explorable.params import bounded, choice
from explorable.program import Program, unscoped
from explorable.words import number, one_of, spelled

CLASSES, PAIRS = ("cross-entropy",), ("squared error", "binary cross-entropy")
INDICES = {"kind": CLASSES, "target_is": ("class indices",)}

TargetIs = Literal[
    "class indices", "int32 indices", "float32 indices", "(N, 1) indices", "indices from 1", "one-hot float32",
    "one-hot int64",
]  # fmt: skip


@dataclass(frozen=True)
class Params:
    kind: Literal["squared error", "binary cross-entropy", "cross-entropy"] = choice("squared error", about="the loss")
    pred_shape: Literal["(4, 1)", "(4,)"] = choice(
        "(4, 1)", about="(4, 1) is what nn.Linear(k, 1) returns", when={"kind": PAIRS}
    )
    target_shape: Literal["(4,)", "(4, 1)", "(3,)"] = choice("(4,)", about="of the target", when={"kind": PAIRS})
    target_is: TargetIs = choice("class indices", about="for three classes", when={"kind": CLASSES})
    layout: Literal["(N, C)", "(N, C, L)", "(N, L, C)", "(N, L, C), L = C"] = choice(
        "(N, C)", about="of the logits: N items, C classes, L tokens", when=INDICES
    )
    fed: Literal["logits", "probabilities"] = choice(
        "logits", about="probabilities: softmax or sigmoid of the logits", when={"kind": (*CLASSES, PAIRS[1])}
    )
    ignored: int = bounded(0, low=0, high=4, step=1, about="targets that are -100", when=INDICES)
    reduction: Literal["mean", "sum", "none"] = choice("mean", about="of the single losses")


@dataclass(frozen=True)
class Result:
    pred: Tensor  # (4, 1) or (4,); logits (4, 3), (2, 3, 2), (2, 2, 3) or (1, 3, 3)
    target: Tensor  # (4,), (4, 1) or (3,); class indices, or (4, 3) probabilities
    loss: Tensor | None  # (), or the shape of errors where nothing reduces it; None where torch refused
    errors: Tensor | None  # the single losses
    total: float | None  # their sum
    meant: Tensor | None  # the loss of each prediction with its own target; None where they are three and four
    same: bool | None  # whether loss and meant hold the same numbers
    fitted: Tensor | None  # like pred, what gradient descent on the mean squared error makes of zeros
    error: str | None


def caption(params: Params, result: Result) -> str:
    if result.error:
        return f"PyTorch stops with {result.error.partition(':')[0]}: {why(params)}."
    said = _of_classes(params, result) if params.kind == "cross-entropy" else _of_pairs(params, result)
    return f"{said}."


def why(params: Params) -> str:
    """The cause of the error."""
    if params.kind == "binary cross-entropy":
        return "this function takes pred and target of one shape alone"
    if params.kind == "squared error":
        return "four predictions and three targets do not meet"
    causes = {
        "class indices": "dim 1 of the logits must hold the classes, and here it holds the tokens",
        "int32 indices": "class indices must be of dtype int64 or uint8",
        "float32 indices": "class indices must be of dtype int64 or uint8, and only probabilities are floating-point",
        "(N, 1) indices": "for logits of two dims class indices have one dim",
        "indices from 1": "three classes have the indices 0, 1 and 2",
        "one-hot int64": "a target with the shape of the logits holds probabilities, and these are floating-point",
    }
    return causes[params.target_is]


def crossed(result: Result) -> bool:
    """Whether a prediction met targets that are not its own."""
    return result.errors is not None and result.errors.numel() > result.pred.numel()


def _of_pairs(params: Params, result: Result) -> str:
    met = f"all {spelled(result.target.numel())} targets" if crossed(result) else "its own target"
    if params.reduction == "none":
        return f"Each prediction meets {met}: nothing is reduced, and losses of {value(result.loss)} are left"
    said = f"Each prediction meets {met}: the {params.reduction} is {value(result.loss)}"
    if result.meant is None or result.same:
        return said
    meant = "for the logits themselves" if params.fed != "logits" else "where each meets its own"
    return f"{said}, and {value(result.meant)} {meant}"


def _of_classes(params: Params, result: Result) -> str:
    left = kept(result)
    if not left and params.reduction == "mean":
        return f"Every target is -100, so the mean divides 0 by 0 and is {value(result.loss)}"
    if params.reduction == "none":
        said = f"Nothing is reduced: losses of {value(result.loss)} are left"
        return said if result.same else f"{said}, not those that logits with the classes in dim 1 give"
    targets = f"{spelled(left)} {one_of(left, 'target', 'targets')}"
    said = f"The {params.reduction} over {targets} is {value(result.loss)}"
    if result.same:
        return said
    swapped = params.target_is == "class indices" and params.layout.startswith("(N, L, C)")
    only_fed = params.fed != "logits" and not swapped
    meant = "the logits themselves" if only_fed else "logits with the classes in dim 1"
    return f"{said}, and {value(result.meant)} for {meant}"


def kept(result: Result) -> int:
    """How many targets are not ignored; a row of probabilities is one."""
    indices = result.target.dim() < 2 or not result.target.is_floating_point()
    return int((result.target != -100).sum()) if indices else len(result.target)


def value(loss: Tensor | None) -> str:
    """`2.5`, `nan`; of what is not reduced its shape."""
    if loss is None:
        return "none"
    return f"shape {tuple(loss.shape)}" if loss.dim() else number(loss.item())


def vector(tensor: Tensor) -> str:
    """`[2.5, 2.5]`: the numbers of any shape in a row, to two decimals."""
    return str([round(number, 2) + 0.0 for number in tensor.flatten().tolist()])


def details(params: Params, result: Result) -> str:
    shapes = f"pred is {described(result.pred)}, target {described(result.target)}, {params.fed} are fed and reduction is {params.reduction}."
    if params.kind == "squared error":
        shapes = (
            f"pred is {described(result.pred)}, target {described(result.target)}, reduction is {params.reduction}."
        )
    if result.error:
        return f"{shapes} {result.error if result.error[-1] == '.' else result.error + '.'}"
    if result.fitted is not None:
        end = vector(result.fitted)
        return f"{shapes} Gradient descent on the mean of these errors takes zeros in place of pred to {end}."
    return shapes


def described(tensor: Tensor) -> str:
    return f"{tuple(tensor.shape)} {str(tensor.dtype).removeprefix('torch.')}"


SAME, OTHER = "the same loss", "another loss"

LESSON = Lesson(
    slug="loss_shapes",
    title="The loss and its shapes",
    truth=__doc__,
    Params=Params,
    program=Program("loss_shapes", Result, raises=(RuntimeError, ValueError, IndexError), scope=unscoped),
    caption=caption,
    details=details,
    minutes=6,
    main=("kind", "pred_shape", "target_shape", "target_is"),
    related=("logits", "padding"),
    predictions=(
        Prediction(
            id="column_row",
            question="pred has shape (4, 1), target (4,); both hold 1, 2, 3, 4. What is ((pred - target) ** 2).mean()?",
            choices=(
                Choice(
                    "0.0",
                    "That is the loss of each prediction with its own target. Here dims are matched from the right, so the "
                    "target is a row beside a column.",
                ),
                Choice(
                    "2.5", "(4, 1) and (4,) broadcast to (4, 4): each prediction is compared with all four targets."
                ),
                Choice(
                    "an error: the shapes differ",
                    "Operators broadcast: a dim of size 1 fits any size. F.mse_loss warns of it, and computes the same.",
                ),
                Choice(
                    "1.25",
                    "That is the variance of 1, 2, 3, 4 with correction=0. The mean over all pairs of squared differences is twice it.",
                ),
            ),
            answer=1,
            proof="a column against a row",
            show={},
            ring="loss",
        ),
        Prediction(
            id="descent",
            question="Gradient descent on this mean over pred (4, 1) and target (4,) = [1, 2, 3, 4]: what do four zeros become?",
            choices=(
                Choice(
                    "[1.0, 2.0, 3.0, 4.0]",
                    "So it is where each prediction meets its own target. Here all four are pulled to all four targets.",
                ),
                Choice(
                    "[0.0, 0.0, 0.0, 0.0]",
                    "The gradient is not 0: it is that of the distance to all targets, and it ends at their mean.",
                ),
                Choice(
                    "[2.5, 2.5, 2.5, 2.5]",
                    "Each prediction is pulled to all targets, and what is nearest to all is their mean.",
                ),
            ),
            answer=2,
            proof="descent",
            show={},
            ring="fitted",
        ),
        Prediction(
            id="binary",
            question="F.binary_cross_entropy_with_logits gets pred (4, 1) and target (4,). What happens?",
            choices=(
                Choice(
                    "16 losses: they broadcast",
                    "Its formula would broadcast, as (pred - target) ** 2 does. But this function compares the shapes first.",
                ),
                Choice(
                    "4 losses: dims of size 1 go",
                    "This loss squeezes nothing: pred.squeeze(1) or target[:, None] is up to you.",
                ),
                Choice("a ValueError", "It wants target and input of the same shape, and says both shapes."),
            ),
            answer=2,
            proof="binary",
            show={"kind": "binary cross-entropy"},
            ring="outcome",
        ),
        Prediction(
            id="onehot",
            question="F.cross_entropy gets one-hot rows of float32 in place of class indices. What comes out?",
            choices=(
                Choice(
                    SAME,
                    "A floating-point target of the logits' shape is read as probabilities, and one-hot ones pick one class. "
                    "With weight= the mean would be another.",
                ),
                Choice(
                    OTHER,
                    "The cross-entropy with probabilities is -Σ p · log q: with one-hot p the log of one class is left.",
                ),
                Choice(
                    "an error: it wants indices",
                    "So it was before torch 1.10. One-hot rows of int64 are still refused: those are no probabilities.",
                ),
            ),
            answer=0,
            proof="one-hot",
            show={"kind": "cross-entropy", "target_is": "one-hot float32"},
            ring="compared",
        ),
        Prediction(
            id="tokens",
            question="Logits (1, 3, 3) hold tokens in dim 1 and classes in dim 2. What does F.cross_entropy say of them?",
            choices=(
                Choice(
                    "an error: dim 1 is no class",
                    "It raises where the sizes tell it: with two tokens and three classes. Three and three look right.",
                ),
                Choice(OTHER, "It takes dim 1 for the classes: softmax goes over tokens, and no size gives it away."),
                Choice(
                    SAME,
                    "It would be after transpose(1, 2). F.cross_entropy looks for the classes in dim 1, not in the last dim.",
                ),
            ),
            answer=1,
            proof="tokens in dim 1",
            show={"kind": "cross-entropy", "layout": "(N, L, C), L = C"},
            ring="compared",
        ),
        Prediction(
            id="ignored",
            question="All four targets are -100, and reduction is mean. What does F.cross_entropy return?",
            choices=(
                Choice("0.0", "The sum is 0. The mean divides it by the number of targets that are not ignored: 0."),
                Choice("nan", "Each ignored loss is 0, and so is the number of the others: the mean is 0 / 0."),
                Choice(
                    "an error: -100 is no class",
                    "-100 is the default of ignore_index, so these targets are skipped. -1 would be out of bounds.",
                ),
            ),
            answer=1,
            proof="everything ignored",
            show={"kind": "cross-entropy", "ignored": 4},
            ring="loss",
        ),
    ),
    traps=(
        Trap(
            name="(4,) against (4, 1)",
            sentence="The prediction was squeezed and the target was not: each meets all four targets, and no error says so.",
            source="https://github.com/deepset-ai/FARM/issues/229",
            params={"pred_shape": "(4,)", "target_shape": "(4, 1)"},
        ),
        Trap(
            name="Target size and input size",
            sentence="nn.Linear(k, 1) returns (N, 1), a batch of labels is (N,): this loss refuses what operators broadcast.",
            source="https://github.com/pytorch/pytorch/issues/25663",
            params={"kind": "binary cross-entropy"},
        ),
        Trap(
            name="Labels of dtype int32",
            sentence="NumPy and files often give int32; labels.long() is the cure.",
            source="https://github.com/jfzhang95/pytorch-video-recognition/issues/71",
            params={"kind": "cross-entropy", "target_is": "int32 indices"},
        ),
        Trap(
            name="Labels with a dim too many",
            sentence="A target of shape (N, 1) is right for a binary loss and wrong here: squeeze(1) takes the dim away.",
            source="https://github.com/pytorch/pytorch/issues/56542",
            params={"kind": "cross-entropy", "target_is": "(N, 1) indices"},
        ),
        Trap(
            name="Labels from 1",
            sentence="Class indices begin at 0, so the highest label is one too high for the logits.",
            source="https://github.com/TencentGameMate/gnn_cross_lingual/issues/5",
            params={"kind": "cross-entropy", "target_is": "indices from 1"},
        ),
        Trap(
            name="Tokens before classes",
            sentence="A language model returns (N, L, C), and F.cross_entropy wants (N, C, L): transpose(1, 2), or flatten N and L.",
            source="https://github.com/markhliu/DGAI/issues/7",
            params={"kind": "cross-entropy", "layout": "(N, L, C)"},
        ),
        Trap(
            name="softmax first",
            sentence="F.cross_entropy applies softmax itself, so probabilities are squeezed a second time; nothing raises.",
            source="https://github.com/jindongwang/Deep-learning-activity-recognition/issues/10",
            params={"kind": "cross-entropy", "fed": "probabilities"},
        ),
        Trap(
            name="sigmoid first",
            sentence="F.binary_cross_entropy_with_logits applies sigmoid itself, so sigmoid(logits) is squeezed a second time, to 0.5 and above.",
            source="https://github.com/NVIDIA-Merlin/models/pull/1175",
            params={"kind": "binary cross-entropy", "pred_shape": "(4,)", "fed": "probabilities"},
        ),
        Trap(
            name="Nothing but ignored targets",
            sentence="A batch whose targets are all -100 has the mean 0 / 0.",
            source="https://github.com/pytorch/pytorch/issues/116349",
            params={"kind": "cross-entropy", "ignored": 4},
        ),
    ),
)
