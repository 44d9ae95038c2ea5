"""requires_grad=False keeps .grad from being filled, and nothing else: a step moves whatever has a .grad, and buffers follow the mode."""

import copy
import re
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from explorable.lesson import Lesson, Prediction, Trap
from explorable.params import bounded, choice, switch, text
from explorable.seeding import seeded
from lessons.pattern import refusal, search
from lessons.source import joined, snippet_of

Freeze = Literal[
    "nothing", "names that match", "the notes' loop", "stem.requires_grad_(False)", "head.requires_grad_(False)",
    "stem.requires_grad = False", "p.require_grad = False",
]  # fmt: skip


@dataclass(frozen=True)
class Params:
    freeze: Freeze = choice("names that match", about="what is frozen, and how")
    pattern: str = text(
        r"^(stem|norm)\.", max_length=120, about="regex, searched in each name", when={"freeze": ("names that match",)}
    )
    moment: Literal["before training", "between backward and step", "after the first step"] = choice("before training")
    mode: Literal["train", "train, norm in eval", "eval", "no_grad"] = choice("train", about="no_grad: in train mode")
    optimizer: Literal["SGD", "SGD, momentum", "Adam", "AdamW"] = choice("AdamW", about="given model.parameters()")
    weight_decay: float = bounded(0.1, low=0.0, high=0.5, step=0.05, about="of the optimiser")
    set_to_none: bool = switch(True, about="zero_grad(set_to_none=...)")
    prompt: bool = switch(False, about="a learnable vector is added to the input")
    steps: int = bounded(3, low=2, high=5, step=1, about="of the optimiser, on one batch")


@dataclass(frozen=True)
class Result:
    names: list[str]  # P parameters of the model, then the prompt if there is one
    buffers: list[str]  # B buffers
    requires_grad: list[list[bool]]  # for each step, when it is taken, of the P parameters
    flow: list[dict[str, bool]]  # for each forward pass: layer -> whether its output carries a graph
    grads: list[Tensor]  # for each step (P,) norm of .grad when the optimiser reads it; NaN where it is None
    moved: list[Tensor]  # for each step (P,) largest |change| of the parameter in this step
    drift: list[Tensor]  # for each forward pass (B,) largest |change| of the buffer in this pass
    losses: list[float]
    cost: dict[str, int] | None = None  # bytes of one step with nothing frozen, see `bytes_of`
    cost_frozen: dict[str, int] | None = None  # with what is frozen in the end
    error: str | None = None


def change(tensors: Iterable[Tensor], before: list[Tensor]) -> Tensor:
    """Largest |change| of each tensor."""
    pairs = zip(tensors, before, strict=True)
    return torch.stack([(now.detach().float() - then.float()).abs().max() for now, then in pairs])


