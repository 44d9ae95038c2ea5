"""A module knows only the Parameters, buffers and modules assigned to it: .to(), .eval(), state_dict() and optimisers see nothing else."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Literal

import torch
from torch import Tensor, nn

from explorable.lesson import Lesson, Prediction, Trap
from explorable.params import choice
from explorable.seeding import seeded
from lessons.source import HEADER, snippet_of

Slot = Literal[
    "attribute", "list", "dict", "ModuleList", "ModuleDict", "ParameterList", "Parameter", "list of Parameter",
    "Parameter(...).half()", "buffer", "non-persistent buffer",
]  # fmt: skip
Then = Literal["nothing", ".to(torch.float64)", '.to("meta")', ".eval()", "load_state_dict", "SGD step"]


@dataclass(frozen=True)
class Params:
    content: Literal["Linear", "Dropout", "tensor"] = choice("Linear", about="what the module holds")
    slot: Slot = choice("list", about="how it holds it: self.held = ...")
    then: Then = choice('.to("meta")', about="between two calls of the net; meta stands in for a GPU")


@dataclass(frozen=True)
class Result:
    x: Tensor  # (2, 3) input
    reached: dict[
        str, Any
    ]  # slot -> what each call did to the content (see `reach`), or what torch said when it refused
    dicts: dict[str, list[str]] | None = None  # the net's dicts -> the names they hold because of self.held
    keys: list[str] | None = None  # of the net's state_dict
    y_before: Tensor | None = None  # (2, 3) the net's first output
    y: Tensor | None = None  # (2, 3) its output afterwards; None on meta, where there are no numbers
    output: str | None = None  # shape, dtype and device of that output
    error: str | None = None


class Net(nn.Module):
    """Holds a layer or a tensor, and applies it."""

    def __init__(self, held: Any) -> None:
        super().__init__()
        self.held = held

    def content(self) -> Any:
        if isinstance(self.held, (list, nn.ModuleList, nn.ParameterList)):
            return self.held[0]
        return self.held["a"] if isinstance(self.held, (dict, nn.ModuleDict)) else self.held

    def forward(self, x: Tensor) -> Tensor:
        item = self.content()
        return item(x) if isinstance(item, nn.Module) else x * item


def tensor_in(net: Net) -> Tensor | None:
    """The content if it is a tensor, the layer's first parameter if it is a layer; None if that has none."""
    item = net.content()
    return item if isinstance(item, Tensor) else next(item.parameters(), None)


def reach(wrap: Callable[[Any], Any], make: Callable[[], Any]) -> dict[str, Any] | str:
    """What .to, .eval, state_dict and SGD did to the content, each on a net of its own."""
    try:
        cast, moved, evaluated, learner = (Net(wrap(make())) for _ in range(4))
    except (AttributeError, TypeError) as error:
        return f"{type(error).__name__}: {error}"
    number = tensor_in(cast.to(torch.float64))
    place = tensor_in(moved.to("meta"))
    try:
        optimizer = torch.optim.SGD(learner.parameters(), lr=0.1)
        given = len(optimizer.param_groups[0]["params"])
    except ValueError as error:
        given = f"{type(error).__name__}: {error}"
    return {
        "dtype": None if number is None else str(number.dtype),
        "device": None if place is None else str(place.device),
        "training": getattr(evaluated.eval().content(), "training", None),
        "keys": list(learner.state_dict()),
        "given": given,
    }


def survey(content: str) -> tuple[dict[str, Callable[[Any], Any]], Callable[[], Any], Tensor, dict[str, Any]]:
    slots = {
        "attribute": lambda c: c,
        "list": lambda c: [c],
        "dict": lambda c: {"a": c},
        "ModuleList": lambda c: nn.ModuleList([c]),
        "ModuleDict": lambda c: nn.ModuleDict({"a": c}),
        "ParameterList": lambda c: nn.ParameterList([c]),
        "Parameter": lambda c: nn.Parameter(c),
        "list of Parameter": lambda c: [nn.Parameter(c)],
        "Parameter(...).half()": lambda c: nn.Parameter(c).half(),
        "buffer": lambda c: nn.Buffer(c),
        "non-persistent buffer": lambda c: nn.Buffer(c, persistent=False),
    }
    if content == "Linear":
        make = partial(nn.Linear, 3, 3)
    if content == "Dropout":
        make = partial(nn.Dropout, 0.5)
    if content == "tensor":
        make = partial(torch.randn, 3)
    x = torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    reached = {name: reach(wrap, make) for name, wrap in slots.items()}
    return slots, make, x, reached


