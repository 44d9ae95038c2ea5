"""backward() adds to what stands in .grad; zero_grad() clears it."""

from dataclasses import dataclass
from typing import Literal

from torch import Tensor

from explorable.lesson import Choice, Lesson, Prediction, Trap
from explorable.params import bounded, choice, switch
from explorable.program import Program
from explorable.words import count, listing, number, one_of, spelled


@dataclass(frozen=True)
class Params:
    forwards: int = bounded(2, low=1, high=3, step=1, about="forward passes, each with its backward()")
    backwards: int = bounded(1, low=1, high=2, step=1, about="calls of backward() on each loss")
    retain_graph: bool = switch(False, about="of each backward()", when={"backwards": (2,)})
    zero_grad: Literal["never", "before each forward", "after each backward"] = choice(
        "never", about="when the optimiser clears"
    )
    function: Literal["h ** 2", "h.exp()"] = choice("h ** 2", about="y is made of h = w * x")
    in_place: Literal["nothing", "h += 1", "y += 1", "w -= 0.1"] = choice(
        "nothing", about="h and y before backward(), w after it"
    )
    cut: Literal["nothing", "h.detach()", "no_grad()", "loss.item()"] = choice("nothing", about="where the graph ends")
    loss_is: Literal["(y + b).sum()", "y.sum()", "y + b"] = choice(
        "(y + b).sum()", about="what backward() is called on"
    )
    leaf: bool = switch(True, about="off: w = w.double() comes before, as w.cuda() would")
    retain_grad: bool = switch(False, about="h.retain_grad() after h = w * x")


@dataclass(frozen=True)
class Result:
    w: Tensor  # (3,) the weights
    x: Tensor  # (3,) the data
    b: Tensor  # () the bias
    h: Tensor | None  # (3,) w * x of the last forward
    y: Tensor | None  # (3,)
    loss: Tensor | None  # (), or (3,) where it is not summed
    leaves: dict[str, bool] | None  # tensor -> is_leaf
    requires: dict[str, bool] | None  # tensor -> requires_grad
    grads: dict[str, Tensor | None] | None  # tensor -> its .grad; None where torch refused
    given: list[Tensor]  # (3,) each: what each backward() so far has brought to w
    error: str | None


WHY = {
    "Trying to backward": "the first backward() freed what the graph had saved",
    "modified by an inplace": "what the graph had saved for backward() was changed by {in_place}",
    "a leaf Variable": "w is a leaf that requires grad, and {in_place} stands outside no_grad()",
    "element 0": "{cut} leaves the loss without a graph",
    "can't optimize": "w was computed by double(), and an optimiser takes leaves",
    "can't retain_grad": "behind {cut} h does not require grad",
    "implicitly": "the loss holds three numbers, and backward() without an argument takes one",
    "cannot be converted": "the loss holds three numbers, and item() takes one",
}


def caption(params: Params, result: Result) -> str:
    if result.error:
        return f"PyTorch stops with {result.error.partition(':')[0]}: {why(params, result)}."
    assert result.grads is not None and result.loss is not None
    if result.grads["w"] is None:
        return f"The loss is {_loss(result)}, and w.grad is None: {missing(params)}."
    calls = added(params)
    made = "what one backward() gave" if calls == 1 else f"the sum of what {spelled(calls)} calls of backward() gave"
    return f"w.grad holds {vector(result.grads['w'])}, {made}."


def why(params: Params, result: Result) -> str:
    """The cause of the error."""
    cause = next(cause for text, cause in WHY.items() if text in str(result.error))
    return cause.format(in_place=params.in_place, cut=params.cut)


def missing(params: Params) -> str:
    """Why w.grad is None."""
    if not params.leaf:
        return "this w was computed by double(), and backward() fills leaves"
    if params.cut != "nothing":
        return f"no path leads back to it through {params.cut}"
    return "zero_grad() set it to None"


def added(params: Params) -> int:
    """How many calls of backward() have added to .grad since it was last cleared."""
    cleared = params.zero_grad == "before each forward"
    return params.backwards * (1 if cleared else params.forwards)


def _loss(result: Result) -> str:
    assert result.loss is not None
    return number(result.loss.item())