def bytes_of(model: nn.Module, x: Tensor, y: Tensor, grad: bool, make: Callable[..., Any]) -> dict[str, int]:
    """What one step keeps, measured on a copy of the model; its weights and buffers are not counted."""
    twin = copy.deepcopy(model)
    own = {tensor.untyped_storage().data_ptr() for tensor in twin.state_dict().values()}
    saved = {}

    def keep(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in own:
            saved[storage.data_ptr()] = storage.nbytes()
        return tensor.detach()  # an output kept with its graph would keep the graph, which keeps the output

    with torch.set_grad_enabled(grad), torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        loss = F.cross_entropy(twin(x), y)
    opt = make(twin.parameters())
    if loss.requires_grad:
        loss.backward()
        opt.step()
    gradients = [p.grad for p in twin.parameters() if p.grad is not None]
    state = [value for states in opt.state.values() for value in states.values() if isinstance(value, Tensor)]
    return {
        "saved for backward": sum(saved.values()),
        "gradients": sum(tensor.nbytes for tensor in gradients),
        "optimizer state": sum(tensor.nbytes for tensor in state),
    }


def build(mode: str, prompt: bool) -> tuple[Any, ...]:
    layers = [("stem", nn.Linear(4, 6)), ("norm", nn.BatchNorm1d(6)), ("act", nn.ReLU())]
    layers += [("body", nn.Linear(6, 6)), ("head", nn.Linear(6, 3))]
    model = nn.Sequential(OrderedDict(layers))
    x, y = torch.randn(8, 4) + 1, torch.arange(8) % 3

    parameters = dict(model.named_parameters())
    if prompt:
        soft_prompt = nn.Parameter(torch.zeros(4))
        parameters["prompt"] = soft_prompt
    else:
        soft_prompt = torch.zeros(4)
    names = list(parameters)
    buffers = [name for name, _ in model.named_buffers()]

    if mode == "eval":
        model.eval()
    else:
        model.train()
    if mode == "train, norm in eval":
        model.get_submodule("norm").eval()
    grad = True
    if mode == "no_grad":
        grad = False
    return model, x, y, parameters, soft_prompt, names, buffers, grad


def choose(
    model: Any, x: Tensor, y: Tensor, parameters: dict[str, Tensor], grad: bool, optimizer: str, weight_decay: float,
    prompt: bool,
) -> tuple[Any, ...]:  # fmt: skip
    if optimizer == "SGD":
        make = partial(torch.optim.SGD, lr=0.1, weight_decay=weight_decay)
    if optimizer == "SGD, momentum":
        make = partial(torch.optim.SGD, lr=0.1, weight_decay=weight_decay, momentum=0.9)
    if optimizer == "Adam":
        make = partial(torch.optim.Adam, lr=0.1, weight_decay=weight_decay)
    if optimizer == "AdamW":
        make = partial(torch.optim.AdamW, lr=0.1, weight_decay=weight_decay)
    opt = make(parameters.values())
    cost = bytes_of(model, x.clone().requires_grad_(prompt), y, grad, make)
    return make, opt, cost


def freeze_nothing(model: Any) -> None:
    """Every parameter goes on learning."""


def freeze_matching(model: Any, pattern: str) -> None:
    for name, p in model.named_parameters():
        if search(pattern, name):
            p.requires_grad = False


def freeze_all(model: Any) -> None:
    for _, p in model.named_parameters():
        p.requires_grad = False


def freeze_attribute(model: Any) -> None:
    model.stem.requires_grad = False  # an attribute of the module, not of its parameters


def freeze_typo(model: Any) -> None:
    for _, p in model.named_parameters():
        p.require_grad = False  # an s is missing


def freezer(model: Any, freeze: str, pattern: str) -> Callable[[], Any]:
    if freeze == "nothing":
        freeze_now = partial(freeze_nothing, model)
    if freeze == "names that match":
        freeze_now = partial(freeze_matching, model, pattern)
    if freeze == "the notes' loop":
        freeze_now = partial(freeze_all, model)
    if freeze == "stem.requires_grad_(False)":
        freeze_now = partial(model.stem.requires_grad_, False)
    if freeze == "head.requires_grad_(False)":
        freeze_now = partial(model.head.requires_grad_, False)
    if freeze == "stem.requires_grad = False":
        freeze_now = partial(freeze_attribute, model)
    if freeze == "p.require_grad = False":
        freeze_now = partial(freeze_typo, model)
    return freeze_now


def history() -> Any:
    requires_grad: list[list[bool]] = []
    flow: list[dict[str, bool]] = []
    grads: list[Tensor] = []
    moved: list[Tensor] = []
    drift: list[Tensor] = []
    losses: list[float] = []
    return requires_grad, flow, grads, moved, drift, losses


def train(
    model: Any, x: Tensor, y: Tensor, parameters: dict[str, Tensor], soft_prompt: Tensor, grad: bool, opt: Any,
    freeze_now: Callable[[], None], requires_grad: list[Any], flow: list[Any], grads: list[Any], moved: list[Any],
    drift: list[Any], losses: list[Any], moment: str, set_to_none: bool, steps: int,
) -> None:  # fmt: skip
    if moment == "before training":
        freeze_now()
    for step in range(steps):
        if step == 1 and moment == "after the first step":
            freeze_now()
        opt.zero_grad(set_to_none=set_to_none)
        before = [b.clone() for b in model.buffers()]
        flow.append({})
        with torch.set_grad_enabled(grad):
            out = x + soft_prompt
            for name, layer in model.named_children():
                out = layer(out)
                flow[-1][name] = out.requires_grad
        drift.append(change(model.buffers(), before))
        loss = F.cross_entropy(out, y)
        losses.append(loss.item())
        requires_grad.append([p.requires_grad for p in parameters.values()])
        loss.backward()
        if step == 0 and moment == "between backward and step":
            freeze_now()
            requires_grad[-1] = [p.requires_grad for p in parameters.values()]
        norms = [torch.tensor(torch.nan) if p.grad is None else p.grad.norm() for p in parameters.values()]
        grads.append(torch.stack(norms))
        before = [p.detach().clone() for p in parameters.values()]
        opt.step()
        moved.append(change(parameters.values(), before))
    return None


def after(model: Any, x: Tensor, y: Tensor, grad: bool, make: Callable[..., Any], prompt: bool) -> dict[str, int]:
    cost_frozen = bytes_of(model, x.clone().requires_grad_(prompt), y, grad, make)
    return cost_frozen


def run(params: Params) -> Result:
    with seeded(0):
        return follow(build(params.mode, params.prompt), params)


def follow(built: tuple[Any, ...], params: Params) -> Result:
    """The Result for any net as `build` returns it."""
    model, x, y, parameters, soft_prompt, names, buffers, grad = built
    make, opt, cost = choose(model, x, y, parameters, grad, params.optimizer, params.weight_decay, params.prompt)
    lists = history()
    seen: tuple[Any, ...] = (names, buffers, *lists, cost)
    result = Result(*seen)
    freeze_now = freezer(model, "nothing" if refused(params) else params.freeze, params.pattern)
    given: tuple[Any, ...] = (
        model, x, y, parameters, soft_prompt, grad, opt, freeze_now, *lists, params.moment, params.set_to_none, params.steps
    )  # fmt: skip
    try:
        train(*given)
    except (RuntimeError, re.error, OverflowError) as error:
        return replace(result, error=f"{type(error).__name__}: {error}")
    return replace(result, cost_frozen=after(model, x, y, grad, make, params.prompt))


def refused(params: Params) -> str | None:
    """Why the pattern is not run here: a sentence, or None."""
    return refusal(params.pattern) if params.freeze == "names that match" else None


IMPORTS = """\
import copy
import torch
import torch.nn.functional as F
from collections import OrderedDict
from collections.abc import Callable, Iterable
from functools import partial
from re import search
from typing import Any
from torch import Tensor, nn
"""


FREEZERS: list[Any] = [freeze_nothing, freeze_matching, freeze_all, freeze_attribute, freeze_typo]


def snippet(params: Params) -> str:
    values = vars(params)
    parts = [
        snippet_of(build, values, seed=0, header=IMPORTS),
        snippet_of(choose, values, also=[bytes_of], header=IMPORTS),
        snippet_of(freezer, values, also=FREEZERS, header=IMPORTS),
        snippet_of(history, values, header=IMPORTS),
        snippet_of(train, values, also=[change], header=IMPORTS),
        snippet_of(after, values, header=IMPORTS),
    ]
    return joined(*parts)


def caption(params: Params, result: Result) -> str:
    if sentence := refused(params):
        return f"{sentence} Nothing is frozen."
    parts = [_what(params), _weights(result), _buffers(result), _bytes(result)]
    if result.error:
        passes = len(result.flow)
        parts.append(f"Then, after {passes} forward pass{'es' * (passes > 1)}: {result.error}")
    return " ".join(part for part in parts if part)


def _what(params: Params) -> str:
    zero = "" if params.set_to_none else ", gradients zeroed instead of dropped"
    frozen = f'names that match "{params.pattern}"' if params.freeze == "names that match" else params.freeze
    prompt = ", with a prompt" if params.prompt else ""
    return (
        f"Frozen {params.moment}: {frozen}. {params.optimizer} with weight_decay={params.weight_decay:g}, "
        f"{params.steps} steps in {params.mode} mode{prompt}{zero}."
    )


def _weights(result: Result) -> str:
    """How many tensors moved, and how many of them although frozen when the step was taken."""
    if not result.moved:
        return "No step was taken."
    far = [max(step[i].item() for step in result.moved) for i in range(len(result.names))]
    cold = [
        max(
            (s[i].item() for s, flags in zip(result.moved, result.requires_grad, strict=False) if not flags[i]),
            default=0.0,
        )
        for i in range(len(result.names))
    ]
    stray = [name for name, value in zip(result.names, cold, strict=True) if value > 0]
    end = f", {', '.join(stray)} although frozen, by up to {max(cold):.4f} in a step" if stray else ""
    return f"{sum(value > 0 for value in far)} of {len(far)} tensors moved, by up to {max(far):.4f} in a step{end}."


def _buffers(result: Result) -> str:
    """How far the running statistics moved, the count of batches left out."""
    running = [index for index, name in enumerate(result.buffers) if "running" in name]
    drifts = [step[index].item() for step in result.drift for index in running]
    if not drifts:
        return ""
    moved = f"moved by up to {max(drifts):.3f} in a pass" if max(drifts) else "stayed: 0.000"
    return f"BatchNorm's running statistics {moved}."


def _bytes(result: Result) -> str:
    if result.cost is None or result.cost_frozen is None:
        return ""
    free, now = sum(result.cost.values()), sum(result.cost_frozen.values())
    return f"A step keeps {now} bytes; with nothing frozen it keeps {free}."


LESSON = Lesson(
    slug="freeze",
    title="Freeze and step",
    truth=__doc__,
    Params=Params,
    run=run,
    snippet=snippet,
    caption=caption,
    predictions=(
        Prediction(
            question="All weights are frozen with the notes' loop, the model is in train mode. What do 5 forward passes change?",
            choices=("nothing", "BatchNorm buffers", "weights"),
            answer=1,
            why="Running statistics are buffers: the forward pass itself moves them in train mode, whatever requires_grad says.",
            proof="(lambda bn: (bn.requires_grad_(False), bn(torch.ones(4, 2)), "
            "'BatchNorm buffers' if bn.running_mean.any() and bn.weight.eq(1).all() else 'nothing')[-1])(nn.BatchNorm1d(2))",
            show={"freeze": "the notes' loop", "prompt": True},
        ),
        Prediction(
            question="A parameter is frozen after backward() and before step(). Does step() move it?",
            choices=("True", "False"),
            answer=0,
            why="The optimiser looks at .grad alone, and that was filled already.",
            proof="(lambda w: (w.sum().backward(), w.requires_grad_(False), torch.optim.SGD([w], lr=0.1).step(), "
            "bool((w != 1).all()))[-1])(nn.Parameter(torch.ones(2)))",
            show={"moment": "between backward and step"},
        ),
        Prediction(
            question="module.requires_grad = False: does it freeze the module's parameters?",
            choices=("True", "False"),
            answer=1,
            why="It makes a new attribute on the module that nothing reads; the method is requires_grad_(False).",
            proof="(lambda m: (setattr(m, 'requires_grad', False), not m.weight.requires_grad)[-1])(nn.Linear(1, 1))",
            show={"freeze": "stem.requires_grad = False"},
        ),
        Prediction(
            question="A learnable prompt is added to the input of a fully frozen model. Does the prompt get a gradient?",
            choices=("True", "False"),
            answer=0,
            why="requires_grad=False stops at the weight's own .grad; the gradient still flows through the layer to its input.",
            proof="(lambda m, p: (m(p).sum().backward(), p.grad is not None)[-1])"
            "(nn.Linear(2, 2).requires_grad_(False), nn.Parameter(torch.ones(2)))",
            show={"freeze": "the notes' loop", "prompt": True},
        ),
        Prediction(
            question="Frozen after the first step, AdamW, weight decay, zero_grad(set_to_none=False): do the frozen weights stay?",
            choices=("True", "False"),
            answer=1,
            why="A .grad of zeros is still a .grad: the optimiser decays the weight and applies its momentum.",
            proof="(lambda w, o: (w.sum().backward(), o.step(), w.requires_grad_(False), o.zero_grad(set_to_none=False), "
            "v := w.detach().clone(), o.step(), torch.equal(w, v))[-1])"
            "(w := nn.Parameter(torch.ones(2)), torch.optim.AdamW([w]))",
            show={"moment": "after the first step", "set_to_none": False},
        ),
    ),
    traps=(
        Trap(
            name="The notes' loop, then backward()",
            sentence="Nothing requires a gradient any more, so backward() raises; BatchNorm has moved all the same.",
            source="https://github.com/megvii-model/DetNAS/issues/34",
            params={"freeze": "the notes' loop"},
        ),
        Trap(
            name="Frozen BatchNorm drifts",
            sentence="Its weight and bias stay, its running statistics do not; put the layer into eval mode as well.",
            source="https://github.com/pytorch/pytorch/issues/86590",
            params={"pattern": r"^norm\."},
        ),
        Trap(
            name="Frozen, yet updated",
            sentence="With set_to_none=False an old .grad of zeros stays, and weight decay and momentum move the frozen weights.",
            source="https://github.com/facebookresearch/fairseq/issues/4702",
            params={"moment": "after the first step", "set_to_none": False, "optimizer": "SGD, momentum"},
        ),
        Trap(
            name="module.requires_grad = False",
            sentence="An attribute that nothing reads: everything goes on learning, without an error.",
            source="https://github.com/pytorch/pytorch/issues/20241",
            params={"freeze": "stem.requires_grad = False"},
        ),
        Trap(
            name="A typo freezes nothing",
            sentence="p.require_grad = False, or required_grad, sets a new attribute; the s is missing and nobody complains.",
            source="https://github.com/udacity/deep-learning-v2-pytorch/pull/90",
            params={"freeze": "p.require_grad = False"},
        ),
    ),
)