def build(slots: dict[str, Callable[[Any], Any]], make: Callable[[], Any], x: Tensor, slot: str) -> tuple[Any, ...]:
    net = Net(slots[slot](make()))
    dicts = {name: list(vars(net)[name]) for name in ("_parameters", "_buffers", "_modules")}
    dicts["__dict__"] = [name for name in vars(net) if name not in vars(nn.Module())]
    keys = list(net.state_dict())
    y_before = net(x)
    return net, dicts, keys, y_before


def after(
    slots: dict[str, Any], make: Callable[[], Any], x: Tensor, net: Net, slot: str, then: str
) -> tuple[Tensor | None, str]:
    if then == "nothing":
        out = net(x)
    if then == ".to(torch.float64)":
        net.to(torch.float64)
        out = net(x.to(torch.float64))
    if then == '.to("meta")':
        net.to("meta")
        out = net(x.to("meta"))
    if then == ".eval()":
        net.eval()
        out = net(x)
    if then == "load_state_dict":
        fresh = Net(slots[slot](make()))
        fresh.load_state_dict(net.state_dict())
        out = fresh(x)
    if then == "SGD step":
        optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
        net(x).sum().backward()
        optimizer.step()
        out = net(x)
    output = f"{tuple(out.shape)} {out.dtype} {out.device}"
    y = None if out.is_meta else out
    return y, output


def run(params: Params) -> Result:
    with seeded(0):
        slots, make, x, reached = survey(params.content)
        result = Result(x, reached)
        try:
            net, dicts, keys, y_before = build(slots, make, x, params.slot)
            result = replace(result, dicts=dicts, keys=keys, y_before=y_before)
            y, output = after(slots, make, x, net, params.slot, params.then)
            return replace(result, y=y, output=output)
        except (AttributeError, RuntimeError, TypeError, ValueError) as error:
            return replace(result, error=f"{type(error).__name__}: {error}")


def snippet(params: Params) -> str:
    header = f"from collections.abc import Callable\nfrom functools import partial\nfrom typing import Any\n{HEADER}"
    values = vars(params)
    start = snippet_of(survey, values, seed=0, also=[Net, tensor_in, reach], header=header)
    steps = (snippet_of(function, values, header="") for function in (build, after))
    return "\n".join([start, *steps])


def caption(params: Params, result: Result) -> str:
    return f"{_held(params, result)} {_afterwards(params, result)}"


def _held(params: Params, result: Result) -> str:
    if result.dicts is None:
        return f"A {params.content} cannot become a {params.slot}."
    place = next(name for name in ("_parameters", "_buffers", "_modules", "__dict__") if "held" in result.dicts[name])
    known = "so the module does not know it" if place == "__dict__" else "so the module knows it"
    return (
        f"With a {params.content} as {params.slot}, the name held stands in {place}, {known}: "
        f"{len(result.keys or [])} of its tensors are in state_dict()."
    )


def _afterwards(params: Params, result: Result) -> str:
    call = {"nothing": "Called again", "load_state_dict": "A fresh net after load_state_dict"}.get(
        params.then, f"After {params.then}"
    )
    if result.error:
        return f"{call}: {result.error}" if result.dicts else f"torch refuses: {result.error}"
    if result.y is None or result.y_before is None:
        return f"{call} the net returns {result.output}."
    moved = (result.y - result.y_before).abs().max().item()
    return f"{call} it returns {result.output}; the largest difference from the first call is {moved:.3f}."


