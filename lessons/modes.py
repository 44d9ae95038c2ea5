"""train() and eval() choose what the layers compute; no_grad() and inference_mode() choose what autograd records."""

import copy
from collections import OrderedDict
from dataclasses import dataclass, replace
from typing import Any, Literal

import torch
from torch import Tensor, nn

from explorable.lesson import Lesson, Prediction, Trap
from explorable.params import bounded, choice, switch
from explorable.seeding import seeded
from lessons.source import HEADER, snippet_of


@dataclass(frozen=True)
class Params:
    mode: Literal["train", "eval"] = choice("eval", about="the call on the outermost module")
    grad: Literal["on", "no_grad", "inference_mode"] = choice("on", about="around the forward pass")
    wrapper: Literal["none", "eval() in __init__", "train() overridden"] = choice("none", about="module that holds net")
    requires_grad: bool = switch(True, about="of net's parameters; off is a frozen net")
    loss_of: Literal["y", "head(y)"] = choice("y", about="what the loss is computed from; head always learns")
    batch: int = bounded(4, low=2, high=8, step=1, about="rows of x")
    seed: int = bounded(0, low=0, high=999, step=1, about="of the weights, x and the masks")


@dataclass(frozen=True)
class Result:
    x: Tensor  # (batch, 6) input, and what the loss compares with
    flags: list[tuple[str, bool, bool]]  # (call, model.training, net.training) after each call, in order
    board: dict[str, dict[str, dict[str, Any]]]  # "train, no_grad" -> layer -> what `observe` saw
    y: Tensor  # (batch, 6) output for the chosen mode and grad
    difference: Tensor  # (batch, 6) a second call minus y
    gradients: dict[str, float] | None = None  # parameter -> norm of its .grad after backward
    error: str | None = None