def vector(tensor: Tensor) -> str:
    """`[16, 8, 12]`, and `6` of a tensor without dims; other numbers have two decimals."""
    values = [f"{value:.0f}" if value == int(value) else f"{value:.2f}" for value in tensor.flatten().tolist()]
    return f"[{', '.join(values)}]" if tensor.dim() else values[0]


def text(grad: Tensor | None) -> str:
    return "None" if grad is None else vector(grad)


def filled(result: Result) -> list[str]:
    """The tensors whose .grad is not None."""
    return [name for name, grad in (result.grads or {}).items() if grad is not None]


def details(params: Params, result: Result) -> str:
    if result.error:
        return result.error if result.error[-1] == "." else f"{result.error}."
    assert result.leaves and result.grads
    made = [name for name, leaf in result.leaves.items() if not leaf]
    kept = f"; h keeps {text(result.grads['h'])}, of the last forward alone" if result.grads["h"] is not None else ""
    passes = (
        f"{count(params.forwards, 'forward pass')}, {count(params.backwards, 'backward()', 'calls of backward()')} each"
    )
    return (
        f"{passes}, with y = {params.function}, loss = {params.loss_is} and zero_grad() {params.zero_grad}. "
        f"{listing(made)} {one_of(len(made), 'is', 'are')} no {one_of(len(made), 'leaf', 'leaves')}{kept}. "
        f"b.grad is {text(result.grads['b'])}, and x.grad None: x does not require grad."
    )


ERROR, FILLED, LEFT = "a RuntimeError", "no error: w.grad doubles", "no error: w.grad stays"