LESSON = Lesson(
    slug="registration",
    title="What a module knows",
    truth=__doc__,
    Params=Params,
    run=run,
    snippet=snippet,
    caption=caption,
    predictions=(
        Prediction(
            question="One Linear stands in a nn.ModuleList, one in a Python list. Which does net.to(torch.float64) convert?",
            choices=("both", "only the one in the ModuleList", "only the one in the list"),
            answer=1,
            why="to() walks the registered modules; a Python list is an ordinary attribute that the module never looks into.",
            proof="(lambda net: (setattr(net, 'a', nn.ModuleList([nn.Linear(1, 1)])), setattr(net, 'b', [nn.Linear(1, 1)]), "
            "net.to(torch.float64), {(True, True): 'both', (True, False): 'only the one in the ModuleList'}"
            "[net.a[0].weight.dtype == torch.float64, net.b[0].weight.dtype == torch.float64])[-1])(nn.Module())",
            show={"slot": "list", "then": ".to(torch.float64)"},
        ),
        Prediction(
            question="A buffer is registered with persistent=False. What do .to() and state_dict() do with it?",
            choices=("moved and saved", "moved, not saved", "neither"),
            answer=1,
            why="It is a buffer, so to() carries it along; persistent=False only keeps it out of state_dict().",
            proof="(lambda net: (net.register_buffer('b', torch.zeros(1), persistent=False), net.to(torch.float64), "
            "('moved' if net.b.dtype == torch.float64 else 'left') + (' and saved' if net.state_dict() else ', not saved'))"
            "[-1])(nn.Module())",
            show={"content": "tensor", "slot": "non-persistent buffer", "then": "load_state_dict"},
        ),
        Prediction(
            question="Which of module.to(d) and tensor.to(d) changes the object it is called on?",
            choices=("module.to(d)", "tensor.to(d)", "both"),
            answer=0,
            why="A module swaps the data of its parameters and returns itself; a tensor returns another tensor.",
            proof="(lambda m, t: 'module.to(d)' if m.to(torch.float64) is m and t.to(torch.float64) is not t else 'both')"
            "(nn.Linear(1, 1), torch.zeros(1))",
            show={"slot": "attribute", "then": ".to(torch.float64)"},
        ),
        Prediction(
            question="self.w = nn.Parameter(torch.ones(3)).half(): how many parameters does the module have?",
            choices=("0", "1"),
            answer=0,
            why="half(), cuda() and to() of a Parameter return a computed tensor, no Parameter; convert the tensor first.",
            proof="(lambda net: (setattr(net, 'w', nn.Parameter(torch.ones(3)).half()), len(list(net.parameters())))[-1])"
            "(nn.Module())",
            show={"content": "tensor", "slot": "Parameter(...).half()", "then": "SGD step"},
        ),
    ),
    traps=(
        Trap(
            name="Layers in a Python list",
            sentence="The forward pass works, but the optimiser gets none of their weights; nn.ModuleList registers them.",
            source="https://github.com/pytorch/pytorch/issues/715",
            params={"slot": "list", "then": "SGD step"},
        ),
        Trap(
            name="A mask kept as a plain tensor",
            sentence="It stays on the CPU when the module moves; a buffer moves along.",
            source="https://github.com/pytorch/pytorch/issues/2641",
            params={"content": "tensor", "slot": "attribute", "then": '.to("meta")'},
        ),
        Trap(
            name="Dropouts in a Python list",
            sentence="eval() does not reach them, so predictions stay random and no error says so.",
            source="https://github.com/namisan/mt-dnn/issues/45",
            params={"content": "Dropout", "slot": "list", "then": ".eval()"},
        ),
        Trap(
            name="nn.Parameter(...).cuda()",
            sentence="The result of a conversion is a plain tensor: it is neither trained nor saved.",
            source="https://github.com/pytorch/pytorch/issues/17484",
            params={"content": "tensor", "slot": "Parameter(...).half()", "then": "load_state_dict"},
        ),
        Trap(
            name="Buffers in a list",
            sentence="A list of tensors is not moved, even where the tensors are buffers under another name.",
            source="https://github.com/pytorch/pytorch/issues/29807",
            params={"content": "tensor", "slot": "list", "then": '.to("meta")'},
        ),
    ),
)