class Saved(torch.autograd.graph.saved_tensors_hooks):
    """Notes each tensor that autograd saves for backward, unless its storage is `known` already."""

    def __init__(self, known: set[int]) -> None:
        super().__init__(self.pack, lambda tensor: tensor)
        self.known = known
        self.shapes: list[tuple[int, ...]] = []
        self.bytes = 0

    def pack(self, tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.nbytes() and storage.data_ptr() not in self.known:
            self.known.add(storage.data_ptr())
            self.shapes.append(tuple(tensor.shape))
            self.bytes += storage.nbytes()
        return tensor.detach()  # an output kept with its graph would keep the graph, which keeps the output


def observe(net: nn.Sequential, x: Tensor) -> dict[str, dict[str, Any]]:
    """What each layer does to the random generator, to its own buffers and to autograd."""
    known = {tensor.untyped_storage().data_ptr() for tensor in net.state_dict().values()}  # weights and buffers
    seen = {}
    for name, layer in net.named_children():
        generator, before = torch.get_rng_state(), {key: buffer.clone() for key, buffer in layer.named_buffers()}
        saved = Saved(known)
        with saved:
            y = layer(x)
        moves = {key: (buffer - before[key]).abs().max().item() for key, buffer in layer.named_buffers()}
        seen[name] = {
            "training": layer.training,
            "random": not torch.equal(generator, torch.get_rng_state()),
            "moved": {key: move for key, move in moves.items() if move},
            "grad_fn": y.grad_fn.name() if y.grad_fn else None,
            "returns_input": y is x,
            "saved": saved.shapes,
            "bytes": saved.bytes,
        }
        x = y
    return seen


class Wrapper(nn.Module):
    """Puts the net into eval mode once, when it is built."""

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.model = net.eval()

    def forward(self, x: Tensor) -> Tensor:
        return self.model(x)


class KeepsEval(Wrapper):
    """Puts the net into eval mode again after every train()."""

    def train(self, mode: bool = True) -> "KeepsEval":
        super().train(mode)
        self.model.eval()
        return self


def compute(mode: str, grad: str, wrapper: str, requires_grad: bool, batch: int) -> tuple[Result, nn.Module]:
    net = nn.Sequential(
        OrderedDict(
            linear=nn.Linear(6, 6), batch_norm=nn.BatchNorm1d(6), dropout=nn.Dropout(0.5), layer_norm=nn.LayerNorm(6)
        )
    )
    x = torch.randn(batch, 6)
    if not requires_grad:
        net.requires_grad_(False)

    if wrapper == "none":
        model = net
    if wrapper == "eval() in __init__":
        model = Wrapper(net)
    if wrapper == "train() overridden":
        model = KeepsEval(net)

    flags = [("built", model.training, net.training)]
    for call in (model.train, model.eval, model.train):
        call()
        flags.append((f"model.{call.__name__}()", model.training, net.training))

    start = copy.deepcopy(net.state_dict())
    contexts = {"on": torch.enable_grad, "no_grad": torch.no_grad, "inference_mode": torch.inference_mode}
    board = {}
    for call in (model.train, model.eval):
        for name, context in contexts.items():
            net.load_state_dict(start)
            call()
            with context():
                board[f"{call.__name__}, {name}"] = observe(net, x)

    net.load_state_dict(start)
    model.train(mode == "train")
    with contexts[grad]():
        y = model(x)
        difference = model(x) - y
    return Result(x, flags, board, y, difference), net


def learn(net: nn.Module, x: Tensor, y: Tensor, loss_of: str) -> dict[str, float]:
    head = nn.Linear(6, 6)
    if loss_of == "y":
        loss = (y - x).square().mean()
    if loss_of == "head(y)":
        loss = (head(y) - x).square().mean()
    loss.backward()
    parameters = dict([*net.named_parameters("net"), *head.named_parameters("head")])
    gradients = {name: p.grad.norm().item() for name, p in parameters.items() if p.grad is not None}
    return gradients


def run(params: Params) -> Result:
    with seeded(params.seed):
        result, net = compute(params.mode, params.grad, params.wrapper, params.requires_grad, params.batch)
        try:
            return replace(result, gradients=learn(net, result.x, result.y, params.loss_of))
        except RuntimeError as error:
            return replace(result, error=f"{type(error).__name__}: {error}")


def snippet(params: Params) -> str:
    header = f"import copy\nfrom collections import OrderedDict\nfrom typing import Any\n{HEADER}"
    values = vars(params)
    helpers: list[Any] = [Saved, observe, Wrapper, KeepsEval]
    forward = snippet_of(compute, values, seed=params.seed, also=helpers, header=header)
    return f"{forward}\n{snippet_of(learn, values, header='')}"


def caption(params: Params, result: Result) -> str:
    return f"{_forward(params, result)} {_backward(params, result)}"


def _forward(params: Params, result: Result) -> str:
    layers = result.board[f"{params.mode}, {params.grad}"]
    random = [name for name, seen in layers.items() if seen["random"]]
    moved = [name for name, seen in layers.items() if seen["moved"]]
    graph = sum(seen["grad_fn"] is not None for seen in layers.values())
    differ = result.difference.abs().max().item()
    call = f"model.{params.mode}()" + ("" if params.wrapper == "none" else f" on a wrapper with {params.wrapper}")
    equal = f"two calls give the same {params.batch} rows to the last bit"
    twice = f"two calls differ by up to {differ:.3f}" if differ else equal
    return (
        f"After {call}, with grad {params.grad}: {', '.join(random) or 'no layer'} draws random numbers, so {twice}; "
        f"{', '.join(moved) or 'no layer'} moves its statistics; {graph} of {len(layers)} outputs carry a grad_fn and "
        f"{sum(seen['bytes'] for seen in layers.values())} bytes wait for backward."
    )


def _backward(params: Params, result: Result) -> str:
    if result.error:
        return f"The loss of {params.loss_of} cannot be differentiated: {result.error}"
    gradients = result.gradients or {}
    inside = [name for name in gradients if name.startswith("net.")]
    return (
        f"The loss of {params.loss_of} gives {len(gradients)} parameters a gradient, {len(inside)} of them in net; "
        f"the largest has norm {max(gradients.values()):.3f}."
    )


LESSON = Lesson(
    slug="modes",
    title="train(), eval(), no_grad()",
    truth=__doc__,
    Params=Params,
    run=run,
    snippet=snippet,
    caption=caption,
    predictions=(
        Prediction(
            question="After net.eval(), with no no_grad() around it, does net(x) still require grad?",
            choices=("True", "False"),
            answer=0,
            why="eval() only sets the flag training; autograd never reads it, so the graph is kept as before.",
            proof="nn.Linear(2, 2).eval()(torch.ones(1, 2)).requires_grad",
            show={"mode": "eval", "grad": "on"},
        ),
        Prediction(
            question="A BatchNorm in train mode is called under torch.no_grad(). Do its running statistics move?",
            choices=("no: no_grad() freezes the layer", "yes: they are buffers, not gradients"),
            answer=1,
            why="The forward pass writes them whenever the flag training is set; no backward is involved.",
            proof="(lambda bn: (torch.no_grad()(bn.forward)(torch.tensor([[1.0], [5.0]])), "
            "'yes: they are buffers, not gradients' if bn.running_mean.item() else 'no: no_grad() freezes the layer')"
            "[1])(nn.BatchNorm1d(1))",
            show={"mode": "train", "grad": "no_grad"},
        ),
        Prediction(
            question="__init__ does self.model = net.eval(); later comes wrapper.train(). What is net.training?",
            choices=("False", "True"),
            answer=1,
            why="train() walks down to every registered submodule, so the eval() of __init__ is undone.",
            proof="nn.Sequential(nn.Dropout().eval()).train()[0].training",
            show={"mode": "train", "wrapper": "eval() in __init__"},
        ),
        Prediction(
            question="In eval mode with grad on, which of these layers adds nothing to the graph?",
            choices=("BatchNorm1d", "Dropout", "LayerNorm"),
            answer=1,
            why="In eval mode nn.Dropout returns its input, the same object: no operator runs, nothing is saved.",
            proof="(lambda x: next(type(m).__name__ for m in (nn.BatchNorm1d(2), nn.Dropout(), nn.LayerNorm(2)) "
            "if m.eval()(x) is x))(torch.ones(1, 2))",
            show={"mode": "eval", "grad": "on"},
        ),
        Prediction(
            question="Features come from inference_mode(), a trainable head follows outside it. What happens?",
            choices=("RuntimeError", "the head learns, as after no_grad()"),
            answer=0,
            why="The head must save its input for backward, and autograd refuses to save tensors made in inference "
            "mode; no_grad() makes ordinary tensors.",
            proof="__import__('unittest').TestCase().assertRaises(RuntimeError, nn.Linear(2, 2), "
            "torch.inference_mode()(torch.ones)(1, 2)) or 'RuntimeError'",
            show={"grad": "inference_mode", "loss_of": "head(y)"},
        ),
    ),
    traps=(
        Trap(
            name="eval() in __init__",
            sentence="The net was put into eval mode once; the first train() on the wrapper undoes it.",
            source="https://github.com/pgniewko/gt-pyg/issues/112",
            params={"mode": "train", "wrapper": "eval() in __init__"},
        ),
        Trap(
            name="eval() instead of no_grad()",
            sentence="eval() keeps the whole graph: memory grows in validation as it does in training.",
            source="https://github.com/pytorch/pytorch/issues/19160",
            params={"mode": "eval", "grad": "on", "batch": 8},
        ),
        Trap(
            name="Frozen, but in train mode",
            sentence="requires_grad = False stops gradients; BatchNorm moves its buffers, Dropout drops.",
            source="https://github.com/pytorch/pytorch/issues/86590",
            params={"mode": "train", "requires_grad": False, "loss_of": "head(y)"},
        ),
        Trap(
            name="Features from inference_mode()",
            sentence="A layer that learns cannot save them for backward; no_grad() or a clone can be saved.",
            source="https://github.com/ai4co/rl4co/issues/272",
            params={"mode": "eval", "grad": "inference_mode", "loss_of": "head(y)"},
        ),
        Trap(
            name="backward() after no_grad()",
            sentence="The output has no grad_fn, so there is nothing that backward() could walk through.",
            source="https://github.com/nianticlabs/monodepth2/issues/24",
            params={"mode": "train", "grad": "no_grad"},
        ),
    ),
)