LESSON = Lesson(
    slug="backward",
    title="What backward() fills",
    truth=__doc__,
    Params=Params,
    program=Program("backward", Result, raises=(RuntimeError, ValueError)),
    caption=caption,
    details=details,
    minutes=6,
    main=("forwards", "zero_grad", "cut", "in_place"),
    related=("modes", "freeze"),
    predictions=(
        Prediction(
            id="accumulates",
            question="One backward() gives w.grad = [8, 4, 6]. What do two rounds give without zero_grad()?",
            choices=(
                Choice(
                    "[8, 4, 6]",
                    "That is 2 · h · x, the gradient of one pass. The second backward() does not overwrite it: it adds.",
                ),
                Choice("[16, 8, 12]", "Each backward() adds 2 · h · x = [8, 4, 6] to what stands in w.grad."),
                Choice(
                    "[4, 2, 3]",
                    "A mean over passes would be [8, 4, 6] again. backward() does not know how many passes there are: it adds.",
                ),
                Choice(
                    "nothing: the second one raises",
                    "So it is if backward() is called twice on this one loss, without retain_graph=True. Here each forward pass has "
                    "built a graph of its own.",
                ),
            ),
            answer=1,
            proof="twice",
            show={},
            ring="w",
        ),
        Prediction(
            id="not_a_leaf",
            question="h = w * x, and w requires grad. What is h.grad after loss.backward()?",
            choices=(
                Choice(
                    "None",
                    "backward() computes the gradient of h on its way to w, and lets it go: h is no leaf. h.retain_grad() would "
                    "keep it.",
                ),
                Choice(
                    "[4, -4, 6]",
                    "That is 2 · h, and backward() does compute it on its way to w. But it keeps gradients for leaves only, unless "
                    "retain_grad() asks for one.",
                ),
                Choice(
                    "[0, 0, 0]",
                    "Nothing is stored in h.grad, not even zeros. torch warns whoever reads it.",
                ),
            ),
            answer=0,
            proof="not a leaf",
            show={"forwards": 1},
            ring="h",
        ),
        Prediction(
            id="same_loss",
            question="loss = ((w * x) ** 2 + b).sum(); loss.backward() is called a second time on this loss. What happens?",
            choices=(
                Choice(
                    FILLED,
                    "With retain_graph=True the first time. Without it the first backward() frees what the graph had saved.",
                ),
                Choice(
                    LEFT,
                    "backward() adds each time that it runs, whether or not a gradient is there already.",
                ),
                Choice(
                    ERROR,
                    "The first backward() freed the saved h. A new forward pass makes a new graph, and is the usual cure.",
                ),
            ),
            answer=2,
            proof="the same loss",
            show={"forwards": 1, "backwards": 2},
            ring="outcome",
        ),
        Prediction(
            id="detached",
            question="h = (w * x).detach(), loss = (h ** 2 + b).sum(), backward(). Which .grad is filled?",
            choices=(
                Choice(
                    "w and b",
                    "detach() returns the same numbers without their history, so no path leads from the loss back to w.",
                ),
                Choice(
                    "b alone", "The loss still depends on b, so backward() runs without a word and w learns nothing."
                ),
                Choice(
                    "none: it raises",
                    "It raises where nothing in the loss requires grad. b does, and that is enough to keep it silent.",
                ),
            ),
            answer=1,
            proof="detached",
            show={"cut": "h.detach()"},
            ring="filled",
        ),
        Prediction(
            id="in_place",
            question="y = h ** 2, then y += 1 in place, then one backward(). What is in w.grad?",
            choices=(
                Choice(
                    "nothing: it raises",
                    "So it is for y = h.exp(): exp saves its result for backward(). h ** 2 saves h, which y += 1 leaves alone.",
                ),
                Choice(
                    "[9, 5, 7]",
                    "1 was added to y, and not to a gradient: the slope of y + 1 is that of y.",
                ),
                Choice(
                    "[8, 4, 6]",
                    "h ** 2 saved h for backward(), and h is what it was; y may change, since nothing has saved it.",
                ),
            ),
            answer=2,
            proof="a sum in place",
            show={"forwards": 1, "in_place": "y += 1"},
            ring="w",
        ),
        Prediction(
            id="cleared",
            question="After one backward() comes optimizer.zero_grad(). What is w.grad now?",
            choices=(
                Choice(
                    "[0, 0, 0]",
                    "So it was before torch 2.0, and so it is with zero_grad(set_to_none=False).",
                ),
                Choice(
                    "None",
                    "zero_grad() lets the tensor go: SGD and Adam then skip w. With zeros weight decay would still move it.",
                ),
                Choice(
                    "[8, 4, 6]",
                    "zero_grad() clears the .grad of each tensor that the optimiser was given, and w is one.",
                ),
            ),
            answer=1,
            proof="cleared",
            show={"forwards": 1, "zero_grad": "after each backward"},
            ring="w",
        ),
    ),
    traps=(
        Trap(
            name="No zero_grad()",
            sentence="Each backward() adds, so the third step would use the gradients of three passes; no error says so.",
            source="https://github.com/huggingface/transformers/issues/340",
            params={"forwards": 3},
        ),
        Trap(
            name="backward() twice on one loss",
            sentence="The forward pass was not run again, and what its graph had saved is gone.",
            source="https://github.com/karpathy/nn-zero-to-hero/issues/31",
            params={"forwards": 1, "backwards": 2},
        ),
        Trap(
            name="In place after exp",
            sentence="exp saves its result for backward(), as relu does; += changes the saved tensor, and y = y + 1 would not.",
            source="https://github.com/lyongo/NWPU-MOC/issues/4",
            params={"function": "h.exp()", "in_place": "y += 1"},
        ),
        Trap(
            name="Moved after requires_grad",
            sentence="w.cuda() or w.double() of a float32 w on the CPU is computed from the leaf: the gradient lands in the leaf, which w no longer names.",
            source="https://github.com/pytorch/pytorch/issues/12627",
            params={"leaf": False},
        ),
        Trap(
            name="Update outside no_grad()",
            sentence="A leaf that requires grad may not be changed in place while operations are recorded.",
            source="https://github.com/BaiTheBest/SparseLLM/issues/13",
            params={"in_place": "w -= 0.1"},
        ),
        Trap(
            name="detach() on the only path",
            sentence="Behind detach() nothing is left that requires grad, so backward() has nowhere to go.",
            source="https://github.com/pytorch/pytorch/issues/91529",
            params={"cut": "h.detach()", "loss_is": "y.sum()"},
        ),
        Trap(
            name="A loss with several numbers",
            sentence="backward() without an argument needs one number: take the sum or the mean first.",
            source="https://github.com/eriklindernoren/PyTorch-YOLOv3/issues/331",
            params={"loss_is": "y + b"},
        ),
        Trap(
            name="requires_grad on the loss",
            sentence="A loss made new of a number silences the error, and no weight gets a gradient.",
            source="https://github.com/roman-vygon/triplet_loss_kws/issues/6",
            params={"cut": "loss.item()"},
        ),
    ),
)
